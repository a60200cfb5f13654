//! The examples of the API's documentation, each as a test.

use serde_json::{Value, json};
use testkit::both_engines;

/// The shade of the documentation's example, as its owner would write it.
pub fn shade() -> Value {
    json!({
        "shadeName": "科技爱好者",
        "shadeIcon": "https://cdn.example.com/icon.png",
        "confidenceLevel": "HIGH",
        "shadeDescription": "热爱科技",
        "shadeDescriptionThirdView": "他/她热爱科技",
        "shadeContent": "喜欢编程和数码产品",
        "shadeContentThirdView": "他/她喜欢编程和数码产品",
        "sourceTopics": ["编程", "AI"],
        "shadeNamePublic": "科技达人",
        "shadeIconPublic": "https://cdn.example.com/public-icon.png",
        "confidenceLevelPublic": "HIGH",
        "shadeDescriptionPublic": "科技爱好者",
        "shadeDescriptionThirdViewPublic": "一位科技爱好者",
        "shadeContentPublic": "热爱科技",
        "shadeContentThirdViewPublic": "他/她热爱科技",
        "sourceTopicsPublic": ["科技"]
    })
}

both_engines! {
    /// API-key guide: `curl -X GET …/gate/lab/api/secondme/user/info -H "Authorization: Bearer lba_ak_…"`.
    async fn seed_000_user_info_with_an_api_key(server) {
        let person = server.person("username").await;
        let answer = person.with_key("user.info").await.get("/gate/lab/api/secondme/user/info").await;
        let data = answer.data();
        for name in ["name", "email", "avatar", "bio", "selfIntroduction", "profileCompleteness"] {
            assert!(data.get(name).is_some_and(|value| !value.is_null()), "{name}: {data}");
        }
        assert!(data.get("voiceId").is_some());
    }

    /// API-key guide: every key starts with `lba_ak_`, then lower-case letters and digits.
    async fn seed_000_format_of_a_key(server) {
        let (_, key) = server.person("a").await.new_key("*", None).await;
        let body = key.strip_prefix("lba_ak_").expect("the prefix");
        assert!((40..=64).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()));
    }

    /// API-key guide: the table of permissions, as far as its endpoints exist.
    async fn seed_000_table_of_permissions(server) {
        let person = server.person("a").await;
        for (scope, path, status) in [
            ("user.info", "/api/secondme/user/info", 200),
            ("user.info", "/api/secondme/user/shades", 403),
            ("user.info.shades", "/api/secondme/user/shades", 200),
            ("user.info.shades", "/api/secondme/user/info", 403),
            ("chat", "/api/secondme/user/info", 403),
            ("note.add", "/api/secondme/user/info", 403),
            ("user.info.softmemory", "/api/secondme/user/softmemory", 200),
            ("user.info", "/api/secondme/user/softmemory", 403),
            ("*", "/api/secondme/user/softmemory", 200),
            ("*", "/api/secondme/user/info", 200),
            ("*", "/api/secondme/user/shades", 200),
        ] {
            assert_eq!(person.with_key(scope).await.get(path).await.status, status, "{scope} {path}");
        }
    }

    /// API-key guide: `{"code":401,"message":"API Key 无效或已过期","error_code":"apikey.auth.invalid"}`.
    async fn seed_000_failed_authentication(server) {
        let answer = server.bearer("lba_ak_your_api_key_here").get("/gate/lab/api/secondme/user/info").await;
        let body = answer.refused(401, "apikey.auth.invalid");
        assert_eq!(body["message"], "API Key 无效或已过期");
        assert!(answer.body.starts_with(r#"{"code":401,"message":"API Key 无效或已过期","#), "{}", answer.body);
    }

    /// API-key guide: `{"code":403,"message":"缺少必需的权限: …","error_code":"apikey.permission.denied"}`.
    async fn seed_000_missing_permission(server) {
        let answer = server.person("a").await.with_key("chat").await.get("/api/secondme/user/info").await;
        assert_eq!(answer.refused(403, "apikey.permission.denied")["message"], "缺少必需的权限: user.info");
    }

    /// User page: the example of `GET /api/secondme/user/info`, member by member.
    async fn seed_001_user_info(server) {
        let person = server.person("user").await;
        let owner = person.with_key("*").await;
        let change = json!({
            "name": "用户名", "avatar": "https://cdn.example.com/avatar.jpg", "bio": "个人简介",
            "about_me": "自我介绍内容", "origin_route": "username"
        });
        owner.post("/api/secondme/user/profile", change).await.data();
        let data = person.with_key("userinfo").await.get("/gate/lab/api/secondme/user/info").await.data();
        let example = json!({
            "userId": person.account.id.to_string(),
            "name": "用户名",
            "email": "user@example.com",
            "avatar": "https://cdn.example.com/avatar.jpg",
            "bio": "个人简介",
            "selfIntroduction": "自我介绍内容",
            "profileCompleteness": 85,
            "route": "username"
        });
        for (name, value) in example.as_object().expect("an object") {
            assert_eq!(&data[name], value, "{name}");
        }
        assert_eq!(data["avatarUrl"], data["avatar"]);
        assert!(data["userId"].as_str().expect("a text").bytes().all(|byte| byte.is_ascii_digit()));
        for split in ["id", "user_id", "openId", "open_id"] {
            assert!(data.get(split).is_none(), "{split} would split accounts in clients");
        }
    }

    /// User page: the example of `GET /api/secondme/user/shades`, byte for byte but for the id.
    async fn seed_001_user_shades(server) {
        let person = server.person("a").await;
        let id = person.with_key("*").await.post("/api/secondme/user/shades/create", shade()).await.data()["id"].clone();
        let answer = person.with_key("userinfo").await.get("/gate/lab/api/secondme/user/shades").await;
        let example = format!(
            r#"{{"code":0,"data":{{"shades":[{{"id":{id},"shadeName":"科技爱好者","shadeIcon":"https://cdn.example.com/icon.png","confidenceLevel":"HIGH","shadeDescription":"热爱科技","shadeDescriptionThirdView":"他/她热爱科技","shadeContent":"喜欢编程和数码产品","shadeContentThirdView":"他/她喜欢编程和数码产品","sourceTopics":["编程","AI"],"shadeNamePublic":"科技达人","shadeIconPublic":"https://cdn.example.com/public-icon.png","confidenceLevelPublic":"HIGH","shadeDescriptionPublic":"科技爱好者","shadeDescriptionThirdViewPublic":"一位科技爱好者","shadeContentPublic":"热爱科技","shadeContentThirdViewPublic":"他/她热爱科技","sourceTopicsPublic":["科技"],"hasPublicContent":true}}]}}}}"#
        );
        assert_eq!(answer.body, example);
    }

    /// API-key guide: a note is added with the scope `note.add`, and not with another.
    async fn seed_000_a_note_is_added(server) {
        let person = server.person("a").await;
        let note = json!({"content": "今天读完了《三体》"});
        person.with_key("note.add").await.post("/gate/lab/api/secondme/note/add", note.clone()).await.data();
        person.with_key("chat").await.post("/gate/lab/api/secondme/note/add", note).await.refused(403, "apikey.permission.denied");
    }

    /// User page: the example of `GET /api/secondme/memory/key/search`, byte for byte but for the id.
    async fn seed_001_search_key_memory(server) {
        let person = server.person("a").await;
        let owner = person.with_key("*").await;
        server.clock().set(store::Timestamp(1_705_315_800_000));
        let memory = json!({"content": "喜欢在周末阅读科幻小说", "factActor": "用户", "factObject": "兴趣爱好"});
        assert_eq!(owner.post("/api/secondme/memory/key", memory).await.data(), json!({}));
        owner.post("/api/secondme/memory/key", json!({"content": "每天早上跑步"})).await.data();
        let path = "/gate/lab/api/secondme/memory/key/search?keyword=阅读&pageNo=1&pageSize=20";
        let answer = person.with_key("memory.read").await.get(path).await;
        let id = answer.data()["list"][0]["id"].clone();
        assert!(id.is_i64());
        let example = format!(
            r#"{{"code":0,"data":{{"list":[{{"id":{id},"factActor":"用户","factObject":"兴趣爱好","factContent":"喜欢在周末阅读科幻小说","createTime":1705315800000,"updateTime":1705315800000,"visibility":1}}],"total":1}}}}"#
        );
        assert_eq!(answer.body, example);
        let all = person.with_key("memory.read").await.get("/gate/lab/api/secondme/memory/key/search?keyword=&pageNo=1&pageSize=20").await;
        assert_eq!(all.data()["total"], 2);
        let refused = server.bearer("lba_at_your_access_token").get(path).await;
        assert_eq!(refused.refused(401, "auth.token.invalid")["message"], "Token 无效或已过期");
    }

    /// Reference: `softmemory` is at `data.list`, `note/add` answers a number at `data.noteId`.
    async fn seed_002_paths_of_memory_data(server) {
        let actor = server.person("a").await.with_key("*").await;
        let data = actor.post("/gate/lab/api/secondme/note/add", json!({"content": "笔记", "title": "标题"})).await.data();
        assert!(data["noteId"].is_i64(), "{data}");
        actor.post("/api/secondme/memory/key", json!({"content": "喜欢阅读科幻小说", "factObject": "兴趣爱好"})).await.data();
        let data = actor.get("/gate/lab/api/secondme/user/softmemory").await.data();
        let entry = data["list"][0].as_object().expect("an entry");
        let mut names: Vec<&str> = entry.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["createTime", "factContent", "factObject", "id", "updateTime"]);
        assert_eq!(data["total"], 1);
    }

    /// User page: `apikey.permission.denied` where the scope `userinfo` is missing.
    async fn seed_001_missing_scope(server) {
        let stranger = server.person("a").await.with_key("memory.read").await;
        stranger.get("/api/secondme/user/info").await.refused(403, "apikey.permission.denied");
        stranger.get("/api/secondme/user/shades").await.refused(403, "apikey.permission.denied");
    }

    /// User page: `auth.token.invalid`, "Token 无效或已过期".
    async fn seed_001_invalid_token(server) {
        let answer = server.bearer("lba_at_your_access_token").get("/api/secondme/user/info").await;
        assert_eq!(answer.refused(401, "auth.token.invalid")["message"], "Token 无效或已过期");
    }

    /// Reference skill: the exchange of a code, with the fields and the answer of its examples.
    async fn seed_002_token_exchange(server) {
        let person = server.person("a").await;
        let app = server.person("developer").await.app("user.info chat").await;
        let code = person.allow(&app, "user.info chat").await;
        let data = server.anyone().post_form("/gate/lab/api/oauth/token/code", &app.exchange(&code)).await.data();
        let text = |name: &str| data[name].as_str().expect("a text").to_owned();
        assert!(text("accessToken").starts_with("lba_at_") && text("refreshToken").starts_with("lba_rt_"));
        assert_eq!((&data["tokenType"], &data["expiresIn"]), (&json!("Bearer"), &json!(7200)));
        assert_eq!(data["scope"], json!(["user.info", "chat"]));
        assert_eq!(data.as_object().expect("an object").len(), 5, "no member that would split accounts: {data}");
        let info = server.bearer(&text("accessToken")).get("/gate/lab/api/secondme/user/info").await.data();
        assert!(info["email"].is_string() && info["avatarUrl"].is_string() && info["route"].is_string());
    }

    /// Reference skill: "Content-Type 必须是 application/x-www-form-urlencoded，不是 JSON".
    async fn seed_002_json_is_no_form(server) {
        let answer = server.anyone().post("/gate/lab/api/oauth/token/code", json!({"grant_type": "authorization_code"})).await;
        answer.refused(422, "invalid.param");
        assert!(answer.body.contains("Field required"));
    }

    /// Reference skill: a refresh answers as an exchange does.
    async fn seed_002_token_refresh(server) {
        let person = server.person("a").await;
        let app = server.person("developer").await.app("chat").await;
        let refresh = person.tokens(&app, "chat").await.refresh.expect("a refresh token");
        let data = server.anyone().post_form("/gate/lab/api/oauth/token/refresh", &app.refresh(refresh.expose())).await.data();
        assert_eq!(data["refreshToken"], refresh.expose());
        assert_eq!((&data["tokenType"], &data["expiresIn"], &data["scope"]), (&json!("Bearer"), &json!(7200), &json!(["chat"])));
    }

    /// Reference skill: code 5 minutes, access token 2 hours, refresh token 30 days.
    async fn seed_002_lifetimes(server) {
        let person = server.person("a").await;
        let app = server.person("developer").await.app("user.info").await;
        let tokens = person.tokens(&app, "user.info").await;
        let bearer = server.bearer(tokens.access.expose());
        server.clock().advance_ms(7_199_999);
        bearer.get("/api/secondme/user/info").await.data();
        server.clock().advance_ms(1);
        bearer.get("/api/secondme/user/info").await.refused(401, "auth.token.invalid");
        let refresh = tokens.refresh.expect("a refresh token");
        server.clock().advance_ms(2_592_000_000 - 7_200_001);
        server.anyone().post_form("/api/oauth/token/refresh", &app.refresh(refresh.expose())).await.data();
    }
}
