//! `/admin/audit`: actions that matter for security, as the log has them.

use identity::{
    NewAccount, Password,
    account::AlsoEnd,
    audit::{Filter, Kind},
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

/// Returns the names of the actions about an object, such as `key`, latest first, with their subjects.
async fn actions(server: &TestServer, object: &str) -> Vec<(String, String)> {
    let filter = Filter { text: object.to_owned(), ..Filter::default() };
    let (entries, _) = server.running().identity.audit_log(&filter).await.unwrap();
    let all = entries.into_iter().map(|entry| (entry.action, entry.subject));
    all.filter(|(action, _)| action.starts_with(object)).collect()
}

/// Returns the id of an object, which may be a number or a text.
fn id_of(object: &Value) -> String {
    object["id"].as_str().map_or_else(|| object["id"].to_string(), str::to_owned)
}

async fn names(server: &TestServer, object: &str) -> Vec<String> {
    actions(server, object).await.into_iter().map(|(action, _)| action).collect()
}

#[both_engines]
async fn actions_are_logged_with_who_what_and_from_where(server: TestServer) {
    let identity = &server.running().identity;
    let admin = server.person("admin").await;
    let browser = admin.signed_in().await.in_english();
    assert_eq!(names(&server, "account.").await.last().unwrap(), "account.created");
    assert!(names(&server, "session.").await.contains(&"session.started".to_owned()));

    // Keys: the name and the end of the secret, never the secret.
    let made =
        browser.post("/api/apikey/create", json!({"name": "for scripts", "scopes": ["*"]})).await.data();
    let (key, id) = (made["key"].as_str().unwrap(), id_of(&made));
    browser.post(&format!("/api/apikey/{id}/delete"), json!({})).await.data();
    let keys = actions(&server, "key.").await;
    assert_eq!((keys[0].0.as_str(), keys[1].0.as_str()), ("key.deleted", "key.created"));
    assert!(keys.iter().all(|(_, subject)| subject.starts_with("for scripts (")), "{keys:?}");
    assert!(keys.iter().all(|(_, subject)| !subject.contains(key)), "{keys:?}");

    // Apps, consents, and their end.
    let person = server.person("person").await;
    let app = person.app("user.info").await;
    person.tokens(&app, "user.info").await;
    person.revoke(&app).await;
    assert_eq!(names(&server, "access.").await, ["access.revoked", "access.granted"]);
    assert_eq!(names(&server, "app.").await, ["app.created"]);

    // Accounts.
    let new = NewAccount {
        email: "third@example.com".into(),
        name: "Third".into(),
        password: Password::new("a long password of 3"),
        is_admin: false,
    };
    let third = identity.add_account(new).await.unwrap();
    identity.set_disabled(third.id, true).await.unwrap();
    identity.set_disabled(third.id, false).await.unwrap();
    let password = Password::new("another long password");
    identity.set_password(&third, password, AlsoEnd::default()).await.unwrap();
    identity.delete_account(third.id).await.unwrap();
    let accounts = actions(&server, "account.").await;
    let expected = ["deleted", "password_set", "enabled", "disabled", "created"];
    for ((action, subject), expected) in accounts.iter().zip(expected) {
        assert_eq!(
            (action.as_str(), subject.as_str()),
            (&*format!("account.{expected}"), "third@example.com")
        );
    }

    // The Hub.
    let hub_key = browser.post("/api/apikey/hub/keys/create", json!({"name": "team"})).await.data();
    let id = id_of(&hub_key);
    browser.post(&format!("/api/apikey/hub/keys/{id}/rotate"), json!({})).await.data();
    browser.post(&format!("/api/apikey/hub/keys/{id}/delete"), json!({})).await.data();
    assert_eq!(names(&server, "hub_key.").await, ["hub_key.deleted", "hub_key.rotated", "hub_key.created"]);

    // The end of a session.
    let identity = &server.running().identity;
    let secret =
        identity::credential::Secret::parse(identity::credential::Kind::Session, &person.session().await);
    identity.sign_out(&secret.unwrap()).await.unwrap();
    let ended =
        Filter { account: Some(person.account.id), text: "session.ended".into(), ..Filter::default() };
    assert_eq!(identity.audit_log(&ended).await.unwrap().0.len(), 1);

    // Data.
    assert_eq!(browser.get("/memories/export").await.status, 200);
    assert_eq!(names(&server, "data.").await, ["data.exported"]);

    let page = browser.get("/admin/audit").await.body;
    for text in ["Access revoked", "127.0.0.1", "admin@example.com", "for scripts", "Account deleted"] {
        assert!(page.contains(text), "{text}");
    }
    let access = browser.get("/admin/audit?kind=access").await.body;
    assert!(access.contains("API key created") && !access.contains("Account deleted"));
    let of_person = browser.get("/admin/audit?q=PERSON%40example").await.body;
    assert!(of_person.contains("Access granted") && !of_person.contains("Hub key created"));
    assert!(browser.get("/admin/audit?q=nobody%40example").await.body.contains("Nothing found"));
    let filter = Filter { kind: Some(Kind::Data), ..Filter::default() };
    assert_eq!(identity.audit_log(&filter).await.unwrap().0.len(), 1);
    let filter = Filter { account: Some(person.account.id), ..Filter::default() };
    assert!(
        identity.audit_log(&filter).await.unwrap().0.iter().all(|entry| entry.email == "person@example.com")
    );
}

#[both_engines]
async fn failed_sign_ins_are_logged_without_what_was_typed(server: TestServer) {
    let person = server.person("a").await;
    let identity = &server.running().identity;
    let address = "203.0.113.9".parse().unwrap();
    for email in [person.account.email.as_str(), "my secret password 123"] {
        let wrong = Password::new("not the password");
        identity.check_password(email, &wrong, address).await.unwrap_err();
    }
    let refused = actions(&server, "session.").await;
    assert_eq!(refused[0], ("session.refused".into(), "unknown e-mail".into()));
    assert_eq!(refused[1], ("session.refused".into(), person.account.email.clone()));
    let filter = Filter { only_refused: true, ..Filter::default() };
    assert_eq!(identity.audit_log(&filter).await.unwrap().0.len(), 2);
}

#[both_engines]
async fn nobody_changes_the_log(server: TestServer) {
    let browser = server.person("admin").await.signed_in().await;
    let csrf = browser.get("/admin").await.hidden("csrf");
    let before = actions(&server, "").await;
    assert!(!before.is_empty());
    for path in ["/admin/audit", "/admin/audit/1", "/admin/audit/delete", "/api/admin/audit", "/api/audit"] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let request = browser.request(method.clone(), path).form(&[("csrf", csrf.as_str()), ("id", "1")]);
            let status = browser.send(request).await.status;
            assert!([403, 404, 405].contains(&status), "{method} {path}: {status}");
        }
    }
    assert_eq!(actions(&server, "").await, before);
    let other = server.person("b").await.signed_in().await;
    assert_eq!(other.get("/admin/audit").await.status, 404, "for others the page does not exist");
    let key = server.person("c").await.with_key("*").await;
    assert!([401, 403, 404].contains(&key.get("/admin/audit").await.status));
}

#[both_engines("accounts.audit_days = 10")]
async fn old_entries_are_removed_and_pages_reach_all_others(server: TestServer) {
    let identity = &server.running().identity;
    let person = server.person("a").await;
    for _ in 0..60 {
        identity.set_disabled(person.account.id, false).await.unwrap();
    }
    let mut filter = Filter::default();
    let (mut count, mut pages) = (0, 0);
    loop {
        let (entries, next) = identity.audit_log(&filter).await.unwrap();
        count += entries.len();
        pages += 1;
        filter.before = next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((count, pages), (61, 2));
    server.clock().advance_ms(9 * 86_400_000);
    identity.remove_expired().await.unwrap();
    assert_eq!(actions(&server, "").await.len(), 50);
    server.clock().advance_ms(2 * 86_400_000);
    identity.remove_expired().await.unwrap();
    assert_eq!(actions(&server, "").await, []);
}
