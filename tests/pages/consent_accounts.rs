//! `/oauth/`: signing in again, and other accounts

use testkit::{CALLBACK, PASSWORD, TestServer, both_engines};

use super::{
    consent::{address, answer, code},
    sign_in::Browser,
};

#[both_engines]
async fn other_account_signs_in_from_the_page(server: TestServer) {
    let (one, other) = (server.person("one").await, server.person("other").await);
    let app = server.person("developer").await.app("user.info").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("one@example.com", PASSWORD, "/").await;
    let start = address(&app, "&state=s%2Bt");
    let page = browser.get(&start).await;
    let link =
        page.body.split_once("href=\"/sign-in?again=choose").expect("a link").1.split('"').next().unwrap();
    let link = format!("/sign-in?again=choose{link}").replace("&#38;", "&").replace("&amp;", "&");
    // The form alone changes nothing.
    let form = browser.get(&link).await;
    assert!(
        form.status == 200 && form.body.contains("one@example.com") && form.body.contains("Continue as"),
        "{}",
        form.body
    );
    assert_eq!(browser.get("/account").await.status, 200);
    let next = form.hidden("next").replace("&#38;", "&").replace("&amp;", "&");
    assert_eq!((next.as_str(), form.hidden("again").as_str()), (start.as_str(), "choose"));
    let before = browser.session().unwrap().to_owned();
    let fields = |password: &'static str, csrf: String| {
        [
            ("csrf", csrf),
            ("email", "other@example.com".into()),
            ("password", password.to_owned()),
            ("next", next.clone()),
            ("again", "choose".into()),
        ]
    };
    let send = async |browser: &mut Browser, fields: [(&'static str, String); 5]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/sign-in", &fields).await
    };
    assert_eq!(
        send(&mut browser, fields(PASSWORD, "forged".into())).await.status,
        403,
        "the form's own token"
    );
    let wrong = send(&mut browser, fields("not the password", form.hidden("csrf"))).await;
    assert!(wrong.status == 401 && wrong.body.contains("one@example.com"), "{}", wrong.body);
    let done = send(&mut browser, fields(PASSWORD, form.hidden("csrf"))).await;
    assert_eq!((done.status, done.header("location")), (303, start.as_str()));
    assert_ne!(browser.session().unwrap(), before);
    server
        .anyone()
        .with("cookie", &format!("doppel_session={before}"))
        .get("/api/secondme/user/info")
        .await
        .refused(401, "apikey.auth.missing");
    let page = browser.get(&start).await;
    assert!(
        page.body.contains("other@example.com") && !page.body.contains("one@example.com"),
        "{}",
        page.body
    );
    code(&answer(&mut browser, &page, "allow", &[]).await);
    let standing = async |account| server.running().identity.standing(account, &app.id).await.unwrap();
    assert!(standing(one.account.id).await.is_none() && standing(other.account.id).await.is_some());
}

#[both_engines]
async fn prompt_for_sign_in_shows_the_form_once(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    person.tokens(&app, "user.info").await;
    for (prompt, again, title) in
        [("login", "prove", "Sign in again"), ("select_account", "choose", "Use another account")]
    {
        let start = address(&app, &format!("&prompt={prompt}&state=x%20y"));
        let clean = address(&app, "&state=x%20y");
        // A person who is not signed in signs in once.
        let mut browser = Browser::new(&server);
        let door = browser.get(&start).await;
        let next = door.header("location").strip_prefix("/sign-in?next=").unwrap().to_owned();
        let carried = browser
            .get(&format!("/sign-in?next={next}"))
            .await
            .hidden("next")
            .replace("&#38;", "&")
            .replace("&amp;", "&");
        let inside = browser.sign_in("a@example.com", PASSWORD, &carried).await;
        assert_eq!((inside.status, inside.header("location")), (303, clean.as_str()));
        code(&browser.get(&clean).await);
        // A signed-in person gets the form, and the app no code before.
        let asked = browser.get(&start).await;
        let location = asked.header("location").to_owned();
        assert!(
            asked.status == 303
                && location.starts_with(&format!("/sign-in?again={again}&next=%2Foauth%2F%3F")),
            "{location}"
        );
        let form = browser.get(&location).await;
        assert!(form.status == 200 && form.body.contains(title), "{}", form.body);
        assert_eq!(form.body.contains("Continue as"), prompt == "select_account", "{prompt}");
        assert!(form.header("content-security-policy").contains("form-action 'self' https: http:;"));
        let csrf = form.hidden("csrf");
        let next = form.hidden("next").replace("&#38;", "&").replace("&amp;", "&");
        let fields = [
            ("csrf", csrf.as_str()),
            ("email", "a@example.com"),
            ("password", PASSWORD),
            ("next", &next),
            ("again", again),
        ];
        let done = browser.post("/sign-in", &fields).await;
        assert_eq!((done.status, done.header("location")), (303, clean.as_str()));
        code(&browser.get(&clean).await);
        // With `consent`, the page is shown afterwards.
        let both = address(&app, &format!("&prompt={prompt}+consent"));
        let asked = browser.get(&both).await;
        let form = browser.get(asked.header("location")).await;
        let next = form.hidden("next").replace("&#38;", "&").replace("&amp;", "&");
        let done = browser.sign_in_at(&form, "a@example.com", PASSWORD, &next).await;
        assert_eq!(browser.get(done.header("location")).await.status, 200);
    }
    // No redirect leaves the site, and invalid requests are refused first.
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    for next in ["//evil.example", "https://evil.example/", "/%5Cevil.example", "javascript:alert(1)"] {
        for again in ["choose", "prove"] {
            let form = browser.get(&format!("/sign-in?again={again}&next={next}")).await;
            assert_eq!((form.status, form.hidden("next").as_str()), (200, "/"), "{}", form.body);
            assert!(
                !form.body.contains("href=\"//evil") && !form.body.contains("href=\"javascript:"),
                "{}",
                form.body
            );
            let done = browser.sign_in_at(&form, "a@example.com", PASSWORD, next).await;
            // A backslash is not decoded twice.
            let local = if next.starts_with("/%5C") { next } else { "/" };
            assert_eq!((done.status, done.header("location")), (303, local), "{next}");
        }
    }
    assert_eq!(browser.get("/sign-in?again=nonsense&next=/keys").await.header("location"), "/keys");
    let id = &app.id;
    let wrong = browser
        .get(&format!(
            "/oauth/?client_id={id}&redirect_uri=https://evil.example&response_type=code&prompt=login"
        ))
        .await;
    assert_eq!((wrong.status, wrong.header("location")), (400, ""));
    let wrong = browser.get(&address(&app, "&scope=voice&prompt=login")).await;
    assert!(wrong.header("location").contains("error=invalid_scope"));
}

#[both_engines]
async fn prompt_none_without_session_is_login_required(server: TestServer) {
    let developer = server.person("developer").await;
    let app = developer.app("user.info").await;
    let ask = async |start: &str| {
        let mut browser = Browser::new(&server);
        let door = browser.get(start).await;
        assert_eq!(door.status, 303);
        browser.get(door.header("location")).await
    };
    let told = ask(&address(&app, "&prompt=none&state=s")).await;
    let expected =
        format!("{CALLBACK}&error=login_required&error_description=Nobody%20is%20signed%20in&state=s");
    assert_eq!((told.status, told.header("location")), (302, expected.as_str()));
    assert!(
        ask(&address(&app, "&prompt=none&scope=voice"))
            .await
            .header("location")
            .contains("error=invalid_scope")
    );
    assert_eq!(ask(&address(&app, "&prompt=none+login")).await.status, 200, "signing in is asked for");
    let wrong =
        ask(&format!("/oauth/?client_id={}&redirect_uri=https://evil.example&prompt=none", app.id)).await;
    assert_eq!((wrong.status, wrong.header("location")), (400, ""));
    let wrong = ask("/oauth/?client_id=x&redirect_uri=https://evil.example&prompt=none").await;
    assert_eq!((wrong.status, wrong.header("location")), (404, ""));
}
