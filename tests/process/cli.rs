//! The subcommands of the binary, beside a running server.

use serde_json::Value;
use testkit::process::Binary;

fn binary(directory: &tempfile::TempDir) -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
}

fn code(output: &std::process::Output) -> i32 {
    output.status.code().expect("an exit code")
}

async fn info(base_url: &str, key: &str) -> u16 {
    let request = testkit::http().get(format!("{base_url}/api/secondme/user/info")).bearer_auth(key);
    request.send().await.unwrap().status().as_u16()
}

const ADD: &[&str] = &["account", "add", "--email", "me@example.com", "--name", "Me", "--password-stdin"];

#[tokio::test]
async fn keys_made_and_revoked_beside_a_running_server() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let server = doppel.serve(&[]);
    doppel.ok(ADD, "a good password\n");
    let made = doppel.ok(
        &[
            "key",
            "create",
            "--account",
            "Me@Example.com",
            "--name",
            "bot",
            "--scopes",
            "user.info,chat",
            "--expires",
            "90d",
            "--json",
        ],
        "",
    );
    let made: Value = serde_json::from_str(&made).unwrap();
    let key = made["key"].as_str().unwrap();
    assert_eq!(made["scopes"], serde_json::json!(["user.info", "chat"]));
    // The expiry is computed when the command starts, slightly before the key is created.
    let life = made["expiresAt"].as_i64().unwrap() - made["createdAt"].as_i64().unwrap();
    assert!((90 * 86_400_000 - 60_000..=90 * 86_400_000).contains(&life), "{life}");
    assert_eq!(info(&server.base_url, key).await, 200);
    let listed = doppel.ok(&["key", "list", "--account", "me@example.com", "--json"], "");
    assert!(!listed.contains(key) && listed.contains(made["prefix"].as_str().unwrap()));
    let id = made["id"].to_string();
    doppel.ok(&["key", "revoke", "--account", "me@example.com", &id], "");
    let start = std::time::Instant::now();
    while info(&server.base_url, key).await != 401 {
        assert!(start.elapsed().as_millis() < 1000, "a revocation is noticed within a second");
    }
    let again = doppel.run(&["key", "revoke", "--account", "me@example.com", &id]);
    assert_eq!(code(&again), 3);
    // The id is enough. An account, by e-mail or id, must own the key.
    doppel.ok(
        &["account", "add", "--email", "b@example.com", "--name", "B", "--password-stdin"],
        "a good password",
    );
    let accounts = doppel.ok(&["account", "list", "--json"], "");
    let own: Value = serde_json::from_str(accounts.lines().next().unwrap()).unwrap();
    let create = [
        "key",
        "create",
        "--account",
        own["id"].as_str().unwrap(),
        "--name",
        "k",
        "--scopes",
        "chat",
        "--json",
    ];
    let made: Value = serde_json::from_str(&doppel.ok(&create, "")).unwrap();
    let id = made["id"].to_string();
    assert_eq!(code(&doppel.run(&["key", "revoke", "--account", "b@example.com", &id])), 3);
    doppel.ok(&["key", "revoke", &id], "");
    assert_eq!(code(&doppel.run(&["key", "revoke", &id])), 3);
}

#[tokio::test]
async fn apps_are_created_listed_and_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let server = doppel.serve(&[]);
    doppel.ok(ADD, "a good password\n");
    let create = |more: &[&str]| {
        let mut all = vec![
            "app",
            "create",
            "--account",
            "me@example.com",
            "--name",
            "Bot",
            "--scopes",
            "userinfo,chat.write",
        ];
        all.extend(more);
        doppel.run(&all)
    };
    let made =
        create(&["--redirect-uri", "http://localhost:3000/cb", "--redirect-uri", "myapp://cb", "--json"]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let (id, secret) = (made["clientId"].as_str().unwrap(), made["clientSecret"].as_str().unwrap());
    assert!(secret.starts_with("lba_cs_") && made["clientType"] == "confidential");
    assert_eq!(made["redirectUris"], serde_json::json!(["http://localhost:3000/cb", "myapp://cb"]));
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let token = async || {
        let request = testkit::http().post(format!("{}/oauth/token", server.base_url)).form(&form);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(token().await, 200);
    let public =
        String::from_utf8(create(&["--redirect-uri", "https://app.example/cb", "--public"]).stdout).unwrap();
    assert!(public.starts_with("client id") && !public.contains("secret"), "{public}");
    let plain = String::from_utf8(create(&["--redirect-uri", "https://app.example/cb"]).stdout).unwrap();
    assert!(plain.lines().nth(1).unwrap().starts_with("client secret  lba_cs_"), "{plain}");
    let listed = doppel.ok(&["app", "list", "--account", "me@example.com", "--json"], "");
    assert!(listed.lines().count() == 3 && !listed.contains("lba_cs_") && listed.contains(id), "{listed}");
    assert!(
        doppel.ok(&["app", "list", "--account", "me@example.com"], "").contains("http://localhost:3000/cb")
    );
    for (more, said) in [
        (&["--redirect-uri", "http://example.com/cb"][..], "public hosts need https"),
        (&["--redirect-uri", "javascript:alert(1)"], "the scheme javascript: is not allowed"),
        (&[], "--redirect-uri"),
        (&["--redirect-uri", "https://a.example", "--scopes", "nonsense"], "scopes"),
    ] {
        let output = create(more);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(code(&output) == 2 && text.contains(said), "{more:?}: {text}");
    }
    doppel.ok(&["app", "delete", id], "");
    assert_eq!(token().await, 401);
    for unknown in [id, "x", "6f1c1f5e-0000-4000-8000-000000000000"] {
        assert_eq!(code(&doppel.run(&["app", "delete", unknown])), 3, "{unknown}");
    }
    assert_eq!(code(&doppel.run(&["app", "list", "--account", "nobody@example.com"])), 3);
}

#[test]
fn verbs_without_database_fail_and_create_none() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("mistyped");
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), &data);
    let archive = directory.path().join("me.tar");
    testkit::write_file(&archive, "");
    let (archive, copy) = (archive.to_str().unwrap(), directory.path().join("copy.db"));
    for arguments in [
        &["account", "list"][..],
        &["account", "disable", "--email", "me@example.com"],
        &["account", "delete", "--email", "me@example.com", "--yes"],
        &["key", "list", "--account", "me@example.com"],
        &["key", "create", "--account", "me@example.com", "--name", "k", "--scopes", "chat"],
        &["key", "revoke", "1"],
        &["app", "list", "--account", "me@example.com"],
        &["app", "delete", "6f1c1f5e-0000-4000-8000-000000000000"],
        &["doctor"],
        &["doctor", "--repair"],
        &["backup", copy.to_str().unwrap()],
        &["export", "--account", "me@example.com", copy.to_str().unwrap()],
        &["import", "--account", "me@example.com", archive],
        &["move", "--to", "postgres://nobody@127.0.0.1:1/none"],
    ] {
        let output = doppel.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), 2, "{arguments:?}: {said}");
        assert!(
            said.contains("no database") && said.contains("mistyped") && said.contains("--data-dir"),
            "{said}"
        );
        assert!(!data.exists() && !copy.exists(), "{arguments:?}");
    }
    let check = doppel.run(&["migrate", "--check"]);
    assert!(code(&check) == 1 && String::from_utf8_lossy(&check.stdout).contains("pending identity"));
    doppel.ok(&["check-config"], "");
    doppel.ok(&["openapi"], "");
    assert!(!data.exists());
    doppel.ok(ADD, "a good password");
    assert!(data.join("doppel.db").exists(), "a first account makes it");
}

#[tokio::test]
async fn accounts_from_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    doppel.ok(ADD, "a good password\r\n");
    let listed: Value = serde_json::from_str(&doppel.ok(&["account", "list", "--json"], "")).unwrap();
    assert_eq!((&listed["email"], &listed["admin"]), (&Value::from("me@example.com"), &Value::from(true)));
    let second = ["account", "add", "--email", "b@example.com", "--name", "B", "--password-stdin", "--json"];
    let second: Value = serde_json::from_str(&doppel.ok(&second, "a good password")).unwrap();
    assert_eq!(second["admin"], false, "only the first one runs the server unasked");
    let server = doppel.serve(&[]);
    let key = doppel.ok(&["key", "create", "--account", "b@example.com", "--name", "k", "--scopes", "*"], "");
    let key = key.trim();
    assert_eq!(info(&server.base_url, key).await, 200);
    doppel.ok(&["account", "disable", "--email", "b@example.com"], "");
    tokio::time::timeout(std::time::Duration::from_secs(1), async {
        while info(&server.base_url, key).await != 401 {}
    })
    .await
    .unwrap();
    doppel.ok(&["account", "enable", "--email", "b@example.com"], "");
    assert_eq!(info(&server.base_url, key).await, 200);
    doppel.ok(&["account", "password", "--email", "b@example.com", "--password-stdin"], "another password");
    doppel.ok(&["account", "delete", "--email", "b@example.com", "--yes"], "");
    assert_eq!(doppel.ok(&["account", "list"], "").lines().count(), 1);
}

#[test]
fn mistakes_have_exit_codes_and_say_what_was_expected() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    doppel.ok(ADD, "a good password");
    for (arguments, input, expected, text) in [
        (
            &["account", "add", "--email", "x", "--name", "X", "--password-stdin"][..],
            "a good password",
            2,
            "email",
        ),
        (&["account", "add", "--email", "x@y", "--name", "X", "--password-stdin"], "short", 2, "password"),
        (
            &["account", "add", "--email", "ME@example.com", "--name", "X", "--password-stdin"],
            "a good password",
            2,
            "exists",
        ),
        (&["account", "add", "--email", "x@y", "--name", "X"], "", 2, "--password-stdin"),
        (&["account", "disable", "--email", "nobody@example.com"], "", 3, "nobody@example.com"),
        (&["account", "delete", "--email", "me@example.com"], "", 2, "--yes"),
        (&["account", "invite"], "", 2, "invitation"),
        (
            &["key", "create", "--account", "me@example.com", "--name", "k", "--scopes", "nonsense"],
            "",
            2,
            "The scopes are user.info, ",
        ),
        (&["key", "create", "--email", "me@example.com", "--name", "k", "--scopes", "n"], "", 2, "scope: n"),
        (&["account", "disable", "--account", "nobody@example.com"], "", 3, "nobody@example.com"),
        (
            &[
                "key",
                "create",
                "--account",
                "me@example.com",
                "--name",
                "k",
                "--scopes",
                "*",
                "--expires",
                "soon",
            ],
            "",
            2,
            "90d",
        ),
        (&["key", "list", "--account", "nobody@example.com"], "", 3, "nobody@example.com"),
        (&["key", "revoke", "--account", "me@example.com", "x"], "", 2, "invalid"),
        (&["nonsense"], "", 2, "nonsense"),
        (&["serve", "--listen", "nowhere"], "", 2, "server.listen"),
        (&["--config", "/does/not/exist.toml", "serve"], "", 2, "/does/not/exist.toml"),
    ] {
        let output = doppel.run_with_input(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code(&output), expected, "{arguments:?}: {said}");
        assert!(said.contains(text), "{arguments:?}: {said}");
    }
}

#[test]
fn unknown_key_in_a_file_names_the_one_that_was_meant() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doppel.toml");
    for (text, told) in [
        ("[server]\nlissten = 'x'", "server.lissten: unknown key; did you mean `listen`?"),
        ("[servers]\nlisten = 'x'", "servers: unknown key; did you mean `server`?"),
        ("[metrics]\nzzzzzzzzz = 1", "metrics.zzzzzzzzz: unknown key; the keys are listen"),
    ] {
        testkit::write_file(&file, text);
        let output = binary(&directory).run(&["check-config", "--config", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code(&output), 2, "{said}");
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn taken_port_is_reported_before_a_database_is_created() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = binary(&directory).run(&["serve", "--listen", &address]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(code(&output), 1, "{said}");
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    assert!(!directory.path().join("doppel.db").exists());
}

#[test]
fn every_verb_has_help_with_an_example() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    for verb in [
        "serve",
        "init",
        "health",
        "migrate",
        "check-config",
        "account add",
        "account list",
        "account password",
        "account disable",
        "account enable",
        "account delete",
        "account invite",
        "key create",
        "key list",
        "key revoke",
        "app create",
        "app list",
        "app delete",
        "backup",
        "openapi",
    ] {
        let mut arguments: Vec<&str> = verb.split(' ').collect();
        arguments.push("--help");
        let help = doppel.ok(&arguments, "");
        assert!(help.contains("Example: ") && help.contains(&format!("doppel {verb}")), "{verb}: {help}");
    }
}

#[test]
fn init_writes_a_configuration_that_changes_nothing_and_overwrites_none() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let file = directory.path().join("doppel.toml");
    let path = file.to_str().unwrap();
    let said = doppel.ok(&["init", path], "");
    assert!(said.contains(&format!("doppel serve --config {path}")), "{said}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let defaults = doppel.ok(&["check-config"], "");
    assert_eq!(doppel.ok(&["check-config", "--config", path], ""), defaults);
    // A key is switched on by removing its mark.
    let edited = std::fs::read_to_string(&file)
        .unwrap()
        .replace("#listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:81\"");
    testkit::write_file(&file, &edited);
    let config = binary(&directory).ok(&["check-config", "--config", path], "");
    assert!(config.contains("127.0.0.1:81"), "{config}");
    let again = doppel.run(&["init", path]);
    assert_eq!(code(&again), 2);
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), edited);
}

#[test]
fn health_says_ready_or_why_not() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = binary(&directory).serve(&[]);
    let address = server.base_url.trim_start_matches("http://").to_owned();
    let check = |listen: &str| binary(&directory).with("DOPPEL_SERVER__LISTEN", listen).run(&["health"]);
    let ready = check(&address);
    assert_eq!((code(&ready), String::from_utf8_lossy(&ready.stdout).trim()), (0, "ready"));
    let port = address.rsplit_once(':').unwrap().1;
    for all in [format!("0.0.0.0:{port}"), format!("localhost:{port}")] {
        assert_eq!(code(&check(&all)), 0, "{all}");
    }
    assert_eq!(code(&check("127.0.0.1:0")), 2, "the port is not known");
    server.kill();
    let gone = check(&address);
    assert_eq!(code(&gone), 1);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("no server responds"));
}

#[test]
fn the_configuration_is_shown_merged_and_without_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doppel.toml");
    testkit::write_file(&file, "[server]\nrequest_seconds = 7\nmax_headers = 50\n[log]\nformat = \"json\"\n");
    let doppel = binary(&directory)
        .with("DOPPEL_CONFIG", file.to_str().unwrap())
        .with("DOPPEL_SERVER__MAX_HEADERS", "60")
        .with("DOPPEL_SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]")
        .with("DOPPEL_DATABASE__URL", "postgres://doppel:hunter2@db/doppel");
    let shown = doppel.ok(&["check-config"], "");
    for line in [
        "request_seconds = 7",
        "max_headers = 60",
        "format = \"json\"",
        "10.0.0.0/8",
        "postgres://doppel:***@db/doppel",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains("hunter2"));
    let wrong = binary(&directory).with("DOPPEL_SERVER__LISSTEN", "x").run(&["check-config"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(code(&wrong), 2);
    assert!(said.contains("lissten") && said.contains("listen") && said.contains("DOPPEL"), "{said}");
    let wrong = binary(&directory).with("DOPPEL_ACCOUNTS__SIGN_UP", "maybe").run(&["check-config"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        said.contains("accounts.sign_up") && said.contains("maybe") && said.contains("invitation"),
        "{said}"
    );
}

#[test]
fn migrations_and_the_document() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let pending = doppel.run(&["migrate", "--check"]);
    assert_eq!(code(&pending), 1);
    assert!(String::from_utf8_lossy(&pending.stdout).contains("pending identity"));
    assert!(doppel.ok(&["migrate"], "").contains("applied identity"));
    assert!(doppel.ok(&["migrate"], "").contains("up to date"));
    doppel.ok(&["migrate", "--check"], "");
    let document: Value = serde_json::from_str(&doppel.ok(&["openapi"], "")).unwrap();
    assert!(document["paths"]["/api/secondme/user/info"].is_object());
}

/// A backup taken while keys are created is intact, and has all keys that were acknowledged before it began.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_is_consistent() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let _server = doppel.serve(&[]);
    doppel.ok(ADD, "a good password");
    let create = ["key", "create", "--account", "me@example.com", "--name", "k", "--scopes", "*"];
    let before = doppel.ok(&create, "");
    let copy = tempfile::tempdir().unwrap();
    let file = copy.path().join("doppel.db");
    let writer = {
        let doppel = doppel.clone();
        std::thread::spawn(move || (0..5).for_each(|_| drop(doppel.ok(&create, ""))))
    };
    doppel.ok(&["backup", file.to_str().unwrap()], "");
    writer.join().unwrap();
    let again = doppel.run(&["backup", file.to_str().unwrap()]);
    assert_eq!(code(&again), 1, "a backup is never overwritten");
    let restored = binary(&copy);
    let server = restored.serve(&[]);
    assert_eq!(info(&server.base_url, before.trim()).await, 200);
}

/// Subcommands do not migrate the schema, because a server of an older release may be running.
#[tokio::test]
async fn verbs_leave_an_older_schema_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    doppel.ok(ADD, "a good password\n");
    let url = format!("sqlite:{}", directory.path().join("doppel.db").display());
    let config = store::DatabaseConfig::parse(&url).unwrap();
    let (clock, random) = (store::Clock::system(), store::Random::system());
    let db = store::Database::open(config, directory.path(), clock, random).await.unwrap();
    let older = "DELETE FROM schema_migration WHERE version = (SELECT MAX(version) FROM schema_migration)";
    db.execute(older, &[]).await.unwrap();
    db.close().await.unwrap();
    let file = directory.path().join("export.tar");
    for arguments in [
        &["account", "list"][..],
        &["key", "list", "--account", "me@example.com"],
        &["doctor"],
        &["export", "--account", "me@example.com", file.to_str().unwrap()],
        &["key", "create", "--account", "me@example.com", "--name", "k", "--scopes", "*"],
    ] {
        let output = doppel.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(code(&output) == 1 && said.contains("doppel migrate"), "{arguments:?}: {said}");
    }
    doppel.ok(&["backup", directory.path().join("before.db").to_str().unwrap()], "");
    assert_eq!(code(&doppel.run(&["migrate", "--check"])), 1, "nothing was migrated");
}
