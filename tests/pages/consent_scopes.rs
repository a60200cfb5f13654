//! `/oauth/`: the two vocabularies of scopes

use testkit::{PASSWORD, TestServer, both_engines};

use super::{
    consent::{address, answer, code},
    sign_in::Browser,
};

#[both_engines]
async fn scopes_of_the_other_vocabulary_are_granted(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let new = "userinfo memory.read note.write chat.read chat.write";
    for (registered, asked, shown) in [
        (new, "&scope=user.info+user.info.shades+chat", &["user.info", "user.info.shades", "chat"][..]),
        (
            new,
            "&scope=user.info,chat,user.info.softmemory,note.add",
            &["user.info", "user.info.softmemory", "note.add", "chat"],
        ),
        (
            "user.info user.info.shades chat",
            "&scope=userinfo+chat.write+chat.read",
            &["userinfo", "chat.read", "chat.write"],
        ),
        (new, "&scope=", &["userinfo", "memory.read", "chat.read", "chat.write", "note.write"]),
        // Scopes that the app registered in part are narrowed.
        ("user.info chat.write", "&scope=userinfo+chat+note.write", &["user.info", "chat.write"]),
    ] {
        let app = developer.app(registered).await;
        let page = browser.get(&address(&app, asked)).await;
        assert_eq!(page.status, 200, "{registered}: {asked}: {}", page.header("location"));
        let boxes: Vec<&str> = page
            .body
            .split("name=\"scope\" value=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        let sorted = |list: &[&str]| {
            let mut list: Vec<_> = list.iter().map(|name| (*name).to_owned()).collect();
            list.sort();
            list
        };
        assert_eq!(sorted(&boxes), sorted(shown), "{registered}: {asked}");
        let back = answer(&mut browser, &page, "allow", &boxes).await;
        let tokens =
            server.anyone().post_form("/api/oauth/token/code", &app.exchange(&code(&back))).await.data();
        let granted: Vec<&str> =
            tokens["scope"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(sorted(&granted), sorted(shown), "named as they were asked");
        let token = server.bearer(tokens["accessToken"].as_str().unwrap());
        token.get("/api/secondme/user/info").await.data();
        let can_read = shown.iter().any(|name| ["chat", "chat.read"].contains(name));
        let sessions = token.get("/api/secondme/chat/session/list").await;
        assert_eq!(
            sessions.status,
            if can_read { 200 } else { 403 },
            "{registered}: {asked}: {}",
            sessions.body
        );
        let refreshed = server
            .anyone()
            .post_form(
                "/api/oauth/token/refresh",
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", tokens["refreshToken"].as_str().unwrap()),
                    ("client_id", &app.id),
                    ("client_secret", &app.secret),
                ],
            )
            .await
            .data();
        assert_eq!(refreshed["scope"], tokens["scope"]);
    }
    // No scope is left.
    let app = developer.app("voice").await;
    let refused = browser.get(&address(&app, "&scope=userinfo+chat")).await;
    assert!(
        refused.status == 302 && refused.header("location").contains("error=invalid_scope"),
        "{}",
        refused.body
    );
    assert!(server.running().identity.standing(person.account.id, &app.id).await.unwrap().is_none());
}

#[both_engines]
async fn refusal_holds_in_both_vocabularies(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("userinfo chat.read chat.write note.write").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let page = browser.get(&address(&app, "&scope=user.info+user.info.shades+chat")).await;
    let first = code(&answer(&mut browser, &page, "allow", &["user.info", "chat"]).await);
    let exchange = async |code: &str| {
        server.anyone().post_form("/api/oauth/token/code", &app.exchange(code)).await.data()
    };
    let old = exchange(&first).await;
    assert_eq!(old["scope"], serde_json::json!(["user.info", "chat"]));
    let silent = code(&browser.get(&address(&app, "&scope=userinfo+chat.write")).await);
    assert_eq!(exchange(&silent).await["scope"], serde_json::json!(["user.info", "chat.write"]), "no shades");
    // A later refusal also applies to the older token, which names the scope in the other vocabulary.
    let page = browser.get(&address(&app, "&scope=chat.write+chat.read&prompt=consent")).await;
    code(&answer(&mut browser, &page, "allow", &["chat.read"]).await);
    let token = server.bearer(old["accessToken"].as_str().unwrap());
    token.get("/api/secondme/chat/session/list").await.data();
    token.get("/api/secondme/user/shades").await.refused(403, "apikey.permission.denied");
    let body = serde_json::json!({"message": "hello"});
    token.post("/api/secondme/chat/stream", body).await.refused(403, "apikey.permission.denied");
}
