//! Rate limits and quotas of calls.

use serde_json::json;
use testkit::{Actor, TestServer, both_engines};

use super::support::{key, refused, result};

/// Makes a number of calls, and returns how many succeed. The others must be refused with a time to wait.
async fn let_through(actor: &Actor, calls: usize, code: &str) -> usize {
    let mut count = 0;
    for _ in 0..calls {
        let answer = actor.get("/api/echo/x").await;
        if answer.status == 200 {
            count += 1;
        } else {
            refused(&answer, 429, code);
            assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
            let (left, policy) = (answer.header("ratelimit"), answer.header("ratelimit-policy"));
            let used_up = if code == "QUOTA_EXCEEDED" { "\"day\";r=0;t=" } else { "\"second\";r=0;t=" };
            assert!(left.contains(used_up) && policy.starts_with("\"second\";q="), "{left} {policy}");
        }
    }
    count
}

#[both_engines]
async fn a_key_has_so_many_a_second(server: TestServer) {
    let key = key(&server, "a", json!({"perSecond": 5})).await;
    assert_eq!(let_through(&key.app(&server), 8, "RATE_LIMITED").await, 5);
    server.clock().advance_ms(400);
    assert_eq!(let_through(&key.app(&server), 4, "RATE_LIMITED").await, 2);
    server.clock().advance_ms(10_000);
    assert_eq!(let_through(&key.app(&server), 8, "RATE_LIMITED").await, 5);
}

#[both_engines]
async fn and_so_many_a_day(mut server: TestServer) {
    let key = key(&server, "a", json!({"perDay": 4})).await;
    assert_eq!(let_through(&key.app(&server), 6, "QUOTA_EXCEEDED").await, 4);
    server.clock().advance_ms(3_600_000);
    assert_eq!(let_through(&key.app(&server), 1, "QUOTA_EXCEEDED").await, 0);
    let answer = key.app(&server).get("/api/echo/x").await;
    assert_eq!(answer.header("retry-after"), (23 * 3600).to_string(), "until midnight");
    // The count survives a restart.
    server.restart().await;
    assert_eq!(let_through(&key.app(&server), 1, "QUOTA_EXCEEDED").await, 0);
    server.clock().advance_ms(23 * 3_600_000);
    let mut claims = key.app_claims();
    claims["iat"] = json!(server.clock().now().as_millis() / 1000);
    claims["exp"] = json!(server.clock().now().as_millis() / 1000 + 60);
    result(&server.anyone().with("apihub-token", &key.token(&claims)).get("/api/echo/x").await);
}

#[both_engines]
async fn the_limits_are_told(server: TestServer) {
    let key = key(&server, "a", json!({"perSecond": 10, "perDay": 1000})).await;
    let answer = key.app(&server).get("/api/echo/x").await;
    assert_eq!(answer.header("ratelimit-policy"), "\"second\";q=10;w=1, \"day\";q=1000;w=86400");
    assert_eq!(answer.header("ratelimit"), "\"second\";r=9;t=1, \"day\";r=999;t=86400");
    let answer = key.app(&server).get("/api/echo/x").await;
    assert_eq!(answer.header("ratelimit"), "\"second\";r=8;t=1, \"day\";r=998;t=86400");
}

#[both_engines(
    "server.trusted_proxies = [\"127.0.0.0/8\"]\nhub.address_per_second = 1\nhub.address_burst = 2"
)]
async fn a_refusal_tells_the_limit_that_is_used_up(server: TestServer) {
    let told = |answer: &testkit::Response| {
        (answer.header("ratelimit").to_owned(), answer.header("ratelimit-policy").to_owned())
    };
    let own = key(&server, "a", json!({"perSecond": 1, "perPersonSecond": 1, "perDay": 2})).await;
    result(&own.app(&server).get("/api/echo/x").await);
    let answer = own.app(&server).get("/api/echo/x").await;
    refused(&answer, 429, "RATE_LIMITED");
    let policy = "\"second\";q=1;w=1, \"day\";q=2;w=86400".to_owned();
    assert_eq!(told(&answer), ("\"second\";r=0;t=1, \"day\";r=1;t=86400".to_owned(), policy.clone()));
    // Of a call to an API that does not exist, too.
    refused(&own.app(&server).get("/api/none/x").await, 429, "RATE_LIMITED");
    server.clock().advance_ms(1000);
    result(&own.person(&server, "one").get("/api/echo/x").await);
    let answer = own.person(&server, "one").get("/api/echo/x").await;
    refused(&answer, 429, "RATE_LIMITED");
    assert_eq!(told(&answer), ("\"second\";r=0;t=1".to_owned(), "\"second\";q=1;w=1".to_owned()));
    server.clock().advance_ms(1000);
    let answer = own.app(&server).get("/api/echo/x").await;
    refused(&answer, 429, "QUOTA_EXCEEDED");
    assert_eq!(told(&answer), ("\"second\";r=1;t=0, \"day\";r=0;t=86398".to_owned(), policy));
    // An address without a token.
    let address = server.anyone().with("x-forwarded-for", "203.0.113.1");
    for _ in 0..2 {
        result(&address.get("/api/echo/x").await);
    }
    let answer = address.get("/api/echo/x").await;
    refused(&answer, 429, "RATE_LIMITED");
    assert_eq!(told(&answer).1, "\"second\";q=1;w=1");
    assert!(told(&answer).0.starts_with("\"second\";r=0;t="), "{:?}", told(&answer));
}

#[both_engines]
async fn a_person_has_their_own_limit_within_the_keys(server: TestServer) {
    let key = key(&server, "a", json!({"perSecond": 10, "perPersonSecond": 3})).await;
    assert_eq!(let_through(&key.person(&server, "one"), 5, "RATE_LIMITED").await, 3);
    // Another token of the same person shares the limit.
    let mut claims = key.person_claims("one");
    claims["roles"] = json!([]);
    let again = server.anyone().with("apihub-token", &key.token(&claims));
    assert_eq!(let_through(&again, 2, "RATE_LIMITED").await, 0);
    assert_eq!(let_through(&key.person(&server, "two"), 5, "RATE_LIMITED").await, 3);
    assert_eq!(let_through(&key.app(&server), 9, "RATE_LIMITED").await, 4, "what is left of the key's ten");
}

#[both_engines(
    "server.trusted_proxies = [\"127.0.0.0/8\"]\nhub.anonymous_per_second = 4\nhub.address_per_second = 1\n\
     hub.address_burst = 2"
)]
async fn all_anonymous_callers_share_one_limit_and_no_key_notices(server: TestServer) {
    let from = |last: u8| server.anyone().with("x-forwarded-for", &format!("203.0.113.{last}"));
    assert_eq!(let_through(&from(1), 5, "RATE_LIMITED").await, 2, "an address cannot take it all");
    assert_eq!(let_through(&from(2), 5, "RATE_LIMITED").await, 2);
    assert_eq!(
        let_through(&from(3), 5, "RATE_LIMITED").await,
        0,
        "and all together not more than their share"
    );
    let key = key(&server, "a", json!({})).await;
    assert_eq!(let_through(&key.app(&server), 5, "RATE_LIMITED").await, 5);
    server.clock().advance_ms(1_000);
    assert_eq!(let_through(&from(1), 2, "RATE_LIMITED").await, 1);
    assert_eq!(let_through(&from(4), 9, "RATE_LIMITED").await, 2);
}

/// Two processes share a limit: each learns of the other's calls when they synchronize.
#[both_engines]
async fn processes_share_a_limit(server: TestServer) {
    let key = key(&server, "a", json!({"perSecond": 4, "perDay": 20})).await;
    let sibling = server.sibling().await;
    let there = |token: &str| {
        let request =
            testkit::http().get(format!("{}/api/echo/x", sibling.base_url)).header("apihub-token", token);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let token = key.token(&key.app_claims());
    assert_eq!(there(&token).await, 200);
    assert_eq!(let_through(&key.app(&server), 5, "RATE_LIMITED").await, 4);
    server.running().hub.sync_limits().await;
    sibling.hub.sync_limits().await;
    // The shared bucket is empty, and was overdrawn by one call.
    assert_eq!(there(&token).await, 429);
    server.clock().advance_ms(250);
    assert_eq!(there(&token).await, 429);
    server.clock().advance_ms(250);
    assert_eq!(there(&token).await, 200);
    // The count of the day is shared as well: 6 of 20 calls are used.
    for _ in 0..14 {
        server.clock().advance_ms(1_000);
        result(&key.app(&server).get("/api/echo/x").await);
        server.running().hub.sync_limits().await;
        sibling.hub.sync_limits().await;
    }
    server.clock().advance_ms(1_000);
    refused(&key.app(&server).get("/api/echo/x").await, 429, "QUOTA_EXCEEDED");
    sibling.stop().await.unwrap();
}
