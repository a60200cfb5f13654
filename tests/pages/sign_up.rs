//! `/sign-up`, `/setup`

use testkit::{PASSWORD, TestServer, both_engines};

use super::sign_in::Browser;

fn fields<'f>(csrf: &'f str, link: &'f str, email: &'f str) -> Vec<(&'static str, &'f str)> {
    vec![
        ("csrf", csrf),
        ("link", link),
        ("name", "New"),
        ("email", email),
        ("password", PASSWORD),
        ("next", ""),
    ]
}

#[both_engines]
async fn set_up_makes_the_first_account_once(server: TestServer) {
    let identity = server.running().identity.clone();
    let link = identity.set_up_link().await.unwrap().expect("an empty server has one");
    let other = identity.set_up_link().await.unwrap().expect("and another for another process");
    let mut browser = Browser::new(&server);
    let page = browser.get(&format!("/setup?link={}", link.expose())).await;
    assert_eq!(page.status, 200);
    let csrf = page.hidden("csrf");
    let made = browser.post("/setup", &fields(&csrf, link.expose(), "owner@example.com")).await;
    assert_eq!(made.status, 303, "{}", made.body);
    assert_eq!(browser.get("/").await.status, 200, "and is signed in");
    assert!(identity.account_by_email("owner@example.com").await.unwrap().unwrap().is_admin);
    assert!(identity.set_up_link().await.unwrap().is_none());
    for link in [link.expose(), other.expose(), "lba_su_x", ""] {
        let mut late = Browser::new(&server);
        let is_link = link.len() > 50;
        assert_eq!(late.get(&format!("/setup?link={link}")).await.status, if is_link { 403 } else { 303 });
        let csrf = late.get("/sign-in").await.hidden("csrf");
        assert_eq!(late.post("/setup", &fields(&csrf, link, "late@example.com")).await.status, 403);
    }
    assert!(identity.account_by_email("late@example.com").await.unwrap().is_none());
}

#[both_engines]
async fn a_set_up_link_lasts_a_day(server: TestServer) {
    let link = server.running().identity.set_up_link().await.unwrap().unwrap();
    server.clock().advance_ms(86_400_000);
    assert_eq!(Browser::new(&server).get(&format!("/setup?link={}", link.expose())).await.status, 403);
}

#[both_engines]
async fn sign_up_is_closed_unless_opened(server: TestServer) {
    server.person("a").await;
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get("/sign-up").await.status, 403);
    let csrf = browser.get("/sign-in").await.hidden("csrf");
    assert_eq!(browser.post("/sign-up", &fields(&csrf, "", "b@example.com")).await.status, 403);
    let link = server.running().identity.invitation_link(3600).await.unwrap();
    assert_eq!(browser.post("/sign-up", &fields(&csrf, link.expose(), "b@example.com")).await.status, 403);
}

#[both_engines("accounts.sign_up = \"invitation\"")]
async fn an_invitation_lets_one_person_in(server: TestServer) {
    server.person("a").await;
    let link = server.running().identity.invitation_link(3600).await.unwrap();
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get("/sign-up").await.status, 403, "not without it");
    let csrf = browser.get(&format!("/sign-up?link={}", link.expose())).await.hidden("csrf");
    let actor = browser.actor();
    let tries = (0..8).map(|i| {
        let (actor, csrf, link) = (actor.clone(), csrf.clone(), link.expose().to_owned());
        async move {
            actor.post_form("/sign-up", &fields(&csrf, &link, &format!("b{i}@example.com"))).await.status
        }
    });
    let statuses = futures::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    let expired = server.running().identity.invitation_link(10).await.unwrap();
    server.clock().advance_ms(10_000);
    assert_eq!(browser.get(&format!("/sign-up?link={}", expired.expose())).await.status, 403);
}

#[both_engines("accounts.sign_up = \"open\"")]
async fn open_sign_up_takes_everybody_once(server: TestServer) {
    let mut browser = Browser::new(&server);
    let csrf = browser.get("/sign-up").await.hidden("csrf");
    let actor = browser.actor();
    let tries = (0..6).map(|_| {
        let (actor, csrf) = (actor.clone(), csrf.clone());
        async move { actor.post_form("/sign-up", &fields(&csrf, "", "Same@Example.com")).await.status }
    });
    let statuses = futures::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 422)), "{statuses:?}");
    assert_eq!(Browser::new(&server).sign_in("same@example.com", PASSWORD, "").await.status, 303);
}

#[both_engines("accounts.sign_up = \"open\"")]
async fn a_visitor_never_becomes_the_owner(server: TestServer) {
    let mut browser = Browser::new(&server);
    let csrf = browser.get("/sign-up").await.hidden("csrf");
    assert_eq!(browser.post("/sign-up", &fields(&csrf, "", "first@example.com")).await.status, 303);
    let identity = &server.running().identity;
    assert!(!identity.account_by_email("first@example.com").await.unwrap().unwrap().is_admin);
    let link = identity.set_up_link().await.unwrap().expect("the owner can still come");
    let mut owner = Browser::new(&server);
    let csrf = owner.get(&format!("/setup?link={}", link.expose())).await.hidden("csrf");
    assert_eq!(owner.post("/setup", &fields(&csrf, link.expose(), "owner@example.com")).await.status, 303);
    assert!(identity.account_by_email("owner@example.com").await.unwrap().unwrap().is_admin);
}

#[both_engines("accounts.sign_up = \"open\"")]
async fn what_is_wrong_is_said_at_the_field(server: TestServer) {
    let mut browser = Browser::new(&server);
    let csrf = browser.get("/sign-up").await.hidden("csrf");
    for (name, email, password) in
        [("", "b@example.com", PASSWORD), ("B", "b", PASSWORD), ("B", "b@example.com", "short")]
    {
        let fields = [
            ("csrf", csrf.as_str()),
            ("link", ""),
            ("name", name),
            ("email", email),
            ("password", password),
            ("next", ""),
        ];
        let answer = browser.post("/sign-up", &fields).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(!answer.body.contains(&format!("value=\"{password}\"")));
    }
    let script = [
        ("csrf", csrf.as_str()),
        ("link", ""),
        ("name", "<script>alert(1)</script>"),
        ("email", "b"),
        ("password", PASSWORD),
        ("next", ""),
    ];
    let answer = browser.post("/sign-up", &script).await;
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
}
