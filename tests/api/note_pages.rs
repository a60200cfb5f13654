//! Web pages that notes link to.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const NOTE: &str = "/api/secondme/note";
const ARTICLE: &str = include_str!("../../crates/memory/src/note/page/article.html");

/// A web server with valid and faulty pages, which counts the requests for each.
#[derive(Clone, Default)]
struct Pages {
    hits: Arc<Mutex<HashMap<String, usize>>>,
    port: Arc<Mutex<u16>>,
}

impl Pages {
    async fn start() -> Self {
        let pages = Self::default();
        let app = Router::new().route("/{name}", get(serve)).with_state(pages.clone());
        // It listens on every address of 127.0.0.0/8.
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        *pages.port.lock().unwrap() = listener.local_addr().unwrap().port();
        #[expect(clippy::disallowed_methods, reason = "the runtime of the test ends it")]
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        pages
    }

    fn at(&self, host: &str, name: &str) -> String {
        format!("http://{host}:{}/{name}", self.port.lock().unwrap())
    }

    fn url(&self, name: &str) -> String {
        self.at("127.0.0.1", name)
    }

    fn hits(&self, name: &str) -> usize {
        self.hits.lock().unwrap().get(name).copied().unwrap_or(0)
    }
}

fn html(body: impl Into<Body>) -> Response {
    ([("content-type", "text/html; charset=utf-8")], body.into()).into_response()
}

async fn serve(State(pages): State<Pages>, Path(name): Path<String>) -> Response {
    let hits = {
        let mut all = pages.hits.lock().unwrap();
        let hits = all.entry(name.clone()).or_default();
        *hits += 1;
        *hits
    };
    match name.as_str() {
        "gbk" => {
            let text = b"<meta charset=gbk><title>\xd4\xc4\xb6\xc1</\
                title><p>\xcf\xb2\xbb\xb6\xd4\xc4\xb6\xc1\xbf\xc6\xbb\xc3\xd0\xa1\xcb\xb5</p>";
            ([("content-type", "text/html")], text.to_vec()).into_response()
        }
        "moved" => Redirect::temporary(&pages.url("article")).into_response(),
        "circle" => Redirect::temporary(&pages.url("circle")).into_response(),
        "inside" => Redirect::temporary(&pages.at("127.0.0.2", "article")).into_response(),
        "file" => Redirect::temporary("file:///etc/passwd").into_response(),
        "gone" => (http::StatusCode::NOT_FOUND, "no").into_response(),
        "shaky" if hits < 3 => (http::StatusCode::SERVICE_UNAVAILABLE, "not now").into_response(),
        "down" => (http::StatusCode::BAD_GATEWAY, "not now").into_response(),
        "picture" => ([("content-type", "image/png")], "\u{89}PNG").into_response(),
        "huge" => html("<p>much text </p>".repeat(200_000)),
        "endless" => html(Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>("text ".repeat(1000))
        }))),
        "slow" => html(Body::from_stream(futures::stream::pending::<Result<String, std::io::Error>>())),
        "bomb" => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(&vec![b' '; 32 << 20]).unwrap();
            ([("content-type", "text/html"), ("content-encoding", "gzip")], packer.finish().unwrap())
                .into_response()
        }
        "packed" => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(ARTICLE.as_bytes()).unwrap();
            ([("content-type", "text/html"), ("content-encoding", "gzip")], packer.finish().unwrap())
                .into_response()
        }
        "empty" => html("<script>x()</script>"),
        "menu" => {
            html("<nav><a href=/>首页</a> <a href=/n>新闻</a> <a href=/l>登录</a></nav><div id=app></div>")
        }
        "hidden" => html(format!(
            "<title>一座山</title><nav><a>首页</a> <a>新闻</a> <a>登录</a></nav>\
             <div id=js_content style=\"visibility: hidden; opacity: 0;\"><p>{}</p></div>",
            "很久以前有一座山，山上有一座庙，庙里有一个老和尚。".repeat(10)
        )),
        "told" => html(
            "<title>A page</title><nav><a>Home</a></nav><div id=root></div><script \
             type=\"application/ld+json\">\
             {\"@type\":\"NewsArticle\",\"headline\":\"A page\",\"articleBody\":\"What is told to programs \
             alone.\"}</script>",
        ),
        "untyped" => {
            let mut response = Response::new(Body::from(ARTICLE));
            response.headers_mut().remove("content-type");
            response
        }
        "untyped-picture" => Response::new(Body::from("\u{89}PNG\r\n\u{1a}\n\0\0")),
        "latin1" => {
            let text = b"<meta charset=gbk><title>x</title><p>\xcf\xb2\xbb\xb6\xd4\xc4\xb6\xc1\xbf\xc6\xbb\
                \xc3\xd0\xa1\xcb\xb5</p>";
            ([("content-type", "text/html; charset=ISO-8859-1")], text.to_vec()).into_response()
        }
        "deflated" => {
            let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(ARTICLE.as_bytes()).unwrap();
            ([("content-type", "text/html"), ("content-encoding", "deflate")], packer.finish().unwrap())
                .into_response()
        }
        "plain" => ([("content-type", "text/plain")], "plain words").into_response(),
        _ => html(ARTICLE.replace("The Bread Blog", &name)),
    }
}

async fn add(actor: &Actor, urls: &[String]) -> i64 {
    let note = json!({"memoryType": "LINK", "urls": urls, "title": "To read"});
    actor.post(&format!("{NOTE}/add"), note).await.data()["noteId"].as_i64().expect("an id")
}

/// Returns the note from the result of a search.
async fn shown(actor: &Actor, id: i64) -> Value {
    let all = actor.get(&format!("{NOTE}/search?pageSize=100")).await.data();
    all["list"].as_array().unwrap().iter().find(|note| note["id"] == id).expect("the note").clone()
}

/// Reads due pages, beside the server's own worker, until the note meets a condition, and returns it.
///
/// The wait is bounded by time rather than by attempts. The worker may hold a page for its whole time limit,
/// while an attempt here takes less than a millisecond.
async fn read(server: &TestServer, actor: &Actor, id: i64, done: impl Fn(&Value) -> bool) -> Value {
    let wanted = async {
        loop {
            server.running().memory.read_due_pages().await.unwrap();
            let note = shown(actor, id).await;
            if done(&note) {
                return note;
            }
            tokio::task::yield_now().await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), wanted).await {
        Ok(note) => note,
        Err(_) => panic!("not read: {}", shown(actor, id).await),
    }
}

fn settled(note: &Value) -> bool {
    note["status"] != "pending"
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]")]
async fn a_page_is_read_and_found(server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    let id = add(&actor, &[pages.url("article"), pages.url("gone")]).await;
    let note = read(&server, &actor, id, settled).await;
    assert_eq!(note["status"], "ready", "{note}");
    let page = &note["pages"][0];
    assert_eq!(
        (&page["status"], &page["problem"], &page["url"]),
        (&json!("ready"), &Value::Null, &json!(pages.url("article")))
    );
    assert!(page["title"].as_str().unwrap().contains("sourdough"), "{page}");
    assert_eq!(
        (&note["pages"][1]["status"], &note["pages"][1]["problem"]),
        (&json!("failed"), &json!("missing"))
    );
    let found =
        async |word: &str| actor.get(&format!("{NOTE}/search?keyword={word}")).await.data()["total"].clone();
    assert_eq!(
        (found("yeasts").await, found("野生酵母").await, found("newsletter").await),
        (json!(1), json!(1), json!(0))
    );
    let listed = actor.post(&format!("{NOTE}/list"), json!({})).await.data();
    assert_eq!(listed["list"][0]["note"]["pages"][0]["status"], "ready");
    // The text of the page can be found after an edit of the note, but not after its deletion.
    actor.post(&format!("{NOTE}/{id}/update"), json!({"content": "my thoughts"})).await.data();
    assert_eq!((found("yeast").await, found("thoughts").await), (json!(1), json!(1)));
    actor.post(&format!("{NOTE}/{id}/delete"), json!({})).await.data();
    for sql in [
        "SELECT COUNT(*) FROM note_page",
        "SELECT COUNT(*) FROM note_version",
        "SELECT COUNT(*) FROM search_posting",
        "SELECT COUNT(*) FROM search_pending",
    ] {
        assert_eq!(server.running().db.fetch_one::<(i64,)>(sql, &[]).await.unwrap(), (0,), "{sql}");
    }
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.1/32\"]\n[notes]\nmax_page_bytes = 1000000")]
async fn pages_of_every_kind(server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    for (name, problem, text) in [
        ("moved", None, "yeast"),
        ("packed", None, "yeast"),
        ("plain", None, "plain words"),
        ("gbk", None, "喜欢阅读科幻小说"),
        ("gone", Some("missing"), ""),
        ("circle", Some("missing"), ""),
        ("inside", Some("refused"), ""),
        ("file", Some("missing"), ""),
        ("picture", Some("type"), ""),
        ("huge", Some("too_large"), ""),
        ("endless", Some("too_large"), ""),
        ("bomb", Some("too_large"), ""),
        ("empty", Some("empty"), ""),
        ("menu", Some("empty"), ""),
        ("hidden", None, "庙里有一个老和尚"),
        ("told", None, "What is told to programs alone."),
        ("untyped", None, "yeast"),
        ("untyped-picture", Some("type"), ""),
        ("latin1", None, "喜欢阅读科幻小说"),
        ("deflated", None, "yeast"),
    ] {
        let id = add(&actor, &[pages.url(name)]).await;
        let note = read(&server, &actor, id, settled).await;
        assert_eq!(note["pages"][0]["problem"], json!(problem), "{name}: {note}");
        assert_eq!(note["status"], if problem.is_none() { "ready" } else { "failed" }, "{name}");
        assert!(note["pages"][0]["content"].as_str().unwrap().contains(text), "{name}: {note}");
    }
    assert_eq!(pages.hits("circle"), 6, "five redirects");
}

#[both_engines]
async fn this_machine_and_its_neighbors_are_not_called(server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
    ] {
        let id = add(&actor, &[pages.at(host, "article")]).await;
        let note = read(&server, &actor, id, settled).await;
        assert_eq!(
            (&note["status"], &note["pages"][0]["problem"]),
            (&json!("failed"), &json!("refused")),
            "{host}"
        );
    }
    assert_eq!(pages.hits("article"), 0);
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]\n[notes]\npage_seconds = 1")]
async fn a_slow_page_is_left(server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    let id = add(&actor, &[pages.url("slow")]).await;
    let note = read(&server, &actor, id, |note| !note["pages"][0]["problem"].is_null()).await;
    assert_eq!((&note["status"], &note["pages"][0]["problem"]), (&json!("pending"), &json!("timeout")));
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]")]
async fn what_may_pass_is_tried_again_later_and_later(server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    let (shaky, down) = (add(&actor, &[pages.url("shaky")]).await, add(&actor, &[pages.url("down")]).await);
    let tried = |note: &Value| note["pages"][0]["problem"] == "unavailable";
    read(&server, &actor, shaky, tried).await;
    read(&server, &actor, down, tried).await;
    server.clock().advance_ms(59_000);
    assert_eq!(server.running().memory.read_due_pages().await.unwrap(), 0);
    let mut waits = [1_000, 600_000].into_iter();
    while pages.hits("shaky") < 3 {
        server.clock().advance_ms(waits.next().expect("two more attempts"));
        read(&server, &actor, shaky, |_| pages.hits("shaky") == pages.hits("down")).await;
    }
    assert_eq!(read(&server, &actor, shaky, settled).await["status"], "ready");
    for wait in [3_600_000, 6 * 3_600_000] {
        server.clock().advance_ms(wait);
        let before = pages.hits("down");
        read(&server, &actor, down, |_| pages.hits("down") > before).await;
    }
    assert_eq!(read(&server, &actor, down, settled).await["status"], "failed");
    assert_eq!(pages.hits("down"), 5);
    // Adding the same note again makes another attempt.
    assert_eq!(add(&actor, &[pages.url("down")]).await, down);
    read(&server, &actor, down, |_| pages.hits("down") == 6).await;
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]")]
async fn two_processes_never_read_the_same_page(server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    let sibling = server.sibling().await;
    let mut ids = Vec::new();
    for some in 0..4 {
        let urls: Vec<String> = (0..10).map(|i| pages.url(&format!("page-{some}-{i}"))).collect();
        ids.push(add(&actor, &urls).await);
    }
    loop {
        let (one, two) =
            tokio::join!(server.running().memory.read_due_pages(), sibling.memory.read_due_pages());
        if one.unwrap() + two.unwrap() == 0 {
            break;
        }
    }
    for id in ids {
        assert_eq!(read(&server, &actor, id, settled).await["status"], "ready");
    }
    let hits = pages.hits.lock().unwrap().clone();
    assert_eq!((hits.len(), hits.values().max()), (40, Some(&1)), "{hits:?}");
    sibling.stop().await.unwrap();
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]")]
async fn what_a_dead_process_began_is_taken_over(mut server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    let id = add(&actor, &[pages.url("slow")]).await;
    // The request for the page is cut off by the restart.
    while pages.hits("slow") == 0 {
        tokio::task::yield_now().await;
    }
    server.restart().await;
    let begun = async || {
        let row = server.running().db.fetch_one::<(i64,)>("SELECT attempts FROM note_page", &[]).await;
        row.unwrap().0
    };
    assert_eq!(
        (server.running().memory.read_due_pages().await.unwrap(), begun().await),
        (0, 1),
        "left alone for a while"
    );
    server.clock().advance_ms(91_000);
    let memory = server.running().memory.clone();
    tokio::select! {
        _ = memory.read_due_pages() => panic!("the page never ends"),
        () = async { while pages.hits("slow") < 2 { tokio::task::yield_now().await; } } => {}
    }
    assert_eq!(begun().await, 2, "note {id}");
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]")]
async fn slow_pages_of_one_person_hold_up_nobody_else(server: TestServer) {
    let (pages, alice) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    let bob = server.person("b").await.with_key("note.write").await;
    for some in 0..20 {
        let urls: Vec<String> = (0..10).map(|n| format!("{}?{some}-{n}", pages.url("slow"))).collect();
        add(&alice, &urls).await;
    }
    while pages.hits("slow") < 2 {
        tokio::task::yield_now().await;
    }
    // Each slow page takes 30 seconds. In the meantime, the server's own worker reads the other person's
    // pages.
    let reading = async {
        for n in 0..3 {
            let id = add(&bob, &[pages.url(&format!("article-{n}"))]).await;
            while !settled(&shown(&bob, id).await) {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(25), reading).await.expect("read while the slow ones are not");
    assert_eq!(pages.hits("slow"), 2, "no more than one person's places");
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]")]
async fn a_clock_that_was_ahead_holds_no_page_back(server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    server.clock().advance_ms(20 * 86_400_000);
    let id = add(&actor, &[pages.url("shaky")]).await;
    read(&server, &actor, id, |note| note["pages"][0]["problem"] == "unavailable").await;
    server.clock().advance_ms(-20 * 86_400_000);
    read(&server, &actor, id, |_| pages.hits("shaky") >= 2).await;
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]\n[quota]\nbytes = 400")]
async fn a_page_that_the_account_has_no_room_for_is_not_kept(server: TestServer) {
    let (pages, person) = (Pages::start().await, server.person("a").await);
    let actor = person.with_key("note.write").await;
    let id = add(&actor, &[pages.url("article"), pages.url("plain")]).await;
    let note = read(&server, &actor, id, settled).await;
    assert_eq!(
        (&note["pages"][0]["problem"], &note["pages"][1]["status"]),
        (&json!("too_large"), &json!("ready")),
        "{note}"
    );
    let faults = async || server.running().memory.examine(person.account.id, false).await.unwrap().faults;
    assert_eq!(faults().await, Vec::<String>::new());
    // A deletion takes the page out of the counters.
    actor.post(&format!("{NOTE}/{id}/delete"), json!({})).await.data();
    assert_eq!(faults().await, Vec::<String>::new());
}

#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.0/8\"]\n[notes]\nread_links = false")]
async fn reading_can_be_switched_off(server: TestServer) {
    let (pages, actor) = (Pages::start().await, server.person("a").await.with_key("note.write").await);
    let id = add(&actor, &[pages.url("article")]).await;
    assert_eq!(server.running().memory.read_due_pages().await.unwrap(), 0);
    assert_eq!((shown(&actor, id).await["status"].clone(), pages.hits("article")), (json!("pending"), 0));
}
