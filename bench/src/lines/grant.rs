//! OAuth2 tokens: issued to an app itself, exchanged for codes, refreshed and introspected.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use super::{Bench, Site};
use crate::{
    http as single,
    load::{self, Load},
    postgres::Database,
    process::{self, Server},
    progress,
    report::{Budget, Line, figure, median},
    wrk::{self, Found, Keys},
};

/// People whose codes are exchanged at the same time.
const PEOPLE: u32 = 16;
const CALLBACK: &str = "https://bench.example/callback";
const FORM: &str = "application/x-www-form-urlencoded";
const CLIENT: &str = "/api/oauth/token/client";
const CODE: &str = "/api/oauth/token/code";
const REFRESH: &str = "/api/oauth/token/refresh";
const INTROSPECT: &str = "/oauth/introspect";
const EXTERNAL: &str = "/api/oauth/authorize/external";
const BASELINE: &str = "bare axum, same response";

/// Budgets of the lines on one engine.
struct Budgets {
    issue: Budget,
    introspect: Budget,
}

pub(crate) fn on_sqlite(bench: &Bench) -> Result<Vec<Line>> {
    progress("OAuth2 on SQLite");
    let site = Site::new(bench, PEOPLE, &[])?;
    let budgets = Budgets { issue: Budget::AtLeast(10_000.0), introspect: Budget::AtLeast(30_000.0) };
    measure(bench, &site, "SQLite", budgets)
}

pub(crate) fn on_postgres(bench: &Bench) -> Result<Vec<Line>> {
    progress("OAuth2 on PostgreSQL");
    let Some(database) = Database::start() else {
        progress("PostgreSQL is not measured");
        return Ok(Vec::new());
    };
    let engine = format!("PostgreSQL with fsync {}", database.fsync()?);
    let site = Site::new(bench, PEOPLE, &[("DOPPEL_DATABASE__URL", database.url().to_owned())])?;
    measure(bench, &site, &engine, Budgets { issue: Budget::None, introspect: Budget::None })
}

/// An app with its credentials.
struct App {
    id: String,
    secret: String,
    /// Session cookies of the people.
    cookies: Vec<String>,
}

impl App {
    fn new(site: &Site) -> Result<Self> {
        let cookies = (0..PEOPLE).map(|number| site.sign_in(number)).collect::<Result<Vec<_>>>()?;
        let body = json!({
            "appName": "Bench", "redirectUris": [CALLBACK], "allowedScopes": ["user.info", "chat.write"],
        });
        let cookie = cookies.first().context("nobody is signed in")?;
        let headers = [("cookie", cookie.as_str()), ("content-type", "application/json")];
        let path = "/api/applications/external/create";
        let made = single::request("POST", &site.server.host, path, &headers, &body.to_string())?;
        let made: Value = serde_json::from_str(&made.body)?;
        let text =
            |name: &str| made.pointer(&format!("/data/{name}")).and_then(Value::as_str).map(str::to_owned);
        let id = text("clientId").context("no application")?;
        Ok(Self { id, secret: text("clientSecret").context("no secret")?, cookies })
    }

    /// Returns a form with the app's credentials.
    fn form(&self, more: &str) -> Bytes {
        format!("client_id={}&client_secret={}&{more}", self.id, self.secret).into()
    }
}

fn measure(bench: &Bench, site: &Site, engine: &str, budgets: Budgets) -> Result<Vec<Line>> {
    let app = App::new(site)?;
    let issue = app.form("grant_type=client_credentials");
    let issued = with_wrk(bench, site, CLIENT, &[issue])?;

    let codes = codes(bench, site, &app)?;
    let uri = "https%3A%2F%2Fbench.example%2Fcallback";
    let form =
        |code: &str| app.form(&format!("grant_type=authorization_code&code={code}&redirect_uri={uri}"));
    let (first, rest) = codes.split_first().context("no codes were issued")?;
    let tokens = post(site, CODE, &form(first))?;
    let next = AtomicUsize::new(0);
    let exchanged = paired(bench, site, CODE, &form(first), &tokens, |_| {
        let code = rest.get(next.fetch_add(1, Ordering::Relaxed)).context("the codes ran out")?;
        Ok(form(code))
    })?;

    let text = |tokens: &[u8], name: &str| -> Result<String> {
        let tokens: Value = serde_json::from_slice(tokens)?;
        let text = tokens.pointer(&format!("/data/{name}")).and_then(Value::as_str);
        Ok(text.context("a response without a token")?.to_owned())
    };
    let refresh = text(tokens.as_bytes(), "refreshToken")?;
    let refresh = app.form(&format!("grant_type=refresh_token&refresh_token={refresh}"));
    let refreshed = with_wrk(bench, site, REFRESH, &[refresh])?;
    let bodies = exchanged.iter().flat_map(|(load, _)| &load.bodies).take(bench.keys);
    let asks = bodies
        .map(|body| Ok(app.form(&format!("token={}", text(body, "accessToken")?))))
        .collect::<Result<Vec<_>>>()?;
    let asked = with_wrk(bench, site, INTROSPECT, &asks)?;

    let line = |what: &str, budget, notes, pairs| Line {
        what: format!("{what}, {engine}, {} clients", bench.clients),
        unit: "per second",
        baseline: BASELINE,
        budget,
        notes,
        pairs,
    };
    let by_load = |pairs: Vec<(Load, Load)>| {
        let within = |share| figure(median(pairs.iter().map(|(load, _)| load.within(share))));
        let notes =
            format!("p50 {} ms, p99 {} ms; load from the benchmark's own client", within(0.5), within(0.99));
        (notes, pairs.iter().map(|(load, bare)| (load.rate, bare.rate)).collect::<Vec<_>>())
    };
    let by_wrk = |pairs: Vec<(Found, Found)>| {
        let middle = |of: fn(&Found) -> f64| figure(median(pairs.iter().map(|(found, _)| of(found))));
        let notes = format!("p50 {} ms, p99 {} ms", middle(|found| found.p50), middle(|found| found.p99));
        (notes, pairs.iter().map(|(found, bare)| (found.rate, bare.rate)).collect::<Vec<_>>())
    };
    let (notes, pairs) = by_wrk(issued);
    let mut lines = vec![line("`token/client`", budgets.issue, notes, pairs)];
    let (notes, pairs) = by_load(exchanged);
    lines.push(line("`token/code`", Budget::None, notes, pairs));
    let (notes, pairs) = by_wrk(refreshed);
    lines.push(line("`token/refresh`, one person", Budget::None, notes, pairs));
    let (notes, pairs) = by_wrk(asked);
    let what = format!("introspection of {} tokens", asks.len());
    lines.push(line(&what, budgets.introspect, notes, pairs));
    Ok(lines)
}

/// Creates codes for long enough to have one for each exchange, and returns them.
fn codes(bench: &Bench, site: &Site, app: &App) -> Result<Vec<String>> {
    let body: Bytes =
        json!({"clientId": app.id, "redirectUri": CALLBACK, "scope": ["user.info"]}).to_string().into();
    let time = bench.time * (bench.pairs * 2 + 1);
    let made = load::run(&site.server.host, bench.clients, time, |client| {
        let cookie = app.cookies.get(client % app.cookies.len()).context("nobody is signed in")?;
        let request = Request::post(EXTERNAL).header("host", &site.server.host).header("cookie", cookie);
        Ok(request.header("content-type", "application/json").body(Full::new(body.clone()))?)
    })?;
    let code = |body: &Bytes| -> Result<String> {
        let answer: Value = serde_json::from_slice(body)?;
        Ok(answer.pointer("/data/code").and_then(Value::as_str).context("no code")?.to_owned())
    };
    made.bodies.iter().map(code).collect()
}

fn post(site: &Site, path: &str, form: &Bytes) -> Result<String> {
    let form = std::str::from_utf8(form)?;
    let answer = single::request("POST", &site.server.host, path, &[("content-type", FORM)], form)?;
    ensure!(!answer.body.is_empty(), "{path}: an empty response");
    Ok(answer.body)
}

/// Starts a bare server that returns a response of Doppel.
fn bare(answer: &str) -> Result<Server> {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    process::bare(&single::Response { status: 200, headers, body: answer.to_owned() })
}

/// Measures Doppel and the bare server alternately, with forms that are each sent once.
fn paired(
    bench: &Bench,
    site: &Site,
    path: &'static str,
    sample: &Bytes,
    answer: &str,
    form: impl Fn(usize) -> Result<Bytes>,
) -> Result<Vec<(Load, Load)>> {
    let bare = bare(answer)?;
    let load = |host: &str, form: &dyn Fn(usize) -> Result<Bytes>| {
        load::run(host, bench.clients, bench.time, |client| {
            let request = Request::post(path).header("host", host).header("content-type", FORM);
            Ok(request.body(Full::new(form(client)?))?)
        })
    };
    bench.pairs(|| load(&site.server.host, &form), || load(&bare.host, &|_| Ok(sample.clone())))
}

/// Measures Doppel and the bare server alternately, with these forms in rotation.
fn with_wrk(bench: &Bench, site: &Site, path: &str, forms: &[Bytes]) -> Result<Vec<(Found, Found)>> {
    let bare = bare(&post(site, path, forms.first().context("no forms")?)?)?;
    let file = bench.fresh()?.join("forms");
    let mut lines = forms.join(&b'\n');
    lines.push(b'\n');
    std::fs::write(&file, lines)?;
    let load = |server: &Server| wrk::run(&server.url(path), bench.clients, bench.time, Keys::Forms(&file));
    bench.pairs(|| load(&site.server), || load(&bare))
}
