//! The pages of a person with many memories and conversations, on a server with a full Plaza.

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use super::{Bench, Site, email, plaza, recall};
use crate::{
    http as single,
    load::{self, Load},
    progress,
    report::{Budget, Line, figure, median},
};

/// Key memories, conversations, and posts.
const MEMORIES: usize = 10_000;
const CONVERSATIONS: u32 = 2_000;
const POSTS: u32 = 100_000;
/// Notes. The list shows the newest.
const NOTES: u32 = 200;
/// Budget of a page in milliseconds.
const BUDGET: f64 = 20.0;
/// One reader, so that the cost of a page is measured, not the wait for a processor.
const READERS: u32 = 1;

const PAGES: [&str; 18] = [
    "/",
    "/chat",
    "/chat?q=cq",
    "/chat/settings",
    "/memories",
    "/memories?kind=memory&see=private",
    "/memories?q=cq",
    "/memories/trash",
    "/memories/import",
    "/notes",
    "/profile",
    "/search?q=cq",
    "/plaza",
    "/keys",
    "/agents",
    "/apps",
    "/account",
    "/hub",
];

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    progress(&format!(
        "filling a Plaza of {POSTS} posts, {MEMORIES} memories, {CONVERSATIONS} conversations"
    ));
    let site = plaza::filled(bench, POSTS)?;
    recall::fill(bench, &site, 0, MEMORIES)?;
    let key = recall::key(bench, &site, 0)?;
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let host = &site.server.host;
    for number in 0..NOTES {
        let body = format!(r##"{{"title":"Note {number}","content":"# w{number}\n\n- one\n- two"}}"##);
        single::request("POST", host, "/api/secondme/note/add", &headers, &body)?;
    }
    for number in 0..CONVERSATIONS {
        let body = format!(r#"{{"message":"w{number} what do you know about me?"}}"#);
        single::request("POST", host, "/api/secondme/chat/stream", &headers, &body)?;
    }
    let cookie = site.sign_in(0)?;
    let open = single::request("GET", host, "/chat", &[("cookie", &cookie)], "")?;
    let open =
        open.body.split_once("href=\"/chat?session=").and_then(|(_, rest)| rest.split(['"', '#']).next());
    ensure!(open.is_some(), "no conversation is listed");
    let mut pages: Vec<String> = PAGES.iter().map(|page| (*page).to_owned()).collect();
    pages.extend(open.map(|id| format!("/chat?session={id}")));
    pages.iter().map(|page| measure(bench, &site, &cookie, page)).collect()
}

fn measure(bench: &Bench, site: &Site, cookie: &str, page: &str) -> Result<Line> {
    progress(&format!("reading {page}"));
    let get = |path: &str| -> Result<Load> {
        load::run(&site.server.host, READERS, bench.time, |_| {
            let request = Request::get(path).header("host", &site.server.host).header("cookie", cookie);
            Ok(request.body(Full::new(Bytes::new()))?)
        })
    };
    let pairs = bench.pairs(|| get(page), || get("/keys/new"))?;
    let size = pairs.first().and_then(|(load, _)| load.bodies.first()).map_or(0, Bytes::len);
    let p50 = figure(median(pairs.iter().map(|(load, _)| load.within(0.5))));
    Ok(Line {
        what: format!("Page `{page}` of {}", email(0)),
        unit: "ms p95",
        baseline: "`/keys/new`, a page without data",
        budget: Budget::AtMost(BUDGET),
        pairs: pairs.iter().map(|(load, bare)| (load.within(0.95), bare.within(0.95))).collect(),
        notes: format!("p50 {p50} ms, {size} bytes before compression"),
    })
}
