//! Registration in a key's user center, and the places where secrets are accepted.

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use super::{
    support::{key, refused, result},
    user_center::{
        GOOD, admin, administrator, claims, front, login, names, own_and, page, refresh, register, with_pages,
    },
};

/// Knowing a key's AK and claiming to be one of its pages is not enough to register, unless the owner
/// allows it.
#[both_engines]
async fn registration_is_closed_until_the_owner_opens_it(server: TestServer) {
    let key =
        key(&server, "a", json!({"domains": ["app.example.com"], "perSecond": 1000, "perPersonSecond": 100}))
            .await;
    let front = front(&server, &key).await;
    let mallory = json!({"username": "mallory", "password": GOOD});
    let app = key.app(&server);
    for caller in [&front, &app, &administrator(&server, &key)] {
        refused(
            &caller.post("/api/user-center/noauth-register", mallory.clone()).await,
            403,
            "PERMISSION_DENIED",
        );
    }
    assert_eq!(result(&admin(&app, "list-users", json!({})).await)["total"], 0);
    // People whom the owner creates can sign in, and have all the access of the key.
    result(&admin(&app, "create-user", json!({"username": "staff", "password": GOOD})).await);
    result(&front.get("/api/user-center/noauth-get-password-policy").await);
    let token = result(&login(&front, "staff", GOOD).await)["token"].clone();
    assert!(claims(&token).get("actions").is_none());
    result(&page(&server).with("apihub-token", token.as_str().unwrap()).get("/api/echo/anything").await);
    key.update(json!({"registration": "open"})).await;
    register(&front, "mallory").await;
    key.update(json!({"registration": "closed"})).await;
    result(&login(&front, "mallory", GOOD).await);
    refused(
        &front.post("/api/user-center/noauth-register", json!({"username": "b", "password": GOOD})).await,
        403,
        "PERMISSION_DENIED",
    );
}

#[both_engines]
async fn people_who_registered_themselves_get_what_the_key_lists(server: TestServer) {
    let key = with_pages(&server).await;
    let front = front(&server, &key).await;
    let app = key.app(&server);
    let signed_in = register(&front, "alice").await;
    let sub = claims(&signed_in["token"])["sub"].clone();
    let as_person = |token: &Value| page(&server).with("apihub-token", token.as_str().unwrap());
    let person = as_person(&signed_in["token"]);
    result(&person.get("/api/echo/x").await);
    refused(&person.get("/api/echo/y").await, 403, "PERMISSION_DENIED");
    refused(&person.get("/api/user-center-admin/list-users").await, 403, "PERMISSION_DENIED");
    result(&person.get("/api/user-center/get-my-profile").await);
    // Neither roles nor another type lift the restriction. It also applies to refreshed tokens.
    result(&admin(&app, "set-roles", json!({"user_id": sub, "roles": ["EDITOR"]})).await);
    let changed = result(&admin(&app, "update-user", json!({"user_id": sub, "user_type": "ADMIN"})).await);
    assert_eq!(changed["self_registered"], true);
    key.update(json!({"registeredAllow": []})).await;
    let fresh = result(&refresh(&page(&server), &signed_in["refresh_token"]).await);
    assert_eq!(claims(&fresh["token"])["actions"], own_and(&[]));
    refused(&as_person(&fresh["token"]).get("/api/echo/x").await, 403, "PERMISSION_DENIED");
    refused(
        &as_person(&fresh["token"]).get("/api/user-center-admin/list-users").await,
        403,
        "PERMISSION_DENIED",
    );
    // People cannot lift it themselves, but those who manage users can.
    result(
        &as_person(&fresh["token"])
            .post("/api/user-center/update-my-profile", json!({"attrs": {"a": 1}, "self_registered": false}))
            .await,
    );
    assert_eq!(result(&admin(&app, "get-user", json!({"user_id": sub})).await)["self_registered"], true);
    let lifted = result(&admin(&app, "update-user", json!({"user_id": sub, "self_registered": false})).await);
    assert_eq!(lifted["self_registered"], false);
    let token = result(&login(&front, "alice", GOOD).await)["token"].clone();
    assert!(claims(&token).get("actions").is_none());
    result(&as_person(&token).get("/api/echo/y").await);
}

/// Proxies and browsers store addresses, so a secret in one is refused and named.
#[both_engines]
async fn secrets_do_not_belong_in_an_address(server: TestServer) {
    let key = with_pages(&server).await;
    let front = front(&server, &key).await;
    let app = key.app(&server);
    let signed_in = register(&front, "alice").await;
    let person = page(&server).with("apihub-token", signed_in["token"].as_str().unwrap());
    for (caller, path, name) in [
        (&front, "user-center/noauth-login?username=alice&password=correct+horse", "password"),
        (&front, "user-center/noauth-register?username=bob&password=correct+horse", "password"),
        (&front, "user-center/noauth-login?username=alice&%70assword=x", "password"),
        (&app, "user-center-admin/create-user?username=bob&password=correct+horse", "password"),
        (&app, "user-center-admin/set-password?user_id=x&password=correct+horse", "password"),
        (&person, "user-center/change-my-password?old_password=correct+horse&new_password=x", "old_password"),
        (&person, "user-center/refresh-token?refresh_token=x", "refresh_token"),
        (&person, "user-center/logout?refresh_token=x", "refresh_token"),
    ] {
        for answer in [
            caller.get(&format!("/api/{path}")).await,
            caller.post(&format!("/api/{path}"), json!({"password": GOOD})).await,
        ] {
            let body = refused(&answer, 400, "INVALID_PARAMS");
            assert!(
                body["detail"].as_str().unwrap().starts_with(&format!("{name}: is a secret")),
                "{path}: {body}"
            );
        }
    }
    assert_eq!(names(&admin(&app, "list-users", json!({})).await), ["alice"]);
    result(&login(&front, "alice", GOOD).await);
}
