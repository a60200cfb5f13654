//! `/api/secondme/plaza/posts/comment`, `…/posts/{postId}/comments`, `…/comments/{commentId}/…`

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use super::square::{PLAZA, actor, comment, comments, each, post, read, resident, try_comment};

#[both_engines]
async fn lengths_are_counted_in_code_points(server: TestServer) {
    let author = actor(&server, "author").await;
    let name = post(&author, "x").await;
    for unit in ["x", "长", "😀", "\u{301}"] {
        comment(&author, &name, &unit.repeat(2000), json!({})).await;
        let answer = try_comment(&author, &name, &unit.repeat(2001), json!({})).await;
        let body = answer.refused(400, "comment.content.too_long");
        assert_eq!(body["message"], "评论内容超过 2000 字符限制");
    }
    // The emoji of a family has five code points.
    comment(&author, &name, &"👩‍👩‍👧".repeat(400), json!({})).await;
    let answer = try_comment(&author, &name, &"👩‍👩‍👧".repeat(401), json!({})).await;
    answer.refused(400, "comment.content.too_long");
    assert_eq!(read(&author, &name).await["commentCount"], 5);
}

#[both_engines]
async fn limits_of_a_comment(server: TestServer) {
    let author = actor(&server, "author").await;
    let name = post(&author, "x").await;
    let path = format!("{PLAZA}/posts/comment");
    let missing = author.post(&path, json!({})).await.refused(422, "invalid.param");
    assert_eq!(
        (&missing["detail"][0]["loc"], &missing["detail"][1]["loc"]),
        (&json!(["body", "postId"]), &json!(["body", "content"]))
    );
    for more in [
        json!({"content": " "}),
        json!({"source": "a b"}),
        json!({"source": "x".repeat(33)}),
        json!({"stickerUrl": "javascript:alert(1)"}),
        json!({"replyToUserName": "x".repeat(51)}),
        json!({"content": "a\u{0}"}),
    ] {
        try_comment(&author, &name, "x", more).await.refused(422, "invalid.param");
    }
    for post in ["post_00000000", "x", "\u{0}", ""] {
        try_comment(&author, post, "x", json!({})).await.refused(404, "resource.fetch.not_found");
    }
    let other = post(&author, "y").await;
    let elsewhere = comment(&author, &other, "z", json!({})).await;
    for parent in ["comment_1", "comment_", "x", "comment_ffffffffffffffff", elsewhere.as_str()] {
        let answer = try_comment(&author, &name, "x", json!({"replyToCommentId": parent})).await;
        answer.refused(404, "resource.fetch.not_found");
    }
    assert_eq!(read(&author, &name).await["commentCount"], 0);
}

#[both_engines]
async fn replies_know_their_root(server: TestServer) {
    let (author, other) = (actor(&server, "author").await, actor(&server, "other").await);
    let name = post(&author, "x").await;
    let top = comment(&other, &name, "top", json!({})).await;
    let reply = comment(&author, &name, "reply", json!({"replyToCommentId": top})).await;
    let sticker = "https://cdn.example.com/s.png";
    let more = json!({"replyToCommentId": reply, "replyToUserName": "楼上", "stickerUrl": sticker});
    let deep = comment(&other, &name, "deep", more).await;
    let page = comments(&other, &name, "").await;
    assert_eq!(each(&page, "id"), [top.clone(), reply.clone(), deep]);
    let item = |at: usize, member: &str| page["items"][at][member].clone();
    assert_eq!(
        (item(0, "replyToCommentId"), item(0, "rootCommentId"), item(0, "replyToUserName")),
        (Value::Null, Value::Null, Value::Null)
    );
    assert_eq!(
        (item(1, "replyToCommentId"), item(1, "rootCommentId"), item(1, "replyToUserName")),
        (json!(top), json!(top), json!("other"))
    );
    assert_eq!(
        (item(2, "replyToCommentId"), item(2, "rootCommentId"), item(2, "replyToUserName")),
        (json!(reply), json!(top), json!("楼上"))
    );
    assert_eq!((&page["contextItems"], item(2, "stickerUrl")), (&json!([]), json!(sticker)));
    let last = comments(&other, &name, "?page=3&pageSize=1").await;
    assert_eq!(each(&last, "content"), ["deep"]);
    let context: Vec<&Value> =
        last["contextItems"].as_array().unwrap().iter().map(|item| &item["content"]).collect();
    assert_eq!(context, ["top", "reply"]);
    assert_eq!((&last["page"], &last["pageSize"], &last["hasMore"]), (&json!(3), &json!(1), &json!(false)));
}

#[both_engines]
async fn a_deleted_comment_leaves_its_replies(server: TestServer) {
    let (author, other) = (actor(&server, "author").await, actor(&server, "other").await);
    let name = post(&author, "x").await;
    let top = comment(&other, &name, "top", json!({})).await;
    let reply = comment(&author, &name, "reply", json!({"replyToCommentId": top})).await;
    let path = format!("{PLAZA}/comments/{top}/delete");
    actor(&server, "third").await.post(&path, json!({})).await.refused(404, "resource.fetch.not_found");
    other.post(&path, json!({})).await.data();
    other.post(&path, json!({})).await.refused(404, "resource.fetch.not_found");
    let page = comments(&other, &name, "").await;
    assert_eq!(each(&page, "id"), [reply]);
    let gone = &page["contextItems"][0];
    assert_eq!(
        (&gone["id"], &gone["content"], &gone["deleted"], &gone["author"]["name"]),
        (&json!(top), &json!(""), &json!(true), &json!(""))
    );
    let shown = read(&author, &name).await;
    assert_eq!((&shown["commentCount"], &shown["humanCommentCount"]), (&json!(1), &json!(1)));
    try_comment(&author, &name, "x", json!({"replyToCommentId": top}))
        .await
        .refused(404, "resource.fetch.not_found");
    for verb in ["like", "unlike", "update"] {
        author
            .post(&format!("{PLAZA}/comments/{top}/{verb}"), json!({"content": "x"}))
            .await
            .refused(404, "resource.fetch.not_found");
    }
}

#[both_engines]
async fn a_comment_is_edited_by_its_author(server: TestServer) {
    let (author, other) = (actor(&server, "author").await, actor(&server, "other").await);
    let name = post(&author, "x").await;
    let id = comment(&other, &name, "old", json!({})).await;
    let path = format!("{PLAZA}/comments/{id}/update");
    author.post(&path, json!({"content": "mine"})).await.refused(404, "resource.fetch.not_found");
    other.post(&path, json!({"content": "x".repeat(2001)})).await.refused(400, "comment.content.too_long");
    other.post(&path, json!({})).await.refused(422, "invalid.param");
    other.post(&path, json!({"content": "new"})).await.data();
    let item = comments(&author, &name, "").await["items"][0].clone();
    assert_eq!((&item["content"], &item["editedAt"]), (&json!("new"), &json!("2026-01-01T00:00:00Z")));
}

#[both_engines("plaza.double_comments_per_day = 2")]
async fn a_double_speaks_when_it_may_and_is_marked(server: TestServer) {
    let person = resident(&server, "author").await;
    let author = person.with_key("plaza.write plaza.read").await;
    let name = post(&author, "x").await;
    let more = json!({"source": "double"});
    // Allowed by default.
    comment(&author, &name, "分身", more.clone()).await;
    comment(&author, &name, "本人", json!({"source": "user"})).await;
    let shown = read(&author, &name).await;
    assert_eq!((&shown["commentCount"], &shown["humanCommentCount"]), (&json!(2), &json!(1)));
    assert_eq!(each(&comments(&author, &name, "").await, "source"), ["double", "user"]);
    comment(&author, &name, "again", more.clone()).await;
    let answer = try_comment(&author, &name, "too much", more.clone()).await;
    answer.refused(429, "rate.limited");
    assert_eq!(answer.header("retry-after"), "86400");
    comment(&author, &name, "a person may go on", json!({})).await;
    server.clock().advance_ms(86_400_000);
    comment(&author, &name, "a new day", more.clone()).await;
    server.running().plaza.let_double_speak(person.account.id, false).await.unwrap();
    let body =
        try_comment(&author, &name, "no more", more.clone()).await.refused(403, "plaza.double.disabled");
    assert_eq!(body["message"], "本人未允许分身在广场评论");
    comment(&author, &name, "the person themself may", json!({})).await;
    server.running().plaza.let_double_speak(person.account.id, true).await.unwrap();
    try_comment(&author, &name, "the day goes on", more).await.data();
}

#[both_engines]
async fn comments_of_apps_are_marked_on_the_page(server: TestServer) {
    let person = resident(&server, "person").await;
    let app = server.person("developer").await.app("plaza.read plaza.write chat").await;
    let writer = person.with_token(&app, "plaza.read plaza.write").await;
    let name = post(&writer, "x").await;
    for source in ["agent", "my-app.bot", "double"] {
        comment(&writer, &name, &format!("by {source}"), json!({"source": source})).await;
    }
    comment(&writer, &name, "by the person", json!({})).await;
    let shown = read(&writer, &name).await;
    assert_eq!((&shown["commentCount"], &shown["humanCommentCount"]), (&json!(4), &json!(1)));
    let page = person.signed_in().await.in_english().get(&format!("/plaza/posts/{name}")).await;
    assert_eq!(page.body.matches(">Double</span>").count(), 3, "{}", page.body);
    assert!(page.body.contains("title=\"my-app.bot\""), "{}", page.body);
    let reader = person.with_token(&app, "plaza.read chat").await;
    try_comment(&reader, &name, "x", json!({"source": "agent"}))
        .await
        .refused(403, "apikey.permission.denied");
}

/// Pages by snapshot neither repeat nor skip comments, while others are added and deleted.
#[both_engines]
async fn walking_the_comments(server: TestServer) {
    let author = actor(&server, "author").await;
    let name = post(&author, "x").await;
    let mut all = Vec::new();
    for number in 0..7 {
        all.push(comment(&author, &name, &number.to_string(), json!({})).await);
    }
    let first = comments(&author, &name, "?pageSize=3").await;
    assert_eq!((each(&first, "id"), &first["hasMore"]), (all[..3].to_vec(), &json!(true)));
    author.post(&format!("{PLAZA}/comments/{}/delete", all[0]), json!({})).await.data();
    let snapshot = first["snapshot"].as_str().unwrap();
    let second = comments(&author, &name, &format!("?pageSize=3&page=2&snapshot={snapshot}")).await;
    assert_eq!(each(&second, "id"), all[3..6]);
    for query in ["?page=0", "?pageSize=0", "?page=x", "?snapshot=zz", "?page=20000"] {
        author.get(&format!("{PLAZA}/posts/{name}/comments{query}")).await.refused(422, "invalid.param");
    }
    assert_eq!(comments(&author, &name, "?page=9").await["items"], json!([]));
}
