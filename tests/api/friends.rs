//! `/api/secondme/friend/…` and `/api/secondme/discover/users`

use serde_json::{Value, json};
use testkit::{Actor, Person, TestServer, both_engines, model::Model};

const FRIEND: &str = "/api/secondme/friend";
const DISCOVER: &str = "/api/secondme/discover/users";

async fn invite(from: &Actor, to: &Person, greeting: &str) -> testkit::Response {
    let body = json!({"targetUserId": to.account.id.to_string(), "greeting": greeting, "source": "PLAZA"});
    from.post(&format!("{FRIEND}/invite/send"), body).await
}

async fn handle(by: &Actor, from: &Person, action: &str) -> testkit::Response {
    let body = json!({"targetUserId": from.account.id.to_string(), "action": action});
    by.post(&format!("{FRIEND}/invite/handle"), body).await
}

async fn list(of: &Actor) -> Value {
    of.get(&format!("{FRIEND}/list?type=FRIEND")).await.data()
}

#[both_engines]
async fn people_become_friends_and_talk(server: TestServer, model: Model) {
    let (ann, bob) = (server.person("Ann").await, server.person("Bob").await);
    let (a, b) = (ann.with_key("*").await, bob.with_key("*").await);
    invite(&a, &bob, "hello").await.data();
    invite(&a, &bob, "again").await.refused(400, "friend.invite.already_sent");
    assert_eq!(list(&a).await["friends"], json!([]));
    assert_eq!(list(&b).await["friendInvitation"]["pendingCount"], 1);
    handle(&a, &bob, "ACCEPTED").await.refused(404, "friend.invite.not_found");
    handle(&b, &ann, "MAYBE").await.refused(422, "invalid.param");
    handle(&b, &ann, "ACCEPTED").await.data();
    handle(&b, &ann, "REJECTED").await.refused(400, "friend.invite.already_handled");
    invite(&b, &ann, "").await.refused(400, "friend.invite.already_friend");
    for (of, name) in [(&a, "Bob"), (&b, "Ann")] {
        let list = list(of).await;
        let friend = &list["friends"][0];
        assert_eq!((&list["total"], &friend["name"]), (&json!(1), &json!(name)));
        assert_eq!((&friend["relationType"], &friend["sessionId"]), (&json!("two-way-friend"), &Value::Null));
    }

    // Breaking the ice opens a conversation with the friend's avatar, which the friend sees.
    let ice = json!({"friendId": bob.account.id.to_string()});
    let session = a.post(&format!("{FRIEND}/break-ice"), ice.clone()).await.data();
    assert!(session.as_str().is_some_and(|session| !session.is_empty()), "{session}");
    let send = json!({"sessionId": session, "message": "how are you?"});
    a.post("/api/secondme/visitor-chat/send", send).await.data();
    model.has_been_asked(1).await;
    let friend = list(&a).await["friends"][0].clone();
    assert_eq!(friend["sessionId"], session);
    assert!(friend["latestMessageTime"].is_i64() && friend["latestMessage"].is_string(), "{friend}");
    assert!(bob.signed_in().await.get("/visitors").await.body.contains("how are you?"));
    let stranger = server.person("c").await.with_key("*").await;
    stranger.post(&format!("{FRIEND}/break-ice"), ice).await.refused(404, "friend.not_found");
    assert_eq!(list(&stranger).await["total"], 0, "other people's friends are not listed");
}

#[both_engines]
async fn invitations_cross_and_are_refused(server: TestServer) {
    let (ann, bob) = (server.person("Ann").await, server.person("Bob").await);
    let (a, b) = (ann.with_key("*").await, bob.with_key("*").await);
    invite(&a, &bob, "").await.data();
    invite(&b, &ann, "").await.data();
    assert_eq!((&list(&a).await["total"], &list(&b).await["total"]), (&json!(1), &json!(1)));
    let eve = server.person("Eve").await;
    let e = eve.with_key("*").await;
    invite(&e, &ann, "").await.data();
    handle(&a, &eve, "REJECTED").await.data();
    invite(&e, &ann, "").await.refused(400, "friend.invite.already_sent");
    assert_eq!(list(&a).await["friendInvitation"]["pendingCount"], 0);
    invite(&e, &eve, "").await.refused(404, "friend.not_found");
    for body in [json!({}), json!({"targetUserId": "7", "greeting": "x".repeat(501)})] {
        e.post(&format!("{FRIEND}/invite/send"), body).await.refused(422, "invalid.param");
    }
    e.post(&format!("{FRIEND}/invite/send"), json!({"targetUserId": "7"}))
        .await
        .refused(404, "friend.not_found");
}

#[both_engines]
async fn blocked_people_are_not_shown(server: TestServer, model: Model) {
    let (ann, bob) = (server.person("Ann").await, server.person("Bob").await);
    let (a, b) = (ann.with_key("*").await, bob.with_key("*").await);
    for person in [&ann, &bob] {
        let change = memory::profile::Change { is_public: Some(true), ..Default::default() };
        server.running().memory.update_profile(person.account.id, change).await.unwrap();
    }
    let names = async |of: &Actor| {
        let found = of.get(DISCOVER).await.data()["users"].clone();
        found.as_array().unwrap().iter().map(|user| user["username"].clone()).collect::<Vec<_>>()
    };
    let hidden = server.person("Hidden").await.with_key("*").await;
    assert_eq!(names(&a).await, [json!("Bob")], "neither oneself nor who is not public");
    assert_eq!(names(&hidden).await, [json!("Bob"), json!("Ann")]);

    // Ann talks to Bob's avatar; Bob blocks her.
    let code = b.get("/api/secondme/avatar/list").await.data()["list"][0]["shareCode"].clone();
    a.post("/api/secondme/ws-chat/send", json!({"message": "hi", "shareCode": code})).await.data();
    model.has_been_asked(1).await;
    let browser = bob.signed_in().await;
    let page = browser.get("/visitors").await;
    let session = page.body.split("/visitors?session=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let csrf = page.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("session", session.as_str()), ("do", "block")];
    assert_eq!(browser.post_form("/visitors", &form).await.status, 303);
    assert!(names(&a).await.is_empty() && names(&b).await.is_empty());
    invite(&a, &bob, "please").await.data();
    let seen = list(&b).await;
    assert_eq!(seen["friendInvitation"]["pendingCount"], 0, "an invitation of somebody blocked goes nowhere");
    assert_eq!(names(&hidden).await.len(), 2);
}

#[both_engines]
async fn friends_take_scopes_of_their_own(server: TestServer) {
    let person = server.person("a").await;
    let app = person.app("userinfo friend.read friend.write discover").await;
    let reader = person.with_token(&app, "friend.read").await;
    list(&reader).await;
    let refused = reader.post(&format!("{FRIEND}/invite/send"), json!({"targetUserId": "1"})).await;
    refused.refused(403, "apikey.permission.denied");
    reader.get(DISCOVER).await.refused(403, "apikey.permission.denied");
    person.with_token(&app, "discover").await.get(DISCOVER).await.data();
}
