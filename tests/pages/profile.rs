//! `/profile`: profile and interests, without scripts.

use serde_json::json;
use testkit::{TestServer, both_engines};

const SHADES: &str = "/api/secondme/user/shades";

#[both_engines]
async fn a_person_says_who_they_are(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let page = browser.get("/profile").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let csrf = page.hidden("csrf");
    let typed = [
        ("csrf", csrf.as_str()),
        ("name", "陈一"),
        ("bio", "工程师"),
        ("words", "住在上海\r\n<b>养猫</b>"),
        ("avatar", ""),
    ];
    let saved = browser.post_form("/profile", &typed).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/profile?done=saved"), "{}", saved.body);
    let info = key.get("/api/secondme/user/info").await.data();
    assert_eq!(
        (&info["name"], &info["bio"], &info["selfIntroduction"]),
        (&json!("陈一"), &json!("工程师"), &json!("住在上海\n<b>养猫</b>"))
    );
    assert!(browser.get("/profile").await.body.contains("&#60;b&#62;养猫"));
    let wrong = [
        ("csrf", csrf.as_str()),
        ("name", "陈一"),
        ("bio", "kept"),
        ("words", ""),
        ("avatar", "javascript:alert(1)"),
    ];
    let refused = browser.post_form("/profile", &wrong).await;
    assert!(
        refused.status == 422 && refused.body.contains("kept"),
        "what was typed is not lost: {}",
        refused.body
    );
    assert_eq!(browser.post_form("/profile", &[("csrf", "x"), ("name", "y")]).await.status, 403);
}

#[both_engines]
async fn the_browser_says_the_time_zone_once(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let csrf = browser.get("/profile").await.hidden("csrf");
    let zone = async || key.post("/api/secondme/user/profile", json!({})).await.data()["time_zone"].clone();
    let send = async |name: &str| {
        browser.post_form("/profile/zone", &[("csrf", csrf.as_str()), ("zone", name)]).await.status
    };
    assert_eq!((send("Mars/Base").await, zone().await), (204, json!("")), "no zone");
    assert_eq!((send("Asia/Shanghai").await, zone().await), (204, json!("Asia/Shanghai")));
    assert_eq!(
        (send("Europe/Berlin").await, zone().await),
        (204, json!("Asia/Shanghai")),
        "another browser changes nothing"
    );
    assert_eq!(browser.post_form("/profile/zone", &[("csrf", "x"), ("zone", "UTC")]).await.status, 403);
    assert!(browser.get("/profile").await.body.contains("value=\"Asia/Shanghai\""));
    let typed = [
        ("csrf", csrf.as_str()),
        ("name", "陈一"),
        ("bio", ""),
        ("words", ""),
        ("avatar", ""),
        ("zone", " Europe/Berlin "),
    ];
    assert_eq!(
        (browser.post_form("/profile", &typed).await.status, zone().await),
        (303, json!("Europe/Berlin"))
    );
    let wrong = [
        ("csrf", csrf.as_str()),
        ("name", "陈一"),
        ("bio", ""),
        ("words", ""),
        ("avatar", ""),
        ("zone", "here"),
    ];
    assert_eq!(browser.post_form("/profile", &wrong).await.status, 422);
}

#[both_engines]
async fn interests_are_added_changed_and_deleted(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let made = key
        .post(
            &format!("{SHADES}/create"),
            json!({"shadeName": "旧的", "sourceTopics": ["AI"], "confidenceLevel": "HIGH"}),
        )
        .await
        .data();
    let csrf = browser.get("/profile").await.hidden("csrf");
    let typed = |name: &'static str, public: &'static str| {
        [
            ("name", name),
            ("description", "喜欢读书"),
            ("content", ""),
            ("public_name", public),
            ("public_description", ""),
            ("public_content", ""),
        ]
    };
    let with_token = |fields: [(&'static str, &'static str); 6]| {
        let mut all = vec![("csrf".to_owned(), csrf.clone())];
        all.extend(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        all
    };
    let post = async |path: &str, fields: [(&'static str, &'static str); 6]| {
        let fields = with_token(fields);
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post_form(path, &fields).await
    };
    let added = post("/profile/interests", typed("阅读", "")).await;
    assert_eq!((added.status, added.header("location")), (303, "/profile?done=added"), "{}", added.body);
    assert_eq!(key.get(SHADES).await.data()["shades"], json!([]), "apps see none of it");
    let refused = post("/profile/interests", typed("", "")).await;
    assert!(refused.status == 422 && refused.body.contains("喜欢读书"), "{}", refused.body);

    let path = format!("/profile/interests/{}", made["id"]);
    assert!(browser.get(&path).await.body.contains("旧的"));
    let changed = post(&path, typed("新的", "Reader")).await;
    assert_eq!(changed.status, 303, "{}", changed.body);
    let public = key.get(SHADES).await.data()["shades"].take();
    assert_eq!((&public[0]["shadeName"], &public[0]["shadeNamePublic"]), (&json!("新的"), &json!("Reader")));
    assert_eq!(
        (&public[0]["sourceTopics"], &public[0]["confidenceLevel"]),
        (&json!(["AI"]), &json!("HIGH")),
        "what the form does not show stays"
    );

    let other = server.person("b").await.signed_in().await;
    assert_eq!(other.get(&path).await.status, 404);
    let token = other.get("/profile").await.hidden("csrf");
    assert_eq!(other.post_form(&format!("{path}/delete"), &[("csrf", &token)]).await.status, 404);
    let deleted = browser.post_form(&format!("{path}/delete"), &[("csrf", &csrf)]).await;
    assert_eq!((deleted.status, deleted.header("location")), (303, "/profile?done=deleted"));
    assert_eq!(browser.get(&path).await.status, 404);
}

#[both_engines]
async fn a_page_is_public_only_if_its_person_says_so(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    for (name, public) in [("秘密的", ""), ("阅读", "爱读书的人")] {
        let interest = json!({"shadeName": name, "shadeDescription": "私下的话", "shadeNamePublic": public});
        key.post("/api/secondme/user/shades/create", interest).await.data();
    }
    let route = person.account.route.clone();
    let path = format!("/people/{route}");
    let stranger = server.anyone().with("accept", "text/html");
    let unknown = stranger.get("/people/nobody-here").await;
    let hidden = stranger.get(&path).await;
    assert_eq!((unknown.status, hidden.status), (404, 404));
    assert!(!browser.get("/account").await.body.contains(&path), "no link to a page that is not there");
    assert_eq!(browser.get(&path).await.status, 404, "not even for its person");
    let csrf = browser.get("/profile").await.hidden("csrf");
    let form = |public: &'static str| {
        [
            ("csrf", csrf.clone()),
            ("name", "<i>陈一".to_owned()),
            ("bio", "工程师".to_owned()),
            ("words", "只给分身的话".to_owned()),
            ("public_page", public.to_owned()),
        ]
    };
    let save = async |public: &'static str| {
        let form = form(public);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(browser.post_form("/profile", &form).await.status, 303);
    };
    save("1").await;
    let shown = stranger.get(&path).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    for text in ["<h1 id=\"who\">&#60;i&#62;陈一</h1>", "工程师", "爱读书的人"] {
        assert!(shown.body.contains(text), "{text}: {}", shown.body);
    }
    for text in ["a@example.com", "私下的话", "秘密的", "只给分身的话", "只有你看得到"] {
        assert!(!shown.body.contains(text), "{text}: {}", shown.body);
    }
    assert!(browser.get(&path).await.body.contains("只有你看得到"));
    assert!(browser.get("/account").await.body.contains(&format!("href=\"{path}\"")));
    let other = server.person("b").await.signed_in().await;
    assert!(!other.get(&path).await.body.contains("只有你看得到"));
    let upper = format!("/people/{}", route.to_uppercase());
    assert_eq!(stranger.get(&upper).await.status, 200);
    save("").await;
    assert_eq!(stranger.get(&path).await.status, 404);
    save("1").await;
    server.running().identity.set_disabled(person.account.id, true).await.unwrap();
    assert_eq!(stranger.get(&path).await.status, 404, "a disabled account has no page");
}
