//! `/api/secondme/avatar/…`

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

pub const AVATAR: &str = "/api/secondme/avatar";

/// Sends a POST to a route of avatars, and returns its data.
pub async fn post(actor: &Actor, path: &str, body: Value) -> Value {
    actor.post(&format!("{AVATAR}/{path}"), body).await.data()
}

/// Creates an avatar, and returns its id.
pub async fn avatar(actor: &Actor, body: Value) -> i64 {
    post(actor, "create", body).await["avatarId"].as_i64().expect("an id")
}

/// Creates a key of an avatar, and returns its id and the secret.
pub async fn key(actor: &Actor, avatar: i64) -> (i64, String) {
    let made = post(actor, "api-key/create", json!({"avatarId": avatar, "name": "site"})).await;
    (made["keyId"].as_i64().expect("an id"), made["secretKey"].as_str().expect("a secret").to_owned())
}

#[both_engines]
async fn everybody_has_a_primary_avatar(server: TestServer) {
    let person = server.person("小明").await;
    let owner = person.with_key("avatar.read").await;
    let listed = owner.get(&format!("{AVATAR}/list")).await.data();
    assert_eq!(listed["total"], 1);
    let primary = &listed["list"][0];
    for (member, expected) in [
        ("type", json!("primary")),
        ("title", json!("小明")),
        ("coverUrl", Value::Null),
        ("scenarioPrompt", json!("")),
        ("opening", json!("")),
        ("welcomeNote", json!("")),
        ("modes", json!({"textChat": true, "voiceCall": false})),
        ("distribution", json!({"apiEnabled": true, "wxappEnabled": false, "webEnabled": false})),
        ("skillKeys", json!([])),
        ("usageCount", json!(0)),
        ("viewCount", json!(0)),
        ("createdAt", json!("2026-01-01 00:00:00")),
    ] {
        assert_eq!(primary[member], expected, "{member}");
    }
    assert_eq!(primary["monetization"]["accessType"], "FREE");
    let code = primary["shareCode"].as_str().unwrap();
    assert!(code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_hexdigit()), "{code}");
    let id = primary["avatarId"].as_i64().unwrap();
    assert_eq!(&owner.get(&format!("{AVATAR}/detail?avatarId={id}")).await.data(), primary);
    let writer = person.with_key("avatar.write").await;
    let refused = writer.post(&format!("{AVATAR}/delete"), json!({"avatarId": id})).await;
    refused.refused(400, "avatar.delete.failed");
    assert_eq!(owner.get(&format!("{AVATAR}/list")).await.data()["total"], 1, "it is made once");
}

#[both_engines("avatars.max_avatars = 2")]
async fn an_avatar_is_created_changed_and_deleted(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    let new = json!({
        "title": "面试官",
        "coverUrl": "https://cdn.example.com/c.png",
        "scenarioPrompt": "你在面试。",
        "opening": "你好，请坐。",
        "welcomeNote": "模拟面试",
        "modes": {"textChat": true, "voiceCall": true},
        "monetization": {"accessType": "FREE", "freeChatUnlimited": false},
        "unknown": 1,
    });
    let made = post(&owner, "create", new).await;
    let id = made["avatarId"].as_i64().unwrap();
    assert_eq!((&made["type"], &made["usageCount"]), (&json!("custom"), &json!(0)));
    assert_eq!(made["modes"]["voiceCall"], false, "this server has no calls");
    let refused = owner.post(&format!("{AVATAR}/create"), json!({"title": "third"})).await;
    assert!(
        refused.refused(400, "avatar.create.failed")["message"].as_str().unwrap().contains("max_avatars")
    );

    let change = json!({"avatarId": id, "title": "教练", "coverUrl": "", "paused": true});
    let changed = post(&owner, "update", change).await;
    assert_eq!((&changed["title"], &changed["coverUrl"]), (&json!("教练"), &Value::Null));
    assert_eq!((&changed["opening"], &changed["paused"]), (&json!("你好，请坐。"), &json!(true)));
    assert_eq!(changed["shareCode"], made["shareCode"]);

    assert_eq!(post(&owner, &format!("{id}/set-default"), json!({})).await, Value::Null);
    let listed = owner.get(&format!("{AVATAR}/list?pageNo=2&pageSize=1")).await.data();
    assert_eq!((&listed["total"], &listed["list"][0]["isDefault"]), (&json!(2), &json!(true)));
    assert_eq!(post(&owner, "delete", json!({"avatarId": id})).await, Value::Null);
    let gone = owner.get(&format!("{AVATAR}/detail?avatarId={id}")).await;
    gone.refused(404, "avatar.fetch.failed");
    let listed = owner.get(&format!("{AVATAR}/list")).await.data();
    assert_eq!((&listed["total"], &listed["list"][0]["isDefault"]), (&json!(1), &json!(true)));
    avatar(&owner, json!({"title": "its place is free"})).await;
}

#[both_engines]
async fn invalid_members_are_refused(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    let create = format!("{AVATAR}/create");
    for (body, member) in [
        (json!({}), "title"),
        (json!({"title": "  "}), "title"),
        (json!({"title": "a\nb"}), "title"),
        (json!({"title": "x".repeat(101)}), "title"),
        (json!({"title": "a", "coverUrl": "javascript:alert(1)"}), "coverUrl"),
        (json!({"title": "a", "scenarioPrompt": "x".repeat(40_001)}), "scenarioPrompt"),
        (json!({"title": "a", "opening": "x".repeat(2001)}), "opening"),
        (json!({"title": "a", "welcomeNote": "a\u{1}"}), "welcomeNote"),
        (json!({"title": "a", "limits": {"messagesPerDay": -1}}), "limits.messagesPerDay"),
        (
            json!({"title": "a", "skillKeys": ["k", "k", "k"], "relatedNoteIds": vec![1; 51]}),
            "relatedNoteIds",
        ),
    ] {
        let refused = owner.post(&create, body.clone()).await.refused(422, "invalid.param");
        assert!(refused["message"].as_str().unwrap().starts_with(member), "{refused}");
    }
    for body in [
        json!({"title": "a", "monetization": {"accessType": "PAID"}}),
        json!({"title": "a", "skillKeys": ["no such"]}),
        json!({"title": "a", "relatedNoteIds": [4503599627370495_i64]}),
    ] {
        owner.post(&create, body).await.refused(400, "avatar.create.failed");
    }
    owner.post(&format!("{AVATAR}/update"), json!({"title": "a"})).await.refused(422, "invalid.param");
}

#[both_engines]
async fn a_key_of_an_avatar_is_shown_once(server: TestServer) {
    let person = server.person("a").await;
    let owner = person.with_key("*").await;
    let id = avatar(&owner, json!({"title": "a"})).await;
    let made = post(&owner, "api-key/create", json!({"avatarId": id, "name": "网站"})).await;
    let secret = made["secretKey"].as_str().unwrap();
    assert!(secret.len() == 35 && secret.starts_with("sk-"), "{secret}");
    assert!(secret[3..].bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    assert_eq!(
        (&made["avatarId"], &made["name"], &made["enabled"]),
        (&json!(id), &json!("网站"), &json!(true))
    );
    let list = owner.get(&format!("{AVATAR}/api-key/list?avatarId={id}")).await;
    assert!(!list.body.contains(secret), "{}", list.body);
    assert_eq!(list.data()["list"][0]["keyId"], made["keyId"]);

    let key = &made["keyId"];
    assert_eq!(post(&owner, "api-key/update", json!({"keyId": key, "enabled": false})).await, Value::Null);
    let list = owner.get(&format!("{AVATAR}/api-key/list?avatarId={id}")).await.data();
    assert_eq!((&list["list"][0]["enabled"], &list["list"][0]["name"]), (&json!(false), &json!("网站")));
    post(&owner, "api-key/delete", json!({"keyId": key})).await;
    owner
        .post(&format!("{AVATAR}/api-key/delete"), json!({"keyId": key}))
        .await
        .refused(404, "avatar.apikey.failed");
    for _ in 0..20 {
        self::key(&owner, id).await;
    }
    let more = owner.post(&format!("{AVATAR}/api-key/create"), json!({"avatarId": id, "name": "x"})).await;
    more.refused(400, "avatar.apikey.failed");
}

#[both_engines]
async fn other_peoples_avatars_do_not_exist(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    let other = server.person("b").await.with_key("*").await;
    let id = avatar(&owner, json!({"title": "a"})).await;
    let (key, _) = key(&owner, id).await;
    for (path, code) in [
        (format!("detail?avatarId={id}"), "avatar.fetch.failed"),
        (format!("{id}/interactions"), "avatar.fetch.failed"),
        (format!("dashboard?avatarId={id}"), "avatar.fetch.failed"),
        (format!("wxapp-qrcode?avatarId={id}"), "avatar.fetch.failed"),
        (format!("api-key/list?avatarId={id}"), "avatar.apikey.failed"),
    ] {
        other.get(&format!("{AVATAR}/{path}")).await.refused(404, code);
    }
    for (path, body, code) in [
        ("update".to_owned(), json!({"avatarId": id, "title": "mine"}), "avatar.update.failed"),
        ("delete".to_owned(), json!({"avatarId": id}), "avatar.delete.failed"),
        (format!("{id}/set-default"), json!({}), "avatar.update.failed"),
        (format!("{id}/evaluations"), json!({}), "avatar.fetch.failed"),
        ("conversations/export".to_owned(), json!({"avatarId": id}), "avatar.fetch.failed"),
        ("api-key/create".to_owned(), json!({"avatarId": id, "name": "x"}), "avatar.apikey.failed"),
        ("api-key/update".to_owned(), json!({"keyId": key, "enabled": false}), "avatar.apikey.failed"),
        ("api-key/delete".to_owned(), json!({"keyId": key}), "avatar.apikey.failed"),
    ] {
        other.post(&format!("{AVATAR}/{path}"), body).await.refused(404, code);
    }
    let list = owner.get(&format!("{AVATAR}/api-key/list?avatarId={id}")).await.data();
    assert_eq!(list["list"][0]["enabled"], true);
}

/// An avatar must not become a way for an app to read notes that it may not read itself.
#[both_engines]
async fn choosing_notes_takes_the_right_to_read_them(server: TestServer) {
    let person = server.person("a").await;
    let owner = person.signed_in().await;
    let note =
        owner.post("/api/secondme/note/add", json!({"content": "diary"})).await.data()["noteId"].clone();
    let scopes = "avatar.read avatar.write";
    let app = person.app(&format!("{scopes} note.write")).await;
    let body = json!({"title": "a", "relatedNoteIds": [note]});
    let narrow = person.with_token(&app, scopes).await;
    narrow.post(&format!("{AVATAR}/create"), body.clone()).await.refused(403, "apikey.permission.denied");
    let skilled = narrow.post(&format!("{AVATAR}/skill-create"), body.clone()).await;
    skilled.refused(403, "apikey.permission.denied");
    let wide = person.with_token(&app, &format!("{scopes} note.write")).await;
    let made = post(&wide, "create", body).await;
    assert_eq!(made["relatedNoteIds"], json!([note]));
    let change = json!({"avatarId": made["avatarId"], "relatedNoteIds": [note]});
    narrow.post(&format!("{AVATAR}/update"), change).await.refused(403, "apikey.permission.denied");
}

#[both_engines]
async fn a_token_without_the_scope_is_told_so(server: TestServer) {
    let person = server.person("a").await;
    let app = person.app("userinfo avatar.read avatar.write").await;
    let token = person.with_token(&app, "userinfo").await;
    token.get(&format!("{AVATAR}/list")).await.refused(403, "auth.scope.missing");
    token.post(&format!("{AVATAR}/create"), json!({"title": "a"})).await.refused(403, "auth.scope.missing");
    let key = person.with_key("chat").await;
    key.get(&format!("{AVATAR}/list")).await.refused(403, "apikey.permission.denied");
    let reader = person.with_token(&app, "avatar.read").await;
    reader.post(&format!("{AVATAR}/create"), json!({"title": "a"})).await.refused(403, "auth.scope.missing");
}

#[both_engines]
async fn skills_are_written_in_markdown(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    let markdown = "---\nname: 导览\ndescription: 带人参观\n---\n简短回答。";
    let new = json!({"sourceType": "md_text", "contentMarkdown": markdown});
    let skill = post(&owner, "custom-skills/create", new).await;
    assert!(skill["id"].is_string(), "{skill}");
    for (member, expected) in
        [("title", "导览"), ("description", "带人参观"), ("sourceType", "md_text"), ("status", "valid")]
    {
        assert_eq!(skill[member], expected);
    }
    assert_eq!(skill["sceneMode"], "avatar_chat");
    assert_eq!(owner.get(&format!("{AVATAR}/custom-skills/list")).await.data(), json!([skill]));
    let other = owner.get(&format!("{AVATAR}/custom-skills/list?sceneMode=call")).await.data();
    assert_eq!(other, json!([]));
    assert_eq!(owner.get(&format!("{AVATAR}/skills/available")).await.data(), json!({"skills": []}));

    let body = json!({
        "title": "馆长",
        "skills": {
            "existingCustomSkillKeys": [skill["skillKey"]],
            "customMarkdownSkills": [{"sourceType": "md_text", "contentMarkdown": markdown, "title": "第二"}],
        },
    });
    let made = post(&owner, "skill-create", body).await;
    let created = &made["createdCustomSkills"][0];
    assert_eq!((&created["title"], &created["sourceType"]), (&json!("第二"), &json!("md_text")));
    assert_eq!(made["enabledSkillKeys"], json!([skill["skillKey"], created["skillKey"]]));
    assert_eq!(made["avatar"]["skillKeys"], made["enabledSkillKeys"]);
    let create = format!("{AVATAR}/custom-skills/create");
    for (body, code) in [
        (json!({"sourceType": "zip"}), "avatar.custom.skill.source.unsupported"),
        (json!({"sourceType": "md_text"}), "avatar.custom.skill.content.required"),
        (json!({"sourceType": "md_text", "contentMarkdown": "x"}), "avatar.custom.skill.definition.invalid"),
    ] {
        owner.post(&create, body).await.refused(400, code);
    }
    let official = json!({"title": "x", "skills": {"officialSkillKeys": ["web"]}});
    owner.post(&format!("{AVATAR}/skill-create"), official).await.refused(400, "avatar.create.failed");
}

#[both_engines]
async fn everybody_sees_an_avatar_by_its_share_code(server: TestServer) {
    let person = server.person("a").await;
    let owner = person.with_key("*").await;
    let new = json!({"title": "导游", "opening": "欢迎", "scenarioPrompt": "SECRETPROMPT"});
    let made = post(&owner, "create", new).await;
    let path = format!("{AVATAR}/public/{}", made["shareCode"].as_str().unwrap());
    let stranger = server.person("b").await;
    let seen = stranger.with_key("chat").await.get(&path).await;
    assert!(!seen.body.contains("SECRETPROMPT"));
    let seen = seen.data();
    assert_eq!((&seen["id"], &seen["name"]), (&made["avatarId"], &json!("导游")));
    assert_eq!((&seen["ownerUserId"], &seen["opening"]), (&json!(person.account.id.0), &json!("欢迎")));
    let app = server.bearer(&stranger.app("chat").await.own_token().await);
    assert_eq!(app.get(&path).await.data()["viewCount"], 2);
    server.anyone().get(&path).await.refused(401, "apikey.auth.missing");
    for code in ["0123456789ab", "x", "0123456789AB"] {
        owner.get(&format!("{AVATAR}/public/{code}")).await.refused(404, "avatar.fetch.failed");
    }
}

/// Features that this server does not offer have a code of their own, and no 404.
#[both_engines]
async fn missing_features_say_so(server: TestServer) {
    let owner = server.person("a").await.with_key("*").await;
    let id = avatar(&owner, json!({"title": "a"})).await;
    let missing = "avatar.feature.unavailable";
    owner.post(&format!("{AVATAR}/{id}/evaluations"), json!({"mode": "full"})).await.refused(400, missing);
    for path in [
        "evaluations/ave_20260101_0a1b2c3d".to_owned(),
        "evaluations/ave_20260101_0a1b2c3d/report".to_owned(),
        format!("wxapp-qrcode?avatarId={id}"),
    ] {
        owner.get(&format!("{AVATAR}/{path}")).await.refused(400, missing);
    }
    let status = owner.get(&format!("{AVATAR}/contract/status")).await.data();
    assert_eq!(status, json!({"status": "NOT_SIGNED"}));
}
