//! `/api/cdn/upload` and `/cdn/…`

use serde_json::Value;
use testkit::{Actor, TestServer, both_engines};

use crate::boundary::raw::talk;

const UPLOAD: &str = "/gate/lab/api/cdn/upload";

/// A minimal PNG: one transparent pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rI\
    DATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

/// Returns a PNG with the given number of bytes.
fn large_png(bytes: usize) -> Vec<u8> {
    let mut png = PNG.to_vec();
    png.resize(bytes, 7);
    png
}

async fn fetch(anyone: &Actor, url: &Value, base_url: &str) -> testkit::Response {
    let path = url.as_str().unwrap().strip_prefix(base_url).expect("an address of this server");
    let response = anyone.request(reqwest::Method::GET, path).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = format!("{} bytes", response.bytes().await.unwrap().len());
    testkit::Response { status, headers, body }
}

fn files_on_disk(server: &TestServer) -> usize {
    let folders =
        std::fs::read_dir(server.data_dir().join("files")).map(|list| list.flatten().collect::<Vec<_>>());
    let files =
        folders.unwrap_or_default().into_iter().filter_map(|folder| std::fs::read_dir(folder.path()).ok());
    files.map(Iterator::count).sum()
}

#[both_engines]
async fn a_picture_goes_up_and_comes_down(server: TestServer) {
    let actor = server.person("a").await.with_key("user.info").await;
    let data = actor.upload(UPLOAD, "evil.html", PNG.to_vec()).await.data();
    let key = data["key"].as_str().unwrap();
    assert!(key.ends_with(".png") && key.len() == 44, "the name says nothing but the kind: {key}");
    let down = fetch(&server.anyone(), &data["url"], server.base_url()).await;
    assert_eq!((down.status, down.body.as_str()), (200, format!("{} bytes", PNG.len()).as_str()));
    assert_eq!(down.header("content-type"), "image/png");
    assert_eq!(down.header("x-content-type-options"), "nosniff");
    assert_eq!(down.header("content-security-policy"), "default-src 'none'; sandbox");
    assert!(down.header("cache-control").contains("immutable"));
}

#[both_engines]
async fn a_part_of_a_file_can_be_asked_for(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let data = actor.upload(UPLOAD, "a.png", PNG.to_vec()).await.data();
    let ranged = fetch(&server.anyone().with("range", "bytes=0-7"), &data["url"], server.base_url()).await;
    assert_eq!((ranged.status, ranged.body.as_str()), (206, "8 bytes"));
}

#[both_engines]
async fn the_header_token_is_accepted_here_alone(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let actor = server.anyone().with("token", &key);
    actor.upload(UPLOAD, "a.png", PNG.to_vec()).await.data();
    actor.get("/api/secondme/user/info").await.refused(401, "apikey.auth.missing");
    server
        .anyone()
        .with("token", "lba_ak_x")
        .upload(UPLOAD, "a", PNG.to_vec())
        .await
        .refused(401, "apikey.auth.invalid");
}

#[both_engines]
async fn content_decides_and_not_the_name(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for (name, bytes) in [
        ("a.png", b"<html><script>alert(1)</script></html>".to_vec()),
        ("a.png", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".to_vec()),
        ("a.png", b"%PDF-1.7".to_vec()),
        ("a.png", Vec::new()),
        ("a.png", vec![0; 100_000]),
    ] {
        let body = actor.upload(UPLOAD, name, bytes).await.refused(415, "request.media.unsupported");
        assert!(body["message"].as_str().unwrap().contains("PNG"));
    }
    assert_eq!(files_on_disk(&server), 0, "nothing refused stays on disk");
}

#[both_engines]
async fn tricks_with_names_stay_names(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for name in ["../../etc/passwd", "..\\..\\x", "/etc/passwd", "a.php", "%2e%2e%2fx", "名字.png"] {
        let key = actor.upload(UPLOAD, name, PNG.to_vec()).await.data()["key"].as_str().unwrap().to_owned();
        assert!(key.bytes().all(|byte| byte.is_ascii_hexdigit() || b".png".contains(&byte)), "{key}");
    }
    let zeros = "0".repeat(40);
    for path in [
        "/cdn/..%2f..%2fdoppel.db".to_owned(),
        "/cdn/doppel.db".into(),
        "/cdn/%2e%2e".into(),
        "/cdn/incoming".into(),
        "/cdn/".into(),
        format!("/cdn/{zeros}.png"),
        format!("/cdn/{zeros}.html"),
        format!("/cdn/{zeros}.png%00"),
        format!("/cdn/{zeros}.png/.."),
        "/cdn/....png".into(),
    ] {
        // Sent raw, because a client library would normalize the path.
        let answer = talk(&server, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 404 ") && answer.contains("resource.fetch.not_found"),
            "{path}: {answer}"
        );
    }
}

#[both_engines("files.max_upload_bytes = 100000")]
async fn too_large_is_refused_and_leaves_nothing(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    actor.upload(UPLOAD, "a.png", large_png(100_000)).await.data();
    for bytes in [100_001, 150_000, 500_000] {
        let body =
            actor.upload(UPLOAD, "a.png", large_png(bytes)).await.refused(413, "request.body.too_large");
        assert!(body["message"].as_str().unwrap().contains("100000"));
    }
    assert_eq!(files_on_disk(&server), 1);
}

#[both_engines("files.max_stored_bytes = 250000")]
async fn an_account_has_so_much_room(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let uploads =
        futures::future::join_all((0..6).map(|_| actor.upload(UPLOAD, "a.png", large_png(100_000)))).await;
    assert_eq!(
        uploads.iter().filter(|answer| answer.status == 200).count(),
        2,
        "uploads at once share the room"
    );
    assert_eq!(files_on_disk(&server), 2);
    server.person("b").await.with_key("*").await.upload(UPLOAD, "a.png", large_png(100_000)).await.data();
}

#[both_engines]
async fn a_form_without_a_file_is_incomplete(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let text = reqwest::multipart::Form::new().text("other", "x");
    let answer = actor.send(actor.request(reqwest::Method::POST, UPLOAD).multipart(text)).await;
    assert_eq!(answer.refused(422, "invalid.param")["message"], "file: Field required");
    actor.post(UPLOAD, serde_json::json!({"file": "x"})).await.refused(422, "invalid.param");
    let cut = actor
        .request(reqwest::Method::POST, UPLOAD)
        .header("content-type", "multipart/form-data; boundary=x")
        .body("--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\u{fffd}cut off");
    actor.send(cut).await.refused(422, "invalid.param");
    assert_eq!(files_on_disk(&server), 0);
}

#[both_engines]
async fn files_go_with_their_owner(server: TestServer) {
    let person = server.person("a").await;
    let data = person.with_key("*").await.upload(UPLOAD, "a.png", PNG.to_vec()).await.data();
    let (memory, identity) = (&server.running().memory, &server.running().identity);
    memory.remove_files(person.account.id).await.unwrap();
    identity.delete_account(person.account.id).await.unwrap();
    assert_eq!(fetch(&server.anyone(), &data["url"], server.base_url()).await.status, 404);
    assert_eq!(files_on_disk(&server), 0);
}

#[both_engines]
async fn the_sweep_removes_what_belongs_to_nobody(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let kept = actor.upload(UPLOAD, "a.png", PNG.to_vec()).await.data();
    let folder = server.data_dir().join("files/incoming");
    testkit::write_file(folder.join("cut-off"), b"x");
    let memory = &server.running().memory;
    assert_eq!(memory.sweep_files(std::time::Duration::from_secs(3600)).await.unwrap(), 0, "too young");
    assert_eq!(memory.sweep_files(std::time::Duration::ZERO).await.unwrap(), 1);
    assert_eq!(fetch(&server.anyone(), &kept["url"], server.base_url()).await.status, 200);
}
