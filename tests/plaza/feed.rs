//! `/api/secondme/plaza/feed`

use std::collections::HashSet;

use serde_json::json;
use testkit::{Actor, TestServer, both_engines};

use super::square::{PLAZA, actor, comment, each, feed, post, post_with};

async fn like(actor: &Actor, post: &str) {
    actor.post(&format!("{PLAZA}/posts/{post}/like"), json!({})).await.data();
}

#[both_engines]
async fn the_timeline_is_by_time_and_featured_by_votes(server: TestServer) {
    let (author, other) = (actor(&server, "author").await, actor(&server, "other").await);
    let mut posts = Vec::new();
    for number in 0..4 {
        posts.push(post(&author, &format!("post {number}")).await);
        server.clock().advance_ms(60_000);
    }
    let newest_first: Vec<String> = posts.iter().rev().cloned().collect();
    assert_eq!(each(&feed(&author, "").await, "id"), newest_first);
    assert_eq!(each(&feed(&author, "?sortMode=featured").await, "id"), newest_first, "without votes by time");
    like(&other, &posts[0]).await;
    comment(&other, &posts[1], "x", json!({})).await;
    let featured = each(&feed(&author, "?sortMode=featured").await, "id");
    assert_eq!(featured, [&posts[1], &posts[0], &posts[3], &posts[2]].map(Clone::clone));
    assert_eq!(each(&feed(&author, "?sortMode=timeline").await, "id"), newest_first);
    author.get(&format!("{PLAZA}/feed?sortMode=best")).await.refused(422, "invalid.param");
    // A new post comes before older ones whose likes are worth less than its lead in time.
    server.clock().advance_ms(50_000_000);
    let late = post(&author, "late").await;
    assert_eq!(each(&feed(&author, "?sortMode=featured").await, "id")[0], late);
}

#[both_engines]
async fn filters_and_counts(server: TestServer) {
    let author = actor(&server, "author").await;
    author
        .post(&format!("{PLAZA}/circles/create"), json!({"name": "Rust", "circleRoute": "rust"}))
        .await
        .data();
    let talk = post(&author, "谈谈阅读").await;
    let ask = post_with(&author, "问我阅读", json!({"contentType": "ama", "circleRoute": "rust"})).await;
    let find = post_with(&author, "找书", json!({"contentType": "info", "circleRoute": "rust"})).await;
    let ids = |query: &'static str| {
        let author = author.clone();
        async move {
            let page = feed(&author, query).await;
            (each(&page, "id"), page["total"].as_i64().unwrap(), page["contentTypeCounts"].clone())
        }
    };
    let counts =
        |discussion: i64, ama: i64, info: i64| json!({"discussion": discussion, "ama": ama, "info": info});
    for sort in ["timeline", "featured"] {
        for (query, expected, total, counted) in [
            ("", vec![&find, &ask, &talk], 3, counts(1, 1, 1)),
            ("&type=public", vec![&find, &ask, &talk], 3, counts(1, 1, 1)),
            ("&type=ama", vec![&ask], 1, counts(1, 1, 1)),
            ("&type=poll", vec![], 0, counts(1, 1, 1)),
            ("&circleRoute=rust", vec![&find, &ask], 2, counts(0, 1, 1)),
            ("&circleRoute=rust&type=info", vec![&find], 1, counts(0, 1, 1)),
            ("&circleRoute=none", vec![], 0, counts(0, 0, 0)),
            ("&circleRoute=No%00ne", vec![], 0, counts(0, 0, 0)),
            ("&keyword=阅读", vec![&ask, &talk], 2, counts(1, 1, 0)),
            ("&keyword=閱讀&type=ama", vec![&ask], 1, counts(1, 1, 0)),
            ("&keyword=阅读&circleRoute=rust", vec![&ask], 1, counts(0, 1, 0)),
            ("&keyword=阅读 书", vec![], 0, counts(0, 0, 0)),
            ("&keyword=，", vec![], 0, counts(0, 0, 0)),
        ] {
            let page = feed(&author, &format!("?sortMode={sort}{query}")).await;
            let expected: Vec<String> = expected.into_iter().cloned().collect();
            assert_eq!(each(&page, "id"), expected, "{sort} {query}");
            assert_eq!(
                (&page["total"], &page["contentTypeCounts"]),
                (&json!(total), &counted),
                "{sort} {query}"
            );
        }
    }
    author.post(&format!("{PLAZA}/posts/{ask}/delete"), json!({})).await.data();
    assert_eq!(ids("?circleRoute=rust").await, (vec![find], 1, counts(0, 0, 1)));
    assert_eq!(ids("?keyword=阅读").await, (vec![talk], 1, counts(1, 0, 0)));
    author.get(&format!("{PLAZA}/feed?keyword={}", "x".repeat(201))).await.refused(422, "invalid.param");
}

/// Pages by snapshot neither repeat nor skip posts, while others post, like and delete.
#[both_engines("plaza.posts_per_hour = 1000")]
async fn a_walk_stays_as_it_began(server: TestServer) {
    let (author, other) = (actor(&server, "author").await, actor(&server, "other").await);
    let mut posts = HashSet::new();
    for number in 0..9 {
        posts.insert(post_with(&author, &format!("cursor {number}"), json!({"contentType": "ama"})).await);
    }
    for filter in [
        "sortMode=timeline",
        "sortMode=featured",
        "sortMode=timeline&type=ama",
        "sortMode=featured&type=ama",
        "sortMode=timeline&keyword=cursor",
    ] {
        let mut seen = Vec::new();
        let mut page = feed(&author, &format!("?{filter}&pageSize=2")).await;
        for number in 2.. {
            seen.extend(each(&page, "id"));
            if page["hasMore"] == json!(false) {
                break;
            }
            // Newer posts do not belong to the cursor, and posts that were read may change their
            // position.
            post_with(&other, "cursor on", json!({"contentType": "ama"})).await;
            if filter.contains("featured") {
                like(&other, &seen[0]).await;
            }
            let snapshot = page["snapshot"].as_str().unwrap();
            page = feed(&author, &format!("?{filter}&pageSize=2&page={number}&snapshot={snapshot}")).await;
        }
        let before: Vec<&String> = seen.iter().filter(|id| posts.contains(*id)).collect();
        assert_eq!(before.len(), posts.len(), "{filter}");
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "{filter}: {seen:?}");
        posts = each(&feed(&author, "?pageSize=100").await, "id").into_iter().collect();
    }
}

/// In the featured feed votes move posts under the reader: those that stay come exactly once.
#[both_engines("plaza.posts_per_hour = 1000")]
async fn a_featured_walk_shows_every_post_that_stays_once(server: TestServer) {
    let (author, other) = (actor(&server, "author").await, actor(&server, "other").await);
    let mut posts = Vec::new();
    for number in 0..24 {
        posts.push(post(&author, &format!("post {number}")).await);
        server.clock().advance_ms(1000);
    }
    for liked in posts.iter().step_by(3) {
        like(&other, liked).await;
    }
    let before = each(&feed(&author, "?sortMode=featured&pageSize=100").await, "id");
    let (mut seen, mut moved) = (Vec::new(), HashSet::new());
    let mut page = feed(&author, "?sortMode=featured&pageSize=5").await;
    for number in 2.. {
        let shown = each(&page, "id");
        seen.extend(shown.clone());
        if page["hasMore"] == json!(false) {
            break;
        }
        // One that was shown loses its vote, one further down gains one, and a new one comes.
        other.post(&format!("{PLAZA}/posts/{}/unlike", shown[0]), json!({})).await;
        let below = before.iter().rev().find(|id| !moved.contains(*id) && !seen.contains(*id));
        if let Some(below) = below {
            like(&other, below).await;
            moved.insert(below.clone());
        }
        moved.insert(shown[0].clone());
        post(&other, "a new one").await;
        let snapshot = page["snapshot"].as_str().unwrap();
        page =
            feed(&author, &format!("?sortMode=featured&pageSize=5&page={number}&snapshot={snapshot}")).await;
    }
    assert!(seen.iter().all(|id| posts.contains(id)), "nothing newer belongs to the cursor");
    for staying in before.iter().filter(|id| !moved.contains(*id)) {
        assert_eq!(seen.iter().filter(|id| *id == staying).count(), 1, "{staying}");
    }
}

#[both_engines]
async fn pages_have_an_end(server: TestServer) {
    let author = actor(&server, "author").await;
    for number in 0..5 {
        post(&author, &number.to_string()).await;
    }
    let page = feed(&author, "?pageSize=2&page=3").await;
    assert_eq!(
        (each(&page, "content"), &page["hasMore"], &page["total"]),
        (vec!["0".to_owned()], &json!(false), &json!(5))
    );
    let past = feed(&author, "?pageSize=2&page=4").await;
    assert_eq!(
        (&past["items"], &past["total"], &past["page"], &past["snapshot"]),
        (&json!([]), &json!(5), &json!(4), &json!(null))
    );
    assert_eq!(feed(&author, "?pageSize=5000").await["pageSize"], 100);
    for query in ["?page=0", "?pageSize=0", "?page=1.5", "?page=10000", "?snapshot=1.2"] {
        author.get(&format!("{PLAZA}/feed{query}")).await.refused(422, "invalid.param");
    }
}
