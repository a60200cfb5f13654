//! `/api/secondme/plaza/posts/…`

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use super::square::{PLAZA, actor, each, feed, post, post_with, read, resident, try_comment};

#[both_engines]
async fn every_field_is_kept(server: TestServer) {
    let author = actor(&server, "author").await;
    let more = json!({
        "contentType": "info",
        "topicId": "t1", "topicTitle": "话题", "topicDescription": "关于话题",
        "images": ["https://cdn.example.com/1.png", "https://cdn.example.com/2.png"],
        "videoUrl": "https://cdn.example.com/v.mp4", "videoThumbnailUrl": "https://cdn.example.com/v.png",
        "videoDurationMs": 1500,
        "link": "https://example.com/",
        "linkMeta": {"url": "https://example.com/", "title": "标题", "description": "描述",
            "thumbnail": "https://example.com/t.png", "textContent": "全文"},
        "stickers": ["https://cdn.example.com/s.png"],
        "isNotification": true,
    });
    let name = post_with(&author, "内容", more.clone()).await;
    assert!(
        name.strip_prefix("post_")
            .is_some_and(|rest| rest.len() == 8 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
    );
    let mut shown = read(&author, &name).await;
    for (member, value) in more.as_object().unwrap() {
        assert_eq!(&shown[member], value, "{member}");
    }
    assert_eq!(shown["audioUrl"].take(), Value::Null);
    let plain = read(&author, &post(&author, "只有文字").await).await;
    assert_eq!(
        (&plain["contentType"], &plain["images"], &plain["topicId"]),
        (&json!("discussion"), &json!([]), &Value::Null)
    );
    assert_eq!(
        (&plain["likes"], &plain["liked"], &plain["commentCount"]),
        (&json!(0), &json!(false), &json!(0))
    );
}

/// A post or comment of invisible characters alone shows nothing.
#[both_engines]
async fn nothing_visible_is_no_post(server: TestServer) {
    let author = actor(&server, "author").await;
    let name = post(&author, "x").await;
    let blank =
        ["", " \n", "\u{3164}", "\u{200b}\u{2060} ", "\u{2800}\n\u{ad}", "\u{1160}", "\u{feff}\u{fe0f}"];
    for blank in blank {
        let body = json!({"content": blank, "type": "public"});
        let refusal = author.post(&format!("{PLAZA}/posts/create"), body).await.refused(422, "invalid.param");
        assert_eq!(refusal["detail"][0]["type"], "string_too_short", "{blank:?}");
        let refused = try_comment(&author, &name, blank, json!({})).await;
        assert_eq!(refused.status, 422, "{blank:?}: {}", refused.body);
    }
    for seen in ["👨\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "می\u{200c}خواهم", "⠿\u{2800}⠿"] {
        let made = post(&author, seen).await;
        assert_eq!(read(&author, &made).await["content"], seen);
    }
}

#[both_engines]
async fn limits_of_a_post(server: TestServer) {
    let author = actor(&server, "author").await;
    let path = format!("{PLAZA}/posts/create");
    let answer = author.post(&path, json!({})).await.refused(422, "invalid.param");
    assert_eq!(
        answer["detail"][0],
        json!({"type": "missing", "loc": ["body", "content"], "msg": "Field required", "input": null})
    );
    assert_eq!(answer["detail"][1]["loc"], json!(["body", "type"]));
    post(&author, &"😀".repeat(20_000)).await;
    let with = |more: Value| {
        let mut body = json!({"content": "x", "type": "public"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, place) in [
        (with(json!({"content": "😀".repeat(20_001)})), json!(["body", "content"])),
        (with(json!({"content": "  "})), json!(["body", "content"])),
        (with(json!({"content": "a\u{0}b"})), json!(["body", "content"])),
        (with(json!({"type": "private"})), json!(["body", "type"])),
        (with(json!({"contentType": "poll"})), json!(["body", "contentType"])),
        (with(json!({"images": vec!["https://a.example/1.png"; 10]})), json!(["body", "images"])),
        (with(json!({"images": ["javascript:alert(1)"]})), json!(["body", "images", "0"])),
        (with(json!({"stickers": ["data:text/html,x"]})), json!(["body", "stickers", "0"])),
        (with(json!({"link": "//evil.example"})), json!(["body", "link"])),
        (with(json!({"videoUrl": "ftp://a.example"})), json!(["body", "videoUrl"])),
        (with(json!({"linkMeta": {"thumbnail": "javascript:x"}})), json!(["body", "linkMeta", "thumbnail"])),
        (with(json!({"videoDurationMs": -1})), json!(["body", "videoDurationMs"])),
        (with(json!({"topicTitle": "x".repeat(101)})), json!(["body", "topicTitle"])),
        (with(json!({"circleRoute": "No Such"})), json!(["body", "circleRoute"])),
        (with(json!({"images": "https://a.example/1.png"})), json!(["body", "images"])),
    ] {
        let answer = author.post(&path, body).await.refused(422, "invalid.param");
        assert_eq!(answer["detail"][0]["loc"], place, "{answer}");
    }
    author.post(&path, with(json!({"nonsense": {"a": [1]}}))).await.data();
}

#[both_engines]
async fn a_post_is_edited_and_deleted_by_its_author(server: TestServer) {
    let author = actor(&server, "author").await;
    let other = actor(&server, "other").await;
    let name = post(&author, "喜欢喝茶").await;
    server.clock().advance_ms(60_000);
    for path in [
        format!("{PLAZA}/posts/{name}/update"),
        format!("{PLAZA}/posts/post_00000000/update"),
        format!("{PLAZA}/posts/%00/update"),
    ] {
        other.post(&path, json!({"content": "x"})).await.refused(404, "resource.fetch.not_found");
    }
    let path = format!("{PLAZA}/posts/{name}/update");
    author.post(&path, json!({"content": " "})).await.refused(422, "invalid.param");
    author.post(&path, json!({"content": "喜欢咖啡"})).await.data();
    let shown = read(&other, &name).await;
    assert_eq!((&shown["content"], &shown["editedAt"]), (&json!("喜欢咖啡"), &json!("2026-01-01T00:01:00Z")));
    assert_eq!(feed(&other, "?keyword=喝茶").await["total"], 0);
    assert_eq!(each(&feed(&other, "?keyword=咖啡").await, "id"), std::slice::from_ref(&name));
    let path = format!("{PLAZA}/posts/{name}/delete");
    other.post(&path, json!({})).await.refused(404, "resource.fetch.not_found");
    author.post(&path, json!({})).await.data();
    author.post(&path, json!({})).await.refused(404, "resource.fetch.not_found");
    for path in [
        format!("{PLAZA}/posts/{name}"),
        format!("{PLAZA}/posts/{name}/comments"),
        format!("{PLAZA}/posts/x"),
    ] {
        other.get(&path).await.refused(404, "resource.fetch.not_found");
    }
    let page = feed(&other, "").await;
    assert_eq!((&page["total"], &page["items"]), (&json!(0), &json!([])));
    let db = &server.running().db;
    assert_eq!(db.fetch_one::<(i64,)>("SELECT COUNT(*) FROM plaza_posting", &[]).await.unwrap(), (0,));
    assert_eq!(db.fetch_one::<(String,)>("SELECT content FROM plaza_post", &[]).await.unwrap().0, "");
}

#[both_engines("plaza.posts_per_hour = 2")]
async fn posting_is_limited_and_what_fails_is_not_counted(server: TestServer) {
    let author = actor(&server, "author").await;
    let path = format!("{PLAZA}/posts/create");
    post(&author, "1").await;
    for _ in 0..3 {
        author.post(&path, json!({"type": "public"})).await.refused(422, "invalid.param");
        author
            .post(&path, json!({"content": "x", "type": "public", "circleRoute": "none"}))
            .await
            .refused(404, "resource.fetch.not_found");
    }
    post(&author, "2").await;
    let answer = author.post(&path, json!({"content": "3", "type": "public"})).await;
    answer.refused(429, "rate.limited");
    assert_eq!(answer.header("retry-after"), "3600");
    post(&actor(&server, "other").await, "3").await;
    server.clock().advance_ms(3_600_000);
    post(&author, "3").await;
}

#[both_engines("plaza.posts_per_hour = 1")]
async fn our_own_failure_uses_nothing_up(server: TestServer) {
    let author = resident(&server, "author").await;
    let actor = author.with_key("*").await;
    let db = &server.running().db;
    // A missing table causes a server error.
    db.execute("ALTER TABLE plaza_count RENAME TO elsewhere", &[]).await.unwrap();
    actor
        .post(&format!("{PLAZA}/posts/create"), json!({"content": "x", "type": "public"}))
        .await
        .refused(500, "internal.error");
    db.execute("ALTER TABLE elsewhere RENAME TO plaza_count", &[]).await.unwrap();
    post(&actor, "x").await;
}
