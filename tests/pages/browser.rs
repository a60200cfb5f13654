//! The pages in a real browser: tasks of a person on a desktop and on a phone, light and dark.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;
use testkit::{Engine, PASSWORD, TestServer};

/// A browser, which is closed when dropped.
pub struct Browser {
    pub client: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ended = self.driver.kill();
        let _ended = self.driver.wait();
    }
}

impl Browser {
    pub async fn start(width: u32, height: u32) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts: install the packages chromium and chromium-driver");
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-dev-shm-usage",
        ];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--window-size={width},{height}"));
        let capabilities = json!({
            "goog:chromeOptions": {
                "args": arguments,
                "mobileEmulation": {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1.0}},
            },
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let capabilities = capabilities.as_object().unwrap().clone();
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities);
        let url = format!("http://127.0.0.1:{port}");
        let start = std::time::Instant::now();
        let client = loop {
            match builder.connect(&url).await {
                Ok(client) => break client,
                Err(error) => assert!(start.elapsed().as_secs() < 60, "the browser does not start: {error}"),
            }
        };
        Self { client, driver, _profile: profile }
    }

    /// Waits for an element, and returns it.
    pub async fn find(&self, css: &str) -> fantoccini::elements::Element {
        self.client.wait().for_element(Locator::Css(css)).await.expect(css)
    }

    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.find(&format!("[name={name}]")).await;
        field.send_keys(text).await.expect("it takes the text");
    }

    /// Clicks a control, away from the bars at the edges of a small window.
    pub async fn click(&self, css: &str) {
        let control = self.client.find(Locator::Css(css)).await.expect("the control");
        let center = "arguments[0].scrollIntoView({block: 'center'})";
        self.client.execute(center, vec![serde_json::to_value(&control).unwrap()]).await.expect("it scrolls");
        control.click().await.expect("it can be clicked");
    }

    /// Saves a screenshot in the directory that `DOPPEL_PICTURES` names, if it is set.
    pub async fn picture(&self, name: &str) {
        let Ok(directory) = std::env::var("DOPPEL_PICTURES") else { return };
        let png = self.client.screenshot().await.expect("a picture");
        testkit::write_file(std::path::Path::new(&directory).join(format!("{name}.png")), png);
    }

    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// Waits until the browser's address begins with a text, and returns the address.
    pub async fn arrive(&self, start: &str) -> String {
        let began = std::time::Instant::now();
        loop {
            let url = self.client.current_url().await.unwrap().to_string();
            if url.starts_with(start) {
                return url;
            }
            assert!(began.elapsed().as_secs() < 20, "still at {url}");
        }
    }

    /// Checks rules for every page. It must not scroll sideways. It must have a language, one `h1`, and
    /// labels for all fields.
    pub async fn check_page(&self) {
        let path = self.path().await;
        let facts = "return [document.documentElement.scrollWidth - window.innerWidth, \
             document.documentElement.lang, document.querySelectorAll('h1').length, \
             [...document.querySelectorAll('input:not([type=hidden]):not([hidden])')].filter(i => \
             !i.labels.length && !i.ariaLabel).length]";
        let facts = self.client.execute(facts, Vec::new()).await.unwrap();
        assert!(facts[0].as_i64().unwrap() <= 0, "{path} scrolls sideways by {}", facts[0]);
        assert!(!facts[1].as_str().unwrap().is_empty(), "{path} names no language");
        assert_eq!(facts[2], 1, "first headings of {path}");
        assert_eq!(facts[3], 0, "fields of {path} without a label");
    }
}

/// The life of a key, as the documentation describes it: sign in, create a key, see it once, use it, see its
/// usage, delete it.
async fn the_way_of_a_key(width: u32, height: u32) {
    let server = TestServer::start(Engine::Sqlite).await;
    server.person("a").await;
    let browser = Browser::start(width, height).await;
    browser.client.goto(&format!("{}/keys", server.base_url())).await.unwrap();
    assert_eq!(browser.path().await, "/sign-in");
    browser.check_page().await;
    browser.fill("email", "a@example.com").await;
    browser.fill("password", PASSWORD).await;
    browser.click("form[action='/sign-in'] button[type=submit]").await;
    browser.find("a[href='/keys/new']").await;
    assert_eq!(browser.path().await, "/keys", "back to where one wanted to go");
    browser.check_page().await;
    browser.client.goto(&format!("{}/keys/new", server.base_url())).await.unwrap();
    browser.check_page().await;
    browser.fill("name", "机器人").await;
    browser.find("input[name=scope][value='user.info']:checked").await;
    browser.click("form[action='/keys'] button[type=submit]").await;
    let field = browser.find("input[readonly]").await;
    browser.check_page().await;
    let key = field.prop("value").await.unwrap().unwrap();
    server.bearer(&key).get("/api/secondme/user/info").await.data();
    for path in ["/keys", "/", "/account", "/docs/api/notes"] {
        browser.client.goto(&format!("{}{path}", server.base_url())).await.unwrap();
        browser.check_page().await;
        assert!(!browser.client.source().await.unwrap().contains(&key), "{path} shows the key again");
    }
    browser.client.goto(&format!("{}/keys", server.base_url())).await.unwrap();
    let links =
        browser.client.find_all(Locator::Css("a[href^='/keys/']:not([href='/keys/new'])")).await.unwrap();
    let href = links.first().expect("the key in the list").attr("href").await.unwrap().unwrap();
    browser.client.goto(&format!("{}{href}", server.base_url())).await.unwrap();
    browser.check_page().await;
    assert!(
        browser.client.source().await.unwrap().contains("/api/secondme/user/info"),
        "the call is on record"
    );
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_a_key_on_a_desk() {
    the_way_of_a_key(1280, 900).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_a_key_on_a_phone() {
    the_way_of_a_key(360, 740).await;
}

/// People who are not signed in read the reference, too, and find the way in.
#[tokio::test(flavor = "multi_thread")]
async fn visitors_read_the_reference() {
    let server = TestServer::start(Engine::Sqlite).await;
    for (width, height) in [(1280, 900), (360, 740)] {
        let browser = Browser::start(width, height).await;
        browser.client.goto(&format!("{}/docs/api/notes", server.base_url())).await.unwrap();
        browser.check_page().await;
        browser.find("section#addNote").await;
        browser.click("a[href='/sign-in?next=%2Fdocs%2Fapi%2Fnotes']").await;
        browser.find("input[name=email]").await;
        browser.client.clone().close().await.unwrap();
    }
}

/// A person who is not signed in comes from an app, and returns to it with a code. Browsers apply the page's
/// security policy to all redirects of a form, so only a real browser shows whether these work.
async fn the_way_of_an_app(width: u32, height: u32) {
    let server = TestServer::start(Engine::Sqlite).await;
    server.person("a").await;
    let app = server.person("developer").await.app("user.info chat note.add").await;
    let browser = Browser::start(width, height).await;
    // Nothing listens at the app's address, but the browser still shows it.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let callback = format!("http://127.0.0.1:{closed}/callback");
    server
        .running()
        .identity
        .change_application(
            server.running().identity.account_by_email("developer@example.com").await.unwrap().unwrap().id,
            &app.id,
            identity::application::Change {
                redirect_uris: Some(vec![callback.clone()]),
                ..Default::default()
            },
        )
        .await
        .unwrap();
    let start = format!(
        "{}/oauth/?client_id={}&redirect_uri={callback}&response_type=code&state=s",
        server.base_url(),
        app.id
    );
    browser.client.goto(&start).await.unwrap();
    browser.fill("email", "a@example.com").await;
    browser.fill("password", PASSWORD).await;
    browser.click("form[action='/sign-in'] button[type=submit]").await;
    browser.find("button[value=allow]").await;
    browser.check_page().await;
    browser.click("input[name=scope][value='note.add']").await;
    browser.click("button[value=allow]").await;
    let arrived = browser.arrive(&callback).await;
    assert!(arrived.contains("?code=lba_ac_") && arrived.ends_with("&state=s"), "{arrived}");
    // After signing in again, the authorization is remembered, so the sign-in form leads to the app.
    browser.client.goto(server.base_url()).await.unwrap();
    browser.client.delete_all_cookies().await.unwrap();
    browser.client.goto(&start).await.unwrap();
    browser.fill("email", "a@example.com").await;
    browser.fill("password", PASSWORD).await;
    browser.click("form[action='/sign-in'] button[type=submit]").await;
    browser.arrive(&callback).await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_an_app_on_a_desk() {
    the_way_of_an_app(1280, 900).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_an_app_on_a_phone() {
    the_way_of_an_app(360, 740).await;
}

/// A new person comes from an app, signs up, and grants two of three scopes. The app makes a call. The person
/// revokes the authorization, and the next call is refused.
async fn from_consent_to_revocation(width: u32, height: u32) {
    let server = TestServer::configured(Engine::Sqlite, "accounts.sign_up = \"open\"").await;
    let developer = server.person("developer").await;
    let app = developer.app("user.info chat note.add").await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let callback = format!("http://127.0.0.1:{closed}/callback");
    let change =
        identity::application::Change { redirect_uris: Some(vec![callback.clone()]), ..Default::default() };
    server.running().identity.change_application(developer.account.id, &app.id, change).await.unwrap();
    let browser = Browser::start(width, height).await;
    let start = format!(
        "{}/oauth/?client_id={}&redirect_uri={callback}&response_type=code&state=s",
        server.base_url(),
        app.id
    );
    browser.client.goto(&start).await.unwrap();
    browser.picture(&format!("app-1-door-{width}")).await;
    browser.click("a[href^='/sign-up']").await;
    browser.fill("name", "新人").await;
    browser.fill("email", "new@example.com").await;
    browser.fill("password", PASSWORD).await;
    browser.picture(&format!("app-2-sign-up-{width}")).await;
    browser.click("form[action='/sign-up'] button[type=submit]").await;
    browser.find("button[value=allow]").await;
    browser.check_page().await;
    browser.click("input[name=scope][value='note.add']").await;
    browser.picture(&format!("app-3-consent-{width}")).await;
    browser.click("button[value=allow]").await;
    let arrived = browser.arrive(&callback).await;
    let code = arrived.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
    let form = app.exchange(&code);
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| (*name, if *name == "redirect_uri" { &callback } else { *value }))
        .collect();
    let tokens = server.anyone().post_form("/api/oauth/token/code", &form).await.data();
    assert_eq!(tokens["scope"], json!(["user.info", "chat"]));
    let bearer = server.bearer(tokens["accessToken"].as_str().unwrap());
    assert_eq!(bearer.get("/api/secondme/user/info").await.data()["name"], "新人");
    browser.client.goto(&format!("{}/account", server.base_url())).await.unwrap();
    browser.find("#apps form button").await;
    browser.check_page().await;
    browser.picture(&format!("app-4-account-{width}")).await;
    browser.click("#apps form button").await;
    browser.find("dialog").await;
    browser.click("dialog .bad").await;
    browser.find("p.notice.good").await;
    browser.picture(&format!("app-5-revoked-{width}")).await;
    bearer.get("/api/secondme/user/info").await.refused(401, "auth.token.invalid");
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn from_consent_to_revocation_on_a_desk() {
    from_consent_to_revocation(1280, 900).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_consent_to_revocation_on_a_phone() {
    from_consent_to_revocation(360, 740).await;
}

/// The pages about apps and about signing in programs.
async fn a_developers_pages(width: u32, height: u32) {
    let server = TestServer::start(Engine::Sqlite).await;
    server.person("a").await;
    let browser = Browser::start(width, height).await;
    let go = |path: String| {
        let (client, url) = (browser.client.clone(), format!("{}{path}", server.base_url()));
        async move { client.goto(&url).await.unwrap() }
    };
    go("/apps/new".into()).await;
    browser.fill("email", "a@example.com").await;
    browser.fill("password", PASSWORD).await;
    browser.click("form[action='/sign-in'] button[type=submit]").await;
    browser.find("textarea[name=uris]").await;
    browser.check_page().await;
    browser.picture(&format!("dev-1-new-{width}")).await;
    browser.fill("name", "示例应用").await;
    browser.fill("uris", "https://app.example/callback").await;
    // Fields are filled from top to bottom, because those under the bar at the top cannot be clicked.
    browser.click("input[name=scope][value='user.info']").await;
    browser.fill("webhook_url", "https://app.example/hook").await;
    browser.click("input[name=webhook_enabled]").await;
    browser.click("form[action='/apps'] button[type=submit]").await;
    browser.find("#client_secret").await;
    browser.check_page().await;
    browser.picture(&format!("dev-2-shown-{width}")).await;
    browser.click("main .actions a.primary").await;
    browser.find("#deliveries").await;
    browser.check_page().await;
    browser.picture(&format!("dev-3-one-{width}")).await;
    for (name, path) in [
        ("4-list", "/apps".to_owned()),
        ("5-skill", format!("/auth/skills?challenge={}", testkit::CHALLENGE)),
        ("6-device", "/auth/cli".to_owned()),
    ] {
        go(path).await;
        browser.check_page().await;
        browser.picture(&format!("dev-{name}-{width}")).await;
    }
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developers_pages_on_a_desk() {
    a_developers_pages(1280, 900).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developers_pages_on_a_phone() {
    a_developers_pages(360, 740).await;
}

/// Every page fits the narrowest screens in both languages, and every entry of the menus is in reach.
#[tokio::test(flavor = "multi_thread")]
async fn pages_fit_and_menus_are_in_reach() {
    let server = TestServer::start(Engine::Sqlite).await;
    let session = server.person("a").await.session().await;
    let paths =
        ["/", "/profile", "/keys", "/keys/new", "/apps/new", "/chat", "/memories", "/account", "/hub"];
    for (width, height) in [(320, 640), (390, 844)] {
        let browser = Browser::start(width, height).await;
        browser.client.goto(&format!("{}/sign-in", server.base_url())).await.unwrap();
        for language in ["zh-CN", "en"] {
            let cookies = format!(
                "document.cookie = 'doppel_language={language}; path=/'; \
                 document.cookie = 'doppel_session={session}; path=/'"
            );
            browser.client.execute(&cookies, Vec::new()).await.unwrap();
            for path in paths {
                browser.client.goto(&format!("{}{path}", server.base_url())).await.unwrap();
                assert_eq!(browser.path().await, path);
                browser.check_page().await;
            }
        }
        browser.client.clone().close().await.unwrap();
    }
    // The last entry of each menu can be scrolled into the window.
    let reach = "const menu = document.getElementById(arguments[0]); if (menu.popover && \
         getComputedStyle(menu).display === 'none') menu.showPopover(); \
         const last = [...menu.querySelectorAll('a, button')].at(-1); \
         last.scrollIntoView({block: 'nearest'}); const box = last.getBoundingClientRect(); \
         return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;";
    for (width, height) in [(640, 400), (1280, 500), (900, 400)] {
        let browser = Browser::start(width, height).await;
        browser.client.goto(&format!("{}/sign-in", server.base_url())).await.unwrap();
        let cookie = format!("document.cookie = 'doppel_session={session}; path=/'");
        browser.client.execute(&cookie, Vec::new()).await.unwrap();
        for menu in ["nav", "account"] {
            browser.client.goto(&format!("{}/", server.base_url())).await.unwrap();
            let seen = browser.client.execute(reach, vec![json!(menu)]).await.unwrap();
            assert_eq!(seen, json!(true), "{menu} at {width} x {height}");
        }
        browser.client.clone().close().await.unwrap();
    }
}

/// A person writes a note, which is saved while they type, and reads it beside the list. Then they change a
/// memory in place, and bring a deleted one back.
async fn notes_and_memories(width: u32, height: u32) {
    let server = TestServer::start(Engine::Sqlite).await;
    let person = server.person("a").await;
    let key = person.with_key("*").await;
    for content in ["喜欢爬山", "对花生过敏"] {
        key.post("/api/secondme/memory/key", json!({"content": content, "factObject": "生活"})).await.data();
    }
    let browser = Browser::start(width, height).await;
    browser.client.goto(&format!("{}/notes/new", server.base_url())).await.unwrap();
    browser.fill("email", "a@example.com").await;
    browser.fill("password", PASSWORD).await;
    browser.click("form[action='/sign-in'] button[type=submit]").await;
    browser.find("#text").await;
    browser.check_page().await;
    browser.fill("title", "手冲笔记").await;
    browser.fill("content", "**92 度** 比 94 度干净").await;
    browser.find("[data-state=saved]").await;
    let url = browser.client.current_url().await.unwrap().to_string();
    assert!(url.ends_with("/edit"), "the address is that of the saved note: {url}");
    let list = key.post("/api/secondme/note/list", json!({})).await.data();
    assert!(list.to_string().contains("92 度"), "{list}");
    // An app changes it meanwhile: what is typed then is not saved over it.
    let id = url.rsplit('/').nth(1).unwrap().to_owned();
    key.post(&format!("/api/secondme/note/{id}/update"), json!({"content": "应用写的 **粗**"})).await.data();
    browser.fill("content", "，再写").await;
    browser.find("[data-state=conflict]").await;
    browser.check_page().await;
    browser.click("button[value=save]").await;
    browser.find(".reader .prose").await;
    browser.check_page().await;
    let source = browser.client.source().await.unwrap();
    assert!(source.contains("再写") && source.contains("应用写的"), "both are kept: {source}");
    let panes =
        "return [...document.querySelectorAll('.pane-list, .reader')].filter(e => e.offsetParent).length";
    let panes = browser.client.execute(panes, Vec::new()).await.unwrap();
    assert_eq!(panes, if width > 800 { 2 } else { 1 }, "panes");

    browser.client.goto(&format!("{}/memories", server.base_url())).await.unwrap();
    browser.find(".entry").await;
    browser.check_page().await;
    // On a phone the bar at the bottom may cover the first entry.
    let scroll = "document.querySelector('.entry').scrollIntoView({block: 'center'})";
    browser.client.execute(scroll, Vec::new()).await.unwrap();
    browser.click(".entry input[name=entry]").await;
    browser.find("#bulk:not([hidden])").await;
    browser.click("#bulk button[value=delete]").await;
    browser.find(".toast button[name=undo]").await;
    browser.check_page().await;
    browser.click(".toast button[name=undo]").await;
    browser.find(".toast:not(form)").await;
    assert_eq!(browser.client.find_all(Locator::Css(".entry")).await.unwrap().len(), 3);
    for path in ["/memories/trash", "/memories/import", "/memories?q=xyzzy", "/notes"] {
        browser.client.goto(&format!("{}{path}", server.base_url())).await.unwrap();
        browser.check_page().await;
    }
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_and_memories_on_a_desk() {
    notes_and_memories(1280, 900).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_and_memories_on_a_phone() {
    notes_and_memories(360, 740).await;
}
