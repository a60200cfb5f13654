//! Webhook events that tell an app's server about a revoked authorization

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, response::IntoResponse, routing::post};
use http::{HeaderMap, StatusCode};
use identity::webhook::rules::signature;
use serde_json::{Value, json};
use testkit::{Actor, App, Person, START, TestServer, both_engines};

const SECRET: &str = "whs_a_secret_of_the_app";

/// An app's server, which records requests. It returns the given statuses in order, and then 200.
#[derive(Clone, Default)]
struct Receiver {
    heard: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    async fn start(answers: &[u16]) -> (Self, String) {
        let receiver = Self::default();
        receiver.answers.lock().unwrap().extend(answers.iter().rev());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().route("/hook", post(hear)).with_state(receiver.clone());
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    fn heard(&self) -> Vec<(HeaderMap, String)> {
        self.heard.lock().unwrap().clone()
    }

    async fn wait_for(&self, count: usize) {
        let start = std::time::Instant::now();
        while self.heard().len() < count {
            assert!(start.elapsed().as_secs() < 20, "only {} of {count} came", self.heard().len());
            tokio::task::yield_now().await;
        }
    }
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> impl IntoResponse {
    receiver.heard.lock().unwrap().push((headers, body));
    let status = receiver.answers.lock().unwrap().pop().unwrap_or(200);
    (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")], "heard")
}

/// Registers an app with a webhook. Returns it with its developer's browser.
async fn listening(developer: &Person, url: &str) -> (App, Actor) {
    let app = developer.app("user.info").await;
    let browser = developer.signed_in().await;
    let request = json!({
        "authorizationRevokedWebhookUrl": url, "authorizationRevokedWebhookEnabled": true,
        "authorizationRevokedWebhookSecret": SECRET,
    });
    let data = browser.post(&format!("/api/applications/external/{}/update", app.id), request).await.data();
    assert_eq!(data["authorizationRevokedWebhookSecret"], SECRET);
    (app, browser)
}

async fn last(browser: &Actor, app: &App) -> Value {
    let data = browser.get(&format!("/api/applications/external/{}", app.id)).await.data();
    data["authorizationRevokedWebhookLastDelivery"].clone()
}

/// Waits until the latest delivery has this state and its last attempt is over.
async fn settled(server: &TestServer, browser: &Actor, app: &App, state: &str, attempts: i64) -> Value {
    let start = std::time::Instant::now();
    loop {
        server.running().identity.deliver_due().await.unwrap();
        let delivery = last(browser, app).await;
        let is_over = !delivery["statusCode"].is_null() || delivery["errorMessage"] != "";
        if delivery["status"] == state && delivery["attempts"] == attempts && is_over {
            return delivery;
        }
        assert!(start.elapsed().as_secs() < 20, "{delivery}");
    }
}

async fn allow_and_revoke(server: &TestServer, app: &App, name: &str) -> String {
    let person = server.person(name).await;
    let me = person.with_token(app, "user.info").await.get("/api/auth/me").await.data();
    person.revoke(app).await;
    me["appScopedUserId"].as_str().unwrap().to_owned()
}

#[both_engines("outgoing.allowed_networks = [\"127.0.0.0/8\"]")]
async fn a_clock_that_was_ahead_holds_no_word_back(server: TestServer) {
    let (receiver, url) = Receiver::start(&[500]).await;
    let (app, browser) = listening(&server.person("developer").await, &url).await;
    server.clock().advance_ms(20 * 86_400_000);
    allow_and_revoke(&server, &app, "a").await;
    settled(&server, &browser, &app, "waiting", 1).await;
    server.clock().advance_ms(-20 * 86_400_000);
    settled(&server, &browser, &app, "delivered", 2).await;
    assert_eq!(receiver.heard().len(), 2);
}

#[both_engines("outgoing.allowed_networks = [\"127.0.0.0/8\"]")]
async fn slow_apps_of_one_developer_hold_up_nobody_elses(server: TestServer) {
    // Accepts connections and never responds.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = format!("http://{}/hook", silent.local_addr().unwrap());
    let (app, _) = listening(&server.person("slow").await, &slow).await;
    let (receiver, url) = Receiver::start(&[]).await;
    let (other, _) = listening(&server.person("quick").await, &url).await;
    for n in 0..20 {
        allow_and_revoke(&server, &app, &format!("a{n}")).await;
    }
    let start = std::time::Instant::now();
    for n in 0..3 {
        allow_and_revoke(&server, &other, &format!("b{n}")).await;
        receiver.wait_for(n + 1).await;
    }
    // A single slow call takes ten seconds. If the calls blocked each other, five rounds of them would be
    // needed.
    assert!(start.elapsed().as_secs() < 20);
}

#[both_engines("outgoing.allowed_networks = [\"127.0.0.0/8\"]")]
async fn an_app_is_told_once_and_can_check_who_tells(server: TestServer) {
    let (receiver, url) = Receiver::start(&[]).await;
    let (app, browser) = listening(&server.person("developer").await, &url).await;
    let person = allow_and_revoke(&server, &app, "a").await;
    receiver.wait_for(1).await;
    settled(&server, &browser, &app, "delivered", 1).await;
    let (headers, body) = receiver.heard().remove(0);
    let event: Value = serde_json::from_str(&body).unwrap();
    let id = event["eventId"].as_str().unwrap();
    assert!(id.starts_with("evt_"));
    assert_eq!(
        event,
        json!({
            "eventId": id, "eventType": "authorization.revoked", "occurredAt": "2026-01-01T00:00:00Z",
            "appId": app.id, "appScopedUserId": person, "reason": "user_revoked",
        })
    );
    let timestamp = headers["x-secondme-timestamp"].to_str().unwrap();
    assert_eq!(timestamp, (START.as_millis() / 1000).to_string());
    assert_eq!(headers["x-secondme-signature"], signature(SECRET, timestamp, &body));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(server.running().identity.deliver_due().await.unwrap(), 0);
    assert_eq!(receiver.heard().len(), 1);
}

#[both_engines("outgoing.allowed_networks = [\"127.0.0.0/8\"]")]
async fn what_was_not_taken_is_sent_again_across_restarts(mut server: TestServer) {
    let (receiver, url) = Receiver::start(&[500, 429, 503]).await;
    let (app, browser) = listening(&server.person("developer").await, &url).await;
    allow_and_revoke(&server, &app, "a").await;
    let failed = settled(&server, &browser, &app, "waiting", 1).await;
    assert_eq!(failed["statusCode"], 500);
    server.clock().advance_ms(9_000);
    assert_eq!(server.running().identity.deliver_due().await.unwrap(), 0, "not yet");
    server.clock().advance_ms(1_000);
    settled(&server, &browser, &app, "waiting", 2).await;
    server.restart().await;
    let browser = {
        // The server has a new address, so the browser needs a new session.
        let identity = &server.running().identity;
        let account = identity.account_by_email("developer@example.com").await.unwrap().unwrap();
        let client = identity::session::Client { address: [127, 0, 0, 1].into(), user_agent: String::new() };
        let session = identity.start_session(account.id, &client).await.unwrap();
        drop(browser);
        server.anyone().with("cookie", &format!("doppel_session={}", session.expose()))
    };
    server.clock().advance_ms(60_000);
    settled(&server, &browser, &app, "waiting", 3).await;
    server.clock().advance_ms(300_000);
    settled(&server, &browser, &app, "delivered", 4).await;
    let bodies: std::collections::HashSet<String> =
        receiver.heard().into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies.len(), 1, "to the byte the same, the id included");
    let stamps: Vec<String> = receiver
        .heard()
        .iter()
        .map(|(h, _)| h["x-secondme-timestamp"].to_str().unwrap().to_owned())
        .collect();
    assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "fresh each time: {stamps:?}");
}

#[both_engines("outgoing.allowed_networks = [\"127.0.0.0/8\"]")]
async fn it_is_given_up_after_a_day_and_a_bounded_number(server: TestServer) {
    let (receiver, url) = Receiver::start(&[503; 40]).await;
    let (app, browser) = listening(&server.person("developer").await, &url).await;
    allow_and_revoke(&server, &app, "a").await;
    for attempt in 1..11 {
        settled(&server, &browser, &app, "waiting", attempt).await;
        server.clock().advance_ms(28_800_000);
    }
    settled(&server, &browser, &app, "given_up", 11).await;
    server.clock().advance_ms(28_800_000);
    assert_eq!(server.running().identity.deliver_due().await.unwrap(), 0);
    assert_eq!(receiver.heard().len(), 11);
}

#[both_engines("outgoing.allowed_networks = [\"127.0.0.0/8\"]")]
async fn what_is_refused_or_redirected_is_not_sent_again(server: TestServer) {
    let developer = server.person("developer").await;
    for (number, status) in [400, 404, 410, 302, 307].into_iter().enumerate() {
        let (receiver, url) = Receiver::start(&[status]).await;
        let (app, browser) = listening(&developer, &url).await;
        allow_and_revoke(&server, &app, &format!("a{number}")).await;
        assert_eq!(settled(&server, &browser, &app, "given_up", 1).await["statusCode"], status);
        assert_eq!(receiver.heard().len(), 1);
    }
}

/// By default the server makes no calls to private networks.
#[both_engines]
async fn private_networks_are_not_called(server: TestServer) {
    let (receiver, url) = Receiver::start(&[]).await;
    let developer = server.person("developer").await;
    for (number, url) in [url.clone(), url.replace("127.0.0.1", "localhost")].into_iter().enumerate() {
        let (app, browser) = listening(&developer, &url).await;
        allow_and_revoke(&server, &app, &format!("a{number}")).await;
        let delivery = settled(&server, &browser, &app, "given_up", 1).await;
        assert_eq!(delivery["errorMessage"], "the host is in a private or special network");
        let trial = browser
            .post(&format!("/api/applications/external/{}/test-revocation-webhook", app.id), json!({}))
            .await
            .data();
        assert_eq!((&trial["success"], &trial["statusCode"]), (&json!(false), &Value::Null));
    }
    assert!(receiver.heard().is_empty());
}

#[both_engines("outgoing.allowed_networks = [\"127.0.0.0/8\"]")]
async fn nobody_is_told_who_did_not_ask(server: TestServer) {
    let (receiver, url) = Receiver::start(&[]).await;
    let developer = server.person("developer").await;
    let (app, browser) = listening(&developer, &url).await;
    let off = json!({"authorizationRevokedWebhookEnabled": false});
    browser.post(&format!("/api/applications/external/{}/update", app.id), off).await.data();
    let silent = developer.app("user.info").await;
    allow_and_revoke(&server, &app, "a").await;
    allow_and_revoke(&server, &silent, "b").await;
    assert_eq!(server.running().identity.deliver_due().await.unwrap(), 0);
    assert_eq!((last(&browser, &app).await, receiver.heard().len()), (Value::Null, 0));
}

/// A test event is sent at once, and its result is returned.
#[both_engines("outgoing.allowed_networks = [\"127.0.0.0/8\"]")]
async fn a_trial(server: TestServer) {
    let (receiver, url) = Receiver::start(&[]).await;
    let developer = server.person("developer").await;
    let (app, browser) = listening(&developer, &url).await;
    let path = format!("/api/applications/external/{}/test-revocation-webhook", app.id);
    let trial = browser.post(&path, json!({})).await.data();
    let (headers, body) = receiver.heard().remove(0);
    let payload: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        trial,
        json!({
            "eventId": payload["eventId"], "eventType": "authorization.revoked",
            "occurredAt": "2026-01-01T00:00:00Z",
            "webhookUrl": url, "success": true, "statusCode": 200, "responseBody": "heard",
            "errorMessage": null,
            "payload": payload,
        })
    );
    assert!(payload["eventId"].as_str().unwrap().starts_with("evt_test_"));
    assert_eq!(
        (&payload["appScopedUserId"], &payload["reason"]),
        (&json!("asu_test_delivery"), &json!("test_delivery"))
    );
    assert_eq!(
        headers["x-secondme-signature"],
        signature(SECRET, headers["x-secondme-timestamp"].to_str().unwrap(), &body)
    );
    assert_eq!(last(&browser, &app).await["status"], "delivered");
    // Another address and secret can be tested without saving them.
    let (other, elsewhere) = Receiver::start(&[500]).await;
    let given = json!({"webhookUrl": elsewhere, "webhookSecret": "another-secret-of-the-app"});
    let trial = browser.post(&path, given).await.data();
    assert_eq!((&trial["success"], &trial["statusCode"]), (&json!(false), &json!(500)));
    let (headers, body) = other.heard().remove(0);
    assert_eq!(
        headers["x-secondme-signature"],
        signature("another-secret-of-the-app", headers["x-secondme-timestamp"].to_str().unwrap(), &body)
    );
    browser.post(&path, json!({"webhookUrl": "ftp://x"})).await.refused(422, "invalid.param");
    let bare = developer.app("chat").await;
    let refused = browser
        .post(&format!("/api/applications/external/{}/test-revocation-webhook", bare.id), json!({}))
        .await
        .refused(422, "invalid.param");
    assert_eq!(refused["detail"].as_array().unwrap().len(), 2);
    let stranger = server.person("b").await.signed_in().await;
    stranger.post(&path, json!({})).await.refused(404, "oauth2.application.not_found");
}

#[both_engines]
async fn the_secret_is_made_shown_once_and_kept(server: TestServer) {
    let developer = server.person("developer").await;
    let browser = developer.signed_in().await;
    let request = |more: Value| {
        let mut request =
            json!({"appName": "x", "redirectUris": ["https://x.example"], "allowedScopes": ["chat"]});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let on = json!({
        "authorizationRevokedWebhookUrl": "https://x.example/hook",
        "authorizationRevokedWebhookEnabled": true,
    });
    let made = browser.post("/api/applications/external/create", request(on)).await.data();
    let secret = made["authorizationRevokedWebhookSecret"].as_str().unwrap();
    assert!(secret.starts_with("whs_") && secret.len() > 40);
    let path = format!("/api/applications/external/{}", made["appId"].as_str().unwrap());
    let shown = browser.get(&path).await;
    assert!(!shown.body.contains(secret) && shown.data()["authorizationRevokedWebhookEnabled"] == true);
    let moved = browser
        .post(&format!("{path}/update"), json!({"authorizationRevokedWebhookUrl": "https://x.example/other"}))
        .await
        .data();
    assert!(moved.get("authorizationRevokedWebhookSecret").is_none());
    assert_eq!(moved["authorizationRevokedWebhookUrl"], "https://x.example/other");
    for wrong in [
        json!({"authorizationRevokedWebhookUrl": "http://x.example/hook"}),
        json!({"authorizationRevokedWebhookUrl": ""}),
        json!({"authorizationRevokedWebhookSecret": "short"}),
        json!({"authorizationRevokedWebhookSecret": "with spaces in between"}),
    ] {
        browser.post(&format!("{path}/update"), wrong).await.refused(422, "invalid.param");
    }
    let nowhere = json!({"authorizationRevokedWebhookEnabled": true});
    browser.post("/api/applications/external/create", request(nowhere)).await.refused(422, "invalid.param");
}
