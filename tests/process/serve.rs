//! `doppel serve`: start, first steps, and shutdown.

use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
};

use serde_json::Value;
use testkit::process::Binary;

fn binary(directory: &tempfile::TempDir) -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
}

#[tokio::test]
async fn an_empty_server_says_how_to_begin() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = binary(&directory).serve(&[]);
    let listening = server.log().lines().filter(|line| line.contains("listens on")).count();
    assert_eq!(listening, 1, "{}", server.log());
    let http = testkit::http();
    let link = loop {
        let printed = server.printed();
        if let Some(link) = printed.split_whitespace().find(|word| word.contains("/setup?link=")) {
            break link.to_owned();
        }
    };
    assert_eq!(http.get(&link).send().await.unwrap().status(), 200);
    assert!(!server.log().contains("link="), "the link is printed, not logged");
    server.signal("TERM");
    assert!(server.wait().success());
}

#[tokio::test]
async fn the_demo_works_as_printed_and_as_noted() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let mut server = doppel.serve(&["--demo"]);
    let note = directory.path().join("demo.json");
    let demo: Value = loop {
        if let Ok(text) = std::fs::read_to_string(&note) {
            break serde_json::from_str(&text).unwrap();
        }
    };
    assert_eq!(std::fs::metadata(&note).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(demo["base_url"], server.base_url.as_str());
    let printed = loop {
        let printed = server.printed();
        if printed.contains("base URL") {
            break printed;
        }
    };
    let commands: Vec<&str> = printed.lines().filter(|line| line.trim_start().starts_with("curl ")).collect();
    assert!(commands.len() >= 2, "{printed}");
    for command in commands {
        let output =
            std::process::Command::new("sh").arg("-c").arg(format!("{command} -s")).output().unwrap();
        let body: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(body["code"] == 0 || body["success"] == true, "{command}: {body}");
    }
    let info = testkit::http().get(format!("{}/gate/lab/api/secondme/user/info", server.base_url));
    let key = demo["api_key"].as_str().unwrap().to_owned();
    let body: Value =
        serde_json::from_str(&info.bearer_auth(&key).send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(
        (&body["data"]["name"], &body["data"]["route"]),
        (&Value::from("用户名"), &Value::from("username"))
    );
    server.signal("INT");
    assert!(server.wait().success());
    // A second start on the same data has the same person and the new address.
    let server = doppel.serve(&["--demo"]);
    let noted = loop {
        let noted: Value = serde_json::from_str(&std::fs::read_to_string(&note).unwrap()).unwrap();
        if noted["base_url"] == server.base_url.as_str() {
            break noted;
        }
    };
    for name in ["api_key", "password", "client_id", "client_secret", "redirect_uri", "hub_ak", "hub_sk"] {
        assert_eq!(noted[name], demo[name], "{name}");
    }
    assert_eq!(noted["redirect_uri"], "http://localhost:3000/api/auth/callback");
    // The app works, with a new token.
    assert_ne!(noted["access_token"], demo["access_token"]);
    let token = noted["access_token"].as_str().unwrap().to_owned();
    let http = testkit::http();
    for path in
        ["/gate/lab/api/secondme/user/info", "/gate/lab/api/secondme/user/shades", "/gate/lab/api/auth/me"]
    {
        let answer = http.get(format!("{}{path}", server.base_url)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    // The refresh tokens of both starts work.
    for note in [&demo, &noted] {
        let text = |name: &str| note[name].as_str().unwrap();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text("refresh_token")),
            ("client_id", text("client_id")),
            ("client_secret", text("client_secret")),
        ];
        let url = format!("{}/gate/lab/api/oauth/token/refresh", server.base_url);
        let answer: Value = http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        let token = answer["data"]["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let info = http.get(format!("{}/gate/lab/api/secondme/user/info", server.base_url));
        assert_eq!(info.bearer_auth(token).send().await.unwrap().status(), 200);
    }
}

#[test]
fn a_signal_lets_open_requests_finish_and_takes_no_new_ones() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "");
    let mut server = doppel.serve(&[]);
    let address = server.base_url.strip_prefix("http://").unwrap().to_owned();
    let mut open = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /api/secondme/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{{\"name\":",
        key.trim()
    );
    open.write_all(head.as_bytes()).unwrap();
    // The request is in work when its head has been read. A response on a later connection shows that this
    // has happened.
    let mut other = TcpStream::connect(&address).unwrap();
    other.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    other.read_to_end(&mut Vec::new()).unwrap();
    server.signal("TERM");
    while TcpStream::connect(&address).is_ok() {}
    open.write_all(b"\"late\"} ").unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("late"), "{answer}");
    assert!(server.wait().success());
    assert!(server.log().contains("stopped"));
}

#[test]
fn a_second_signal_ends_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "");
    let mut server = doppel.serve(&[]);
    let mut open = TcpStream::connect(server.base_url.strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "POST /api/secondme/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{{",
        key.trim()
    );
    open.write_all(head.as_bytes()).unwrap();
    server.signal("TERM");
    while !server.log().contains("stopping") {}
    let start = std::time::Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(130));
    assert!(start.elapsed().as_secs() < 2);
}

#[test]
fn an_address_in_use_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let server = binary(&directory).serve(&[]);
    let address = server.base_url.strip_prefix("http://").unwrap();
    let other = tempfile::tempdir().unwrap();
    let output = binary(&other).run(&["serve", "--listen", address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(address));
}

#[tokio::test]
async fn metrics_are_counted_on_a_listener_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let server = binary(&directory).with("DOPPEL_METRICS__LISTEN", "127.0.0.1:0").serve(&[]);
    let address = loop {
        let log = server.log();
        if let Some((_, rest)) = log.split_once("metrics on ") {
            break rest.split_whitespace().next().unwrap().to_owned();
        }
    };
    let http = testkit::http();
    for path in ["/healthz", "/nope"] {
        http.get(format!("{}{path}", server.base_url)).send().await.unwrap();
    }
    // A client may send any method, but only known ones are used as labels.
    for method in ["BREW", "M123", "PROPFIND", "GETX"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        for path in ["/healthz", "/nope", "/api/echo/x"] {
            http.request(method.clone(), format!("{}{path}", server.base_url)).send().await.unwrap();
        }
    }
    let text = http.get(&address).send().await.unwrap().text().await.unwrap();
    for method in ["BREW", "M123", "PROPFIND", "GETX"] {
        assert!(!text.contains(method), "{text}");
    }
    let others = text.lines().filter(|line| line.contains("method=\"OTHER\"")).count();
    assert_eq!(others, 3, "{text}");
    assert!(
        text.contains("doppel_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1"),
        "{text}"
    );
    assert!(text.contains("route=\"none\",status=\"404\""), "{text}");
    assert!(text.contains("doppel_http_request_seconds_bucket"), "{text}");
    for name in [
        "doppel_build_info{version=",
        "doppel_store_queued_writes",
        "doppel_store_commit_seconds_bucket",
        "doppel_store_group_transactions_bucket",
        "process_resident_memory_bytes",
        "process_open_fds",
        "doppel_http_errors_total{code=\"resource.fetch.not_found\"}",
        "doppel_hub_errors_total{code=\"METHOD_NOT_ALLOWED\"}",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no HELP");
    }
    let public = http.get(format!("{}/metrics", server.base_url)).send().await.unwrap();
    assert_eq!(public.status(), 404, "never public by accident");
}

#[tokio::test]
async fn variables_of_others_are_passed_over_and_typing_errors_refused() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let beside =
        doppel.clone().with("DOPPEL_PORT", "tcp://10.0.0.7:80").with("DOPPEL_SERVICE_HOST", "10.0.0.7");
    let server = beside.serve(&[]);
    let told: Vec<String> =
        server.log().lines().filter(|line| line.contains("DOPPEL_PORT")).map(str::to_owned).collect();
    assert!(told.len() == 1 && told[0].contains("DOPPEL_SERVICE_HOST"), "{}", server.log());
    for (name, meant) in
        [("DOPPEL_SERVER_LISTEN", "DOPPEL_SERVER__LISTEN"), ("DOPPEL_SERVER__LISSTEN", "listen")]
    {
        let refused = doppel.clone().with(name, "127.0.0.1:1").run(&["check-config"]);
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && error.contains(meant), "{error}");
    }
}

#[tokio::test]
async fn a_host_name_is_listened_on_and_half_a_path_refused_in_plain_words() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory);
    let server = doppel.serve(&["--listen", "localhost:0"]);
    let answer = testkit::http().get(format!("{}/healthz", server.base_url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    drop(server);
    let refused = doppel.run(&["serve", "--listen", "unix:doppel.sock"]);
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && error.contains("whole path"), "{error}");
    assert!(!error.contains(".rs") && !error.contains("Flags"), "{error}");
}

/// The database server may start later than this server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_away_at_the_start_is_waited_for() {
    let cluster = testkit::postgres::Cluster::start();
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory).with("DOPPEL_DATABASE__URL", &cluster.fresh_url());
    cluster.stop();
    let impatient = doppel.clone().with("DOPPEL_DATABASE__START_SECONDS", "0").run(&["serve"]);
    assert_eq!(impatient.status.code(), Some(1));
    let waiting = std::thread::spawn({
        let doppel = doppel.clone();
        move || doppel.serve(&["--demo"])
    });
    cluster.restart();
    let server = waiting.join().unwrap();
    // When the server is ready, the demo data exist.
    let ready = testkit::http().get(format!("{}/readyz", server.base_url)).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let note = std::fs::read_to_string(directory.path().join("demo.json")).unwrap();
    let note: Value = serde_json::from_str(&note).unwrap();
    for (member, path) in [("base_url", ""), ("lab_base_url", "/gate/lab"), ("oauth_url", "/oauth/")] {
        assert_eq!(note[member], format!("{}{path}", server.base_url), "{member}");
    }
}

#[tokio::test]
async fn the_binary_runs_on_postgres_and_notices_when_it_is_gone() {
    let cluster = testkit::postgres::Cluster::start();
    let directory = tempfile::tempdir().unwrap();
    let doppel = binary(&directory).with("DOPPEL_DATABASE__URL", &cluster.fresh_url());
    let server = doppel.serve(&["--demo"]);
    assert!(server.log().contains("PostgreSQL"), "{}", server.log());
    let note = directory.path().join("demo.json");
    while !note.is_file() {}
    let http = testkit::http();
    let status = async |path: &str| {
        http.get(format!("{}{path}", server.base_url)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("/readyz").await, 200);
    cluster.stop();
    assert_eq!((status("/readyz").await, status("/healthz").await), (503, 200));
    let demo: Value = serde_json::from_str(&std::fs::read_to_string(note).unwrap()).unwrap();
    let info = || {
        let request = http.get(format!("{}/api/secondme/user/info", server.base_url));
        request.bearer_auth(demo["api_key"].as_str().unwrap()).send()
    };
    let body = info().await.unwrap();
    assert_eq!(body.status(), 503);
    assert!(!body.text().await.unwrap().contains("postgres"), "nothing of the inside is shown");
    cluster.restart();
    let start = std::time::Instant::now();
    while status("/readyz").await != 200 {
        assert!(start.elapsed().as_secs() < 20, "it works again when the store does");
    }
    assert_eq!(info().await.unwrap().status(), 200);
}

/// Sends one request on an open connection, and returns the response, which has a content length.
fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut chunk).unwrap();
        answer.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse().unwrap() {
            return text;
        }
    }
}

/// Readiness is refused before the listener closes, so that a load balancer can react.
#[test]
fn a_server_that_will_stop_says_so_first() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = binary(&directory).with("DOPPEL_SERVER__LAME_SECONDS", "3").serve(&[]);
    let address = server.base_url.strip_prefix("http://").unwrap().to_owned();
    let connect = || TcpStream::connect(&address).unwrap();
    let mut kept = connect();
    let ready = ask(&mut kept, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 200 ") && !ready.contains("connection: close"), "{ready}");
    let start = std::time::Instant::now();
    server.signal("TERM");
    while !server.log().contains("stopping") {}
    let refused = loop {
        let answer = ask(&mut connect(), "/readyz");
        if !answer.starts_with("HTTP/1.1 200 ") {
            break answer;
        }
    };
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n") && refused.contains("connection: close\r\n"), "{refused}");
    // Requests are still served, on kept and on new connections, each of which is closed afterwards.
    for mut stream in [kept, connect()] {
        let answer = ask(&mut stream, "/healthz");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close\r\n"), "{answer}");
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    }
    assert!(start.elapsed().as_secs() < 3, "all that was before the listener closed");
    assert!(server.wait().success());
    assert!(start.elapsed().as_secs() >= 3);
}

#[test]
fn only_the_signals_to_stop_stop_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = binary(&directory).serve(&[]);
    let address = server.base_url.strip_prefix("http://").unwrap().to_owned();
    let mut kept = TcpStream::connect(&address).unwrap();
    for signal in ["HUP", "USR1", "USR2", "QUIT", "ALRM", "PIPE", "PROF", "VTALRM", "XFSZ", "PWR", "RTMIN"] {
        server.signal(signal);
        for _ in 0..5 {
            let answer = ask(&mut kept, "/healthz");
            assert!(
                answer.starts_with("HTTP/1.1 200 ") && !answer.contains("connection: close"),
                "{signal}: {answer}"
            );
        }
        let answer = ask(&mut TcpStream::connect(&address).unwrap(), "/readyz");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{signal}: {answer}");
    }
    server.signal("INT");
    assert!(server.wait().success());
}
