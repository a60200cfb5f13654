//! Secrets are planted in every input. None may appear in the most verbose log, in errors, or in the
//! database.

use serde_json::{Value, json};
use testkit::process::Binary;

#[tokio::test]
async fn no_secret_is_in_a_log_an_error_or_the_database() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_LOG__FILTER", "trace")
        .with("DOPPEL_LOG__FORMAT", "json")
        .with("DOPPEL_ACCOUNTS__SIGN_UP", "open")
        // Nothing listens at this address.
        .with("DOPPEL_EMBEDDING__BASE_URL", "http://127.0.0.1:9/v1")
        .with("DOPPEL_EMBEDDING__NAME", "m")
        .with("DOPPEL_EMBEDDING__API_KEY", "planted-embedding-key-48");
    let password = "planted-password-41";
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], password);
    let key = doppel
        .ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "")
        .trim()
        .to_owned();
    let mut server = doppel.serve(&[]);
    let base_url = server.base_url.clone();
    let http = testkit::http();
    let mut answers = String::new();

    let page = http.get(format!("{base_url}/sign-in")).send().await.unwrap();
    let visitor = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let body = page.text().await.unwrap();
    let csrf = body.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let wrong_password = "planted-wrong-password-42";
    for attempt in [wrong_password, password] {
        let fields = [("csrf", csrf.as_str()), ("email", "a@b"), ("password", attempt), ("next", "")];
        let answer = http
            .post(format!("{base_url}/sign-in"))
            .header("cookie", &visitor)
            .form(&fields)
            .send()
            .await
            .unwrap();
        if let Some(line) =
            answer.headers().get_all("set-cookie").iter().next_back().filter(|_| attempt == password)
        {
            let session = line.to_str().unwrap().split(';').next().unwrap().to_owned();
            let create = http.post(format!("{base_url}/api/apikey/create")).header("cookie", &session);
            let made: Value = create
                .json(&json!({"name": "n", "scopes": ["*"]}))
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            let made_key = made["data"]["key"].as_str().unwrap().to_owned();
            let (sk, token) = hub_call(&http, &base_url, &session).await;
            answers += &connect_model(&http, &base_url, &session).await;
            let granted = oauth(&http, &base_url, &session).await;
            let granted: Vec<(&str, &str)> =
                granted.iter().map(|(name, text)| (*name, text.as_str())).collect();
            check_silence(&server, &directory, &granted);
            check_silence(
                &server,
                &directory,
                &[
                    ("session", session.split_once('=').unwrap().1),
                    ("made key", &made_key),
                    ("hub secret", &sk),
                    ("hub token", &token),
                ],
            );
        }
        answers += &answer.text().await.unwrap();
    }
    let memories = format!("{base_url}/api/secondme/memory/key");
    let fact = json!({"content": "planted-fact-49"});
    http.post(&memories).bearer_auth(&key).json(&fact).send().await.unwrap();
    let search =
        http.get(format!("{memories}/search?keyword=what is a planted-question-50 about")).bearer_auth(&key);
    answers += &search.send().await.unwrap().text().await.unwrap();
    let dead = format!("lba_ak_{}", "planted".repeat(8));
    for bearer in [&key, &dead, &"planted-token-43".to_owned()] {
        for path in [
            "/api/secondme/user/info",
            "/api/secondme/user/profile?token=planted-query-44",
            "/nope/planted-path-45",
        ] {
            let answer = http.get(format!("{base_url}{path}")).bearer_auth(bearer).send().await.unwrap();
            answers += &answer.text().await.unwrap();
        }
        let request = http.post(format!("{base_url}/api/secondme/user/profile")).bearer_auth(bearer);
        answers += &request
            .body("{\"name\": planted-body-46")
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
    }
    server.signal("TERM");
    server.wait();
    let secrets: Vec<(&str, &str)> = vec![
        ("password", password),
        ("wrong password", wrong_password),
        ("key", &key),
        ("dead key", &dead),
        ("token", "planted-token-43"),
        ("query", "planted-query-44"),
        ("path", "planted-path-45"),
        ("body", "planted-body-46"),
        ("embedding key", "planted-embedding-key-48"),
        ("model key", "planted-model-key-51"),
        ("question", "planted-question-50"),
        ("visitor", visitor.split_once('=').unwrap().1),
    ];
    check_silence(&server, &directory, &secrets);
    for (name, secret) in secrets {
        assert!(!answers.contains(secret), "the {name} is in an answer");
    }
    assert!(server.log().matches("answered").count() >= 15, "the log was on: {}", server.log());
}

/// Connects a model that does not run, with a key, tries it, and returns the page.
async fn connect_model(http: &reqwest::Client, base_url: &str, session: &str) -> String {
    let page = http.get(format!("{base_url}/admin")).header("cookie", session).send().await.unwrap();
    let page = page.text().await.unwrap();
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let fields = [
        ("csrf", csrf),
        ("base_url", "http://127.0.0.1:9/v1"),
        ("name", "m"),
        ("api_key", "planted-model-key-51"),
        ("connect_seconds", "1"),
        ("first_token_seconds", "1"),
        ("idle_seconds", "1"),
        ("total_seconds", "1"),
        ("then", "test"),
    ];
    let request = http.post(format!("{base_url}/admin/models")).header("cookie", session).form(&fields);
    let shown = request.send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("y-51") && shown.contains("127.0.0.1:9"), "{shown}");
    shown
}

/// Obtains all kinds of secrets of apps and programs, uses each once, and returns them.
async fn oauth(http: &reqwest::Client, base_url: &str, session: &str) -> Vec<(&'static str, String)> {
    let post = |path: &str, body: Value| {
        let request = http.post(format!("{base_url}{path}")).header("cookie", session).json(&body);
        async move {
            let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
            assert_eq!(answer["code"], 0, "{answer}");
            answer["data"].take()
        }
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let callback = "https://app.example/cb";
    let brought = "whs_planted_secret_47";
    let app = post(
        "/api/applications/external/create",
        json!({
            "appName": "x", "redirectUris": [callback], "allowedScopes": ["chat"],
            "authorizationRevokedWebhookUrl": "https://app.invalid/hook",
            "authorizationRevokedWebhookEnabled": true,
            "authorizationRevokedWebhookSecret": brought,
        }),
    )
    .await;
    let (id, secret) = (text(&app["clientId"]), text(&app["clientSecret"]));
    let request = json!({"clientId": id, "redirectUri": callback, "scope": ["chat"]});
    let code = text(&post("/api/oauth/authorize/external", request).await["code"]);
    let form = |more: &[(&str, &str)]| {
        let mut form = vec![("client_id", id.as_str()), ("client_secret", secret.as_str())];
        form.extend_from_slice(more);
        let request = http.post(format!("{base_url}/oauth/token")).form(&form);
        async move {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.json::<Value>().await.unwrap()
        }
    };
    let exchange =
        [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", callback)];
    let tokens = form(&exchange).await;
    let refresh = text(&tokens["refresh_token"]);
    let next = form(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
    post(&format!("/api/applications/external/{id}/test-revocation-webhook"), json!({})).await;
    let device = post("/api/auth/cli/session", json!({})).await;
    let waiting = text(&device["sessionId"]);
    post(&format!("/api/auth/cli/session/{waiting}/authorize"), json!({})).await;
    let poll = http.get(format!("{base_url}/api/auth/cli/session/{waiting}/poll")).send().await.unwrap();
    let polled: Value = poll.json().await.unwrap();
    vec![
        ("client secret", secret.clone()),
        ("webhook secret", brought.to_owned()),
        ("code", code.clone()),
        ("access token", text(&tokens["access_token"])),
        ("refresh token", refresh.clone()),
        ("next access token", text(&next["access_token"])),
        ("waiting session", waiting),
        ("program's token", text(&polled["data"]["token"])),
    ]
}

fn check_silence(
    server: &testkit::process::Serving,
    directory: &tempfile::TempDir,
    secrets: &[(&str, &str)],
) {
    let log = server.log();
    for (name, secret) in secrets {
        assert!(
            !log.contains(secret),
            "the {name} is in the log: {:?}",
            log.lines().find(|line| line.contains(secret))
        );
        for entry in
            std::fs::read_dir(directory.path()).unwrap().flatten().filter(|entry| entry.path().is_file())
        {
            let bytes = std::fs::read(entry.path()).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the {name} is in {}", entry.path().display());
        }
    }
}

/// Creates a Hub key, makes calls with a valid and a forged token, and returns the secrets.
async fn hub_call(http: &reqwest::Client, base_url: &str, session: &str) -> (String, String) {
    let create = http.post(format!("{base_url}/api/apikey/hub/keys/create")).header("cookie", session);
    let made: Value = create.json(&json!({"name": "n"})).send().await.unwrap().json().await.unwrap();
    let (ak, sk) = (made["data"]["ak"].as_str().unwrap(), made["data"]["sk"].as_str().unwrap());
    let now = store::Clock::system().now().as_millis() / 1000;
    let claims = json!({"sub": ak, "iss": ak, "typ": "app_token", "iat": now, "exp": now + 60}).to_string();
    let token = crate::hub::support::signed(r#"{"alg":"HS256"}"#, &claims, sk.as_bytes());
    for (token, status) in [(token.as_str(), 200), (&token[1..], 401)] {
        let call = http.get(format!("{base_url}/api/echo/x")).header("apihub-token", token);
        assert_eq!(call.send().await.unwrap().status().as_u16(), status);
    }
    (sk.to_owned(), token)
}
