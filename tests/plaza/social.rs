//! Likes, circles, topics.

use futures::future::join_all;
use serde_json::json;
use testkit::{TestServer, both_engines};

use super::square::{PLAZA, actor, comment, comments, each, feed, post, post_with, read};

#[both_engines]
async fn liking_twice_is_liking_once(server: TestServer) {
    let (author, other) = (actor(&server, "author").await, actor(&server, "other").await);
    let name = post(&author, "x").await;
    let id = comment(&author, &name, "y", json!({})).await;
    for place in [format!("posts/{name}"), format!("comments/{id}")] {
        for _ in 0..2 {
            let data = other.post(&format!("{PLAZA}/{place}/like"), json!({})).await.data();
            assert_eq!(data, json!({"liked": true, "likes": 1}));
        }
    }
    let (mine, theirs) = (read(&author, &name).await, read(&other, &name).await);
    assert_eq!((&mine["likes"], &mine["liked"], &theirs["liked"]), (&json!(1), &json!(false), &json!(true)));
    assert_eq!(feed(&other, "").await["items"][0]["liked"], true);
    let item = comments(&other, &name, "").await["items"][0].clone();
    assert_eq!((&item["likes"], &item["liked"]), (&json!(1), &json!(true)));
    for place in [format!("posts/{name}"), format!("comments/{id}")] {
        for _ in 0..2 {
            let data = other.post(&format!("{PLAZA}/{place}/unlike"), json!({})).await.data();
            assert_eq!(data, json!({"liked": false, "likes": 0}));
        }
    }
    for place in ["posts/post_00000000", "posts/%00", "comments/comment_1", "comments/x"] {
        other
            .post(&format!("{PLAZA}/{place}/like"), json!({}))
            .await
            .refused(404, "resource.fetch.not_found");
    }
}

#[both_engines]
async fn likes_at_once_all_count(server: TestServer) {
    let author = actor(&server, "author").await;
    let name = post(&author, "x").await;
    let mut fans = Vec::new();
    for number in 0..8 {
        fans.push(actor(&server, &format!("fan{number}")).await);
    }
    let path = format!("{PLAZA}/posts/{name}/like");
    let likes = fans.iter().chain(&fans).map(|fan| fan.post(&path, json!({})));
    for answer in join_all(likes).await {
        answer.data();
    }
    assert_eq!(read(&author, &name).await["likes"], 8);
}

#[both_engines]
async fn circles_are_joined_and_left(server: TestServer) {
    let (author, other) = (actor(&server, "author").await, actor(&server, "other").await);
    let create = format!("{PLAZA}/circles/create");
    let circle = json!({"name": "Rust 圈", "circleRoute": "rust", "description": "谈 Rust"});
    author.post(&create, circle.clone()).await.data();
    other.post(&create, circle).await.refused(400, "plaza.circle.route_taken");
    for body in [
        json!({"name": "x"}),
        json!({"circleRoute": "x"}),
        json!({"name": "x", "circleRoute": "a b"}),
        json!({"name": " ", "circleRoute": "x"}),
    ] {
        author.post(&create, body).await.refused(422, "invalid.param");
    }
    let in_circle = json!({"content": "x", "type": "public", "circleRoute": "rust"});
    other.post(&format!("{PLAZA}/posts/create"), in_circle).await.refused(403, "plaza.circle.not_member");
    for _ in 0..2 {
        other.post(&format!("{PLAZA}/circles/rust/join"), json!({})).await.data();
    }
    let listed = other.get(&format!("{PLAZA}/circles")).await.data();
    assert_eq!(
        listed["items"],
        json!([{
            "circleRoute": "rust", "name": "Rust 圈", "description": "谈 Rust", "members": 2, "joined": true,
            "createdAt": "2026-01-01T00:00:00Z",
        }])
    );
    let name = post_with(&other, "圈内", json!({"circleRoute": "rust"})).await;
    assert_eq!(read(&author, &name).await["circleRoute"], "rust");
    for _ in 0..2 {
        other.post(&format!("{PLAZA}/circles/rust/leave"), json!({})).await.data();
    }
    let listed = other.get(&format!("{PLAZA}/circles")).await.data();
    assert_eq!((&listed["items"][0]["members"], &listed["items"][0]["joined"]), (&json!(1), &json!(false)));
    for route in ["none", "No%20ne", "%00"] {
        other
            .post(&format!("{PLAZA}/circles/{route}/join"), json!({}))
            .await
            .refused(404, "resource.fetch.not_found");
    }
}

#[both_engines]
async fn topics_gather_posts(server: TestServer) {
    let author = actor(&server, "author").await;
    let titled =
        post_with(&author, "a", json!({"topicTitle": "Rust 編程", "topicDescription": "语言"})).await;
    let same = post_with(&author, "b", json!({"topicTitle": "rust 编程"})).await;
    let named = post_with(&author, "c", json!({"topicId": "天 气", "topicTitle": "天气"})).await;
    let topics = author.get(&format!("{PLAZA}/topics")).await.data();
    assert_eq!(each(&topics, "topicTitle"), ["Rust 編程", "天气"]);
    assert_eq!(
        (&topics["items"][0]["posts"], &topics["items"][0]["topicDescription"]),
        (&json!(2), &json!("语言"))
    );
    let id = topics["items"][0]["topicId"].as_str().unwrap();
    let page = author.get(&format!("{PLAZA}/topics/{id}/posts")).await.data();
    assert_eq!((each(&page, "id"), &page["total"]), (vec![same.clone(), titled], &json!(2)));
    let page = author.get(&format!("{PLAZA}/topics/天 气/posts")).await.data();
    assert_eq!(each(&page, "id"), [named]);
    author.post(&format!("{PLAZA}/posts/{same}/delete"), json!({})).await.data();
    let page = author.get(&format!("{PLAZA}/topics/{id}/posts")).await.data();
    assert_eq!((&page["total"], &page["topic"]["posts"]), (&json!(1), &json!(1)));
    for id in ["none", "%00"] {
        author.get(&format!("{PLAZA}/topics/{id}/posts")).await.refused(404, "resource.fetch.not_found");
    }
}
