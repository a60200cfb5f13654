//! Fuzz target: tokens as callers send them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use store::Timestamp;

use super::rules::{MAX_LIFE, MAX_TOKEN, SKEW, parse};

const HEADERS: &[&[u8]] =
    &[br#"{"alg":"HS256","typ":"JWT"}"#, br#"{"alg":"none"}"#, br#"{"alg":"HS256","crit":["exp"]}"#];
const CLAIMS: &[&[u8]] = &[
    br#"{"sub":"ak","iss":"ak","typ":"app_token","iat":100,"exp":7300}"#,
    br#"{"sub":"u1","iss":"ak","typ":"person_token","iat":100,"exp":7300,
        "roles":["A"],"groups":["/a/b"],"actions":["x"],"username":"n","nbf":100}"#,
    br#"{"sub":"u1","iss":"ak","iss":"other","typ":"person_token","iat":-1,"exp":9223372036854775807}"#,
];
const TOKENS: &[&[u8]] =
    &[b"eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhayJ9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", b"a.b.c"];
/// The present, in seconds since 1970.
const NOW: i64 = 1_000;

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn any_text_is_taken_apart_or_refused(text in fuzz::text(TOKENS)) {
        if let Ok(parsed) = fuzz::timed(|| parse(&text)) {
            prop_assert!(text.len() <= MAX_TOKEN && text.starts_with(parsed.signed));
            prop_assert_eq!(parsed.signature.len(), 32);
        }
    }

    #[test]
    fn what_a_token_says_is_bounded_and_in_force(
        header in fuzz::bytes(HEADERS), claims in fuzz::bytes(CLAIMS), signature: [u8; 32],
    ) {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let token = format!("{}.{}.{}", encode(&header), encode(&claims), encode(&signature));
        let Ok(parsed) = parse(&token) else { return Ok(()) };
        let issuer = parsed.issuer.clone();
        let Ok(identity) = fuzz::timed(|| parsed.identity(Timestamp(NOW * 1000))) else { return Ok(()) };
        let end = identity.expires_at.as_millis() / 1000;
        prop_assert!(end > NOW && end <= NOW + SKEW + MAX_LIFE, "{end}");
        prop_assert!((1..=256).contains(&identity.sub.chars().count()));
        prop_assert!(identity.kind != super::rules::Kind::App || identity.sub == issuer);
        prop_assert!(identity.groups.iter().all(|group| group.starts_with('/')));
        for list in [&identity.roles, &identity.groups, &identity.actions.unwrap_or_default()] {
            prop_assert!(list.len() <= 100);
            prop_assert!(
                list.iter().all(|entry| entry.chars().count() <= 256 && !entry.chars().any(char::is_control)),
            );
        }
    }
}
