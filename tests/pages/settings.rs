//! `/admin/settings`: the settings in force, and backups on demand.

use testkit::{Actor, TestServer, both_engines};

use crate::hub::support::admin;

async fn press(admin: &Actor) -> testkit::Response {
    let csrf = admin.get("/admin/settings").await.hidden("csrf");
    admin.post_form("/admin/backup", &[("csrf", &csrf)]).await
}

#[both_engines("server.request_seconds = 31")]
async fn administrators_see_the_settings_in_force(server: TestServer) {
    let admin = admin(&server).await.in_english();
    let page = admin.get("/admin/settings").await;
    assert!(page.body.contains("[server]") && page.body.contains("request_seconds"), "{}", page.body);
    let (_, line) = page.body.split_once("<code>request_seconds</code>").unwrap();
    let line = line.split("</tr>").next().unwrap();
    assert!(line.contains("<code>31</code>") && line.contains("Configuration file"), "{line}");
    let person = server.person("a").await.signed_in().await;
    assert_eq!(person.get("/admin/settings").await.status, 404, "for others it does not exist");
    let csrf = person.get("/keys/new").await.hidden("csrf");
    assert_eq!(person.post_form("/admin/backup", &[("csrf", &csrf)]).await.status, 404);
}

#[both_engines]
async fn without_a_directory_there_are_no_backups(server: TestServer) {
    let admin = admin(&server).await.in_english();
    let page = admin.get("/admin/settings").await;
    assert!(!page.body.contains("Back up now"), "{}", page.body);
    let refused = press(&admin).await;
    assert_eq!(refused.status, 500, "{}", refused.body);
    assert!(refused.body.contains("backup.dir is not set"), "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_make_backups() {
    let server =
        TestServer::configured(testkit::Engine::Sqlite, "backup.dir = \"copies\"\nbackup.keep = 2").await;
    let admin = admin(&server).await.in_english();
    assert!(admin.get("/admin/settings").await.body.contains("Back up now"));
    for _ in 0..3 {
        server.clock().advance_ms(60_000);
        let made = press(&admin).await;
        assert_eq!(made.header("location"), "/admin/settings?done=backup", "{}", made.body);
    }
    let page = admin.get("/admin/settings?done=backup").await.body;
    assert!(page.contains("The backup was written and checked."));
    assert_eq!(page.matches("<li><span class=\"grow\"><time").count(), 2, "the oldest one is gone: {page}");
    assert!(admin.get("/admin").await.body.contains("Last one"));
    assert_eq!(admin.post_form("/admin/backup", &[]).await.status, 403, "not without the page's token");
}
