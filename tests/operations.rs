//! Robustness in operation: a wrong clock, and a schema of a newer release.

use serde_json::json;
use testkit::{Engine, TestServer, both_engines};

use crate::plaza::square;

const POSTS: &str = "/gate/lab/api/secondme/plaza/posts/create";
const HOUR_MS: i64 = 3_600_000;

/// The clock was ahead while limits were used up, and is then corrected.
#[both_engines("plaza.posts_per_hour = 2\nhub.anonymous_per_second = 3")]
async fn limits_recover_when_a_clock_that_was_ahead_is_put_right(mut server: TestServer) {
    let mut author = square::actor(&server, "a").await;
    let post = json!({"content": "x", "type": "public"});
    for ahead in [6 * HOUR_MS, 30 * 24 * HOUR_MS] {
        server.clock().advance_ms(ahead);
        for _ in 0..6 {
            server.anyone().get("/api/echo/x").await;
            author.post(POSTS, post.clone()).await;
        }
        server.running().hub.sync_limits().await;
        assert_eq!(author.post(POSTS, post.clone()).await.status, 429, "used up there");
        server.clock().advance_ms(-ahead);
        assert_eq!(
            author.post(POSTS, post.clone()).await.status,
            200,
            "a window that begins in the future is over"
        );
        server.restart().await;
        author = server.again(&author);
        let waited = server.anyone().get("/api/echo/x").await;
        if waited.status == 429 {
            assert!(waited.header("retry-after").parse::<i64>().unwrap() <= 11, "{waited:?}");
        }
        server.clock().advance_ms(11_000);
        assert_eq!(server.anyone().get("/api/echo/x").await.status, 200);
        server.clock().advance_ms(2 * HOUR_MS);
    }
}

#[both_engines]
async fn a_schema_of_a_newer_release_stops_writes_and_readiness(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let note = json!({"content": "x"});
    actor.post("/api/secondme/note/add", note.clone()).await.data();
    let db = &server.running().db;
    db.check_schema().await.unwrap();
    let newer = "INSERT INTO schema_migration (version, name, checksum, applied_at) \
         SELECT MAX(version) + 1, 'newer', 'x', 0 FROM schema_migration";
    db.execute(newer, &[]).await.unwrap();
    let error = db.check_schema().await.unwrap_err().to_string();
    assert!(error.contains("newer") && error.contains("use the newer release"), "{error}");
    assert_eq!(server.anyone().get("/readyz").await.status, 503);
    assert_eq!(actor.post("/api/secondme/note/add", note).await.status, 503);
    assert_eq!(actor.get("/api/secondme/user/info").await.status, 200, "reading goes on");
}

/// Backups are made when they are due, and the oldest go.
#[tokio::test]
async fn scheduled_backups_are_made_checked_and_limited_in_number() {
    let lines = "backup.dir = \"copies\"\nbackup.every_hours = 6\nbackup.keep = 2";
    let server = TestServer::start(Engine::Sqlite).await;
    let actor = server.person("a").await.with_key("*").await;
    actor.post("/api/secondme/note/add", json!({"content": "in the backup"})).await.data();
    let mut config = doppel::config::Config::from_toml(lines).unwrap();
    config.data_dir = server.data_dir().to_owned();
    let backups = doppel::server::backups::Backups::of(&config, &server.running().db).unwrap();
    let directory = server.data_dir().join("copies");
    let names = || {
        let found = std::fs::read_dir(&directory).unwrap();
        let mut names: Vec<String> =
            found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mut made = Vec::new();
    for _ in 0..4 {
        server.clock().advance_ms(6 * HOUR_MS);
        let path = backups.run_due().await.unwrap().expect("one is due");
        made.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        assert_eq!(backups.run_due().await, Ok(None), "the next one is not due yet");
    }
    assert_eq!(names(), made[2..], "the latest two are kept");
    let copy = std::fs::read(directory.join(&made[3])).unwrap();
    assert!(copy.windows(13).any(|bytes| bytes == b"in the backup"));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(directory.join(&made[3])).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    // The disk cannot be written: it is said, and nothing is removed.
    server.clock().advance_ms(6 * HOUR_MS);
    std::fs::remove_dir_all(&directory).unwrap();
    testkit::write_file(&directory, "not a directory");
    assert!(backups.run_due().await.unwrap_err().contains("copies"));
}

#[test]
fn backups_are_for_sqlite_only() {
    let lines = "backup.dir = \"/backups\"\ndatabase.url = \"postgres://db/doppel\"";
    let error = doppel::config::Config::from_toml(lines).unwrap_err();
    assert!(error.contains("backup.dir") && error.contains("pg_dump"), "{error}");
}
