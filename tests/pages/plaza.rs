//! `/plaza…`: the pages of the Plaza

use serde_json::json;
use testkit::{Actor, Response, TestServer, both_engines};

use crate::plaza::square::{code, comment, post, resident};

/// Sends a form of a page, with the page's token.
async fn submit(browser: &Actor, page: &str, action: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = browser.get(page).await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    browser.post_form(action, &all).await
}

fn post_of(answer: &Response) -> String {
    answer.header("location").rsplit('/').next().unwrap().to_owned()
}

#[both_engines]
async fn a_guest_redeems_a_code_and_takes_part(server: TestServer) {
    resident(&server, "owner").await;
    let guest = server.person("guest").await.signed_in().await.in_english();
    assert!(guest.get("/plaza").await.body.contains("Invitation required"));
    assert_eq!(guest.get("/plaza/new").await.status, 403);
    let refused = submit(&guest, "/plaza", "/plaza/redeem", &[("code", "INVITE-NONE")]).await;
    assert_eq!(refused.status, 404);
    assert!(
        refused.body.contains("No such invitation code") && refused.body.contains("value=\"INVITE-NONE\"")
    );
    let code = code(&server).await;
    let redeemed = submit(&guest, "/plaza", "/plaza/redeem", &[("code", &code)]).await;
    assert_eq!((redeemed.status, redeemed.header("location")), (303, "/plaza/me"));
    let me = guest.get("/plaza/me").await;
    assert!(me.body.contains("CERT-20260101-002") && me.body.matches("<code>INVITE-").count() == 3);

    let fields =
        [("content", "first\r\nline"), ("kind", "ama"), ("topic", "Rust"), ("link", "https://example.com/")];
    let posted = submit(&guest, "/plaza/new", "/plaza/new", &fields).await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    let page = format!("/plaza/posts/{}", post_of(&posted));
    let shown = guest.get(&page).await;
    assert!(shown.body.contains("first\nline") && shown.body.contains("href=\"https://example.com/\""));
    let said = submit(&guest, &page, &format!("{page}/comment"), &[("content", "hello")]).await;
    let id = said.header("location").rsplit('#').next().unwrap().to_owned();
    submit(&guest, &page, &format!("{page}/comment"), &[("content", "answer"), ("reply", &id)]).await;
    submit(&guest, &page, &format!("{page}/comments/{id}"), &[("what", "like")]).await;
    let liked = submit(&guest, &page, &page, &[("what", "like"), ("back", "/plaza?sort=timeline")]).await;
    assert!(liked.header("location").starts_with("/plaza?sort=timeline#post_"));
    let away = submit(&guest, &page, &page, &[("what", "like"), ("back", "//evil.example")]).await;
    assert_eq!(away.header("location"), page);
    let shown = guest.get(&page).await.body;
    assert!(shown.contains("Unlike 1") && shown.contains("Replying to guest: hello"), "{shown}");
    let long = submit(&guest, &page, &format!("{page}/comment"), &[("content", &"x".repeat(2001))]).await;
    assert_eq!(long.status, 400);
    assert!(
        long.body.contains("longer than 2000") && long.body.contains(&"x".repeat(2001)),
        "what was typed is kept"
    );

    for (path, text) in [
        ("/plaza", "first"),
        ("/plaza?sort=timeline&kind=ama", "first"),
        ("/plaza?keyword=first", "first"),
        ("/plaza?kind=info", "No posts yet."),
        ("/plaza/circles", "# Rust"),
    ] {
        let answer = guest.get(path).await;
        assert!(answer.status == 200 && answer.body.contains(text), "{path}");
    }
    let made =
        submit(&guest, "/plaza/circles", "/plaza/circles", &[("name", "Circle"), ("route", "c")]).await;
    assert_eq!(made.status, 303);
    let bad =
        submit(&guest, "/plaza/circles", "/plaza/circles", &[("name", "Circle"), ("route", "C !")]).await;
    assert_eq!(bad.status, 422);
    submit(&guest, "/plaza/circles", "/plaza/circles/c", &[("what", "leave")]).await;
    assert!(guest.get("/plaza/circles").await.body.contains("value=\"join\""));
    for (speaks, button) in [("0", "Turn on"), ("1", "Turn off")] {
        assert!(!guest.get("/plaza/me").await.body.contains(button), "a double may speak until it may not");
        let saved = submit(&guest, "/plaza/me", "/plaza/double", &[("speaks", speaks)]).await;
        assert_eq!(saved.header("location"), "/plaza/me?done=saved");
        assert!(guest.get("/plaza/me").await.body.contains(button));
    }
    let gone = submit(&guest, &page, &page, &[("what", "delete")]).await;
    assert_eq!((gone.header("location"), guest.get(&page).await.status), ("/plaza", 404));
}

#[both_engines]
async fn administrators_keep_order(server: TestServer) {
    let owner = resident(&server, "owner").await;
    let (author, witness) = (resident(&server, "author").await, resident(&server, "witness").await);
    let admin = owner.signed_in().await.in_english();
    let browser = witness.signed_in().await.in_english();
    assert_eq!(browser.get("/plaza/admin").await.status, 404, "for others it does not exist");
    let name = post(&author.with_key("*").await, "bad words").await;
    let page = format!("/plaza/posts/{name}");
    let told = submit(&browser, &page, &page, &[("what", "report"), ("content", "rude")]).await;
    assert!(browser.get(told.header("location")).await.body.contains("Thank you."));
    let queue = admin.get("/plaza/admin").await.body;
    assert!(queue.contains("bad words") && queue.contains("rude"));
    let report = server.running().plaza.reports().await.unwrap()[0].id;
    let action = format!("/plaza/admin/reports/{report}");
    let csrf = browser.get("/plaza").await.hidden("csrf");
    assert_eq!(browser.post_form(&action, &[("csrf", &csrf), ("what", "uphold")]).await.status, 404);
    submit(&admin, "/plaza/admin", &action, &[("what", "uphold")]).await;
    assert_eq!(browser.get(&page).await.status, 404);
    let user = author.account.id.to_string();
    let ban = [("what", "ban"), ("user", user.as_str()), ("days", "3"), ("reason", "rude again")];
    submit(&admin, "/plaza/admin", "/plaza/admin/bans", &ban).await;
    let refused = submit(&author.signed_in().await, "/plaza/new", "/plaza/new", &[("content", "x")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("rude again"));
    submit(&admin, "/plaza/admin", "/plaza/admin/bans", &[("what", "unban"), ("user", &user)]).await;
    let bad = submit(&admin, "/plaza/admin", "/plaza/admin/codes", &[("number", "many")]).await;
    assert_eq!(bad.status, 422);
    submit(&admin, "/plaza/admin", "/plaza/admin/codes", &[("number", "2"), ("note", "for friends")]).await;
    let codes = server.running().plaza.invitations(owner.account.id).await.unwrap();
    assert_eq!(codes.iter().filter(|code| code.note == "for friends").count(), 2);
    submit(&admin, "/plaza/admin", &format!("/plaza/admin/codes/{}", codes[0].id), &[("what", "withdraw")])
        .await;
    submit(
        &admin,
        "/plaza/admin",
        &format!("/plaza/admin/codes/{}", codes[1].id),
        &[("what", "note"), ("note", "kept")],
    )
    .await;
    let shown = admin.get("/plaza/admin").await.body;
    for text in
        ["Revoked", "value=\"kept\"", "code.withdraw", "resident.unban", "resident.ban", "post.delete"]
    {
        assert!(shown.contains(text), "{text}");
    }
    let blocked = submit(
        &browser,
        "/plaza",
        &format!("/plaza/posts/{}", post(&author.with_key("*").await, "y").await),
        &[("what", "block")],
    )
    .await;
    assert_eq!(blocked.header("location"), "/plaza?done=blocked");
    assert!(browser.get("/plaza").await.body.contains("No posts yet."));
    assert!(browser.get("/plaza/me").await.body.contains("Blocked people"));
    let unblocked =
        submit(&browser, "/plaza/me", "/plaza/unblock", &[("user", &author.account.id.to_string())]).await;
    assert_eq!(unblocked.header("location"), "/plaza/me?done=saved");
    assert!(!browser.get("/plaza/me").await.body.contains("Blocked people"));
    assert!(!browser.get("/plaza").await.body.contains("No posts yet."));
}

/// Texts of people are escaped, so they can neither run scripts nor imitate parts of the page.
#[both_engines]
async fn nothing_a_person_writes_runs(server: TestServer) {
    let person = resident(&server, "owner").await;
    let (actor, browser) = (person.with_key("*").await, person.signed_in().await);
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>&#x3c;b>";
    actor.post("/api/secondme/user/profile", json!({"name": "<q>x</q>"})).await.data();
    let more = json!({
        "topicTitle": "<i>t</i>",
        "topicDescription": evil,
        "linkMeta": {"title": evil},
        "link": "https://example.com/?a=<b>",
    });
    let bad_link = actor
        .post(
            "/api/secondme/plaza/posts/create",
            json!({"content": "x", "type": "public", "link": more["link"]}),
        )
        .await;
    bad_link.refused(422, "invalid.param");
    let name = crate::plaza::square::post_with(
        &actor,
        evil,
        json!({
            "topicTitle": "<i>t</i>", "topicDescription": evil, "linkMeta": {"title": evil},
            "link": "https://example.com/?a=b&c=d",
            "images": ["https://example.com/a.png"],
        }),
    )
    .await;
    let id = comment(&actor, &name, evil, json!({"replyToUserName": "<u>n</u>"})).await;
    comment(&actor, &name, evil, json!({"replyToCommentId": id, "replyToUserName": "<u>n</u>"})).await;
    actor
        .post(
            "/api/secondme/plaza/circles/create",
            json!({"name": "<s>c</s>", "circleRoute": "c", "description": evil}),
        )
        .await
        .data();
    actor.post("/api/secondme/plaza/report", json!({"postId": name, "reason": evil})).await.data();
    let topics = actor.get("/api/secondme/plaza/topics").await.data();
    let topic = format!("/plaza/topics/{}", topics["items"][0]["topicId"].as_str().unwrap());
    let post = format!("/plaza/posts/{name}");
    for path in [
        "/plaza",
        "/plaza?keyword=%3Cscript%3Ealert(1)%3C/script%3E&circle=%22%3E%3Cq%3E",
        &post,
        &topic,
        "/plaza/circles",
        "/plaza/admin",
        "/plaza/me",
        "/plaza/new",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for piece in [
            "<script>alert",
            "<img src=x",
            "<q>",
            "<i>t",
            "<u>n",
            "<s>c",
            "onerror=alert(1)>\"",
            "javascript:",
        ] {
            assert!(!page.body.contains(piece), "{path}: {piece}");
        }
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        let inline = ["<style", " style=", " onclick="];
        assert!(inline.iter().all(|code| !page.body.contains(code)), "{path}");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
    }
    // A form without a token is refused.
    let refused = browser.post_form(&post, &[("what", "delete")]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(browser.get(&post).await.status, 200);
}
