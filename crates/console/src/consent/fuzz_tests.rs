//! Fuzz target: the query of the consent page, and the redirect to the app.

use http::header;
use identity::ScopeSet;
use proptest::prelude::*;

use super::request::{Denied, Request, Terms, redirect};

const QUERIES: &[&[u8]] = &[
    b"client_id=a&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&scope=user.info&state=xyz&\
        code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
    b"client_id=a&client_id=b&redirect_uri=x&state=%0d%0aX:y&state=2",
    b"response_type=token&code_challenge=&code_challenge_method=plain",
];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn an_answer_stays_one_header_line_of_the_apps_address(query in fuzz::text(QUERIES)) {
        let mut request = fuzz::timed(|| Request::parse(&query, None));
        let allowed = ScopeSet::parse_list("user.info chat").unwrap();
        let terms = Terms {
            registered: allowed,
            is_self_registered: false,
            is_public: true,
            issuer: "https://me.example",
            mcp_scopes: allowed,
            has_hub: false,
        };
        if let Ok(asked) = request.asked(terms) {
            prop_assert!(
                allowed.covers(asked.scopes) && request.challenge.is_some(), "a public app proves itself",
            );
        }
        // Redirects only go to a registered address.
        request.redirect_uri = "https://app.example/cb".into();
        for answer in [request.allow("code"), request.deny(Denied::ByPerson)] {
            let Ok(answer) = redirect(&answer) else { continue };
            let location = answer.headers()[header::LOCATION].as_bytes();
            prop_assert!(location.starts_with(b"https://app.example/cb?") && location.len() < 10_000);
            prop_assert!(location.iter().all(u8::is_ascii_graphic), "{:?}", answer.headers());
        }
    }
}
