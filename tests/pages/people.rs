//! `/admin/people` and `/new-password`: accounts as administrators change them.

use testkit::{Actor, Response, TestServer, both_engines};

const PAGE: &str = "/admin/people";

async fn submit(browser: &Actor, action: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = browser.get(PAGE).await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    browser.post_form(action, &all).await
}

/// Returns the link on a page that shows one, relative to the server.
fn link(page: &Response, path: &str) -> String {
    let rest = page.body.split_once(&format!("{path}?link=")).unwrap_or_else(|| panic!("{}", page.body)).1;
    format!("{path}?link={}", rest.split('"').next().unwrap())
}

/// Opens a page for visitors and sends its form.
async fn visit(server: &TestServer, path: &str, action: &str, fields: &[(&str, &str)]) -> Response {
    let page = server.anyone().get(path).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let visitor = page.cookie("doppel_visitor").expect("a cookie");
    let browser = server.anyone().with("cookie", &format!("doppel_visitor={visitor}"));
    let csrf = page.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    browser.post_form(action, &all).await
}

#[both_engines]
async fn roles_and_states_change_and_nobody_locks_themself_out(server: TestServer) {
    let admin = server.person("admin").await;
    let browser = admin.signed_in().await.in_english();
    let person = server.person("person").await;
    let theirs = person.signed_in().await;
    let id = person.account.id.to_string();
    assert!(browser.get(PAGE).await.body.contains("person@example.com"));
    assert_eq!(theirs.get(PAGE).await.status, 404, "for others the page does not exist");
    assert_eq!(theirs.get("/admin").await.status, 404);

    assert_eq!(submit(&browser, PAGE, &[("id", &id), ("what", "promote")]).await.status, 303);
    assert_eq!(theirs.get(PAGE).await.status, 200, "in force at once");
    assert_eq!(submit(&browser, PAGE, &[("id", &id), ("what", "demote")]).await.status, 303);
    assert_eq!(theirs.get(PAGE).await.status, 404);

    assert_eq!(submit(&browser, PAGE, &[("id", &id), ("what", "disable")]).await.status, 303);
    assert_eq!(theirs.get("/keys").await.status, 401, "every credential of a disabled account ends");
    assert_eq!(submit(&browser, PAGE, &[("id", &id), ("what", "enable")]).await.status, 303);

    let own = admin.account.id.to_string();
    for what in ["disable", "demote"] {
        assert_eq!(submit(&browser, PAGE, &[("id", &own), ("what", what)]).await.status, 400, "{what}");
    }
    for (id, what, status) in [("77", "disable", 404), ("x", "disable", 404), (id.as_str(), "delete", 400)] {
        assert_eq!(submit(&browser, PAGE, &[("id", id), ("what", what)]).await.status, status, "{id} {what}");
    }
    let identity = &server.running().identity;
    assert!(identity.set_admin(admin.account.id, false).await.is_err(), "an administrator stays");

    let found = browser.get("/admin/people?text=PERSON").await.body;
    assert!(found.contains("person@example.com") && !found.contains("admin@example.com ·"));
    assert!(browser.get("/admin/people?text=%25").await.body.contains("No account found"));
    let log = browser.get("/admin/audit?kind=administration").await.body;
    assert!(log.contains("Role changed") && log.contains("Account disabled"), "{log}");
}

#[both_engines]
async fn a_link_sets_a_new_password_once(server: TestServer) {
    let browser = server.person("admin").await.signed_in().await;
    let person = server.person("person").await;
    let session = person.signed_in().await;
    let id = person.account.id.to_string();
    let old = submit(&browser, PAGE, &[("id", &id), ("what", "password")]).await;
    let old = link(&old, "/new-password");
    let page = submit(&browser, PAGE, &[("id", &id), ("what", "password")]).await;
    let path = link(&page, "/new-password");
    assert_eq!(server.anyone().get(&old).await.status, 404, "only the latest link works");
    let secret = path.split_once('=').unwrap().1.to_owned();

    let short = [("link", secret.as_str()), ("password", "short")];
    assert_eq!(visit(&server, &path, "/new-password", &short).await.status, 422);
    let good = [("link", secret.as_str()), ("password", "a brand new password")];
    let done = visit(&server, &path, "/new-password", &good).await;
    assert_eq!((done.status, done.header("location")), (303, "/sign-in"));
    assert_eq!(session.get("/keys").await.status, 401, "sessions end");
    let identity = &server.running().identity;
    let password = identity::Password::new("a brand new password");
    let address = "203.0.113.7".parse().unwrap();
    identity.check_password("person@example.com", &password, address).await.unwrap();
    assert_eq!(server.anyone().get(&path).await.status, 404, "it works once");
    assert!(identity.set_password_with_link(&secret, password).await.is_err());

    // A link expires after a day, and does not outlive the account's being disabled.
    let page = submit(&browser, PAGE, &[("id", &id), ("what", "password")]).await;
    let path = link(&page, "/new-password");
    identity.set_disabled(person.account.id, true).await.unwrap();
    assert_eq!(server.anyone().get(&path).await.status, 404);
    identity.set_disabled(person.account.id, false).await.unwrap();
    assert_eq!(server.anyone().get(&path).await.status, 200);
    server.clock().advance_ms(86_400_000);
    assert_eq!(server.anyone().get(&path).await.status, 404);
    for wrong in ["/new-password", "/new-password?link=x", "/new-password?link=lba_pl_x"] {
        assert_eq!(server.anyone().get(wrong).await.status, 404, "{wrong}");
    }
}

#[both_engines]
async fn who_may_sign_up_is_set_on_the_page(mut server: TestServer) {
    let admin = server.person("admin").await;
    let browser = admin.signed_in().await.in_english();
    assert_eq!(server.anyone().get("/sign-up").await.status, 403, "closed by default");
    assert_ne!(submit(&browser, "/admin/people/invite", &[]).await.status, 200);

    submit(&browser, "/admin/people/sign-up", &[("mode", "invitation")]).await;
    let invitation = link(&submit(&browser, "/admin/people/invite", &[]).await, "/sign-up");
    assert_eq!(server.anyone().get("/sign-up").await.status, 403);
    let secret = invitation.split_once('=').unwrap().1.to_owned();
    let fields = [
        ("link", secret.as_str()),
        ("name", "New"),
        ("email", "new@example.com"),
        ("password", "a new password"),
    ];
    assert_eq!(visit(&server, &invitation, "/sign-up", &fields).await.status, 303);
    assert_eq!(server.anyone().get(&invitation).await.status, 403, "it works once");

    submit(&browser, "/admin/people/sign-up", &[("mode", "open")]).await;
    assert_eq!(submit(&browser, "/admin/people/sign-up", &[("mode", "all")]).await.status, 400);
    server.restart().await;
    assert_eq!(server.anyone().get("/sign-up").await.status, 200, "it outlives a restart");
    assert!(server.anyone().get("/sign-in").await.body.contains("/sign-up"));
}
