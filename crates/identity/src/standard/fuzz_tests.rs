//! Fuzz target: credentials of apps.

use http::{HeaderMap, HeaderValue, header};
use proptest::prelude::*;

use super::{client::read, fields::Fields};

const BASICS: &[&[u8]] =
    &[b"Basic aWQ6c2VjcmV0", b"basic aWQlM0E6c2Vj", b"Bearer lba_at_x", b"Basic =", b"Basic aWQ="];
const FIELDS: &[&[u8]] = &[b"id", b"", b"00000000-0000-4000-8000-000000000000"];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn client_credentials_are_read_or_refused(
        line in fuzz::bytes(BASICS), id in fuzz::text(FIELDS), secret in fuzz::text(FIELDS),
    ) {
        let mut headers = HeaderMap::new();
        let with_header = HeaderValue::from_bytes(&line).map(
            |value| headers.insert(header::AUTHORIZATION, value),
        ).is_ok();
        let fields = Fields::of(&[("client_id", &id), ("client_secret", &secret)]);
        if let Ok(credentials) = fuzz::timed(|| read(&headers, &fields)) {
            prop_assert!(!credentials.id.is_empty());
            prop_assert!(!with_header || secret.is_empty(), "one way at a time");
            prop_assert!(credentials.id == id || (id.is_empty() && with_header));
        }
    }
}
