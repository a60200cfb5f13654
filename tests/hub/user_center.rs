//! `/api/user-center/…` and `/api/user-center-admin/…`

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use testkit::{Actor, Response, TestServer, both_engines};

use super::support::{Key, NOW, another, key, refused, result};

const PAGE: &str = "https://app.example.com";
pub const GOOD: &str = "correct horse";
const FRONT: [&str; 3] =
    ["user_center:noauth_get_password_policy", "user_center:noauth_register", "user_center:noauth_login"];

/// Creates a key whose pages are at [`PAGE`].
pub async fn with_pages(server: &TestServer) -> Key {
    let request = json!({"domains": ["app.example.com"], "perSecond": 1000, "perPersonSecond": 100,
        "registration": "open",
        "registeredAllow": ["echo/x"]});
    key(server, "a", request).await
}

/// Returns a client like a page of the app in a browser.
pub fn page(server: &TestServer) -> Actor {
    server.anyone().with("origin", PAGE)
}

/// Returns the page with the token for the actions before a sign-in.
pub async fn front(server: &TestServer, key: &Key) -> Actor {
    let answer = page(server).get(&format!("/api/user-center/gen-auth-session?ak={}", key.ak)).await;
    page(server).with("apihub-token", result(&answer).as_str().unwrap())
}

/// Returns the actions of people who registered themselves: those about their own account, and more.
pub fn own_and(more: &[&str]) -> Value {
    let own = ["get_my_profile", "update_my_profile", "change_my_password", "refresh_token", "logout"];
    let own = own.iter().map(|action| format!("user_center:{action}"));
    own.chain(more.iter().map(|&action| action.to_owned())).collect()
}

pub fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

pub async fn register(front: &Actor, name: &str) -> Value {
    result(&front.post("/api/user-center/noauth-register", json!({"username": name, "password": GOOD})).await)
}

pub async fn login(front: &Actor, name: &str, password: &str) -> Response {
    front.post("/api/user-center/noauth-login", json!({"username": name, "password": password})).await
}

pub async fn refresh(page: &Actor, token: &Value) -> Response {
    page.post("/api/user-center/refresh-token", json!({"refresh_token": token})).await
}

pub async fn admin(actor: &Actor, action: &str, arguments: Value) -> Response {
    actor.post(&format!("/api/user-center-admin/{action}"), arguments).await
}

/// Returns a client with a person-token that has the role `ADMIN`, which the app can grant.
pub fn administrator(server: &TestServer, key: &Key) -> Actor {
    let mut claims = key.person_claims("boss");
    claims["roles"] = json!(["ADMIN"]);
    page(server).with("apihub-token", &key.token(&claims))
}

pub fn names(answer: &Response) -> Vec<String> {
    let list = result(answer)["list"].clone();
    list.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

#[both_engines]
async fn a_browser_registers_signs_in_and_refreshes(server: TestServer) {
    let key = with_pages(&server).await;
    let front = front(&server, &key).await;
    let policy = result(&front.get("/api/user-center/noauth-get-password-policy").await);
    assert_eq!(
        policy,
        json!({"minLength": 8, "maxLength": 128, "requireUpper": false, "requireLower": false,
        "requireDigit": false, "requireSymbol": false, "refuseCommon": true})
    );
    let registered = register(&front, "Alice").await;
    assert_eq!(registered.as_object().unwrap().keys().collect::<Vec<_>>(), ["refresh_token", "token"]);
    let token = claims(&registered["token"]);
    let sub = token["sub"].as_str().unwrap();
    assert!(sub.len() == 24 && sub.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{sub}");
    assert_eq!(
        token,
        json!({"sub": sub, "iss": key.ak, "iat": NOW, "exp": NOW + 3600, "typ": "person_token",
        "username": "Alice", "roles": ["MEMBER"], "groups": [], "actions": own_and(&["echo:x"])})
    );
    let refresh_claims = claims(&registered["refresh_token"]);
    assert_eq!(refresh_claims["exp"].as_i64().unwrap() - refresh_claims["iat"].as_i64().unwrap(), 604_800);
    // Names are not case-sensitive.
    let signed_in = result(&login(&front, "alice", GOOD).await);
    assert_eq!(claims(&signed_in["token"])["sub"], sub);
    let person = page(&server).with("apihub-token", signed_in["token"].as_str().unwrap());
    let told = result(&person.get("/api/echo/x").await)["identity"].clone();
    assert_eq!((&told["person"], &told["roles"]), (&json!(sub), &json!(["MEMBER"])));
    server.clock().advance_ms(3_600_000);
    refused(&person.get("/api/echo/x").await, 401, "TOKEN_EXPIRED");
    let fresh = result(&refresh(&page(&server), &signed_in["refresh_token"]).await);
    let person = page(&server).with("apihub-token", fresh["token"].as_str().unwrap());
    assert_eq!(result(&person.get("/api/user_center/get_my_profile").await)["_id"], sub);
}

#[both_engines]
async fn the_session_in_front_of_the_door_opens_three_actions_for_300_seconds(server: TestServer) {
    let key = with_pages(&server).await;
    let answer = page(&server).get(&format!("/api/user-center/gen-auth-session?ak={}", key.ak)).await;
    let token = result(&answer);
    assert_eq!(
        claims(&token),
        json!({"sub": "anonymous", "iss": key.ak, "typ": "person_token", "iat": NOW,
        "exp": NOW + 300, "actions": FRONT})
    );
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    let front = page(&server).with("apihub-token", token.as_str().unwrap());
    for path in [
        "/api/echo/x",
        "/api/user-center/get-my-profile",
        "/api/user-center-admin/list-users",
        "/api/user-center/refresh-token",
        "/api/user-center/gen-auth-session",
    ] {
        refused(&front.get(path).await, 403, "PERMISSION_DENIED");
    }
    server.clock().advance_ms(299_000);
    register(&front, "a").await;
    server.clock().advance_ms(1_000);
    refused(&login(&front, "a", GOOD).await, 401, "TOKEN_EXPIRED");
}

#[both_engines]
async fn a_session_needs_a_live_key_with_pages_and_one_of_them(server: TestServer) {
    let key = with_pages(&server).await;
    let ask = async |actor: Actor, ak: String| {
        actor.post("/api/user-center/gen-auth-session", json!({"ak": ak})).await
    };
    let closed = another(&key.owner, json!({})).await;
    refused(&ask(page(&server), closed.ak.clone()).await, 403, "DOMAIN_NOT_ALLOWED");
    refused(&ask(server.anyone(), key.ak.clone()).await, 403, "DOMAIN_NOT_ALLOWED");
    refused(
        &ask(server.anyone().with("origin", "https://evil.example"), key.ak.clone()).await,
        403,
        "DOMAIN_NOT_ALLOWED",
    );
    server.clock().advance_ms(10_000);
    refused(&ask(page(&server), "0".repeat(24)).await, 401, "KEY_NOT_FOUND");
    refused(&ask(page(&server), "x\0".into()).await, 401, "KEY_NOT_FOUND");
    refused(&page(&server).get("/api/user-center/gen-auth-session").await, 400, "INVALID_PARAMS");
    key.update(json!({"allow": ["echo"]})).await;
    refused(&ask(page(&server), key.ak.clone()).await, 403, "PERMISSION_DENIED");
    server.clock().advance_ms(10_000);
    key.update(json!({"allow": [], "enabled": false})).await;
    refused(&ask(page(&server), key.ak.clone()).await, 403, "KEY_DISABLED");
    key.update(json!({"enabled": true})).await;
    result(&ask(page(&server), key.ak.clone()).await);
    refused(&page(&server).get("/api/user-center/noauth-login").await, 401, "TOKEN_MISSING");
}

#[both_engines("[hub]\nanonymous = false\nanonymous_per_second = 1")]
async fn signing_in_is_no_anonymous_call(server: TestServer) {
    let key = with_pages(&server).await;
    for _ in 0..3 {
        let front = front(&server, &key).await;
        login(&front, "nobody", GOOD).await;
    }
    refused(&server.anyone().get("/api/echo/x").await, 401, "TOKEN_MISSING");
    let limit = another(&key.owner, json!({"domains": ["app.example.com"], "perDay": 1})).await;
    result(&page(&server).get(&format!("/api/user-center/gen-auth-session?ak={}", limit.ak)).await);
    let spent = page(&server).get(&format!("/api/user-center/gen-auth-session?ak={}", limit.ak)).await;
    refused(&spent, 429, "QUOTA_EXCEEDED");
}

#[both_engines]
async fn wrong_passwords_unknown_and_disabled_users_look_alike_and_are_slowed(server: TestServer) {
    let key = with_pages(&server).await;
    let front = front(&server, &key).await;
    let alice = claims(&register(&front, "alice").await["token"])["sub"].clone();
    let strip = |answer: Response| {
        let mut body = answer.json();
        body["trace"].take();
        (answer.status, body)
    };
    let wrong = strip(login(&front, "alice", "wrong horse").await);
    assert_eq!((wrong.0, &wrong.1["code"], &wrong.1["detail"]), (401, &json!("LOGIN_FAILED"), &Value::Null));
    for (name, password) in [("nobody", GOOD), ("no\u{0}body", GOOD), ("ali%", GOOD)] {
        assert_eq!(strip(login(&front, name, password).await), wrong, "{name:?}");
    }
    result(&admin(&key.app(&server), "enable-user", json!({"user_id": alice, "enable": false})).await);
    assert_eq!(strip(login(&front, "alice", GOOD).await), wrong);
    result(&admin(&key.app(&server), "enable-user", json!({"user_id": alice, "enable": true})).await);
    result(&login(&front, "alice", GOOD).await);
    // Five attempts are free. They count before the password is checked, also for unknown names.
    for name in ["alice", "bob"] {
        for _ in 0..6 {
            refused(&login(&front, name, "wrong horse").await, 401, "LOGIN_FAILED");
        }
        let slowed = login(&front, name, GOOD).await;
        refused(&slowed, 429, "RATE_LIMITED");
        assert_eq!(slowed.header("retry-after"), "2");
    }
    server.clock().advance_ms(2_000);
    result(&login(&front, "alice", GOOD).await);
}

#[both_engines]
async fn an_address_registers_only_so_many(server: TestServer) {
    let key = with_pages(&server).await;
    let front = front(&server, &key).await;
    for _ in 0..10 {
        // A registration counts before the password is hashed, even if it fails.
        let weak = front
            .post("/api/user-center/noauth-register", json!({"username": "x", "password": "short"}))
            .await;
        let body = refused(&weak, 400, "PASSWORD_TOO_WEAK");
        assert_eq!(body["detail"], json!({"failed": ["minLength"]}));
    }
    let arguments = json!({"username": "x", "password": GOOD});
    let slowed = front.post("/api/user-center/noauth-register", arguments).await;
    refused(&slowed, 429, "RATE_LIMITED");
    assert_eq!(slowed.header("retry-after"), "360");
    server.clock().advance_ms(360_000);
    // The page's token has expired.
    let front = self::front(&server, &key).await;
    register(&front, "x").await;
}

#[both_engines]
async fn a_refresh_token_is_good_once_and_a_copy_ends_the_sign_in(server: TestServer) {
    let key = with_pages(&server).await;
    let front = front(&server, &key).await;
    let first = register(&front, "alice").await["refresh_token"].clone();
    let other = result(&login(&front, "alice", GOOD).await)["refresh_token"].clone();
    let second = result(&refresh(&page(&server), &first).await)["refresh_token"].clone();
    let third = result(&refresh(&page(&server), &second).await)["refresh_token"].clone();
    let reused = refused(&refresh(&page(&server), &first).await, 401, "TOKEN_INVALID");
    assert!(reused["detail"].as_str().unwrap().contains("used before"));
    server.clock().advance_ms(10_000);
    refused(&refresh(&page(&server), &third).await, 401, "TOKEN_INVALID");
    let other = result(&refresh(&page(&server), &other).await)["refresh_token"].clone();
    server.clock().advance_ms(604_799_000);
    let other = result(&refresh(&page(&server), &other).await)["refresh_token"].clone();
    server.clock().advance_ms(604_800_000);
    refused(&refresh(&page(&server), &other).await, 401, "TOKEN_EXPIRED");
    assert!(!server.running().hub.forget_old_sessions().await.unwrap());
}

#[both_engines]
async fn of_two_refreshes_at_once_one_succeeds_and_the_sign_in_ends(server: TestServer) {
    let key = with_pages(&server).await;
    let token = register(&front(&server, &key).await, "alice").await["refresh_token"].clone();
    let page = page(&server);
    let (one, two) = tokio::join!(refresh(&page, &token), refresh(&page, &token));
    let mut status = [one.status, two.status];
    status.sort_unstable();
    assert_eq!(status, [200, 401]);
    let winner = if one.status == 200 { one } else { two };
    server.clock().advance_ms(10_000);
    refused(&refresh(&page, &result(&winner)["refresh_token"]).await, 401, "TOKEN_INVALID");
}

#[both_engines]
async fn what_is_no_refresh_token_of_this_key_refreshes_nothing(server: TestServer) {
    let key = with_pages(&server).await;
    let signed_in = register(&front(&server, &key).await, "alice").await;
    let token = signed_in["refresh_token"].as_str().unwrap().to_owned();
    let page = page(&server).with("apihub-token", signed_in["token"].as_str().unwrap());
    let at = token.len() - 5;
    let other = if &token[at..=at] == "A" { "B" } else { "A" };
    let altered = format!("{}{other}{}", &token[..at], &token[at + 1..]);
    for (text, code) in [
        (signed_in["token"].as_str().unwrap(), "TOKEN_INVALID"),
        ("x", "TOKEN_INVALID"),
        ("a.b.c", "TOKEN_INVALID"),
        (altered.as_str(), "TOKEN_INVALID"),
    ] {
        refused(&refresh(&page, &json!(text)).await, 401, code);
    }
    refused(&refresh(&page, &json!("x".repeat(5000))).await, 400, "INVALID_PARAMS");
    refused(&page.get("/api/user-center/refresh-token").await, 400, "INVALID_PARAMS");
    // Sent with another key's token in the header, and used as a token for calls.
    let foreign = another(&key.owner, json!({})).await;
    refused(&refresh(&foreign.app(&server), &json!(token)).await, 401, "TOKEN_INVALID");
    refused(&server.anyone().with("apihub-token", &token).get("/api/echo/x").await, 401, "TOKEN_INVALID");
    // Sent from a page that is not on the key's allowlist.
    server.clock().advance_ms(10_000);
    let elsewhere = server.anyone().with("origin", "https://evil.example");
    refused(&refresh(&elsewhere, &json!(token)).await, 403, "DOMAIN_NOT_ALLOWED");
    // None of these requests counts as a use.
    let token = result(&refresh(&page, &json!(token)).await)["refresh_token"].clone();
    result(&page.post("/api/user-center/logout", json!({"refresh_token": token})).await);
    refused(&refresh(&page, &token).await, 401, "TOKEN_INVALID");
}

#[both_engines]
async fn people_see_and_change_themselves(server: TestServer) {
    let key = with_pages(&server).await;
    let front = front(&server, &key).await;
    let signed_in = register(&front, "alice").await;
    let person = page(&server).with("apihub-token", signed_in["token"].as_str().unwrap());
    let sub = claims(&signed_in["token"])["sub"].clone();
    let expected = json!({"_id": sub, "username": "alice", "type": "MEMBER", "roles": ["MEMBER"],
        "groups": [],
        "attrs": {}, "enable": true, "firstCreated": "2026-01-01T00:00:00Z", "ak": key.ak, "isDel": false});
    assert_eq!(result(&person.get("/api/user-center/get-my-profile").await), expected);
    let change = json!({"attrs": {"nickname": "爱丽丝", "avatar": "https://a.example/1.png"},
        "sys_attrs": {"name": "x"},
        "user_type": "ADMIN", "username": "root"});
    let changed = result(&person.post("/api/user-center/update-my-profile", change).await);
    assert_eq!(changed["attrs"], json!({"nickname": "爱丽丝", "avatar": "https://a.example/1.png"}));
    assert_eq!((&changed["username"], &changed["type"]), (&json!("alice"), &json!("MEMBER")));
    let seen = result(&admin(&key.app(&server), "get-user", json!({"user_id": sub})).await);
    assert_eq!(seen["sys_attrs"], json!({}));
    refused(
        &person.post("/api/user-center/update-my-profile", json!({"attrs": {"x": "y".repeat(9000)}})).await,
        400,
        "INVALID_PARAMS",
    );
    refused(
        &person.post("/api/user-center/update-my-profile", json!({"attrs": [1]})).await,
        400,
        "INVALID_PARAMS",
    );

    let change = |old: &str, new: &str| json!({"old_password": old, "new_password": new});
    let path = "/api/user-center/change-my-password";
    refused(&person.post(path, change("wrong horse", "another horse")).await, 401, "LOGIN_FAILED");
    refused(&person.post(path, change(GOOD, "password1")).await, 400, "PASSWORD_TOO_WEAK");
    result(&person.post(path, change(GOOD, "another horse")).await);
    refused(&refresh(&page(&server), &signed_in["refresh_token"]).await, 401, "TOKEN_INVALID");
    refused(&login(&front, "alice", GOOD).await, 401, "LOGIN_FAILED");
    result(&login(&front, "alice", "another horse").await);
    // The app itself has no profile, and people it declares are not in the user center.
    refused(&key.app(&server).get("/api/user-center/get-my-profile").await, 403, "PERMISSION_DENIED");
    let unknown = page(&server).with("apihub-token", &key.token(&key.person_claims("u1")));
    refused(&unknown.get("/api/user-center/get-my-profile").await, 404, "USER_NOT_FOUND");
}

#[both_engines]
async fn the_app_looks_after_everybody(server: TestServer) {
    let key = with_pages(&server).await;
    let app = key.app(&server);
    let new = json!({"username": "root", "password": GOOD, "user_type": "ADMIN",
        "attrs": {"avatar": "a", "nickname": "n"}, "sys_attrs": {"email": "root@example.com"}});
    let answer = admin(&app, "create-user", new).await;
    assert!(!answer.body.contains("argon2") && !answer.body.contains("password"), "{}", answer.body);
    let made = result(&answer);
    assert_eq!(
        made,
        json!({"_id": made["_id"], "username": "root", "type": "ADMIN", "roles": ["ADMIN"], "groups": [],
        "attrs": {"avatar": "a", "nickname": "n"}, "sys_attrs": {"email": "root@example.com"},
        "self_registered": false, "enable": true,
        "firstCreated": "2026-01-01T00:00:00Z", "ak": key.ak, "isDel": false})
    );
    let id = &made["_id"];
    refused(
        &admin(&app, "create-user", json!({"username": "ROOT", "password": GOOD})).await,
        409,
        "USER_EXISTS",
    );
    let other = result(&admin(&app, "create-user", json!({"username": "bob", "password": GOOD})).await);
    assert_eq!(other["type"], "MEMBER");
    for (action, arguments, status, code) in [
        ("create-user", json!({"username": " x", "password": GOOD}), 400, "INVALID_PARAMS"),
        ("create-user", json!({"username": "x".repeat(65), "password": GOOD}), 400, "INVALID_PARAMS"),
        ("create-user", json!({"username": "a\nb", "password": GOOD}), 400, "INVALID_PARAMS"),
        ("create-user", json!({"username": "x"}), 400, "INVALID_PARAMS"),
        ("create-user", json!({"username": "x", "password": "x".repeat(300)}), 400, "INVALID_PARAMS"),
        ("create-user", json!({"username": "x", "password": "12345678"}), 400, "PASSWORD_TOO_WEAK"),
        (
            "create-user",
            json!({"username": "x", "password": GOOD, "user_type": "GOD"}),
            400,
            "INVALID_PARAMS",
        ),
        ("update-user", json!({"user_id": id, "username": "bob"}), 409, "USER_EXISTS"),
        ("set-roles", json!({"user_id": id, "roles": ["ADMIN"]}), 400, "INVALID_PARAMS"),
        ("set-roles", json!({"user_id": id}), 400, "INVALID_PARAMS"),
        ("set-groups", json!({"user_id": id, "groups": ["a"]}), 400, "INVALID_PARAMS"),
        ("enable-user", json!({"user_id": id}), 400, "INVALID_PARAMS"),
        ("get-user", json!({"user_id": "0".repeat(24)}), 404, "USER_NOT_FOUND"),
        ("get-user", json!({"user_id": "\0"}), 404, "USER_NOT_FOUND"),
        ("get-user", json!({}), 400, "INVALID_PARAMS"),
        ("drop-users", json!({}), 404, "ACTION_NOT_FOUND"),
    ] {
        refused(&admin(&app, action, arguments.clone()).await, status, code);
    }
    result(&admin(&app, "set-roles", json!({"user_id": id, "roles": ["EDITOR"]})).await);
    result(&admin(&app, "set-groups", json!({"user_id": id, "groups": ["/技术部/运维部"]})).await);
    let change = json!({
        "user_id": id,
        "user_type": "MEMBER",
        "username": "Root",
        "sys_attrs": {"email": null, "phone": "123"},
    });
    let changed = result(&admin(&app, "update-user", change).await);
    assert_eq!(
        (&changed["roles"], &changed["sys_attrs"]),
        (&json!(["MEMBER", "EDITOR"]), &json!({"phone": "123"}))
    );
    let front = front(&server, &key).await;
    let token = claims(&result(&login(&front, "root", GOOD).await)["token"]);
    assert_eq!(
        (&token["roles"], &token["groups"]),
        (&json!(["MEMBER", "EDITOR"]), &json!(["/技术部/运维部"]))
    );
    result(&admin(&app, "set-password", json!({"user_id": id, "password": "another horse"})).await);
    let signed_in = result(&login(&front, "root", "another horse").await);
    result(&admin(&app, "enable-user", json!({"user_id": id, "enable": false})).await);
    refused(&refresh(&page(&server), &signed_in["refresh_token"]).await, 401, "TOKEN_INVALID");
    let person = page(&server).with("apihub-token", signed_in["token"].as_str().unwrap());
    refused(&person.get("/api/user-center/get-my-profile").await, 404, "USER_NOT_FOUND");
    result(&admin(&app, "delete-user", json!({"user_id": id})).await);
    refused(&admin(&app, "delete-user", json!({"user_id": id})).await, 404, "USER_NOT_FOUND");
    assert_eq!(result(&admin(&app, "list-users", json!({})).await)["total"], 1);
}

#[both_engines]
async fn a_person_who_looks_after_members_sees_no_administrators(server: TestServer) {
    let key = with_pages(&server).await;
    let (app, boss) = (key.app(&server), administrator(&server, &key));
    let root = result(
        &admin(&app, "create-user", json!({"username": "root", "password": GOOD, "user_type": "ADMIN"}))
            .await,
    );
    let made = result(
        &admin(&boss, "create-user", json!({"username": "m", "password": GOOD, "user_type": "ADMIN"})).await,
    );
    assert_eq!(made["type"], "MEMBER", "whatever was asked for");
    assert_eq!(names(&admin(&boss, "list-users", json!({})).await), ["m"]);
    assert_eq!(names(&admin(&boss, "list-users", json!({"user_type": "ADMIN"})).await), Vec::<String>::new());
    assert_eq!(names(&admin(&boss, "list-users", json!({"search": "root"})).await), Vec::<String>::new());
    for (action, arguments) in [
        ("get-user", json!({})),
        ("update-user", json!({"username": "x"})),
        ("enable-user", json!({"enable": false})),
        ("set-roles", json!({"roles": []})),
        ("set-groups", json!({"groups": []})),
        ("set-password", json!({"password": "another horse"})),
        ("delete-user", json!({})),
    ] {
        let mut arguments = arguments;
        arguments["user_id"] = root["_id"].clone();
        refused(&admin(&boss, action, arguments).await, 404, "USER_NOT_FOUND");
    }
    refused(
        &admin(&boss, "update-user", json!({"user_id": made["_id"], "user_type": "ADMIN"})).await,
        403,
        "PERMISSION_DENIED",
    );
    refused(&admin(&boss, "set-password-policy", json!({"minLength": 6})).await, 403, "PERMISSION_DENIED");
    result(&admin(&boss, "set-password", json!({"user_id": made["_id"], "password": "another horse"})).await);
    // Other people and anonymous callers cannot manage users.
    let member = page(&server).with("apihub-token", &key.token(&key.person_claims("u")));
    refused(&admin(&member, "list-users", json!({})).await, 403, "PERMISSION_DENIED");
    refused(&admin(&server.anyone(), "list-users", json!({})).await, 401, "TOKEN_MISSING");
}

#[both_engines]
async fn users_of_other_keys_do_not_exist(server: TestServer) {
    let key = with_pages(&server).await;
    let other = another(&key.owner, json!({})).await;
    let made = result(
        &admin(&key.app(&server), "create-user", json!({"username": "alice", "password": GOOD})).await,
    );
    let foreign = other.app(&server);
    for action in ["get-user", "update-user", "delete-user"] {
        refused(&admin(&foreign, action, json!({"user_id": made["_id"]})).await, 404, "USER_NOT_FOUND");
    }
    assert_eq!(
        result(&admin(&foreign, "list-users", json!({"search": "alice"})).await),
        json!({"total": 0, "list": []})
    );
    result(&admin(&foreign, "create-user", json!({"username": "alice", "password": GOOD})).await);
    // Deleting a key deletes its users.
    let path = format!("/api/apikey/hub/keys/{}/delete", key.id);
    key.owner.post(&path, json!({})).await.data();
    assert_eq!(result(&admin(&foreign, "list-users", json!({})).await)["total"], 1);
}

#[both_engines]
async fn users_are_listed_by_kind_search_and_page(server: TestServer) {
    let key = with_pages(&server).await;
    let app = key.app(&server);
    let people = [
        ("u1", json!({"nickname": "張三"}), json!({})),
        ("u2", json!({}), json!({"name": "Zhang", "email": "z_1@example.com"})),
        ("u3", json!({"nickname": 7}), json!({"phone": "13800000000"})),
        ("50%", json!({"hidden": "needle"}), json!({})),
    ];
    for (name, attrs, sys_attrs) in people {
        let new = json!({"username": name, "password": GOOD, "attrs": attrs, "sys_attrs": sys_attrs});
        result(&admin(&app, "create-user", new).await);
    }
    result(
        &admin(&app, "create-user", json!({"username": "root", "password": GOOD, "user_type": "ADMIN"}))
            .await,
    );
    for (search, expected) in [
        ("张", vec!["u1"]),
        ("ZHANG", vec!["u2"]),
        ("z_1@", vec!["u2"]),
        ("138", vec!["u3"]),
        ("%", vec!["50%"]),
        ("_", vec!["u2"]),
        ("needle", vec![]),
        ("u", vec!["u3", "u2", "u1"]),
        ("u3\n", vec!["u3"]),
        ("\0", vec!["root", "50%", "u3", "u2", "u1"]),
    ] {
        let answer = admin(&app, "list-users", json!({"search": search})).await;
        assert_eq!(names(&answer), expected, "{search}");
        assert_eq!(result(&answer)["total"], expected.len());
    }
    let list = async |query: &str| app.get(&format!("/api/user-center-admin/list-users?{query}")).await;
    assert_eq!(names(&list("user_type=ADMIN").await), ["root"]);
    assert_eq!(names(&list("user_type=MEMBER&skip=1&limit=2").await), ["u3", "u2"]);
    let page = list("limit=1&skip=4").await;
    assert_eq!((names(&page), result(&page)["total"].clone()), (vec!["u1".to_owned()], json!(5)));
    for query in
        ["limit=0", "limit=101", "skip=-1", "skip=1000001", "skip=x", "user_type=x", "search=a&search=b"]
    {
        refused(&list(query).await, 400, "INVALID_PARAMS");
    }
}

#[both_engines]
async fn a_key_has_its_own_password_policy(server: TestServer) {
    let key = with_pages(&server).await;
    let app = key.app(&server);
    for (policy, place) in [
        (json!({"minLength": 5}), "minLength"),
        (json!({"minLength": 8, "maxLength": 7}), "maxLength"),
        (json!({"minLength": "x"}), "invalid type"),
        (json!({"nonsense": 1}), "nonsense"),
    ] {
        let body = refused(&admin(&app, "set-password-policy", policy).await, 400, "INVALID_PARAMS");
        assert!(body["detail"].as_str().unwrap().contains(place), "{body}");
    }
    let policy = json!({"minLength": 6, "maxLength": 64, "requireUpper": false, "requireLower": false,
        "requireDigit": true,
        "requireSymbol": false, "refuseCommon": false});
    assert_eq!(result(&admin(&app, "set-password-policy", policy.clone()).await), policy);
    assert_eq!(result(&admin(&app, "get-password-policy", json!({})).await), policy);
    let front = front(&server, &key).await;
    assert_eq!(result(&front.get("/api/user-center/noauth-get-password-policy").await), policy);
    // The example of the documentation.
    result(
        &front.post("/api/user-center/noauth-register", json!({"username": "a", "password": "123456"})).await,
    );
    result(&login(&front, "a", "123456").await);
    let weak =
        front.post("/api/user-center/noauth-register", json!({"username": "b", "password": "abcde"})).await;
    assert_eq!(
        refused(&weak, 400, "PASSWORD_TOO_WEAK")["detail"],
        json!({"failed": ["minLength", "requireDigit"]})
    );
    let other = another(&key.owner, json!({})).await;
    assert_eq!(result(&admin(&other.app(&server), "get-password-policy", json!({})).await)["minLength"], 8);
}

#[both_engines]
async fn of_two_who_take_a_name_at_once_one_gets_it(server: TestServer) {
    let key = with_pages(&server).await;
    let app = key.app(&server);
    let new = || json!({"username": "alice", "password": GOOD});
    let (one, two) = tokio::join!(admin(&app, "create-user", new()), admin(&app, "create-user", new()));
    let mut status = [one.status, two.status];
    status.sort_unstable();
    assert_eq!(status, [200, 409], "{one:?} {two:?}");
    assert_eq!(result(&admin(&app, "list-users", json!({})).await)["total"], 1);
}
