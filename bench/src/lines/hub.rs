//! Calls of the Hub, compared with HAProxy, which checks tokens, and nginx, which only forwards.

use std::{net::TcpListener, process::Command, time::Duration};

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Bench, Site, USER_INFO};
use crate::{
    http::{self as single, Response},
    process::{self, Server},
    progress,
    report::{Budget, Line, figure, median},
    wrk::{self, Found, Keys},
};

const ECHO: &str = "/api/echo/now";
const PASSED_ON: &str = "/api/up/now";
/// Tokens in rotation, twice as many as Doppel caches.
const MANY: u32 = 40_000;
/// Length of a signature in bytes.
const SIGNATURE: usize = 32;
/// A limit that no load reaches.
const MOST: &str = "1000000";

/// Measures all lines if HAProxy and nginx are installed, else none.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    for peer in ["haproxy", "nginx"] {
        if Command::new(peer).arg("-v").output().is_err() {
            progress(&format!("the Hub is not measured: {peer} is not installed"));
            return Ok(Vec::new());
        }
    }
    progress("Hub, compared with HAProxy and nginx");
    let settings = [
        ("DOPPEL_HUB__MAX_PER_SECOND", MOST),
        ("DOPPEL_HUB__MAX_PER_DAY", "1000000000000"),
        ("DOPPEL_HUB__ANONYMOUS_PER_SECOND", MOST),
        ("DOPPEL_HUB__ANONYMOUS_PER_DAY", "0"),
        ("DOPPEL_HUB__ADDRESS_PER_SECOND", MOST),
        ("DOPPEL_HUB__ADDRESS_BURST", MOST),
        ("DOPPEL_HUB__CALL_LOG", "off"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let site = Site::new(bench, 1, &settings)?;
    let cookie = site.sign_in(0)?;
    let host = site.server.host.clone();
    let manage = |path: &str, body: &Value| -> Result<Value> {
        let headers = [("cookie", cookie.as_str()), ("content-type", "application/json")];
        let answer = single::request("POST", &host, path, &headers, &body.to_string())?;
        Ok(serde_json::from_str(&answer.body)?)
    };
    let key = json!({
        "name": "bench", "ips": ["127.0.0.0/8"], "perSecond": 1_000_000, "perDay": 1_000_000_000_000_u64,
    });
    let made = manage("/api/apikey/hub/keys/create", &key)?;
    let text = |name: &str| {
        made.pointer(&format!("/data/{name}")).and_then(Value::as_str).context("a key").map(str::to_owned)
    };
    let (ak, sk) = (text("ak")?, text("sk")?);
    let good = sign(&ak, &sk, 0)?;
    let token = good.as_str();
    let header = format!("Apihub-Token: {token}");
    let answer = single::request("GET", &host, ECHO, &[("apihub-token", token)], "")?;
    let bare = process::bare(&answer)?;
    let spec = json!({"code": "up",
        "provider": {"kind": "http", "base_url": format!("http://{}", bare.host), "max_in_flight": 1000},
        "actions": {"now": {"method": "GET", "path": USER_INFO}}});
    manage("/api/apikey/hub/apis/save", &spec)?;

    let haproxy = haproxy(bench, &sk, &answer, &bare.host)?;
    let nginx = nginx(bench, &bare.host)?;
    let keyed = Keys::Header(&header);
    let file = bench.directory.join("hub-tokens");
    let tokens = (1..=MANY).map(|number| Ok(format!("Apihub-Token: {}\n", sign(&ak, &sk, number)?)));
    std::fs::write(&file, tokens.collect::<Result<String>>()?)?;
    let many = Keys::Rotating(&file);
    let mut lines = vec![
        line(
            bench,
            "Hub: verify, allowlist, quota, local response",
            "HAProxy, jwt_verify, fixed response",
            Budget::RatioAtLeast(1.0),
            (&site.server, ECHO, keyed),
            (&haproxy, ECHO, keyed),
        )?,
        line(
            bench,
            "Hub: same, tokens in rotation, more than the cache holds",
            "HAProxy, jwt_verify, fixed response, same tokens",
            Budget::None,
            (&site.server, ECHO, many),
            (&haproxy, ECHO, many),
        )?,
        line(
            bench,
            "Hub: verify and forward",
            "HAProxy, jwt_verify and forward",
            Budget::None,
            (&site.server, PASSED_ON, keyed),
            (&haproxy, USER_INFO, keyed),
        )?,
        line(
            bench,
            "Hub: verify and forward",
            "nginx, forward without checks",
            Budget::None,
            (&site.server, PASSED_ON, keyed),
            (&nginx, USER_INFO, Keys::Nothing),
        )?,
        line(
            bench,
            "Hub: anonymous call",
            "bare axum, same response",
            Budget::None,
            (&site.server, ECHO, Keys::Nothing),
            (&bare, USER_INFO, Keys::Nothing),
        )?,
    ];
    let (doppel, peer) = (site.server.memory()?, haproxy.memory()?);
    lines.push(Line {
        what: "memory (RSS) after that load".to_owned(),
        unit: "MiB",
        baseline: "HAProxy",
        budget: Budget::None,
        pairs: vec![(doppel.resident, peer.resident)],
        notes: "one sample".to_owned(),
    });
    let site = site.restarted(bench, "DOPPEL_HUB__CALL_LOG", "all")?;
    lines.push(line(
        bench,
        "Hub: first line, with a call log row per call",
        "HAProxy, jwt_verify, no log",
        Budget::None,
        (&site.server, ECHO, keyed),
        (&haproxy, ECHO, keyed),
    )?);
    // Refusals have the status 200, because the load generator takes every other status for a failure.
    let site = site.restarted(bench, "DOPPEL_HUB__ALWAYS_200", "true")?;
    let (first, last) = (damaged(token, 0)?, damaged(token, SIGNATURE - 1)?);
    lines.push(line(
        bench,
        "Hub: refused, first byte of the signature wrong",
        "refused, last byte of the signature wrong",
        Budget::None,
        (&site.server, ECHO, Keys::Header(&first)),
        (&site.server, ECHO, Keys::Header(&last)),
    )?);
    Ok(lines)
}

/// Returns a header line with a token whose signature is wrong in one byte.
fn damaged(token: &str, at: usize) -> Result<String> {
    let (signed, signature) = token.rsplit_once('.').context("a token")?;
    let mut signature = URL_SAFE_NO_PAD.decode(signature)?;
    *signature.get_mut(at).context("a signature")? ^= 1;
    Ok(format!("Apihub-Token: {signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Returns an app token that is valid for two hours. The number makes it unique.
fn sign(ak: &str, sk: &str, number: u32) -> Result<String> {
    #[expect(clippy::disallowed_methods, reason = "a token for a server that has the computer's clock")]
    let now = jiff::Timestamp::now().as_second();
    let claims =
        json!({"sub": ak, "iss": ak, "typ": "app_token", "iat": now, "exp": now + 7200, "jti": number});
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "typ": "JWT"})), encode(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(sk.as_bytes())?;
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

type Side<'s> = (&'s Server, &'s str, Keys<'s>);

/// Measures both sides alternately, after a warm-up of one second each.
fn line(
    bench: &Bench,
    what: &str,
    baseline: &'static str,
    budget: Budget,
    doppel: Side<'_>,
    peer: Side<'_>,
) -> Result<Line> {
    let load = |(server, path, keys): Side<'_>, time| -> Result<(Found, f64)> {
        let before = server.processor_time()?;
        let found = wrk::run(&server.url(path), bench.clients, time, keys)?;
        let used = server.processor_time()?.saturating_sub(before);
        let processor = used.as_secs_f64() * 1e6 / found.answers;
        Ok((found, processor))
    };
    let moment = Duration::from_secs(1);
    load(doppel, moment)?;
    load(peer, moment)?;
    let pairs = bench.pairs(|| load(doppel, bench.time), || load(peer, bench.time))?;
    type Pair = ((Found, f64), (Found, f64));
    let middle = |of: fn(&Pair) -> f64| figure(median(pairs.iter().map(of)));
    let notes = format!(
        "p50 {} ms, p99 {} ms, CPU {} µs per response; baseline {} ms, {} ms, {} µs",
        middle(|(doppel, _)| doppel.0.p50),
        middle(|(doppel, _)| doppel.0.p99),
        middle(|(doppel, _)| doppel.1),
        middle(|(_, peer)| peer.0.p50),
        middle(|(_, peer)| peer.0.p99),
        middle(|(_, peer)| peer.1),
    );
    let pairs = pairs.iter().map(|(doppel, peer)| (doppel.0.rate, peer.0.rate)).collect();
    Ok(Line { what: what.to_owned(), unit: "per second", baseline, budget, pairs, notes })
}

/// Returns an address with a free port.
fn free() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Starts HAProxy. It checks the token of every request, responds to one path itself, and forwards the rest.
fn haproxy(bench: &Bench, sk: &str, answer: &Response, upstream: &str) -> Result<Server> {
    let host = free()?;
    let body = bench.directory.join("haproxy-answer.json");
    std::fs::write(&body, &answer.body)?;
    let config = format!(
        "global\n    nbthread 2\ndefaults\n    mode http\n    timeout client 60s\n    \
         timeout server 60s\n    \
         timeout connect 5s\nfrontend hub\n    bind {host}\n    \
         http-request set-var(txn.token) req.hdr(apihub-token)\n    \
         http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')\n    \
         http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')\n    \
         http-request set-var(txn.now) date()\n    \
         http-request deny unless {{ var(txn.alg) -m str HS256 }}\n    \
         http-request deny unless {{ var(txn.token),jwt_verify(txn.alg,\"{sk}\") 1 }}\n    \
         http-request deny if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}\n    \
         http-request return status 200 content-type application/json file {} if {{ path {ECHO} }}\n    \
         default_backend up\nbackend up\n    http-reuse always\n    server up {upstream}\n",
        body.display()
    );
    let file = bench.directory.join("haproxy.cfg");
    std::fs::write(&file, config)?;
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(file);
    Server::other(command, &host)
}

/// Starts nginx, which forwards everything over persistent connections.
fn nginx(bench: &Bench, upstream: &str) -> Result<Server> {
    let host = free()?;
    let place = bench.fresh()?;
    let config = format!(
        "daemon off; master_process off; pid {place}/pid; error_log stderr crit;\n\
         events {{ worker_connections 4096; }}\nhttp {{ access_log off; keepalive_requests 100000000;\n\
         client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;\n\
         uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n\
         upstream up {{ server {upstream}; keepalive 256; keepalive_requests 100000000; }}\n\
         server {{ listen {host}; location / {{ proxy_pass http://up; proxy_http_version 1.1;\n\
         proxy_set_header Connection \"\"; }} }} }}\n",
        place = place.display()
    );
    let file = place.join("nginx.conf");
    std::fs::write(&file, config)?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&place).arg("-c").arg(file);
    Server::other(command, &host)
}
