//! `/plaza/people/…`, `/plaza/replies`, `/plaza/publish` and `/plaza/posts/…/edit`.

use reqwest::Method;
use testkit::{Actor, Response, TestServer, both_engines};

use crate::plaza::square::{post, resident};

/// The smallest picture: a PNG of one pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0,
    1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Sends the form above the feed with pictures.
async fn publish(who: &Actor, csrf: &str, content: &str, pictures: &[&'static [u8]]) -> Response {
    let mut form =
        reqwest::multipart::Form::new().text("csrf", csrf.to_owned()).text("content", content.to_owned());
    for picture in pictures {
        let part = reqwest::multipart::Part::bytes(*picture).file_name("a.png");
        form = form.part("pictures", part);
    }
    who.send(who.request(Method::POST, "/plaza/publish").multipart(form)).await
}

#[both_engines]
async fn pictures_are_shown_in_a_grid(server: TestServer) {
    let author = resident(&server, "author").await.signed_in().await.in_english();
    let csrf = author.get("/plaza").await.hidden("csrf");
    let posted = publish(&author, &csrf, "look", &[PIXEL, PIXEL]).await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    let page = author.get(posted.header("location")).await.body;
    assert!(page.contains("class=\"shots n2\"") && page.matches("<img src=\"/cdn/").count() == 2, "{page}");
    let text = publish(&author, &csrf, "only words", &[]).await;
    assert_eq!(text.status, 303, "{}", text.body);
    // What is refused stores no file, and keeps the text.
    let files = author.get("/api/cdn/list").await.data()["total"].clone();
    for (content, pictures) in
        [("", vec![PIXEL]), ("kept text", vec![PIXEL; 10]), ("kept text", vec![b"<svg/>"])]
    {
        let wrong = publish(&author, &csrf, content, &pictures).await;
        assert!((400..500).contains(&wrong.status), "{}", wrong.body);
        assert!(wrong.body.contains(content));
    }
    assert_eq!(publish(&author, "forged", "x", &[PIXEL]).await.status, 403);
    let now = author.get("/api/cdn/list").await.data()["total"].clone();
    assert_eq!(now, files);
}

#[both_engines]
async fn pictures_from_elsewhere_are_links(server: TestServer) {
    let author = resident(&server, "author").await;
    let body =
        serde_json::json!({"content": "x", "type": "public", "images": ["https://evil.example/a.png"]});
    author.with_key("*").await.post("/api/secondme/plaza/posts/create", body).await.data();
    let page = author.signed_in().await.get("/plaza").await.body;
    assert!(
        page.contains("href=\"https://evil.example/a.png\"") && !page.contains("<img src=\"https://evil")
    );
}

#[both_engines]
async fn people_have_pages_with_their_posts(server: TestServer) {
    let (author, reader) = (resident(&server, "author").await, resident(&server, "reader").await);
    post(&author.with_key("*").await, "mine").await;
    post(&reader.with_key("*").await, "theirs").await;
    let browser = reader.signed_in().await.in_english();
    let route = author.account.route.clone();
    let page = browser.get(&format!("/plaza/people/{route}")).await;
    assert!(page.body.contains("mine") && !page.body.contains("theirs"), "{}", page.body);
    assert!(browser.get("/plaza").await.body.contains(&format!("href=\"/plaza/people/{route}\"")));
    let guest = server.person("guest").await;
    assert_eq!(
        browser.get(&format!("/plaza/people/{}", guest.account.route)).await.status,
        404,
        "never entered"
    );
    assert_eq!(browser.get("/plaza/people/nobody").await.status, 404);
    assert_eq!(guest.signed_in().await.get(&format!("/plaza/people/{route}")).await.status, 403);
    let csrf = browser.get("/plaza").await.hidden("csrf");
    let name = post(&author.with_key("*").await, "again").await;
    browser.post_form(&format!("/plaza/posts/{name}"), &[("csrf", &csrf), ("what", "block")]).await;
    assert_eq!(browser.get(&format!("/plaza/people/{route}")).await.status, 404, "of blocked people nothing");
}

#[both_engines]
async fn authors_change_their_posts_with_a_mark(server: TestServer) {
    let (author, other) = (resident(&server, "author").await, resident(&server, "other").await);
    let name = post(&author.with_key("*").await, "first words").await;
    let (author, other) = (author.signed_in().await.in_english(), other.signed_in().await.in_english());
    let page = format!("/plaza/posts/{name}");
    let edit = format!("{page}/edit");
    assert!(author.get(&page).await.body.contains(&format!("href=\"{edit}\"")));
    let csrf = author.get(&edit).await.hidden("csrf");
    let saved = author.post_form(&edit, &[("csrf", &csrf), ("content", "better\r\nwords")]).await;
    assert_eq!(saved.header("location"), format!("{page}?done=saved"));
    let shown = other.get(&page).await.body;
    assert!(shown.contains("better\nwords") && shown.contains("edited") && !shown.contains("first words"));
    assert!(!shown.contains(&edit));
    assert_eq!(other.get(&edit).await.status, 404);
    let csrf = other.get("/plaza").await.hidden("csrf");
    assert_eq!(other.post_form(&edit, &[("csrf", &csrf), ("content", "x")]).await.status, 404);
    let csrf = author.get(&edit).await.hidden("csrf");
    let empty = author.post_form(&edit, &[("csrf", &csrf), ("content", " ")]).await;
    assert!(empty.status == 422 && empty.body.contains("role=\"alert\""), "{}", empty.body);
}

#[both_engines]
async fn replies_are_counted_until_they_were_seen(server: TestServer) {
    let (author, other) = (resident(&server, "author").await, resident(&server, "other").await);
    let name = post(&author.with_key("*").await, "hello").await;
    let browser = author.signed_in().await.in_english();
    assert!(browser.get("/plaza/replies").await.body.contains("No notifications yet."));
    let said = |who: Actor, content: &'static str, reply: Option<String>| {
        let name = name.clone();
        async move {
            let mut body = serde_json::json!({"postId": name, "content": content});
            if let Some(id) = reply {
                body["replyToCommentId"] = id.into();
            }
            let made = who.post("/api/secondme/plaza/posts/comment", body).await.data();
            made["commentId"].as_str().or(made["id"].as_str()).unwrap().to_owned()
        }
    };
    let theirs = other.with_key("*").await;
    let comment = said(theirs.clone(), "a comment", None).await;
    said(author.with_key("*").await, "an answer", Some(comment)).await;
    let count = |page: &Response| page.body.contains("<span class=\"count\">1</span>");
    assert!(count(&browser.get("/plaza").await), "one comment by somebody else");
    let page = browser.get("/plaza/replies").await;
    assert!(page.body.contains("a comment") && !page.body.contains("an answer"), "{}", page.body);
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let session = browser.request(Method::GET, "/plaza").build().unwrap();
    let session = session.headers()["cookie"].to_str().unwrap().to_owned();
    let seen = browser.with("cookie", &format!("{session}; {cookie}"));
    assert!(!count(&seen.get("/plaza").await), "they were seen");
    // The other person gets the answer to their comment.
    let reader = other.signed_in().await.in_english();
    assert!(reader.get("/plaza/replies").await.body.contains("an answer"));
}

/// Likes, decisions of administrators and, for them, open reports stand among the replies until they were
/// seen.
#[both_engines]
async fn likes_decisions_and_reports_are_notifications(server: TestServer) {
    let owner = resident(&server, "owner").await;
    let (author, other) = (resident(&server, "author").await, resident(&server, "other").await);
    let name = post(&author.with_key("*").await, "my words").await;
    let (author_key, other_key) = (author.with_key("*").await, other.with_key("*").await);
    let like = format!("/api/secondme/plaza/posts/{name}/like");
    for who in [&other_key, &owner.with_key("*").await, &author_key] {
        server.clock().advance_ms(1_000);
        who.post(&like, serde_json::json!({})).await.data();
    }
    let browser = author.signed_in().await.in_english();
    assert!(browser.get("/plaza").await.body.contains("<span class=\"count\">1</span>"), "one post is liked");
    let page = browser.get("/plaza/replies").await;
    assert!(
        page.body.contains("owner and 1 more liked this") && page.body.contains("my words"),
        "{}",
        page.body
    );
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let session = browser.request(Method::GET, "/plaza").build().unwrap();
    let session = session.headers()["cookie"].to_str().unwrap().to_owned();
    let seen = browser.with("cookie", &format!("{session}; {cookie}"));
    assert!(!seen.get("/plaza").await.body.contains("class=\"count\">"), "it was seen");

    // A report is for administrators, and what they decide for the author.
    server.clock().advance_ms(1_000);
    let report = serde_json::json!({"postId": name, "reason": "rude"});
    other_key.post("/api/secondme/plaza/report", report).await.data();
    let admin = owner.signed_in().await.in_english();
    let queue = admin.get("/plaza/replies").await.body;
    assert!(
        queue.contains("<span>Open reports: 1</span>") && queue.contains("href=\"/plaza/admin\""),
        "{queue}"
    );
    assert!(!browser.get("/plaza/replies").await.body.contains("Open reports: "));
    let id = server.running().plaza.reports().await.unwrap()[0].id;
    server.running().plaza.uphold_report(owner.account.id, id).await.unwrap();
    assert!(seen.get("/plaza").await.body.contains("<span class=\"count\">1</span>"));
    let told = seen.get("/plaza/replies").await.body;
    assert!(told.contains("An administrator removed your post") && told.contains("rude"), "{told}");
    let stranger = other.signed_in().await.in_english().get("/plaza/replies").await.body;
    assert!(!stranger.contains("removed your post"), "of others nothing");
    // Likes of what is gone are no news.
    assert!(!browser.get("/plaza/replies").await.body.contains("liked this"));
}

/// Videos and stickers of this server are shown; those elsewhere are links.
#[both_engines]
async fn videos_and_stickers_are_shown_in_posts(server: TestServer) {
    let author = resident(&server, "author").await;
    let browser = author.signed_in().await.in_english();
    let csrf = browser.get("/plaza").await.hidden("csrf");
    let film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
    let form = |films: usize| {
        let mut form = reqwest::multipart::Form::new().text("csrf", csrf.clone()).text("content", "a film");
        for _ in 0..films {
            form = form.part("pictures", reqwest::multipart::Part::bytes(film.to_vec()).file_name("a.mp4"));
        }
        browser.send(browser.request(Method::POST, "/plaza/publish").multipart(form))
    };
    let posted = form(1).await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    let page = browser.get(posted.header("location")).await;
    assert!(page.body.contains("<video class=\"video\" src=\"/cdn/"), "{}", page.body);
    assert!(page.header("content-security-policy").contains("media-src 'self'"));
    let files = browser.get("/api/cdn/list").await.data()["total"].clone();
    assert_eq!(form(2).await.status, 400, "one film for a post");
    assert_eq!(browser.get("/api/cdn/list").await.data()["total"], files, "nothing is left behind");

    let picture = browser.upload("/api/cdn/upload", "a.png", PIXEL.to_vec()).await.data();
    let body = serde_json::json!({"content": "stuck", "type": "public",
        "stickers": [picture["url"], "https://evil.example/s.png"],
        "videoUrl": "https://evil.example/v.mp4"});
    let made = author.with_key("*").await.post("/api/secondme/plaza/posts/create", body).await.data();
    let page = browser.get(&format!("/plaza/posts/{}", made["postId"].as_str().unwrap())).await.body;
    assert!(page.contains("class=\"stickers\"><img src=\"/cdn/"), "{page}");
    assert!(
        page.contains("href=\"https://evil.example/s.png\"")
            && page.contains("href=\"https://evil.example/v.mp4\"")
    );
    assert!(!page.contains("src=\"https://"), "{page}");
}

/// The page behind a link is read by the guarded client; private networks are closed to it.
#[both_engines("[outgoing]\nallowed_networks = [\"127.0.0.1/32\"]")]
async fn a_link_becomes_a_card(server: TestServer) {
    let app = axum::Router::new().route(
        "/page",
        axum::routing::get(async || {
            axum::response::Html(
                "<title>Tea &amp; &lt;b&gt;rain&lt;/b&gt;</title>\
                 <p>How to make tea on a rainy day, with a thermos and patience.</p>",
            )
        }),
    );
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    web::Tasks::default().spawn(async move { axum::serve(listener, app).await.unwrap() });
    let author = resident(&server, "author").await.signed_in().await.in_english();
    let csrf = author.get("/plaza").await.hidden("csrf");
    let posted = async |url: String| {
        let form = [("csrf", csrf.as_str()), ("content", "read this"), ("link", &url)];
        let answer = author.post_form("/plaza/new", &form).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        author.get(answer.header("location")).await.body
    };
    let page = posted(format!("http://127.0.0.1:{port}/page")).await;
    assert!(page.contains("class=\"linkcard\"") && page.contains("Tea &#38; &#60;b&#62;rain"), "{page}");
    for closed in [format!("http://127.0.0.2:{port}/page"), format!("http://127.0.0.1:{port}/nothing")] {
        let page = posted(closed.clone()).await;
        assert!(page.contains(&format!("<b>{closed}</b>")) && !page.contains("Tea"), "{page}");
    }
}
