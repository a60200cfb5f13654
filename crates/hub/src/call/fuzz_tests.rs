//! Fuzz target: the body and the query of a call.

use proptest::prelude::*;
use serde_json::Value;

use super::arguments::merged;

const QUERIES: &[&[u8]] = &[b"a=1&a=2&b=%E5%8C%97", b"a[]=1&a.b=2&=&&", b"%00=%ff&+=+"];
const BODIES: &[&[u8]] =
    &[br#"{"a":1,"b":{"c":[null,1e3,"\u0000"]}}"#, b"null", br#"{"a":1,"a":2}"#, b"[1]", b" \r\n"];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn the_query_wins_and_the_rest_is_the_body(query in fuzz::text(QUERIES), body in fuzz::bytes(BODIES)) {
        let Ok(arguments) = fuzz::timed(|| merged(Some(&query), &body)) else { return Ok(()) };
        let named: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        prop_assert!(named.len() <= 256);
        for (name, value) in &named {
            let found = match &arguments[name] {
                Value::String(text) => text == value,
                Value::Array(list) => list.contains(&Value::String(value.clone())),
                _ => false,
            };
            prop_assert!(found, "{name}");
        }
        let members = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let members = members.as_object().cloned().unwrap_or_default();
        for (name, value) in &arguments {
            prop_assert!(
                named.iter().any(|(given, _)| given == name) || members.get(name) == Some(value), "{name}",
            );
        }
        // They survive a round trip through JSON.
        let written = serde_json::to_vec(&arguments).unwrap();
        prop_assert_eq!(merged(None, &written).ok(), Some(arguments));
    }
}
