//! The frame of all pages, home, search and the pictures of a profile.

use std::collections::HashSet;

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::json;
use testkit::{Actor, Response, TestServer, both_engines};

/// A minimal PNG: one transparent pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rI\
    DATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

/// Pages of a signed-in person.
const PAGES: [&str; 18] = [
    "/",
    "/search?q=tea",
    "/memories",
    "/memories/review",
    "/memories/never",
    "/notes",
    "/chat",
    "/chat/settings",
    "/keys",
    "/keys/new",
    "/agents",
    "/apps",
    "/apps/new",
    "/account",
    "/profile",
    "/plaza",
    "/hub",
    "/visitors",
];

/// Returns the values of an attribute in a page, in order.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let start = format!(" {attribute}=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[both_engines]
async fn ids_are_unique_and_labels_label_something(server: TestServer) {
    let browser = server.person("a").await.signed_in().await;
    let csrf = browser.get("/profile").await.hidden("csrf");
    let typed = [("csrf", csrf.as_str()), ("name", "tea"), ("content", "green"), ("public_name", "drinks")];
    browser.post_form("/profile/interests", &typed).await;
    let shown = browser.get("/profile").await.body;
    let interest = values(&shown, "href").into_iter().find(|href| href.starts_with("/profile/interests/"));
    for path in PAGES.into_iter().chain(interest) {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let ids = values(&page.body, "id");
        let unique: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{path} has an id twice: {ids:?}");
        for attribute in ["for", "aria-labelledby", "aria-describedby", "popovertarget"] {
            for named in values(&page.body, attribute).into_iter().flat_map(str::split_whitespace) {
                assert!(unique.contains(named), "{path}: {attribute} names {named}");
            }
        }
        assert!(unique.contains("main") && page.body.contains("href=\"#main\""), "{path}");
        assert!(!page.body.contains(" style="), "{path}");
    }
}

#[both_engines]
async fn a_theme_is_kept_by_a_cookie(server: TestServer) {
    let browser = server.person("a").await.signed_in().await;
    let page = browser.get("/keys").await;
    assert!(!page.body.contains("data-theme"));
    let csrf = page.hidden("csrf");
    let send = async |csrf: &str, theme: &str, back: &str| {
        browser.post_form("/theme", &[("csrf", csrf), ("theme", theme), ("back", back)]).await
    };
    let chosen = send(&csrf, "dark", "/keys").await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/keys"));
    assert_eq!(chosen.cookie("doppel_theme").as_deref(), Some("dark"));
    let dark = browser.with("cookie", "doppel_theme=dark").get("/keys").await;
    assert!(dark.body.contains("data-theme=\"dark\""));
    let odd = send(&csrf, "\"><script>", "//evil.example").await;
    assert_eq!((odd.cookie("doppel_theme").as_deref(), odd.header("location")), (Some("auto"), "/"));
    assert_eq!(send("x", "dark", "/").await.status, 403);
    let visitor = server.anyone().post_form("/theme", &[("csrf", "x"), ("theme", "dark")]).await;
    assert_eq!(visitor.status, 403);
}

#[both_engines]
async fn icons_and_the_manifest_need_no_sign_in(server: TestServer) {
    let anyone = server.anyone();
    for (path, media) in
        [("/favicon.ico", "image/x-icon"), ("/manifest.webmanifest", "application/manifest+json")]
    {
        let response = anyone.request(Method::GET, path).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &media.parse().unwrap())
        );
    }
}

#[both_engines]
async fn search_finds_what_is_ones_own(server: TestServer) {
    let (a, b) = (server.person("a").await, server.person("b").await);
    let key = a.with_key("*").await;
    key.post("/api/secondme/memory/key", json!({"content": "likes <b>jasmine</b> tea"})).await.data();
    key.post("/api/secondme/note/add", json!({"title": "Jasmine", "content": "tea"})).await.data();
    let own = a.signed_in().await.get("/search?q=jasmine").await.body;
    assert!(own.contains("/memories/key/") && own.contains("/memories/note/"), "{own}");
    assert!(own.contains("&#60;b&#62;jasmine") && !own.contains("<b>jasmine"));
    let other = b.signed_in().await.get("/search?q=jasmine").await.body;
    assert!(!other.contains("/memories/key/") && !other.contains("id=\"hits\""));
    let out = server.anyone().with("accept", "text/html").get("/search?q=jasmine").await;
    assert_ne!(out.status, 200);
}

#[both_engines]
async fn first_steps_tick_themselves_off_and_can_be_dismissed(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let done = async |browser: &Actor| browser.get("/").await.body.matches("is-done").count();
    assert_eq!(done(&browser).await, 1, "the key");
    key.post("/api/secondme/memory/key", json!({"content": "likes tea"})).await.data();
    assert_eq!(done(&browser).await, 2);
    let csrf = browser.get("/").await.hidden("csrf");
    assert_eq!(browser.post_form("/start/dismiss", &[("csrf", "x")]).await.status, 403);
    let dismissed = browser.post_form("/start/dismiss", &[("csrf", &csrf)]).await;
    assert_eq!(dismissed.status, 303, "{}", dismissed.body);
    assert_eq!(done(&browser).await, 0);
    assert_eq!(done(&person.signed_in().await).await, 0, "in every browser of the person");
    let other = server.person("b").await.signed_in().await;
    assert!(other.get("/").await.body.contains("class=\"steps\""), "another person's first steps stay");
    let info = key.get("/api/secondme/user/info").await.data();
    assert_eq!(info["name"], "a", "the profile stays");
}

/// Returns the text of an element with code.
fn code(page: &str, id: &str) -> String {
    let start = format!("<code id=\"{id}\">");
    let text = page.split_once(start.as_str()).expect("the code").1.split("</code>").next().unwrap();
    text.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
}

fn run(program: &str, text: &str) -> serde_json::Value {
    let output = std::process::Command::new(program).arg("-c").arg(text).output().expect("it starts");
    let shown = String::from_utf8_lossy(&output.stdout)
        .replace('\'', "\"")
        .replace("None", "null")
        .replace("False", "false");
    serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{error}: {shown} {output:?}"))
}

#[both_engines]
async fn the_shown_command_runs_as_copied(server: TestServer) {
    let browser = server.person("a").await.signed_in().await;
    let csrf = browser.get("/keys/new").await.hidden("csrf");
    let fields =
        [("csrf", csrf.as_str()), ("name", "bot"), ("scope", "user.info"), ("expiry", "never"), ("date", "")];
    let page = browser.post_form("/keys", &fields).await.body;
    for (program, id) in [("bash", "code-curl"), ("python3", "code-python")] {
        let text = code(&page, id);
        let answer = tokio::task::spawn_blocking(move || run(program, &text)).await.unwrap();
        assert_eq!(answer["code"], 0, "{id}: {answer}");
    }
    let key = code(&page, "code-env").replace("DOPPEL_API_KEY=", "");
    let home = code(&browser.get("/").await.body, "code-curl");
    let home = home.replace("lba_ak_your_api_key_here", &key);
    let answer = tokio::task::spawn_blocking(move || run("bash", &home)).await.unwrap();
    assert_eq!(answer["code"], 0, "{answer}");
}

async fn send_picture(browser: &Actor, csrf: &str, which: &str, bytes: &[u8]) -> Response {
    let part = Part::bytes(bytes.to_vec()).file_name("a.html");
    let form = Form::new().text("csrf", csrf.to_owned()).text("which", which.to_owned()).part("file", part);
    browser.send(browser.request(Method::POST, "/profile/picture").multipart(form)).await
}

#[both_engines]
async fn a_picture_is_uploaded_shown_and_removed(server: TestServer) {
    let person = server.person("a").await;
    let browser = person.signed_in().await;
    let csrf = browser.get("/profile").await.hidden("csrf");
    let sent = send_picture(&browser, &csrf, "avatar", PNG).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/profile?done=saved"), "{}", sent.body);
    assert!(browser.get("/keys").await.body.contains("<img src=\"/cdn/"), "on every page");
    assert_eq!(send_picture(&browser, &csrf, "cover", PNG).await.status, 303);
    assert_eq!(send_picture(&browser, "x", "avatar", PNG).await.status, 403);
    assert!(send_picture(&browser, &csrf, "name", PNG).await.status >= 400);
    let refused = send_picture(&browser, &csrf, "avatar", b"<svg onload=alert(1)>").await;
    assert!(
        (400..500).contains(&refused.status) && refused.body.contains("role=\"alert\""),
        "{}",
        refused.body
    );
    let mut sound = b"ID3\x03\0\0\0\0\0\0".to_vec();
    sound.resize(600, 0);
    assert!((400..500).contains(&send_picture(&browser, &csrf, "avatar", &sound).await.status));
    let files = person.with_key("*").await.get("/api/cdn/list").await.data();
    assert_eq!(files["total"], 2, "a sound is not kept: {files}");
    let out = send_picture(&server.anyone(), "x", "avatar", PNG).await;
    assert!((300..500).contains(&out.status) && out.header("location") != "/profile?done=saved");
    let removed = [("csrf", csrf.as_str()), ("which", "avatar")];
    assert_eq!(browser.post_form("/profile/picture/remove", &removed).await.status, 303);
    assert!(!browser.get("/keys").await.body.contains("<img src=\"/cdn/"));
    assert_eq!(
        browser.post_form("/profile/picture/remove", &[("csrf", "x"), ("which", "cover")]).await.status,
        403
    );
}

#[both_engines]
async fn an_interest_is_copied_to_its_public_side(server: TestServer) {
    let (a, b) = (server.person("a").await, server.person("b").await);
    let (browser, key) = (a.signed_in().await, a.with_key("*").await);
    let csrf = browser.get("/profile").await.hidden("csrf");
    let typed = [("csrf", csrf.as_str()), ("name", "tea"), ("content", "green, from Hangzhou")];
    browser.post_form("/profile/interests", &typed).await;
    let page = browser.get("/profile").await.body;
    let path =
        values(&page, "action").into_iter().find(|path| path.ends_with("/publish")).unwrap().to_owned();
    assert_eq!(browser.post_form(&path, &[("csrf", "x")]).await.status, 403);
    let other = b.signed_in().await;
    let theirs = other.get("/profile").await.hidden("csrf");
    assert_eq!(other.post_form(&path, &[("csrf", &theirs)]).await.status, 404);
    assert_eq!(browser.post_form(&path, &[("csrf", &csrf)]).await.status, 303);
    let shades = key.get("/api/secondme/user/shades").await.data();
    assert!(shades.to_string().contains("green, from Hangzhou"), "{shades}");
}

#[both_engines]
async fn the_navigation_counts_what_is_there(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    assert!(!browser.get("/account").await.body.contains("class=\"count"));
    for content in ["likes tea", "runs on Saturdays"] {
        key.post("/api/secondme/memory/key", json!({"content": content})).await.data();
    }
    key.post("/api/secondme/note/add", json!({"content": "a note"})).await.data();
    let page = browser.get("/account").await.body;
    let counts: Vec<&str> = page
        .split("<span class=\"count total\">")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .collect();
    assert_eq!(counts, ["2", "1"], "{page}");
    let other = server.person("b").await.signed_in().await;
    assert!(!other.get("/account").await.body.contains("class=\"count"));
}

#[both_engines]
async fn a_question_is_asked_without_scripts(server: TestServer) {
    let person = server.person("a").await;
    let browser = person.signed_in().await;
    person.signed_in().await;
    let count = async || browser.get("/account").await.body.matches("/account/sessions/").count();
    let before = count().await;
    let csrf = browser.get("/account").await.hidden("csrf");
    let path = "/account/sessions/end-others";
    let form = [
        ("csrf", csrf.as_str()),
        ("ask", "<b>End</b> them?"),
        ("yes", "End"),
        ("from", "/account?a=b"),
        ("other", "\"x"),
    ];
    let asked = browser.post_form(path, &form).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    assert!(asked.body.contains("<h1>&#60;b&#62;End&#60;/b&#62; them?</h1>"), "{}", asked.body);
    assert!(asked.body.contains("name=\"other\" value=\"&#34;x\""), "its fields are kept: {}", asked.body);
    assert!(asked.body.contains("href=\"/account?a=b\""), "the way back: {}", asked.body);
    assert_eq!(count().await, before, "nothing has happened");
    assert_eq!(asked.hidden("csrf"), csrf);
    let form = [("csrf", csrf.as_str()), ("other", "x"), ("sure", "1")];
    assert_eq!(browser.post_form(path, &form).await.status, 303);
    assert!(count().await < before);
    // A question from elsewhere is not shown.
    let form = [("csrf", "x"), ("ask", "Planted text"), ("yes", "End")];
    let refused = browser.post_form(path, &form).await;
    assert!(refused.status == 403 && !refused.body.contains("Planted"), "{}", refused.body);
}
