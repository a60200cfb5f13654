//! `/chat/listen` and `/people/{route}/avatar/{code}/listen`, with an endpoint on a real socket.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::json;
use testkit::{Actor, TestServer, both_engines};

use crate::api::avatars::post as change;

/// An endpoint that writes down always the same.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    asked: Vec<(HeaderMap, String)>,
    /// The status of all responses; 0: those of success.
    status: u16,
}

async fn listen(State(listener): State<Listener>, headers: HeaderMap, body: Bytes) -> Response {
    let mut inner = listener.0.lock();
    inner.asked.push((headers, String::from_utf8_lossy(&body).into_owned()));
    if inner.status > 0 {
        return (StatusCode::from_u16(inner.status).unwrap(), "no credit left").into_response();
    }
    axum::Json(json!({"text": " 你好，分身 "})).into_response()
}

impl Listener {
    /// Starts the endpoint, and returns the lines of a configuration that names it.
    async fn start(&self) -> String {
        let router = Router::new().route("/v1/audio/transcriptions", post(listen)).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        web::Tasks::default().spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!(
            "transcription.base_url = {url:?}\ntranscription.name = \"ears\"\n\
             transcription.api_key = \"planted-listen-key\"\n"
        )
    }
}

/// Sends a sound as the page's script does.
async fn say(actor: &Actor, path: &str, csrf: &str, kind: &str, sound: &[u8]) -> testkit::Response {
    let request = actor.request(Method::POST, path).header("content-type", kind).header("x-csrf", csrf);
    actor.send(request.body(sound.to_vec())).await
}

#[both_engines]
async fn what_is_spoken_is_written_down(mut server: TestServer) {
    let listener = Listener::default();
    let browser = server.person("a").await.signed_in().await;
    assert!(!browser.get("/chat").await.body.contains("data-listen"), "no endpoint, no microphone");
    let csrf = browser.get("/chat").await.hidden("csrf");
    assert_eq!(say(&browser, "/chat/listen", &csrf, "audio/webm", b"x").await.status, 404);
    server.restart_with(&listener.start().await).await;
    let browser = server.again(&browser);
    let page = browser.get("/chat").await;
    assert!(page.body.contains("data-listen=\"/chat/listen\"") && page.body.contains("listen.js"));

    let heard = say(&browser, "/chat/listen", &csrf, "audio/webm;codecs=opus", b"SOUND").await;
    assert_eq!((heard.status, heard.body.as_str()), (200, "你好，分身"));
    let (headers, body) = listener.0.lock().asked.remove(0);
    assert_eq!(headers["authorization"], "Bearer planted-listen-key");
    assert!(headers["content-type"].to_str().unwrap().starts_with("multipart/form-data; boundary="));
    for part in [
        "name=\"model\"\r\n\r\nears\r\n",
        "name=\"language\"\r\n\r\nzh\r\n",
        "filename=\"sound.webm\"",
        "SOUND",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert!(browser.get("/api/secondme/chat/usage").await.body.contains("session"), "its tokens are counted");

    for (csrf, kind, sound, status) in [
        ("x", "audio/webm", &b"SOUND"[..], 403),
        ("", "audio/webm", &b"SOUND"[..], 403),
        (csrf.as_str(), "text/html", &b"SOUND"[..], 422),
        (csrf.as_str(), "audio/webm", &b""[..], 422),
        (csrf.as_str(), "audio/webm", &vec![0; (4 << 20) + 1][..], 413),
    ] {
        assert_eq!(say(&browser, "/chat/listen", csrf, kind, sound).await.status, status, "{kind}");
    }
    assert!(listener.0.lock().asked.is_empty(), "nothing of it was sent on");
    listener.0.lock().status = 500;
    let failed = say(&browser, "/chat/listen", &csrf, "audio/ogg", b"SOUND").await;
    assert_eq!(failed.status, 503, "{}", failed.body);
    assert!(!failed.body.contains("no credit"), "what the endpoint says stays inside: {}", failed.body);
}

#[both_engines]
async fn readers_speak_where_they_may_write(mut server: TestServer) {
    let listener = Listener::default();
    let lines = format!("{}avatars.guest_messages_per_hour = 1\n", listener.start().await);
    server.restart_with(&lines).await;
    let person = server.person("owner").await;
    let owner = person.signed_in().await;
    let avatar = owner.get("/api/secondme/avatar/list").await.data()["list"][0].clone();
    let page = format!("/people/{}/avatar/{}", person.account.route, avatar["shareCode"].as_str().unwrap());
    let path = format!("{page}/listen");
    let set = async |open: bool| {
        let id = avatar["avatarId"].clone();
        change(&owner, "update", json!({"avatarId": id, "distribution": {"webEnabled": open}})).await
    };
    set(true).await;
    let shown = server.anyone().get(&page).await;
    assert!(shown.body.contains(&format!("data-listen=\"{path}\"")), "{}", shown.body);
    let cookie = format!("doppel_visitor={}", shown.cookie("doppel_visitor").unwrap());
    let (guest, csrf) = (server.anyone().with("cookie", &cookie), shown.hidden("csrf"));
    assert_eq!(say(&guest, &path, &csrf, "audio/mp4", b"SOUND").await.body, "你好，分身");
    assert_eq!(say(&guest, &path, &csrf, "audio/mp4", b"SOUND").await.status, 429, "it counts as a message");
    assert_eq!(say(&server.anyone(), &path, &csrf, "audio/mp4", b"SOUND").await.status, 403);
    set(false).await;
    assert_eq!(say(&guest, &path, &csrf, "audio/mp4", b"SOUND").await.status, 401);
    assert_eq!(listener.0.lock().asked.len(), 1);
}
