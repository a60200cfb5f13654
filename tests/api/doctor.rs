//! `doctor` finds and repairs damage; deleted data is in no file.

use serde_json::json;
use testkit::{TestServer, both_engines};

const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rI\
    DATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

/// Returns true if a file in a directory or its subdirectories contains some bytes.
pub(crate) fn holds(folder: &std::path::Path, bytes: &[u8]) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return holds(&path, bytes);
        }
        std::fs::read(&path).is_ok_and(|all| all.windows(bytes.len()).any(|window| window == bytes))
    })
}

#[both_engines("notes.read_links = false")]
async fn damage_is_found_and_mended(server: TestServer) {
    let person = server.person("a").await;
    let (actor, id) = (person.with_key("*").await, person.account.id);
    for i in 0..20 {
        actor
            .post(
                "/api/secondme/memory/key",
                json!({"content": format!("fact {i} 喜欢书"), "visibility": i % 2}),
            )
            .await
            .data();
        actor.post("/api/secondme/note/add", json!({"content": format!("note {i} words")})).await.data();
    }
    let file = actor.upload("/api/cdn/upload", "a.png", PNG.to_vec()).await.data()["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let (memory, db) = (server.running().memory.clone(), server.running().db.clone());
    let well = memory.examine(id, false).await.unwrap();
    assert_eq!((well.checked, well.faults), (41, Vec::new()));
    let answers = async || {
        let search = actor.get("/api/secondme/memory/key/search?keyword=fact 3 喜欢").await.data();
        (search, actor.get("/api/secondme/note/search?keyword=words").await.data())
    };
    let before = answers().await;
    for damage in [
        "DELETE FROM search_entry WHERE kind = 1 AND entry_id = (SELECT MIN(id) FROM key_memory)",
        "DELETE FROM search_pending WHERE kind = 2 AND entry_id = (SELECT MAX(id) FROM note)",
        "UPDATE search_pending SET terms = '1 other' WHERE kind = 1 AND terms LIKE '1 3%'",
        "UPDATE search_size SET entries = entries + 5",
        "UPDATE key_memory SET content = 'changed behind its back' WHERE id = (SELECT MAX(id) FROM \
         key_memory)",
        "DELETE FROM note WHERE id = (SELECT MIN(id) FROM note)",
        "UPDATE file_room SET used = used + 1",
    ] {
        db.execute(damage, &[]).await.unwrap();
    }
    let ill = memory.examine(id, false).await.unwrap();
    assert_eq!(ill.faults.len(), 10, "{:?}", ill.faults);
    assert_eq!(memory.examine(id, true).await.unwrap().faults, ill.faults);
    let mended = memory.examine(id, false).await.unwrap();
    assert_eq!(mended.faults, Vec::<String>::new());
    let after = answers().await;
    assert_eq!(
        (after.0["list"][0].clone(), after.1["total"].clone()),
        (before.0["list"][0].clone(), json!(19))
    );
    assert_eq!(actor.get("/api/secondme/memory/key/search?keyword=behind").await.data()["total"], 1);
    std::fs::remove_file(server.data_dir().join("files").join(&file[..2]).join(&file)).unwrap();
    assert_eq!(
        memory.examine(id, true).await.unwrap().faults,
        [format!("file {file}: missing"), "files: the sum of their sizes is wrong".into()]
    );
    assert_eq!(memory.examine(id, false).await.unwrap().faults, Vec::<String>::new());
}

#[both_engines]
async fn files_without_rows_are_found(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    actor.upload("/api/cdn/upload", "a.png", PNG.to_vec()).await.data();
    let memory = server.running().memory.clone();
    assert!(memory.stray_files(std::time::Duration::ZERO).await.unwrap().is_empty());
    let stray = server.data_dir().join("files/ab/abcd.png");
    testkit::write_file(&stray, "left behind");
    assert_eq!(memory.stray_files(std::time::Duration::ZERO).await.unwrap(), std::slice::from_ref(&stray));
    assert!(memory.stray_files(memory::file::YOUNG).await.unwrap().is_empty(), "it may be an upload");
    assert_eq!(memory.sweep_files(std::time::Duration::ZERO).await.unwrap(), 1);
    assert!(!stray.exists());
    assert_eq!(memory.examine(person.account.id, false).await.unwrap().faults, Vec::<String>::new());
}

#[both_engines("notes.read_links = false")]
async fn what_is_deleted_is_nowhere(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let secret = "zanzibarquartz";
    let get = async |path: &str| actor.get(path).await.data()["list"][0]["id"].clone();
    actor.post("/api/secondme/memory/key", json!({"content": format!("{secret} one")})).await.data();
    let id = get("/api/secondme/memory/key/search").await;
    actor
        .post(&format!("/api/secondme/memory/key/{id}/update"), json!({"content": format!("{secret} two")}))
        .await
        .data();
    let note = actor
        .post("/api/secondme/note/add", json!({"content": format!("{secret} three"), "title": secret}))
        .await
        .data()["noteId"]
        .clone();
    actor
        .post(
            &format!("/api/secondme/note/{note}/update"),
            json!({"content": "harmless", "title": "harmless"}),
        )
        .await
        .data();
    let mut picture = PNG.to_vec();
    picture.extend_from_slice(secret.as_bytes());
    let file =
        actor.upload("/api/cdn/upload", "a.png", picture).await.data()["key"].as_str().unwrap().to_owned();
    let on_disk = server.data_dir().join("doppel.db").exists();
    let is_there = |folder: &str| holds(&server.data_dir().join(folder), secret.as_bytes());
    assert_eq!((is_there(""), is_there("files")), (true, true));
    let other = server.person("b").await.with_key("*").await;
    other.post(&format!("/api/cdn/{file}/delete"), json!({})).await.refused(404, "resource.fetch.not_found");
    assert_eq!(actor.get("/api/cdn/list").await.data()["list"][0]["key"], file);
    actor.post(&format!("/api/cdn/{file}/delete"), json!({})).await.data();
    actor.post(&format!("/api/cdn/{file}/delete"), json!({})).await.refused(404, "resource.fetch.not_found");
    assert_eq!(actor.get("/api/cdn/list").await.data()["total"], 0);
    assert_eq!(server.anyone().get(&format!("/cdn/{file}")).await.status, 404);
    assert_eq!((is_there(""), is_there("files")), (on_disk, false));
    actor.post(&format!("/api/secondme/memory/key/{id}/delete"), json!({})).await.data();
    actor.post(&format!("/api/secondme/note/{note}/delete"), json!({})).await.data();
    // The write-ahead log is emptied when the writer is idle next.
    let start = std::time::Instant::now();
    while is_there("") {
        assert!(start.elapsed().as_secs() < 60, "the text is still on the disk");
        tokio::task::yield_now().await;
    }
    assert_eq!(
        server.running().memory.examine(person.account.id, false).await.unwrap().faults,
        Vec::<String>::new()
    );
    for sql in [
        "SELECT COUNT(*) FROM key_memory",
        "SELECT COUNT(*) FROM key_memory_version",
        "SELECT COUNT(*) FROM note",
        "SELECT COUNT(*) FROM note_version",
        "SELECT COUNT(*) FROM search_entry",
        "SELECT COUNT(*) FROM search_posting",
        "SELECT COUNT(*) FROM search_pending",
    ] {
        assert_eq!(server.running().db.fetch_one::<(i64,)>(sql, &[]).await.unwrap(), (0,), "{sql}");
    }
}
