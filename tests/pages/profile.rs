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
