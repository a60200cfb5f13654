//! Blocks, reports, bans and the log.

use plaza::LogEntryId;
use serde_json::json;
use store::AccountId;
use testkit::{TestServer, both_engines};

use super::square::{PLAZA, actor, comment, comments, each, feed, post, read, resident, try_comment};

#[both_engines]
async fn who_is_blocked_is_neither_seen_nor_answers(server: TestServer) {
    let me = resident(&server, "me").await.with_key("*").await;
    let pest = resident(&server, "pest").await;
    let other = pest.with_key("*").await;
    let (mine, theirs) = (post(&me, "mine").await, post(&other, "theirs").await);
    let said = comment(&me, &theirs, "said", json!({})).await;
    comment(&other, &mine, "noise", json!({})).await;
    let block = format!("{PLAZA}/users/{}/block", pest.account.id);
    me.post(&block, json!({})).await.data();
    me.post(&block, json!({})).await.data();
    assert_eq!(each(&feed(&me, "").await, "content"), ["mine"]);
    assert_eq!(comments(&me, &mine, "").await["items"], json!([]));
    assert_eq!(each(&feed(&other, "").await, "content"), ["theirs", "mine"], "the other sees on");
    let body = try_comment(&other, &mine, "x", json!({})).await.refused(403, "plaza.resident.blocked");
    assert_eq!(body["message"], "对方已屏蔽你");
    try_comment(&other, &theirs, "x", json!({"replyToCommentId": said}))
        .await
        .refused(403, "plaza.resident.blocked");
    other.post(&format!("{PLAZA}/posts/{mine}/like"), json!({})).await.refused(403, "plaza.resident.blocked");
    me.post(&format!("{PLAZA}/users/{}/unblock", pest.account.id), json!({})).await.data();
    comment(&other, &mine, "x", json!({})).await;
    other
        .post(&format!("{PLAZA}/users/{}/block", pest.account.id), json!({}))
        .await
        .refused(400, "invalid.param");
    other.post(&format!("{PLAZA}/users/x/block"), json!({})).await.refused(404, "resource.fetch.not_found");
}

#[both_engines("plaza.reports_per_hour = 5")]
async fn reports_come_to_the_administrators(server: TestServer) {
    let owner = resident(&server, "owner").await;
    let author = actor(&server, "author").await;
    let witness = actor(&server, "witness").await;
    let bad = post(&author, "bad post").await;
    let worse = comment(&author, &bad, "worse", json!({})).await;
    let report = format!("{PLAZA}/report");
    for body in [
        json!({}),
        json!({"postId": bad}),
        json!({"reason": "x"}),
        json!({"postId": bad, "reason": "x".repeat(501)}),
    ] {
        witness.post(&report, body).await.refused(422, "invalid.param");
    }
    for body in [
        json!({"postId": "post_1", "reason": "x"}),
        json!({"commentId": "comment_1", "reason": "x"}),
        json!({"commentId": "x", "reason": "x"}),
    ] {
        witness.post(&report, body).await.refused(404, "resource.fetch.not_found");
    }
    for _ in 0..2 {
        witness.post(&report, json!({"postId": bad, "reason": "spam"})).await.data();
        witness.post(&report, json!({"commentId": worse, "reason": "rude"})).await.data();
    }
    let plaza = &server.running().plaza;
    let open = plaza.reports().await.unwrap();
    let told: Vec<(&str, &str)> =
        open.iter().map(|report| (report.content.as_str(), report.reason.as_str())).collect();
    assert_eq!(told, [("bad post", "spam"), ("worse", "rude")]);
    plaza.dismiss_report(owner.account.id, open[0].id).await.unwrap();
    plaza.uphold_report(owner.account.id, open[1].id).await.unwrap();
    assert!(plaza.reports().await.unwrap().is_empty());
    assert!(plaza.dismiss_report(owner.account.id, open[0].id).await.is_err(), "once");
    assert_eq!(read(&author, &bad).await["commentCount"], 0);
    let log = plaza.log(LogEntryId(i64::MAX)).await.unwrap();
    let noted: Vec<(&str, &str)> =
        log.iter().map(|entry| (entry.action.as_str(), entry.reason.as_str())).collect();
    assert_eq!(noted, [("comment.delete", "rude"), ("report.dismiss", "spam")]);
    witness.post(&report, json!({"postId": bad, "reason": "again"})).await.data();
    witness.post(&report, json!({"postId": bad, "reason": "and again"})).await.refused(429, "rate.limited");
    // A deletion by an administrator through the API closes the report as well.
    owner.with_key("*").await.post(&format!("{PLAZA}/posts/{bad}/delete"), json!({})).await.data();
    assert!(plaza.reports().await.unwrap().is_empty());
    assert_eq!(plaza.log(LogEntryId(i64::MAX)).await.unwrap()[0].action, "post.delete");
}

#[both_engines]
async fn an_app_has_no_rights_over_what_others_say(server: TestServer) {
    let owner = resident(&server, "owner").await;
    let author = actor(&server, "author").await;
    let name = post(&author, "x").await;
    let app = owner.app("plaza.write").await;
    let acting = owner.with_token(&app, "plaza.write").await;
    acting
        .post(&format!("{PLAZA}/posts/{name}/delete"), json!({}))
        .await
        .refused(404, "resource.fetch.not_found");
}

#[both_engines]
async fn a_key_moderates_only_with_every_right_and_that_is_noted(server: TestServer) {
    let owner = resident(&server, "owner").await;
    let author = actor(&server, "author").await;
    let (first, second) = (post(&author, "x").await, post(&author, "y").await);
    let said = comment(&author, &first, "z", json!({})).await;
    let every = "user.info user.info.shades user.info.softmemory note.add chat voice userinfo memory.read \
        chat.read chat.write \
                 note.write plaza.read plaza.write agent_memory memory.write";
    let program = server.bearer(&owner.program_token().await);
    for limited in [owner.with_key("plaza.write").await, owner.with_key(every).await, program] {
        for path in [format!("posts/{first}/delete"), format!("comments/{said}/delete")] {
            limited
                .post(&format!("{PLAZA}/{path}?reason=x"), json!({}))
                .await
                .refused(404, "resource.fetch.not_found");
        }
    }
    let (id, key) = owner.new_key("*", None).await;
    let key = server.bearer(&key);
    key.post(&format!("{PLAZA}/comments/{said}/delete?reason={}", "x".repeat(501)), json!({}))
        .await
        .refused(422, "invalid.param");
    key.post(&format!("{PLAZA}/comments/{said}/delete?reason=rude"), json!({})).await.data();
    key.post(&format!("{PLAZA}/posts/{first}/delete"), json!({})).await.data();
    owner
        .signed_in()
        .await
        .post(&format!("{PLAZA}/posts/{second}/delete?reason=spam"), json!({}))
        .await
        .data();
    let log = server.running().plaza.log(LogEntryId(i64::MAX)).await.unwrap();
    let noted: Vec<&str> = log.iter().map(|entry| entry.reason.as_str()).collect();
    assert_eq!(noted, ["spam", &format!("(API key {id})"), "rude"]);
    // Deletions of one's own posts are not logged, with any key.
    let own = post(&owner.with_key("*").await, "mine").await;
    owner.with_key("plaza.write").await.post(&format!("{PLAZA}/posts/{own}/delete"), json!({})).await.data();
    assert_eq!(server.running().plaza.log(LogEntryId(i64::MAX)).await.unwrap().len(), 3);
}

#[both_engines]
async fn who_is_banned_may_look_and_not_speak(server: TestServer) {
    let owner = resident(&server, "owner").await;
    let loud = resident(&server, "loud").await;
    let speaker = loud.with_key("*").await;
    let name = post(&speaker, "x").await;
    let plaza = &server.running().plaza;
    assert!(plaza.ban(owner.account.id, loud.account.id, 1, " ").await.is_err(), "a ban has a reason");
    plaza.ban(owner.account.id, loud.account.id, 2, "刷屏").await.unwrap();
    for path in ["posts/create", "posts/comment", &format!("posts/{name}/like"), "report"] {
        let body =
            speaker.post(&format!("{PLAZA}/{path}"), json!({})).await.refused(403, "plaza.resident.banned");
        assert_eq!(body["message"], "你已被禁止在广场发言: 刷屏 (2026-01-03T00:00:00Z)");
    }
    feed(&speaker, "").await;
    assert_eq!(speaker.get("/api/certificate/").await.data()["certificate"]["status"], "suspended");
    assert_eq!(plaza.bans().await.unwrap().len(), 1);
    server.clock().advance_ms(2 * 86_400_000);
    post(&speaker, "I am back").await;
    plaza.ban(owner.account.id, loud.account.id, 0, "for good").await.unwrap();
    server.clock().advance_ms(10_000 * 86_400_000);
    let path = format!("{PLAZA}/posts/create");
    loud.with_key("*").await.post(&path, json!({})).await.refused(403, "plaza.resident.banned");
    plaza.unban(owner.account.id, loud.account.id).await.unwrap();
    post(&loud.with_key("*").await, "thank you").await;
    assert!(plaza.ban(owner.account.id, AccountId(1), 1, "nobody").await.is_err());
    let log = plaza.log(LogEntryId(i64::MAX)).await.unwrap();
    assert_eq!(
        log.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
        ["resident.unban", "resident.ban", "resident.ban"]
    );
}
