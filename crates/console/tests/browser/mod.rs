//! A site with the pages behind the guard, and a browser to ask it with.

use std::time::Duration;

use axum::{Router, body::Body, middleware::from_fn_with_state};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use identity::{Guard, Identity, NewAccount, Password, Settings, SignUp, guard};
use store::{Clock, Database, DatabaseConfig, Random, Timestamp};
use tower::ServiceExt;

pub const EMAIL: &str = "ada@example.com";
pub const PASSWORD: &str = "correct horse";

pub struct Site {
    pub app: Router,
    pub identity: Identity,
    _directory: tempfile::TempDir,
}

impl Site {
    pub async fn open(sign_up: SignUp) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (clock, random) = (Clock::manual(Timestamp(1_790_000_000_000)), Random::seeded(1));
        let config =
            DatabaseConfig::parse(&format!("sqlite:{}", directory.path().join("test.db").display())).unwrap();
        let db = Database::open(config, directory.path(), clock.clone(), random.clone()).await.unwrap();
        db.migrate().await.unwrap();
        let settings = Settings {
            sign_up,
            session: Duration::from_secs(3600),
            max_keys: 3,
            hashes_at_once: 1,
            hash_queue: 8,
            recheck: Duration::from_millis(500),
            secure_cookies: false,
        };
        let identity = Identity::new(db, settings).unwrap();
        let console =
            console::Console::new(identity.clone(), clock, random, "https://doppel.example/".into());
        let guarded = Guard::new(identity.clone(), console::PUBLIC.iter().copied());
        let app = console::router(console).route_layer(from_fn_with_state(guarded, guard));
        Self { app, identity, _directory: directory }
    }

    pub async fn with_ada(sign_up: SignUp) -> (Self, Browser) {
        let site = Self::open(sign_up).await;
        site.add(EMAIL).await;
        let mut browser = Browser::default();
        browser.sign_in(&site, EMAIL, "").await;
        (site, browser)
    }

    pub async fn add(&self, email: &str) -> i64 {
        let new = NewAccount {
            email: email.into(),
            name: "Ada <b>".into(),
            password: Password::new(PASSWORD),
            is_admin: false,
        };
        self.identity.add_account(new).await.unwrap().id
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The text between two others.
    pub fn between(&self, start: &str, end: &str) -> &str {
        self.body
            .split_once(start)
            .and_then(|(_, rest)| rest.split_once(end))
            .map(|(text, _)| text)
            .unwrap_or_default()
    }

    pub fn token(&self) -> &str {
        self.between("name=\"csrf\" value=\"", "\"")
    }

    pub fn key(&self) -> Option<&str> {
        Some(self.between("id=\"key\" type=\"text\" value=\"", "\"")).filter(|key| !key.is_empty())
    }
}

/// Keeps cookies, and nothing else.
#[derive(Default, Clone)]
pub struct Browser {
    pub cookies: Vec<(String, String)>,
}

impl Browser {
    pub fn cookie(&self, name: &str) -> String {
        self.cookies.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub async fn send(&mut self, site: &Site, method: Method, path: &str, body: String) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "text/html")
            .header(header::ACCEPT_LANGUAGE, "en")
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let (parts, body) = site.app.clone().oneshot(request).await.unwrap().into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(key, _)| key != name);
            let value = rest.split(';').next().unwrap();
            if !value.is_empty() {
                self.cookies.push((name.into(), value.into()));
            }
        }
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&mut self, site: &Site, path: &str) -> Answer {
        self.send(site, Method::GET, path, String::new()).await
    }

    /// Sends a form as the page at `from` would.
    pub async fn post(&mut self, site: &Site, from: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.get(site, from).await.token().to_owned();
        assert!(!token.is_empty(), "{from} has a form");
        self.post_with(site, path, &token, fields).await
    }

    pub async fn post_with(
        &mut self,
        site: &Site,
        path: &str,
        token: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", token).extend_pairs(fields);
        self.send(site, Method::POST, path, body.finish()).await
    }

    pub async fn sign_in(&mut self, site: &Site, email: &str, next: &str) -> Answer {
        let fields = [("email", email), ("password", PASSWORD), ("next", next)];
        self.post(site, "/sign-in", "/sign-in", &fields).await
    }

    pub async fn make_key(&mut self, site: &Site, name: &str) -> Answer {
        let fields = [("name", name), ("scope", "user.info"), ("scope", "chat"), ("expiry", "30")];
        self.post(site, "/keys/new", "/keys", &fields).await
    }
}
