//! Fuzz targets: OAuth parameters, redirect URIs, and credentials.

use proptest::prelude::*;

use crate::{
    ScopeSet,
    application::redirect::{Policy, app_scheme, check, is_registered},
    credential::Secret,
    grant::rules::{asked, is_challenge},
};

const URIS: &[&[u8]] = &[
    b"https://app.example/callback?from=doppel",
    b"http://127.0.0.1:8080/cb",
    b"http://localhost/cb",
    b"http://[::1]:1/cb",
    b"https://user@app.example/",
    b"https://app.example\\@evil.example/",
    b"javascript://app.example/%0aalert(1)",
    b"com.example.app:/cb?x=1",
    b"http://192.168.1.10:3000/cb",
    b"http://host.docker.internal/cb",
    b"http://[fd00::1]:3000/cb",
];
const SCOPES: &[&[u8]] = &[b"user.info chat,voice+note.add", b"* memory.write", b"user.info\tuser.info"];
const CREDENTIALS: &[&[u8]] = &[
    b"lba_ak_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0u1v2w3x4y5z6a7b8",
    b"lba_at_0",
    b"lba_rt_",
    b"lba_zz_1",
];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn an_address_that_may_be_registered_is_what_every_reader_takes_it_for(
        uri in fuzz::text(URIS), app_schemes: bool, private_networks: bool,
    ) {
        let policy = Policy { app_schemes, private_networks };
        if fuzz::timed(|| check(&uri, policy)).is_err() {
            return Ok(());
        }
        prop_assert!(uri.len() <= 2_000 && uri.is_ascii());
        if let Some(scheme) = app_scheme(&uri) {
            prop_assert!(app_schemes, "{uri}");
            // A browser's parser finds the same scheme, or rejects the URI.
            let parsed = url::Url::parse(&uri).ok();
            prop_assert!(parsed.is_none_or(|url| url.scheme() == scheme), "{uri}");
            prop_assert!(
                !["javascript", "data", "file", "blob", "about", "vbscript"].contains(&scheme), "{uri}",
            );
            return Ok(());
        }
        // A browser's parser finds the same scheme and host, or rejects the URI.
        let Some((scheme, host)) = as_browsers_do(&uri) else { return Ok(()) };
        let authority = uri.split('/').nth(2).unwrap_or_default().to_ascii_lowercase();
        let authority = authority.split('?').next().unwrap_or_default();
        // An IPv6 address can be spelled in several ways.
        prop_assert!(authority.starts_with(&host) || host.starts_with('['), "{uri} leads to {host}");
        let is_here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        prop_assert!(scheme == "https" || (scheme == "http" && (is_here || private_networks)), "{uri}");
        let has_public_name = host.ends_with(".example") || host.ends_with(".com");
        prop_assert!(scheme == "https" || !has_public_name, "{uri}");
    }

    #[test]
    fn an_address_is_registered_to_the_letter_or_on_another_port_of_this_machine(
        uri in fuzz::text(URIS), at in 0..URIS.len(),
    ) {
        let registered = [String::from_utf8_lossy(URIS[at]).into_owned()];
        if fuzz::timed(|| is_registered(&registered, &uri)) && uri != registered[0] {
            let start = uri.strip_prefix("http://").unwrap_or_default();
            prop_assert!(
                ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| start.starts_with(host)), "{uri}",
            );
            let path = |uri: &str| uri.splitn(4, '/').nth(3).map(str::to_owned);
            prop_assert_eq!(path(&uri), path(&registered[0]));
        }
    }

    #[test]
    fn nobody_is_asked_about_more_than_the_app_may_have(list in fuzz::text(SCOPES)) {
        let allowed = ScopeSet::parse_list("user.info voice").unwrap();
        let asked = fuzz::timed(|| asked(Some(&list), allowed));
        prop_assert!(allowed.abilities().covers(asked.abilities()));
    }

    #[test]
    fn a_challenge_is_32_bytes(text in fuzz::text(&[b"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"])) {
        prop_assert!(!is_challenge(&text) || (text.len() == 43 && text.is_ascii()));
    }

    #[test]
    fn a_credential_is_one_by_its_checksum(text in fuzz::text(CREDENTIALS)) {
        for kind in [crate::credential::Kind::ApiKey, crate::credential::Kind::Session] {
            // None of the initial inputs has a valid checksum, and a mutation finds one in 2^31.
            prop_assert!(fuzz::timed(|| Secret::parse(kind, &text)).is_none(), "{text}");
        }
    }
}

/// Returns the scheme and host that a WHATWG parser finds.
fn as_browsers_do(uri: &str) -> Option<(String, String)> {
    let parsed = url::Url::parse(uri).ok()?;
    Some((parsed.scheme().to_owned(), parsed.host_str()?.to_owned()))
}
