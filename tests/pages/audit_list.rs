//! The list of `docs/security.md`: each of its actions is in the log, and nothing takes an entry out again.

use std::collections::{BTreeSet, VecDeque};

use identity::{
    Password,
    account::AlsoEnd,
    application::Status,
    audit::{Entry, Filter},
};
use reqwest::Method;
use serde_json::json;
use testkit::{Actor, PASSWORD, Person, TestServer, both_engines};

use crate::{
    matrix::{document::operations, fixtures},
    oauth::flow,
};

/// Sends a form of the pages.
async fn submit(browser: &Actor, action: &str, fields: &[(&str, &str)]) -> testkit::Response {
    let csrf = browser.get("/account").await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    browser.post_form(action, &all).await
}

/// Sends a form that is followed by a page, as every one that did its work.
async fn done(browser: &Actor, action: &str, fields: &[(&str, &str)]) {
    let answer = submit(browser, action, fields).await;
    assert!([200, 303].contains(&answer.status), "{action}: {} {}", answer.status, answer.body);
}

async fn account(server: &TestServer, admin: &Actor) {
    let identity = &server.running().identity;
    let person = server.person("person").await;
    let id = person.account.id.to_string();
    for what in ["promote", "demote", "disable", "enable", "password"] {
        done(admin, "/admin/people", &[("id", &id), ("what", what)]).await;
    }
    done(admin, "/admin/people/sign-up", &[("mode", "invitation")]).await;
    done(admin, "/admin/people/invite", &[]).await;

    // Passwords and sessions, as the person has them.
    let address = "203.0.113.9".parse().unwrap();
    let wrong = Password::new("not the password");
    identity.check_password(&person.account.email, &wrong, address).await.unwrap_err();
    let browser = person.signed_in().await;
    let form = [("old", "not the password"), ("password", "another long password")];
    assert!(submit(&browser, "/account/password", &form).await.status >= 400);
    done(&browser, "/account/password", &[("old", PASSWORD), ("password", "another long password")]).await;
    person.session().await;
    done(&browser, "/account/sessions/end-others", &[]).await;
    let others = identity.sessions(person.account.id).await.unwrap();
    identity.end_session(person.account.id, others[0].id).await.unwrap();
    let password = Password::new("one more long password");
    identity.set_password(&person.account, password, AlsoEnd::default()).await.unwrap();
    identity.delete_account(person.account.id).await.unwrap();
}

async fn program(server: &TestServer, person: &Person) {
    let identity = &server.running().identity;
    person.program_token().await;
    let programs = identity.programs(person.account.id).await.unwrap();
    assert!(identity.end_program(person.account.id, programs[0].id).await.unwrap());
}

async fn keys(admin: &Actor) {
    for (kind, name) in
        [("apikey", json!({"name": "k", "scopes": ["*"]})), ("apikey/hub/keys", json!({"name": "h"}))]
    {
        let made = admin.post(&format!("/api/{kind}/create"), name).await.data();
        let id = made["id"].as_str().map_or_else(|| made["id"].to_string(), str::to_owned);
        if kind.contains("hub") {
            admin.post(&format!("/api/{kind}/{id}/update"), json!({"name": "i"})).await.data();
        }
        let next = admin.post(&format!("/api/{kind}/{id}/rotate"), json!({})).await.data();
        let id = next["id"].as_str().map_or_else(|| next["id"].to_string(), str::to_owned);
        admin.post(&format!("/api/{kind}/{id}/delete"), json!({})).await.data();
    }
    let avatar = admin.post("/api/secondme/avatar/create", json!({"title": "a"})).await.data();
    let body = json!({"avatarId": avatar["avatarId"], "name": "k"});
    let key = admin.post("/api/secondme/avatar/api-key/create", body).await.data();
    admin.post("/api/secondme/avatar/api-key/delete", json!({"keyId": key["keyId"]})).await.data();
}

async fn apps(server: &TestServer, admin: &Actor) {
    let identity = &server.running().identity;
    let developer = server.person("developer").await;
    let app = developer.app("user.info").await;
    let browser = developer.signed_in().await;
    let path = format!("/api/applications/external/{}", app.id);
    let hook = json!({
        "appName": "Another", "authorizationRevokedWebhookEnabled": true,
        "authorizationRevokedWebhookUrl": "https://app.example/hook",
    });
    browser.post(&format!("{path}/update"), hook).await.data();
    browser.post(&format!("{path}/regenerate-secret"), json!({})).await.data();
    identity.set_application_status(&app.id, Status::Approved).await.unwrap();

    // A person lets an agent in, changes what it may do, and takes it back.
    let mut visitor = flow::signed_in(server, "developer@example.com").await;
    let body = json!({"client_name": "An agent", "redirect_uris": ["https://agent.example/cb"],
        "token_endpoint_auth_method": "none"});
    let (agent, _) = flow::Agent::register(server, &body, "https://agent.example/cb").await;
    let page = visitor.get(&agent.address("")).await;
    flow::decide(&mut visitor, &page, "allow", &["memory.read", "note.write"]).await;
    let standing = identity.standing(developer.account.id, &agent.client_id).await.unwrap().unwrap();
    let access = format!("/account/apps/{}", standing.id);
    done(&browser, &access, &[("scope", "memory.read")]).await;
    done(&browser, &format!("{access}/revoke"), &[]).await;
    browser.post(&format!("{path}/delete"), json!({})).await.data();

    let spec = json!({"code": "weather-basic", "provider": {"kind": "weather-sample"}});
    admin.post("/api/apikey/hub/apis/save", spec).await.data();
    admin.post("/api/apikey/hub/apis/weather-basic/delete", json!({})).await.data();
}

async fn models(admin: &Actor) {
    let times = [("connect_seconds", "2"), ("first_token_seconds", "1"), ("idle_seconds", "1")];
    for name in ["alpha", "beta"] {
        let mut fields = vec![("base_url", "http://127.0.0.1:9/v1"), ("name", name), ("total_seconds", "5")];
        fields.extend(times);
        done(admin, "/admin/models", &fields).await;
    }
    let page = admin.get("/admin/models").await.body;
    let id = page.split("id=\"model-").nth(2).unwrap().split('"').next().unwrap().to_owned();
    done(admin, "/admin/models/move", &[("id", &id), ("to", "up")]).await;
    done(admin, "/admin/models/delete", &[("id", &id)]).await;
}

async fn data(server: &TestServer, admin: &Actor) {
    assert_eq!(admin.get("/memories/export").await.status, 200);
    let csrf = admin.get("/memories/import").await.hidden("csrf");
    let part = reqwest::multipart::Part::bytes("content\n喜欢爬山\n".as_bytes()).file_name("a.csv");
    let form = reqwest::multipart::Form::new().text("csrf", csrf.clone()).part("file", part);
    let sent = admin.send(admin.request(Method::POST, "/memories/import").multipart(form)).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let settled =
        async || while admin.get("/memories/import").await.body.contains("http-equiv=\"refresh\"") {};
    settled().await;
    assert_eq!(admin.post_form("/memories/import/start", &[("csrf", &csrf)]).await.status, 303);
    settled().await;
    let config = doppel::config::Config::from_toml("backup.dir = \"copies\"").unwrap();
    server.running().reload(&config).await.unwrap();
}

/// Returns every entry of the log, latest first.
async fn log(server: &TestServer) -> Vec<Entry> {
    let (mut all, mut filter) = (Vec::new(), Filter::default());
    loop {
        let (entries, next) = server.running().identity.audit_log(&filter).await.unwrap();
        all.extend(entries);
        filter.before = next;
        if next.is_none() {
            return all;
        }
    }
}

/// Returns the names in the table of the document.
fn listed() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for row in include_str!("../../docs/security.md").lines().filter_map(|line| line.strip_prefix("| `")) {
        let (object, actions) = row.split_once("` | ").unwrap();
        names.extend(actions.split('`').skip(1).step_by(2).map(|name| format!("{object}.{name}")));
    }
    names
}

/// Backups are made of an SQLite database; with PostgreSQL there is no such act.
const ONLY_SQLITE: &str = "server.backed_up";

#[both_engines("backup.dir = \"copies\"")]
async fn every_action_of_the_list_is_in_the_log(server: TestServer) {
    let person = server.person("admin").await;
    let admin = person.signed_in().await;
    account(&server, &admin).await;
    program(&server, &person).await;
    keys(&admin).await;
    apps(&server, &admin).await;
    models(&admin).await;
    let backs_up = admin.get("/admin/settings").await.body.contains("action=\"/admin/backup\"");
    if backs_up {
        server.clock().advance_ms(60_000);
        done(&admin, "/admin/backup", &[]).await;
    }
    data(&server, &admin).await;
    let mut expected = listed();
    if !backs_up {
        assert!(expected.remove(ONLY_SQLITE));
    }
    let found: BTreeSet<String> = log(&server).await.into_iter().map(|entry| entry.action).collect();
    assert_eq!(found, expected);
    let refused = admin.in_english().get("/admin/audit?kind=refused").await.body;
    assert!(refused.contains("Password change refused") && refused.contains("Sign-in failed"), "{refused}");
    assert!(!refused.contains("not the password"));
    // The page for whom it is not.
    let other = server.person("other").await.signed_in().await;
    assert_eq!(other.get("/admin/audit").await.status, 404);
    identity_is_kept(&server).await;
}

/// The e-mail address of a deleted account stays in the log.
async fn identity_is_kept(server: &TestServer) {
    let all = log(server).await;
    let deleted = all.iter().find(|entry| entry.action == "account.deleted").unwrap();
    assert_eq!(deleted.subject, "person@example.com");
    let theirs = all.iter().find(|entry| entry.action == "account.password_changed").unwrap();
    assert_eq!(theirs.email, "person@example.com");
}

/// A form of a page: where it is sent, and its fields.
type Form = (String, Vec<(String, String)>);

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    Some(rest.split('"').next()?.replace("&#38;", "&").replace("&amp;", "&"))
}

/// Returns the forms of a page that are posted.
fn forms(page: &str, own: &str) -> Vec<Form> {
    let mut all = Vec::new();
    for part in page.split("<form").skip(1) {
        let form = part.split("</form>").next().unwrap_or_default();
        let head = form.split('>').next().unwrap_or_default();
        if attribute(head, "method").as_deref() != Some("post") {
            continue;
        }
        let action = attribute(head, "action").unwrap_or_else(|| own.to_owned());
        let inputs = form.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("button"));
        let fields = inputs
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())));
        all.push((action, fields.collect()));
    }
    all
}

/// Returns the pages that links lead to, and the forms on them.
async fn walk(browser: &Actor) -> (BTreeSet<String>, Vec<Form>) {
    let (mut seen, mut found) = (BTreeSet::from(["/".to_owned()]), Vec::new());
    let mut queue = VecDeque::from(["/".to_owned(), "/admin/audit".to_owned()]);
    while let Some(path) = queue.pop_front() {
        let page = browser.get(&path).await;
        found.extend(forms(&page.body, &path));
        for tag in page.body.split("<a ").skip(1) {
            let Some(link) = attribute(&format!(" {tag}"), "href") else { continue };
            let bare = link.split(['#', '?']).next().unwrap_or_default();
            if bare.starts_with('/')
                && !bare.starts_with("/docs")
                && seen.len() < 120
                && seen.insert(bare.to_owned())
            {
                queue.push_back(link);
            }
        }
    }
    (seen, found)
}

/// Every operation of the API and every form of the pages, sent by an administrator with the id of an entry.
#[both_engines]
async fn no_operation_and_no_form_takes_an_entry_out(server: TestServer) {
    let person = server.person("admin").await;
    let admin = person.signed_in().await;
    keys(&admin).await;
    let before = log(&server).await;
    let id = before[0].id.to_string();
    let (pages, mut all) = walk(&admin).await;
    assert!(pages.contains("/admin/audit") && pages.len() > 30, "{pages:?}");
    let audit = admin.get("/admin/audit").await.body;
    let inside = audit.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    assert_eq!(forms(inside, "/admin/audit"), [], "the page itself changes nothing");
    let mut attempts = 0;
    for operation in operations(&server).await {
        let ids = fixtures::ids(&operation);
        let values: Vec<_> =
            ids.iter().map(|(place, name, _)| (*place, name.as_str(), id.as_str())).collect();
        operation.call(&admin, &values, &fixtures::members(&operation.id)).await;
        attempts += 1;
    }
    // The end of the own session is the last attempt.
    all.retain(|(action, _)| action != "/sign-out" && !action.contains("/sessions/"));
    for (action, fields) in &all {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), if name == "id" { id.as_str() } else { value.as_str() }))
            .collect();
        admin.post_form(action, &fields).await;
        attempts += 1;
    }
    for path in ["/admin/audit", "/admin/audit/1", "/admin/audit/delete", "/api/admin/audit", "/api/audit"] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let status =
                admin.send(admin.request(method.clone(), path).form(&[("id", id.as_str())])).await.status;
            assert!([403, 404, 405].contains(&status), "{method} {path}: {status}");
        }
    }
    assert!(attempts > 150, "{attempts}");
    let after = log(&server).await;
    let kept = &after[after.len() - before.len()..];
    assert_eq!(format!("{kept:?}"), format!("{before:?}"));
}
