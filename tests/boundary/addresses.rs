//! Rate limits per client address: sign-ups, sign-ins of programs, user codes, registrations of apps.

use serde_json::{Value, json};
use testkit::{PASSWORD, Response, TestServer, both_engines};

use crate::pages::sign_in::Browser;

const START: &str = "/api/auth/cli/session";
const BY_CODE: &str = "/api/auth/cli/session/authorize-by-code";

async fn sign_up(server: &TestServer, address: &str, email: &str) -> Response {
    let mut browser = Browser::at(server, address);
    let csrf = browser.get("/sign-up").await.hidden("csrf");
    let form = [
        ("csrf", csrf.as_str()),
        ("link", ""),
        ("name", "New"),
        ("email", email),
        ("password", PASSWORD),
        ("next", ""),
    ];
    browser.post("/sign-up", &form).await
}

async fn post(server: &TestServer, address: &str, path: &str) -> Response {
    let request = json!({"redirect_uris": ["https://app.example/cb"]});
    server.anyone().with("x-forwarded-for", address).post(path, request).await
}

/// Returns the number of accepted requests. The others must have the status 429 and a `retry-after`.
async fn let_through(server: &TestServer, address: &str, path: &str, tries: usize) -> usize {
    let mut through = 0;
    for _ in 0..tries {
        let answer = post(server, address, path).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0, "{}", answer.body);
        } else {
            assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
            through += 1;
        }
    }
    through
}

/// The limit keeps an address from testing many e-mail addresses for accounts, and from creating many
/// accounts.
#[both_engines(
    "server.trusted_proxies = [\"127.0.0.0/8\"]\naccounts.sign_up = \"open\"\naccounts.sign_up_limit = 4"
)]
async fn an_address_signs_up_only_so_often(server: TestServer) {
    server.person("taken").await;
    // An invalid form does not count.
    for _ in 0..6 {
        assert_eq!(sign_up(&server, "203.0.113.1", "no address").await.status, 422);
    }
    for _ in 0..3 {
        let answer = sign_up(&server, "203.0.113.1", "taken@example.com").await;
        assert!(
            answer.status == 422 && answer.body.contains("An account with this email address already exists"),
            "{}",
            answer.body
        );
    }
    assert_eq!(sign_up(&server, "203.0.113.1", "one@example.com").await.status, 303);
    for email in ["taken@example.com", "two@example.com"] {
        let answer = sign_up(&server, "203.0.113.1", email).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, "900"), "{}", answer.body);
        assert!(
            !answer.body.contains("An account with this email address already exists")
                && answer.body.contains(email),
            "what was typed is kept"
        );
    }
    assert!(server.running().identity.account_by_email("two@example.com").await.unwrap().is_none());
    // Each address has its own limit. For IPv6, it applies to the network.
    assert_eq!(sign_up(&server, "203.0.113.2", "two@example.com").await.status, 303);
    for i in 0..5 {
        let answer = sign_up(&server, &format!("2001:db8:0:1::{i}"), "taken@example.com").await;
        assert_eq!(answer.status, if i < 4 { 422 } else { 429 });
    }
    assert_eq!(sign_up(&server, "2001:db8:0:2::1", "taken@example.com").await.status, 422);
    // The limit is four per hour, so 15 minutes later one more is accepted.
    server.clock().advance_ms(900_000);
    assert_eq!(sign_up(&server, "203.0.113.1", "three@example.com").await.status, 303);
    assert_eq!(sign_up(&server, "203.0.113.1", "four@example.com").await.status, 429);
    // An invitation does not bypass the limit.
    let link = server.running().identity.invitation_link(3600).await.unwrap();
    let mut browser = Browser::at(&server, "203.0.113.1");
    let csrf = browser.get(&format!("/sign-up?link={}", link.expose())).await.hidden("csrf");
    let form = [
        ("csrf", csrf.as_str()),
        ("link", link.expose()),
        ("name", "New"),
        ("email", "five@example.com"),
        ("password", PASSWORD),
        ("next", ""),
    ];
    assert_eq!(browser.post("/sign-up", &form).await.status, 429);
    server.clock().advance_ms(900_000);
    assert_eq!(browser.post("/sign-up", &form).await.status, 303, "the link is still good");
}

#[both_engines("server.trusted_proxies = [\"127.0.0.0/8\"]")]
async fn an_address_begins_only_so_many_sign_ins_of_programs(server: TestServer) {
    assert_eq!(let_through(&server, "203.0.113.1", START, 40).await, 30);
    assert_eq!(let_through(&server, "203.0.113.2", START, 2).await, 2);
    server.clock().advance_ms(20_000);
    assert_eq!(let_through(&server, "203.0.113.1", START, 4).await, 1);
    server.clock().advance_ms(600_000);
    assert_eq!(let_through(&server, "203.0.113.1", START, 40).await, 30);
    // The clock was a month ahead and is corrected.
    server.clock().advance_ms(30 * 86_400_000);
    assert_eq!(let_through(&server, "203.0.113.1", START, 40).await, 30);
    server.clock().advance_ms(-30 * 86_400_000);
    assert!(let_through(&server, "203.0.113.1", START, 1).await == 1);
}

/// Ten thousand waiting programs do not keep others from signing in.
#[both_engines("server.trusted_proxies = [\"127.0.0.0/8\"]")]
async fn when_too_many_programs_wait_the_busiest_address_makes_room(server: TestServer) {
    let poll = |session: Value| {
        let (actor, path) = (server.anyone(), format!("{START}/{}/poll", session.as_str().unwrap()));
        async move { actor.get(&path).await.data()["status"].clone() }
    };
    let first = post(&server, "203.0.113.1", START).await.data();
    let loud = post(&server, "198.51.100.1", START).await.data();
    let now = server.clock().now();
    server.running().db.write(move |tx| Box::pin(async move {
        const INSERT: &str = "INSERT INTO device_sign_in (hash, user_code, created_at, expires_at, origin) \
            SELECT $1, CAST($2 AS TEXT), created_at, expires_at + CAST($3 AS BIGINT), origin FROM \
            device_sign_in WHERE user_code = $4";
        let code = loud["userCode"].as_str().unwrap().to_owned();
        for i in 0_i64..10_100 {
            // A hundred have expired, and a hundred were created while the clock was ahead. Neither
            // count.
            let beyond = match i { 0..100 => -700_000, 100..200 => 86_400_000, _ => 0 };
            let hash = [&i.to_be_bytes()[..], &[0; 24]].concat();
            let user_code = format!("X{i}");
            tx.execute(INSERT, store::params![hash.as_slice(), &user_code, beyond, &code]).await?;
        }
        Ok::<_, store::Error>(())
    })).await.unwrap();
    let count = |sql: &'static str| {
        let db = server.running().db.clone();
        async move { db.fetch_one::<(i64,)>(sql, store::params![now]).await.unwrap().0 }
    };
    const WAITING: &str =
        "SELECT COUNT(*) FROM device_sign_in WHERE expires_at > $1 AND expires_at <= $1 + 600000";
    let before = count(WAITING).await;
    assert_eq!(before, 9_902);
    for _ in 0..98 {
        // After these the table is full.
        server.running().identity.start_device("192.0.2.1".parse().unwrap()).await.ok();
        server.running().identity.start_device("192.0.2.2".parse().unwrap()).await.ok();
        server.running().identity.start_device("192.0.2.3".parse().unwrap()).await.ok();
        server.running().identity.start_device("192.0.2.4".parse().unwrap()).await.ok();
    }
    assert_eq!(count(WAITING).await, 10_000);
    let second = post(&server, "203.0.113.2", START).await.data();
    assert_eq!(count(WAITING).await, 10_000);
    for waiting in [&first, &second] {
        assert_eq!(poll(waiting["sessionId"].clone()).await, "pending");
    }
}

/// RFC 8628 §5.1: guessing of codes is limited. Only wrong codes count, per account and per address.
#[both_engines("server.trusted_proxies = [\"127.0.0.0/8\"]")]
async fn user_codes_cannot_be_guessed(server: TestServer) {
    let at = |browser: &testkit::Actor, address: &str| browser.with("x-forwarded-for", address);
    let (alice, bob, carol) = (
        server.person("a").await.signed_in().await,
        server.person("b").await.signed_in().await,
        server.person("c").await.signed_in().await,
    );
    let code = |answer: Response| json!({"userCode": answer.data()["userCode"]});
    for _ in 0..12 {
        let right = code(post(&server, "192.0.2.9", START).await);
        at(&alice, "203.0.113.1").post(BY_CODE, right).await.data();
    }
    for i in 0..10 {
        let wrong = json!({"userCode": format!("BCDF-{i:04}")});
        at(&alice, "203.0.113.1").post(BY_CODE, wrong).await.refused(400, "oauth2.code.invalid");
    }
    let right = code(post(&server, "192.0.2.9", START).await);
    // The account is refused from another address as well, and another account from this address, even
    // with the right code.
    for (who, address) in [(&alice, "203.0.113.1"), (&alice, "203.0.113.2"), (&bob, "203.0.113.1")] {
        let answer = at(who, address).post(BY_CODE, right.clone()).await;
        answer.refused(429, "rate.limited");
        assert_eq!(answer.header("retry-after"), "60");
    }
    at(&carol, "203.0.113.3").post(BY_CODE, right).await.data();
    // The page shows the time to wait, and keeps the typed code.
    let mut browser = Browser::at(&server, "203.0.113.1");
    browser.sign_in("b@example.com", PASSWORD, "").await;
    let csrf = browser.get("/auth/cli").await.hidden("csrf");
    let refused = browser.post("/auth/cli", &[("csrf", &csrf), ("code", "BCDF-1234")]).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    assert!(refused.body.contains("BCDF-1234") && refused.body.contains("60 seconds"), "{}", refused.body);
    // The program's own link needs no code, so it is not limited.
    let session = post(&server, "192.0.2.9", START).await.data()["sessionId"].as_str().unwrap().to_owned();
    at(&alice, "203.0.113.1").post(&format!("{START}/{session}/authorize"), json!({})).await.data();
    server.clock().advance_ms(60_000);
    let right = code(post(&server, "192.0.2.9", START).await);
    at(&alice, "203.0.113.1").post(BY_CODE, right).await.data();
}

#[both_engines("server.trusted_proxies = [\"127.0.0.0/8\"]\noauth.dynamic_registration = true")]
async fn an_address_registers_only_so_many_apps(server: TestServer) {
    server.person("owner").await;
    assert_eq!(let_through(&server, "203.0.113.1", "/oauth/register", 30).await, 20);
    assert_eq!(let_through(&server, "203.0.113.2", "/oauth/register", 1).await, 1);
    server.clock().advance_ms(180_000);
    assert_eq!(let_through(&server, "203.0.113.1", "/oauth/register", 5).await, 1);
}

/// A thousand unused registrations do not keep others from registering.
#[both_engines(
    "server.trusted_proxies = [\"127.0.0.0/8\"]\noauth.dynamic_registration = true\n\
     oauth.registration_limit = 1000"
)]
async fn when_too_many_apps_registered_themselves_an_unused_one_makes_room(server: TestServer) {
    let (owner, person) = (server.person("owner").await, server.person("a").await);
    let register = |address: &'static str| {
        let server = &server;
        async move {
            post(server, address, "/oauth/register").await.json()["client_id"]
                .as_str()
                .expect("an id")
                .to_owned()
        }
    };
    let (used, quiet) = (register("203.0.113.9").await, register("203.0.113.2").await);
    let consent = identity::grant::Consent {
        application: used.clone(),
        redirect_uri: "https://app.example/cb".into(),
        audience: identity::Audience::Server,
        asked: identity::ScopeSet::parse_list("chat").unwrap(),
        granted: identity::ScopeSet::parse_list("chat").unwrap(),
        challenge: None,
        is_answer: true,
    };
    server.running().identity.consent(person.account.id, consent).await.unwrap();
    server.clock().advance_ms(1);
    let oldest = register("203.0.113.9").await;
    server.clock().advance_ms(1);
    let next = register("203.0.113.9").await;
    for _ in 0..996 {
        register("203.0.113.9").await;
    }
    let mine = |id: &str| {
        let (identity, id, owner) = (server.running().identity.clone(), id.to_owned(), owner.account.id);
        async move { identity.own_application(owner, &id).await.is_ok() }
    };
    assert!(mine(&oldest).await, "there is room for a thousand");
    let late = register("203.0.113.3").await;
    assert!(!mine(&oldest).await, "of the busiest address the oldest that nobody uses");
    for id in [&used, &quiet, &next, &late] {
        assert!(mine(id).await);
    }
}
