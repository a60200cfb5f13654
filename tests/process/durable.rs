//! Durability and permissions of files, and damaged or replaced database files.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::Value;
use testkit::{
    Actor,
    process::{Binary, Serving},
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const ADD: &[&str] = &["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"];
/// The largest file that can be written: more than the database of the test, less than the largest upload.
const FILE_LIMIT: usize = 6 << 20;

fn binary(directory: &Path) -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_doppel"), directory)
}

fn with_key(doppel: &Binary) -> String {
    doppel.ok(ADD, "a good password");
    doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "").trim().to_owned()
}

fn actor(server: &Serving, key: &str) -> Actor {
    Actor::new(testkit::http(), &server.base_url).with("authorization", &format!("Bearer {key}"))
}

fn png(bytes: usize) -> Vec<u8> {
    let mut png = PNG.to_vec();
    png.resize(bytes, 7);
    png
}

/// Returns all files and directories below a directory, each with true for a directory, and its permissions.
fn modes(directory: &Path) -> Vec<(PathBuf, bool, u32)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        // A running server may have deleted the file.
        let Ok(about) = path.symlink_metadata() else { continue };
        all.push((path.clone(), about.is_dir(), about.permissions().mode() & 0o777));
        if about.is_dir() {
            all.extend(modes(&path));
        }
    }
    all
}

/// The disk does not take the end of a file. An upload of any size is then refused or complete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_the_disk_did_not_take_is_not_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(directory.path()).with_file_limit(FILE_LIMIT as u64);
    let key = with_key(&doppel);
    let server = doppel.serve(&[]);
    let actor = actor(&server, &key);
    let mut acknowledged = Vec::new();
    for more in [1, 40, 700, 5_000, 20_000, 90_000] {
        let answer = actor.upload("/api/cdn/upload", "a.png", png(FILE_LIMIT + more)).await;
        assert_eq!(answer.status, 503, "{more} bytes too many: {}", answer.body);
        let whole = png(FILE_LIMIT - more);
        let answer = actor.upload("/api/cdn/upload", "a.png", whole.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        acknowledged.push((answer.data()["url"].as_str().unwrap().to_owned(), whole));
    }
    for (url, expected) in acknowledged {
        let stored = testkit::http().get(&url).send().await.unwrap().bytes().await.unwrap();
        assert!(stored == expected, "{url} has {} bytes of {}", stored.len(), expected.len());
    }
    let files = modes(&directory.path().join("files"));
    assert_eq!(files.iter().filter(|(_, is_directory, _)| !is_directory).count(), 6, "{files:?}");
}

/// systemd's StateDirectory creates the data directory with mode 0755.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_files_are_their_owners_in_a_directory_that_is_open_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let open = std::fs::Permissions::from_mode(0o755);
    testkit::write_file(data.join("files/kept"), "before");
    for path in [&data, &data.join("files")] {
        std::fs::set_permissions(path, open.clone()).unwrap();
    }
    let doppel = binary(&data);
    let server = doppel.serve(&["--demo"]);
    let warnings: Vec<String> =
        server.log().lines().filter(|line| line.contains("chmod 0700")).map(str::to_owned).collect();
    assert_eq!(warnings.len(), 2, "{}", server.log());
    let note = loop {
        if let Ok(text) = std::fs::read_to_string(data.join("demo.json")) {
            break serde_json::from_str::<Value>(&text).unwrap();
        }
    };
    let actor = actor(&server, note["api_key"].as_str().unwrap());
    actor.upload("/api/cdn/upload", "a.png", png(1000)).await.data();
    let (copy, archive) = (data.join("copy.db"), data.join("me.tar"));
    doppel.ok(&["backup", copy.to_str().unwrap()], "");
    let email = note["email"].as_str().unwrap();
    doppel.ok(&["export", "--account", email, archive.to_str().unwrap()], "");
    let again = doppel.run(&["export", "--account", email, archive.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "an export overwrites nothing");
    let doctor = doppel.ok(&["doctor"], "");
    assert_eq!(doctor.lines().filter(|line| line.starts_with("warning: ")).count(), 2, "{doctor}");
    let all = modes(&data);
    for name in ["demo.json", "copy.db", "me.tar", "doppel.db", "seal.key"] {
        assert!(all.iter().any(|(path, _, _)| path.ends_with(name)), "{name}: {all:?}");
    }
    for (path, is_directory, mode) in all {
        if path.ends_with("files") || path.ends_with("kept") {
            continue;
        }
        assert_eq!(mode, if is_directory { 0o700 } else { 0o600 }, "{}", path.display());
    }
}

/// Damages pages in the middle of the file, as a failing disk would.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let pages = bytes.len() / 4096;
    assert!(pages > 40, "{pages}");
    for page in pages / 3..pages - 2 {
        bytes[page * 4096..page * 4096 + 600].fill(0x5a);
    }
    testkit::write_file(file, bytes);
}

async fn status(server: &Serving, path: &str) -> u16 {
    testkit::http().get(format!("{}{path}", server.base_url)).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_is_named_and_not_backed_up_and_not_ready() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(directory.path());
    let key = with_key(&doppel);
    {
        let mut server = doppel.serve(&[]);
        let actor = actor(&server, &key);
        for at in 0..40 {
            let note = serde_json::json!({"content": format!("{at} ").repeat(1500)});
            actor.post("/api/secondme/note/add", note).await.data();
        }
        server.signal("TERM");
        assert!(server.wait().success());
    }
    let copy = directory.path().join("copy.db");
    doppel.ok(&["backup", copy.to_str().unwrap()], "");
    damage(&directory.path().join("doppel.db"));
    let doctor = doppel.run(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    let refused = directory.path().join("refused.db");
    let backup = doppel.run(&["backup", refused.to_str().unwrap()]);
    assert_eq!(backup.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&backup.stderr).contains("damaged"), "{backup:?}");
    assert!(!refused.exists(), "nothing that looks like a backup is left");
    // After a restore everything works again.
    std::fs::remove_file(directory.path().join("doppel.db")).unwrap();
    for side in ["doppel.db-wal", "doppel.db-shm"] {
        let _not_there = std::fs::remove_file(directory.path().join(side));
    }
    testkit::write_file(directory.path().join("doppel.db"), std::fs::read(&copy).unwrap());
    doppel.ok(&["doctor"], "");
    let server = doppel.serve(&[]);
    assert_eq!(status(&server, "/readyz").await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_database_or_a_deleted_log_is_not_written_to() {
    for name in ["doppel.db", "doppel.db-wal"] {
        let directory = tempfile::tempdir().unwrap();
        let doppel = binary(directory.path());
        let key = with_key(&doppel);
        let server = doppel.serve(&[]);
        let actor = actor(&server, &key);
        let note = serde_json::json!({"content": "x"});
        actor.post("/api/secondme/note/add", note.clone()).await.data();
        assert_eq!(status(&server, "/readyz").await, 200);
        std::fs::remove_file(directory.path().join(name)).unwrap();
        let answer = actor.post("/api/secondme/note/add", note).await;
        assert_eq!(answer.status, 503, "{name}: {}", answer.body);
        assert_eq!(
            (status(&server, "/readyz").await, status(&server, "/healthz").await),
            (503, 200),
            "{name}"
        );
        assert!(server.log().contains("was deleted"), "{}", server.log());
    }
}
