//! Readers without an account: on a public page, with a share link, and in a widget.

use serde_json::{Value, json};
use testkit::{Actor, Response, TestServer, both_engines, model::Model};

use crate::api::avatars::post;

/// A person's primary avatar, open to everybody, and its owner.
struct Open {
    owner: Actor,
    route: String,
    avatar: Value,
}

impl Open {
    async fn new(server: &TestServer, more: Value) -> Self {
        let person = server.person("主人").await;
        let owner = person.signed_in().await;
        let avatar = owner.get("/api/secondme/avatar/list").await.data()["list"][0].clone();
        let open = Self { owner, route: person.account.route.clone(), avatar };
        open.change(json!({"distribution": {"webEnabled": true}, "welcomeNote": "<i>hi</i>"})).await;
        open.change(more).await;
        open
    }

    async fn change(&self, mut body: Value) {
        body["avatarId"] = self.avatar["avatarId"].clone();
        post(&self.owner, "update", body).await;
    }

    fn code(&self) -> &str {
        self.avatar["shareCode"].as_str().unwrap()
    }

    fn path(&self) -> String {
        format!("/people/{}/avatar/{}", self.route, self.code())
    }
}

/// A browser without an account, as a cookie makes it known.
async fn guest(server: &TestServer, path: &str) -> (Actor, String) {
    let page = server.anyone().get(path).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let cookie = page.cookie("doppel_visitor").expect("a cookie");
    (server.anyone().with("cookie", &format!("doppel_visitor={cookie}")), page.hidden("csrf"))
}

async fn say(guest: &(Actor, String), path: &str, text: &str) -> Response {
    guest.0.post_form(path, &[("csrf", guest.1.as_str()), ("message", text)]).await
}

#[both_engines]
async fn anybody_talks_where_the_owner_lets_them(server: TestServer, model: Model) {
    let open = Open::new(&server, json!({})).await;
    let path = open.path();
    let secret = json!({"content": "Pinfact", "visibility": 0});
    open.owner.post("/api/secondme/memory/key", secret).await.data();
    let page = server.anyone().get(&path).await;
    assert!(page.body.contains("&#60;i&#62;hi") && page.body.contains("og:title"), "{}", page.body);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("connect-src 'self' ws://") && policy.contains("frame-ancestors 'none'"));
    let (one, two) = (guest(&server, &path).await, guest(&server, &path).await);
    let said = say(&one, &path, "<b>Pinfact?</b>").await;
    assert_eq!((said.status, said.header("location")), (303, format!("{path}#end").as_str()));
    let page = one.0.get(&path).await.body;
    assert!(page.contains("&#60;b&#62;Pinfact?") && page.contains("你好！我是你的 AI 分身"), "{page}");
    assert!(page.contains("data-socket=\"ws://"), "the script reads on: {page}");
    assert!(!two.0.get(&path).await.body.contains("Pinfact?"), "another browser is another visitor");
    let prompt = model.asked()[0]["messages"][0]["content"].to_string();
    assert!(!prompt.contains("Pinfact"), "{prompt}");

    // With a script the answer comes on the socket.
    let form = [("csrf", one.1.as_str()), ("message", "again"), ("live", "1")];
    let live = one.0.post_form(&path, &form).await;
    assert!(live.json()["socket"].as_str().unwrap().starts_with("ws://"), "{}", live.body);
    model.has_been_asked(2).await;
    let form = [("csrf", one.1.as_str()), ("message", " "), ("live", "1")];
    assert_eq!(one.0.post_form(&path, &form).await.status, 422);
    let forged = one.0.post_form(&path, &[("csrf", "x"), ("message", "hi")]).await;
    assert_eq!(forged.status, 403, "{}", forged.body);
    let list = open.owner.get("/visitors").await.body;
    assert!(list.contains("未具名访客"), "{list}");

    // The owner closes it: the page asks to sign in, and messages are refused.
    open.change(json!({"distribution": {"webEnabled": false}})).await;
    assert_eq!(one.0.get(&path).await.status, 401);
    assert_eq!(say(&one, &path, "hi").await.status, 401);
    let reader = server.person("reader").await.signed_in().await;
    assert_eq!(reader.get(&path).await.status, 200, "with an account it is open");
    open.change(json!({"paused": true})).await;
    assert_eq!(reader.get(&path).await.status, 404);
    for wrong in [
        format!("/people/nobody/avatar/{}", open.code()),
        format!("/people/{}/avatar/0123456789ab", open.route),
        format!("/people/{}/avatar/x", open.route),
        format!("/people/{}/avatar/0123456789ab/qr.svg", open.route),
    ] {
        assert_eq!(server.anyone().get(&wrong).await.status, 404, "{wrong}");
    }
}

#[both_engines("avatars.guest_messages_per_hour = 2")]
async fn guests_are_limited_by_address_and_by_the_owner(server: TestServer, model: Model) {
    let open = Open::new(&server, json!({"limits": {"visitorMessagesPerDay": 1}})).await;
    let path = open.path();
    let (one, two, three) =
        (guest(&server, &path).await, guest(&server, &path).await, guest(&server, &path).await);
    assert_eq!(say(&one, &path, "first").await.status, 303);
    let second = say(&one, &path, "second").await;
    assert_eq!(second.status, 429, "one message a visitor and day: {}", second.body);
    assert!(second.body.contains("second"), "the words are not lost");
    // A refused message counts for the address: two more browsers do not get round the limit.
    let third = say(&two, &path, "third").await;
    assert_eq!(third.status, 429, "{}", third.body);
    let reader = server.person("reader").await.signed_in().await;
    let csrf = reader.get(&path).await.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("message", "hi")];
    assert_eq!(reader.post_form(&path, &form).await.status, 303, "readers with an account are not meant");
    server.clock().advance_ms(3_600_000);
    assert_eq!(say(&three, &path, "later").await.status, 303);
    assert_eq!(model.asked().len(), 3);
    open.change(json!({"limits": {"visitorsAtOnce": 1}})).await;
    let four = guest(&server, &path).await;
    assert_eq!(say(&four, &path, "full").await.status, 429);
}

#[both_engines]
async fn a_public_page_can_be_shared(server: TestServer) {
    let open = Open::new(&server, json!({})).await;
    let page = format!("/people/{}", open.route);
    assert_eq!(server.anyone().get(&page).await.status, 404);
    assert_eq!(server.anyone().get(&format!("{page}/qr.svg")).await.status, 404);
    let change = async |listed: &str| {
        let csrf = open.owner.get("/profile").await.hidden("csrf");
        let form = [("csrf", csrf.as_str()), ("name", "小<满>"), ("public_page", "1"), ("listed", listed)];
        assert_eq!(open.owner.post_form("/profile", &form).await.status, 303);
    };
    change("").await;
    let body = server.anyone().get(&page).await.body;
    assert!(body.contains("noindex") && body.contains("class=\"qr\""), "{body}");
    assert!(body.contains("<meta property=\"og:title\" content=\"小&#60;满&#62;\">"), "{body}");
    assert!(body.contains("og:image\" content=\"http://"), "{body}");
    assert!(body.contains(&format!("{page}/talk")), "{body}");
    let talk = server.anyone().get(&format!("{page}/talk")).await;
    assert_eq!(talk.status, 200, "without an account, as the owner allows");
    change("1").await;
    assert!(!server.anyone().get(&page).await.body.contains("noindex"));
    for path in [format!("{page}/qr.svg"), format!("{}/qr.svg", open.path())] {
        let image = server.anyone().get(&path).await;
        assert_eq!((image.status, image.header("content-type")), (200, "image/svg+xml"), "{path}");
        assert!(image.body.starts_with("<svg"), "{}", image.body);
    }
}

#[both_engines]
async fn a_widget_talks_on_allowed_sites_only(server: TestServer, model: Model) {
    let open = Open::new(&server, json!({"widgetOrigins": ["https://blog.example"]})).await;
    let frame = format!("/widget/{}?language=en&theme=dark", open.code());
    let page = server.anyone().get(&frame).await;
    assert!(page.status == 200 && page.body.contains("lang=\"en\" data-theme=\"dark\""), "{}", page.body);
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors https://blog.example"), "{policy}");
    assert!(policy.contains("sandbox allow-scripts allow-forms;") && !policy.contains("allow-same-origin"));
    assert!(page.header("x-frame-options").is_empty() && page.header("set-cookie").is_empty());
    let script = server.anyone().get("/widget.js").await;
    assert_eq!((script.status, script.header("cross-origin-resource-policy")), (200, "cross-origin"));
    assert!(script.header("x-frame-options") == "DENY" && script.body.contains("data-avatar"));

    let guest = page.hidden("guest");
    let from = server.anyone().with("origin", "null");
    let send = async |fields: &[(&str, &str)]| from.post_form(&frame, fields).await;
    let fresh = send(&[("guest", &guest), ("message", ""), ("live", "1")]).await;
    assert_eq!(fresh.header("access-control-allow-origin"), "*");
    assert_eq!((&fresh.json()["socket"], &fresh.json()["lines"]), (&json!(""), &json!([])));
    let said = send(&[("guest", &guest), ("message", "<b>hi</b>"), ("live", "1")]).await;
    assert_eq!(said.json()["guest"], guest, "{}", said.body);
    model.has_been_asked(1).await;
    let plain = send(&[("guest", &guest), ("message", "without a script")]).await;
    assert!(plain.status == 200 && plain.body.contains("without a script"), "{}", plain.body);
    assert!(plain.body.contains("&#60;b&#62;hi") && plain.body.contains("你好！我是你的 AI 分身"));
    let again = send(&[("guest", &guest), ("message", ""), ("live", "1")]).await.json();
    assert_eq!(again["lines"].as_array().unwrap().len(), 4, "{again}");
    assert_eq!((&again["lines"][0]["text"], &again["lines"][0]["own"]), (&json!("<b>hi</b>"), &json!(true)));

    // Another token is another visitor; one that nobody made is replaced.
    let other = server.anyone().get(&frame).await.hidden("guest");
    let theirs = send(&[("guest", &other), ("message", ""), ("live", "1")]).await.json();
    assert_eq!(theirs["lines"], json!([]));
    let forged = send(&[("guest", "forged"), ("message", ""), ("live", "1")]).await.json();
    assert!(forged["guest"] != "forged" && forged["lines"] == json!([]), "{forged}");

    open.change(json!({"widgetOrigins": []})).await;
    let policy = server.anyone().get(&frame).await;
    assert!(policy.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    open.change(json!({"distribution": {"webEnabled": false}})).await;
    assert_eq!(server.anyone().get(&frame).await.status, 404);
    let refused = send(&[("guest", &guest), ("message", "hi"), ("live", "1")]).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(server.anyone().get("/widget/0123456789ab").await.status, 404);
}
