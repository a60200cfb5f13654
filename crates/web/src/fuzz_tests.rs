//! Fuzz targets: the head of a request, forms, queries, and JSON bodies.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
};
use futures::executor::block_on;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    ApiError, Form, Json, Language, Query,
    address::client_address,
    boundary::{is_request_id, wants_page},
    error::Code,
};

const HEADS: &[&[u8]] = &[
    b"203.0.113.9, 10.0.0.2",
    b"[2001:db8::1]:443",
    b"::ffff:10.0.0.1",
    b"zh-CN,zh;q=0.9,en;q=0.8",
    b"en;q=NaN, zh;q=inf",
    b"text/html,application/xhtml+xml;q=0.9",
    b"abc-1.2_3",
    b"doppel.example:8443",
];
const PAIRS: &[&[u8]] = &[
    b"name=%E5%8C%97%E4%BA%AC+x&number=7",
    b"name=a&name=b&number=-1",
    b"&&=&a&b=",
    b"number=9223372036854775807",
];
const BODIES: &[&[u8]] = &[
    br#"{"name":"x","list":[{"a":1,"b":"\u0041"},{"a":null}],"number":7}"#,
    br#"{"name":"\ud83d\ude00","list":[]}"#,
    br#"[["x",[],1]]"#,
    br#"{"name":"a","name":"b"}"#,
];

/// A header line of these bytes, without those that are not allowed in a header.
fn line(name: HeaderName, bytes: &[u8]) -> HeaderMap {
    let clean: Vec<u8> =
        bytes.iter().copied().filter(|byte| !matches!(byte, 0..=8 | 10..=31 | 127)).collect();
    HeaderValue::from_bytes(&clean).map(|value| (name, value)).into_iter().collect()
}

/// The members of a typed body.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Typed {
    name: Option<String>,
    number: Option<i64>,
    list: Option<Vec<Inner>>,
    one: Option<Inner>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    a: Option<i64>,
    b: Option<String>,
}

/// True if an error is the client's, and its message is short no matter how long the input was.
fn is_short(error: &ApiError) -> bool {
    error.code().status().is_client_error() && error.message(Language::En).chars().count() < 2_000
}

fn post(kind: &str, bytes: Vec<u8>) -> Request {
    Request::post("/").header(header::CONTENT_TYPE, kind).body(Body::from(bytes)).unwrap()
}

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn the_client_address_is_the_peer_or_stands_in_the_header(bytes in fuzz::bytes(HEADS)) {
        let headers = line(HeaderName::from_static("x-forwarded-for"), &bytes);
        let proxy: IpNet = "10.0.0.0/8".parse().unwrap();
        let stranger = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
        prop_assert_eq!(client_address(stranger, &headers, &[proxy]).0, stranger);
        let peer = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        let found = fuzz::timed(|| client_address(peer, &headers, &[proxy])).0;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let stands = text.split([',', ' ', '\t']).any(|hop| {
            let hop = hop.trim();
            let parsed = hop.parse::<IpAddr>().or_else(
                |_| hop.parse::<std::net::SocketAddr>().map(|socket| socket.ip()),
            );
            parsed.is_ok_and(|address| address.to_canonical() == found)
        });
        // Control characters were removed from the header, so parts that are separate in the text may have
        // been joined.
        prop_assert!(found == peer || stands || bytes.iter().any(|byte| byte.is_ascii_control()), "{found}");
    }

    #[test]
    fn any_language_is_one_of_the_two_and_the_first_that_is_asked_for(bytes in fuzz::bytes(HEADS)) {
        let headers = line(header::ACCEPT_LANGUAGE, &bytes);
        let language = fuzz::timed(|| Language::of(&headers));
        let value = headers.get(header::ACCEPT_LANGUAGE);
        let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
        // English is chosen only if the header names it.
        prop_assert!(language == Language::Zh || text.to_ascii_lowercase().contains("en"));
        let repeated: HeaderMap = line(header::ACCEPT_LANGUAGE, format!("{text},{text}").as_bytes());
        if text.matches(',').count() < 15 {
            prop_assert_eq!(Language::of(&repeated), language, "what is said twice counts once");
        }
    }

    #[test]
    fn a_request_id_that_is_kept_is_safe_to_log(bytes in fuzz::bytes(HEADS)) {
        if is_request_id(&bytes) {
            prop_assert!(bytes.len() <= 64);
            prop_assert!(bytes.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'"'));
        }
    }

    #[test]
    fn an_api_path_is_never_answered_with_a_page(bytes in fuzz::bytes(HEADS), rest in fuzz::text(HEADS)) {
        let headers = line(header::ACCEPT, &bytes);
        let is_page = ["/api/", "/gate/"].iter().any(|start| wants_page(&format!("{start}{rest}"), &headers));
        prop_assert!(!is_page);
    }

    #[test]
    fn a_form_is_read_and_written_again_unchanged(bytes in fuzz::bytes(PAIRS)) {
        type Map = BTreeMap<String, String>;
        let kind = "application/x-www-form-urlencoded";
        match fuzz::timed(|| block_on(Form::<Map>::from_request(post(kind, bytes.clone()), &()))) {
            Ok(Form(map)) => {
                let size: usize = map.iter().map(|(name, value)| name.len() + value.len()).sum();
                prop_assert!(size <= bytes.len() * 3);
                let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&map).finish();
                let again = block_on(Form::<Map>::from_request(post(kind, written.into_bytes()), &()));
                prop_assert_eq!(again.map(|form| form.0).map_err(|error| error.code()), Ok(map));
            }
            Err(error) => prop_assert!(is_short(&error)),
        }
        if let Err(error) = block_on(Form::<Typed>::from_request(post(kind, bytes), &())) {
            prop_assert!(is_short(&error));
        }
    }

    #[test]
    fn a_query_says_the_same_as_a_form(text in fuzz::text(PAIRS)) {
        type Map = BTreeMap<String, String>;
        // Keeps the characters that are allowed in a request line.
        let query: String = text.chars().filter(|c| c.is_ascii_graphic() && *c != '#').collect();
        let Ok(request) = Request::get(format!("/?{query}")).body(Body::empty()) else { return Ok(()) };
        let (mut parts, _) = request.into_parts();
        let as_query = block_on(Query::<Map>::from_request_parts(&mut parts, &()));
        let form = post("application/x-www-form-urlencoded", query.into_bytes());
        let as_form = block_on(Form::<Map>::from_request(form, &()));
        prop_assert_eq!(
            as_query.map(|query| query.0).map_err(|error| error.code()),
            as_form.map(|form| form.0).map_err(|error| error.code()),
        );
    }

    #[test]
    fn json_is_what_serde_reads_or_refused_briefly(bytes in fuzz::bytes(BODIES)) {
        match fuzz::timed(
            || block_on(Json::<Typed>::from_request(post("application/json", bytes.clone()), &())),
        ) {
            Ok(Json(typed)) => {
                let written = serde_json::to_vec(&typed).unwrap();
                let again = block_on(Json::<Typed>::from_request(post("application/json", written), &()));
                prop_assert_eq!(again.map(|json| json.0).map_err(|error| error.code()), Ok(typed));
            }
            Err(error) => {
                prop_assert_eq!(error.code(), Code::Unprocessable);
                prop_assert!(is_short(&error));
            }
        }
    }
}
