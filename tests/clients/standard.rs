//! OAuth2 libraries of other languages as clients of the real binary.

use serde_json::{Value, json};
use testkit::process::{Binary, Serving};

const CALLBACK: &str = "http://127.0.0.1/callback";

/// A server with a signed-in person, who has authorized an app with a secret and one without.
struct Site {
    server: Serving,
    _directory: tempfile::TempDir,
    session: String,
    client_id: String,
    client_secret: String,
    public_id: String,
}

impl Site {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
            .with("DOPPEL_OAUTH__DYNAMIC_REGISTRATION", "true");
        doppel.ok(
            &["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"],
            "a password of many words",
        );
        let server = doppel.serve(&[]);
        let http = testkit::http();
        let page = http.get(format!("{}/sign-in", server.base_url)).send().await.unwrap();
        let visitor = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let body = page.text().await.unwrap();
        let csrf = body.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
        let fields =
            [("csrf", csrf), ("email", "a@b"), ("password", "a password of many words"), ("next", "")];
        let request = http.post(format!("{}/sign-in", server.base_url)).header("cookie", visitor);
        let answer = request.form(&fields).send().await.unwrap();
        let session = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .find_map(|line| line.to_str().unwrap().strip_prefix("doppel_session="))
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let site = |client_id, client_secret, public_id| Self {
            server,
            _directory: directory,
            session,
            client_id,
            client_secret,
            public_id,
        };
        let mut site = site(String::new(), String::new(), String::new());
        for kind in ["confidential", "public"] {
            let request = json!({
                "appName": "Example", "redirectUris": [CALLBACK], "clientType": kind,
                "allowedScopes": ["user.info", "chat", "chat.write"],
            });
            let made = site.post("/api/applications/external/create", request).await;
            let id = made["clientId"].as_str().unwrap().to_owned();
            if kind == "confidential" {
                (site.client_id, site.client_secret) =
                    (id, made["clientSecret"].as_str().unwrap().to_owned());
                let request = json!({
                    "clientId": site.client_id, "redirectUri": CALLBACK, "scope": ["user.info", "chat"],
                });
                site.post("/api/oauth/authorize/external", request).await;
            } else {
                site.public_id = id;
            }
        }
        site
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = testkit::http().post(format!("{}{path}", self.server.base_url));
        let request = request.header("cookie", format!("doppel_session={}", self.session));
        let mut answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["code"], 0, "{answer}");
        answer["data"].take()
    }

    async fn run(&self, script: &str) {
        let variables = [
            ("BASE_URL", self.server.base_url.as_str()),
            ("REDIRECT_URI", CALLBACK),
            ("SESSION", &self.session),
            ("CLIENT_ID", &self.client_id),
            ("CLIENT_SECRET", &self.client_secret),
            ("PUBLIC_ID", &self.public_id),
        ];
        assert_eq!(testkit::clients::run(script, &variables).await, "done\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_from_npm() {
    Site::new().await.run("openid.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_from_pypi() {
    Site::new().await.run("authlib_flow.py").await;
}
