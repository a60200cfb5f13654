//! `/api/apikey/hub/keys/…`

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use super::support::{admin, another, key, refused, result};

#[both_engines]
async fn a_key_is_made_and_its_secret_shown_once(server: TestServer) {
    let owner = server.person("a").await.signed_in().await;
    let request = json!({"name": " My site ", "ips": ["203.0.113.7", "10.0.0.0/8"],
        "domains": ["App.example.com", "*.example.org:8443"],
        "allow": ["echo", "weather-basic/now"], "perSecond": 20, "perDay": 1000,
        "expiresAt": 1_767_225_700_000_i64});
    let made = owner.post("/api/apikey/hub/keys/create", request).await.data();
    let (ak, sk) = (made["ak"].as_str().unwrap(), made["sk"].as_str().unwrap());
    assert!(ak.len() == 24 && ak.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{ak}");
    assert_eq!(sk.len(), 64);
    let mut expected = json!({
        "id": made["id"], "ak": ak, "name": "My site", "enabled": true, "createdAt": 1_767_225_600_000_i64,
        "expiresAt": 1_767_225_700_000_i64, "ips": ["203.0.113.7", "10.0.0.0/8"],
        "domains": ["app.example.com", "*.example.org:8443"], "bothLists": false, "perSecond": 20,
        "perPersonSecond": 10,
        "perDay": 1000, "allow": ["echo:*", "weather_basic:now"], "registration": "closed",
        "registeredAllow": [], "oldSecretUntil": null, "lastUsedAt": null,
    });
    let list = owner.get("/api/apikey/hub/keys/list").await;
    assert!(!list.body.contains(sk), "a secret is never shown again");
    assert_eq!(list.data(), json!({"list": [expected], "total": 1}));
    assert_eq!(owner.get(&format!("/api/apikey/hub/keys/{}", made["id"])).await.data(), expected);
    expected["sk"] = json!(sk);
    assert_eq!(made, expected);
}

#[both_engines]
async fn what_is_wrong_with_a_wish_is_named(server: TestServer) {
    let owner = server.person("a").await.signed_in().await;
    for (request, field) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"name": "x", "ips": ["nonsense"]}), "ips.0"),
        (json!({"name": "x", "ips": ["10.0.0.1", "10.0.0.0/33"]}), "ips.1"),
        (json!({"name": "x", "ips": vec!["10.0.0.1"; 101]}), "ips"),
        (json!({"name": "x", "domains": ["https://a.example"]}), "domains.0"),
        (json!({"name": "x", "domains": ["*"]}), "domains.0"),
        (json!({"name": "x", "allow": ["a:b:c"]}), "allow.0"),
        (json!({"name": "x", "registeredAllow": ["a:b:c"]}), "registeredAllow.0"),
        (json!({"name": "x", "registeredAllow": vec!["echo"; 31]}), "registeredAllow"),
        (json!({"name": "x", "registration": "ajar"}), "registration"),
        (json!({"name": "x", "perSecond": 0}), "perSecond"),
        (json!({"name": "x", "perSecond": 1001}), "perSecond"),
        (json!({"name": "x", "perPersonSecond": 1_000_000}), "perPersonSecond"),
        (json!({"name": "x", "perDay": 0}), "perDay"),
        (json!({"name": "x", "expiresAt": 1}), "expiresAt"),
        (json!({"name": "x", "perDay": "many"}), "perDay"),
    ] {
        let body =
            owner.post("/api/apikey/hub/keys/create", request.clone()).await.refused(422, "invalid.param");
        assert!(body["message"].as_str().unwrap().starts_with(&format!("{field}: ")), "{request}: {body}");
    }
    assert_eq!(owner.get("/api/apikey/hub/keys/list").await.data()["total"], 0);
}

#[both_engines("hub.max_keys = 2")]
async fn an_account_has_so_many_keys_and_no_more(server: TestServer) {
    let owner = server.person("a").await.signed_in().await;
    let requests = (0..8).map(|_| owner.post("/api/apikey/hub/keys/create", json!({"name": "x"})));
    let answers = futures::future::join_all(requests).await;
    let made: Vec<Value> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.data()).collect();
    assert_eq!(made.len(), 2, "of eight at once two find room");
    owner.post(&format!("/api/apikey/hub/keys/{}/delete", made[0]["id"]), json!({})).await.data();
    another(&owner, json!({})).await;
    owner.post("/api/apikey/hub/keys/create", json!({"name": "x"})).await.refused(400, "invalid.param");
}

/// With `hub.keys = "admins"`, the default, only administrators can create keys.
#[both_engines("hub.keys = \"admins\"")]
async fn administrators_make_keys(server: TestServer) {
    let admin = admin(&server).await;
    let somebody = server.person("b").await.signed_in().await;
    somebody
        .post("/api/apikey/hub/keys/create", json!({"name": "x"}))
        .await
        .refused(403, "auth.admin.required");
    assert!(!somebody.get("/hub/keys").await.body.contains("href=\"/hub/keys/new\""));
    let csrf = somebody.get("/hub/keys/new").await.hidden("csrf");
    assert_eq!(somebody.post_form("/hub/keys", &[("csrf", &csrf), ("name", "x")]).await.status, 403);
    result(&another(&admin, json!({})).await.app(&server).get("/api/echo/x").await);
    assert!(admin.get("/hub/keys").await.body.contains("href=\"/hub/keys/new\""));
}

#[both_engines]
async fn other_peoples_keys_look_like_none(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let other = server.person("b").await.signed_in().await;
    let path = |what: &str| format!("/api/apikey/hub/keys/{}{what}", key.id);
    other.get(&path("")).await.refused(404, "hub.key.not_found");
    other.get(&path("/usage")).await.refused(404, "hub.key.not_found");
    for what in ["/update", "/rotate", "/delete"] {
        other.post(&path(what), json!({})).await.refused(404, "hub.key.not_found");
    }
    other.get(&format!("/api/apikey/hub/calls?key={}", key.id)).await.refused(404, "hub.key.not_found");
    for id in ["1", "x", "-1", "99999999999999999999"] {
        other.get(&format!("/api/apikey/hub/keys/{id}")).await.refused(404, "hub.key.not_found");
    }
    assert_eq!(other.get("/api/apikey/hub/keys/list").await.data()["total"], 0);
    result(&key.app(&server).get("/api/echo/x").await);
}

#[both_engines]
async fn a_change_is_in_force_with_the_next_call(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let app = key.app(&server);
    result(&app.get("/api/echo/x").await);
    key.update(json!({"enabled": false})).await;
    refused(&app.get("/api/echo/x").await, 403, "KEY_DISABLED");
    key.update(json!({"enabled": true, "allow": ["other"]})).await;
    refused(&app.get("/api/echo/x").await, 403, "PERMISSION_DENIED");
    let now = key.update(json!({"allow": [], "expiresAt": 1_767_225_601_000_i64})).await;
    assert_eq!(now["name"], "test", "what is not named stays");
    result(&app.get("/api/echo/x").await);
    server.clock().advance_ms(1_000);
    refused(&app.get("/api/echo/x").await, 403, "KEY_DISABLED");
    key.update(json!({"expiresAt": 0})).await;
    result(&app.get("/api/echo/x").await);
    key.owner.post(&format!("/api/apikey/hub/keys/{}/delete", key.id), json!({})).await.data();
    refused(&app.get("/api/echo/x").await, 401, "KEY_NOT_FOUND");
}

#[both_engines]
async fn a_rotated_secret_overlaps_as_long_as_asked(server: TestServer) {
    let mut key = key(&server, "a", json!({})).await;
    let old = key.app(&server);
    result(&old.get("/api/echo/x").await);
    let path = format!("/api/apikey/hub/keys/{}/rotate", key.id);
    let rotated = key.owner.post(&path, json!({"overlapSeconds": 60})).await.data();
    assert_eq!(rotated["ak"], key.ak.as_str(), "the public half stays");
    assert_eq!(rotated["oldSecretUntil"], 1_767_225_660_000_i64);
    key.sk = rotated["sk"].as_str().unwrap().to_owned();
    let new = key.app(&server);
    result(&new.get("/api/echo/x").await);
    result(&old.get("/api/echo/x").await);
    server.clock().advance_ms(59_999);
    result(&old.get("/api/echo/x").await);
    server.clock().advance_ms(1);
    refused(&old.get("/api/echo/x").await, 401, "TOKEN_INVALID");
    result(&new.get("/api/echo/x").await);
    // Without an overlap the old secret is invalid at once, even for tokens in the cache.
    key.owner.post(&path, json!({})).await.data();
    refused(&new.get("/api/echo/x").await, 401, "TOKEN_INVALID");
    for seconds in [-1, 30 * 86_400 + 1] {
        key.owner.post(&path, json!({"overlapSeconds": seconds})).await.refused(422, "invalid.param");
    }
}

/// A change by another process takes effect within a second.
#[both_engines]
async fn a_change_elsewhere_is_noticed(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let app = key.app(&server);
    result(&app.get("/api/echo/x").await);
    let sibling = server.sibling().await;
    let account = server.running().identity.account_by_email("a@example.com").await.unwrap().unwrap();
    sibling.hub.delete_key(account.id, hub::HubKeyId(key.id)).await.unwrap();
    let start = std::time::Instant::now();
    while app.get("/api/echo/x").await.status != 401 {
        assert!(start.elapsed().as_millis() < 1500, "still open");
    }
    sibling.stop().await.unwrap();
}

#[both_engines("accounts.recheck_milliseconds = 0")]
async fn the_keys_of_a_disabled_account_open_nothing(server: TestServer) {
    let person = server.person("a").await;
    let key = another(&person.signed_in().await, json!({})).await;
    server.running().identity.set_disabled(person.account.id, true).await.unwrap();
    refused(&key.app(&server).get("/api/echo/x").await, 403, "KEY_DISABLED");
}

/// The secrets in the database are sealed. If the sealing key is missing or wrong, the server names the
/// file to restore, and creates no new one.
#[both_engines]
async fn a_lost_sealing_key_is_named_and_never_replaced(mut server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let file = server.data_dir().join("seal.key");
    let text = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let why = server.refuses_to_start().await;
    assert!(why.contains("seal.key is missing: restore") && why.contains("secrets.key"), "{why}");
    assert!(!file.exists(), "a new key would hide the loss");
    testkit::write_file(&file, "7".repeat(64));
    let why = server.refuses_to_start().await;
    assert!(why.contains("the key in force is") && !why.contains("7777"), "{why}");
    testkit::write_file(&file, text);
    server.restart().await;
    result(&key.app(&server).get("/api/echo/x").await);
}

/// Keys that were sealed with a key that the operator gives up are refused with the reason; other keys
/// work, and a new secret works.
#[both_engines]
async fn keys_sealed_with_lost_key_are_refused_with_reason(mut server: TestServer) {
    let signed_in = server.person("a").await.signed_in().await;
    let old = another(&signed_in, json!({})).await;
    std::fs::remove_file(server.data_dir().join("seal.key")).unwrap();
    let why = server.refuses_to_start().await;
    let id = why.split_once("to secrets.lost_keys").unwrap().0.rsplit('"').nth(1).unwrap().to_owned();
    server.restart_with(&format!("hub.keys = \"everybody\"\nsecrets.lost_keys = [\"{id}\"]")).await;
    for path in ["/api/echo/x", "/api/echo/y?a=1"] {
        let body = refused(&old.app(&server).get(path).await, 403, "KEY_DISABLED");
        assert!(body.to_string().contains("lost"), "{body}");
    }
    let signed_in = server.again(&signed_in);
    let new = another(&signed_in, json!({})).await;
    result(&new.app(&server).get("/api/echo/x").await);
}

/// If the file of the sealing key is deleted while the server runs, it is not created again.
#[both_engines]
async fn the_key_of_a_server_that_runs_is_not_made_anew(server: TestServer) {
    let signed_in = server.person("a").await.signed_in().await;
    let first = another(&signed_in, json!({})).await;
    let file = server.data_dir().join("seal.key");
    std::fs::remove_file(&file).unwrap();
    let app = json!({"appName": "x", "redirectUris": ["https://app.example/cb"], "allowedScopes": ["chat"],
        "authorizationRevokedWebhookUrl": "https://app.invalid/hook",
        "authorizationRevokedWebhookEnabled": true});
    signed_in.post("/api/applications/external/create", app).await.data();
    let second = another(&signed_in, json!({})).await;
    assert!(!file.exists());
    for key in [first, second] {
        result(&key.app(&server).get("/api/echo/x").await);
    }
}
