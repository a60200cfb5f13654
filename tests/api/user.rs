//! `/api/secondme/user/…`

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use crate::seeds::shade;

#[both_engines]
async fn a_new_account_has_a_route_and_empty_texts(server: TestServer) {
    let person = server.person("new.person+tag").await;
    let data = person.with_key("*").await.get("/api/secondme/user/info").await.data();
    assert_eq!(data["route"], "newpersontag");
    assert_eq!(
        (&data["avatar"], &data["bio"], &data["selfIntroduction"]),
        (&json!(""), &json!(""), &json!(""))
    );
    assert_eq!(data["profileCompleteness"], 30);
    assert_eq!(
        (&data["voiceId"], &data["cover"], &data["video"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&data["layout"], &data["hasVoice"], &data["accountStatus"]),
        (&json!("avatar"), &json!(false), &json!("normal"))
    );
}

#[both_engines]
async fn routes_are_unique_and_never_empty(server: TestServer) {
    let mut routes = Vec::new();
    for email in ["sam", "sam.", "s.a.m", "___", "..."] {
        routes.push(server.person(email).await.account.route);
    }
    let mut unique = routes.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), routes.len(), "{routes:?}");
    assert!(routes.iter().all(|route| !route.is_empty()));
}

#[both_engines]
async fn a_profile_changes_only_where_told(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    let first = owner
        .post("/api/secondme/user/profile", json!({"about_me": "我", "cover": "https://c.example/c.png"}))
        .await;
    assert_eq!(first.data()["about_me"], "我");
    let second = owner
        .post("/api/secondme/user/profile", json!({"name": "新名字", "cover": "", "junk": 1}))
        .await
        .data();
    assert_eq!(second["name"], "新名字");
    assert_eq!(second["about_me"], "我");
    assert_eq!(second["cover"], "");
    assert_eq!(second["homepage"], format!("{}/a", server.base_url()));
    assert_eq!(owner.get("/api/secondme/user/info").await.data()["name"], "新名字");
    owner.post("/api/secondme/user/profile", json!({})).await.data();
}

#[both_engines]
async fn a_change_by_another_process_is_seen_within_a_second(server: TestServer) {
    let person = server.person("a").await;
    let owner = person.with_key("*").await;
    owner.get("/api/secondme/user/info").await.data();
    let sibling = server.sibling().await;
    let change = memory::profile::Change { name: Some("elsewhere".into()), ..Default::default() };
    sibling.memory.update_profile(person.account.id, change).await.unwrap();
    let start = std::time::Instant::now();
    while owner.get("/api/secondme/user/info").await.data()["name"] != "elsewhere" {
        assert!(start.elapsed().as_millis() < 1000, "still the old name");
    }
    sibling.stop().await.unwrap();
}

#[both_engines]
async fn a_taken_route_is_refused_and_nothing_else_is_changed(server: TestServer) {
    server.person("alice").await;
    let owner = server.person("bob").await.with_key("*").await;
    let request = json!({"name": "Robert", "origin_route": "ALICE"});
    owner.post("/api/secondme/user/profile", request).await.refused(400, "user.profile.update_failed");
    let data = owner.get("/api/secondme/user/info").await.data();
    assert_eq!((&data["name"], &data["route"]), (&json!("bob"), &json!("bob")));
    let data = owner.post("/api/secondme/user/profile", json!({"origin_route": "Bob2"})).await.data();
    assert_eq!(data["origin_route"], "bob2");
}

#[both_engines]
async fn limits_of_a_profile_are_in_characters(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    let path = "/api/secondme/user/profile";
    owner.post(path, json!({"name": "名".repeat(50), "about_me": "😀".repeat(500)})).await.data();
    for (body, field) in [
        (json!({"name": "名".repeat(51)}), "name"),
        (json!({"name": "  "}), "name"),
        (json!({"name": "a\u{7}"}), "name"),
        (json!({"about_me": "😀".repeat(501)}), "about_me"),
        (json!({"origin_route": "a-b"}), "origin_route"),
        (json!({"origin_route": ""}), "origin_route"),
        (json!({"origin_route": "a".repeat(51)}), "origin_route"),
        (json!({"avatar": "javascript:alert(1)"}), "avatar"),
        (json!({"avatar": format!("https://x.example/{}", "a".repeat(2000))}), "avatar"),
        (json!({"cover": "data:text/html,x"}), "cover"),
        (json!({"name": null, "avatar": 5}), "avatar"),
    ] {
        let answer = owner.post(path, body.clone()).await.refused(422, "invalid.param");
        assert_eq!(answer["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
}

#[both_engines]
async fn shades_show_only_where_they_have_a_public_side(server: TestServer) {
    let person = server.person("a").await;
    let owner = person.with_key("*").await;
    let hidden = owner.post("/api/secondme/user/shades/create", json!({"shadeName": "秘密"})).await.data();
    assert_eq!(hidden["hasPublicContent"], false);
    let shown = owner.post("/api/secondme/user/shades/create", shade()).await.data();
    let public = person.with_key("user.info.shades").await.get("/api/secondme/user/shades").await.data();
    assert_eq!(public["shades"].as_array().unwrap().len(), 1);
    assert_eq!(public["shades"][0]["id"], shown["id"]);
    let all = owner.get("/api/secondme/user/shades/all").await.data();
    assert_eq!(all["shades"].as_array().unwrap().len(), 2);
    let path = format!("/api/secondme/user/shades/{}", hidden["id"]);
    let changed =
        json!({"shadeName": "公开", "shadeContentPublic": "内容", "confidenceLevelPublic": "VERY_LOW"});
    let changed = owner.post(&format!("{path}/update"), changed).await.data();
    assert_eq!(
        (&changed["hasPublicContent"], &changed["confidenceLevelPublic"]),
        (&json!(true), &json!("VERY_LOW"))
    );
    assert_eq!(owner.get("/api/secondme/user/shades").await.data()["shades"].as_array().unwrap().len(), 2);
    assert_eq!(owner.post(&format!("{path}/delete"), json!({})).await.data(), Value::Null);
    owner.post(&format!("{path}/delete"), json!({})).await.refused(404, "resource.fetch.not_found");
}

#[both_engines]
async fn without_shades_the_list_is_empty(server: TestServer) {
    let answer = server.person("a").await.with_key("*").await.get("/api/secondme/user/shades").await;
    assert_eq!(answer.body, r#"{"code":0,"data":{"shades":[]}}"#);
}

#[both_engines]
async fn other_peoples_shades_look_like_none(server: TestServer) {
    let alice = server.person("alice").await.with_key("*").await;
    let mallory = server.person("mallory").await.with_key("*").await;
    let id = alice.post("/api/secondme/user/shades/create", shade()).await.data()["id"].clone();
    for id in [id.to_string(), "1".into(), "x".into()] {
        let path = format!("/api/secondme/user/shades/{id}");
        mallory.post(&format!("{path}/update"), shade()).await.refused(404, "resource.fetch.not_found");
        mallory.post(&format!("{path}/delete"), json!({})).await.refused(404, "resource.fetch.not_found");
    }
    assert_eq!(alice.get("/api/secondme/user/shades").await.data()["shades"].as_array().unwrap().len(), 1);
    assert_eq!(mallory.get("/api/secondme/user/shades").await.data()["shades"], json!([]));
}

#[both_engines]
async fn what_is_wrong_with_a_shade_is_named(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    for (body, field) in [
        (json!({}), vec!["body", "shadeName"]),
        (json!({"shadeName": "x".repeat(101)}), vec!["body", "shadeName"]),
        (json!({"shadeName": "x", "confidenceLevel": "SURE"}), vec!["body", "confidenceLevel"]),
        (json!({"shadeName": "x", "shadeIcon": "ftp://x"}), vec!["body", "shadeIcon"]),
        (json!({"shadeName": "x", "shadeContent": "x".repeat(2001)}), vec!["body", "shadeContent"]),
        (json!({"shadeName": "x", "sourceTopics": vec!["x"; 51]}), vec!["body", "sourceTopics"]),
        (
            json!({"shadeName": "x", "sourceTopics": ["y", "x".repeat(101)]}),
            vec!["body", "sourceTopics", "1"],
        ),
    ] {
        let answer =
            owner.post("/api/secondme/user/shades/create", body.clone()).await.refused(422, "invalid.param");
        assert_eq!(answer["detail"][0]["loc"], json!(field), "{body}");
    }
}
