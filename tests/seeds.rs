//! The examples of the SecondMe API's documentation as tests. Each test names the page of its example.

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use crate::plaza;

/// Returns the interest of the documentation's example as a request.
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

/// Joins lines of JSON, without their indentation.
fn joined(lines: &str) -> String {
    lines.lines().map(str::trim_start).collect()
}

/// API-key guide: `curl -X GET …/gate/lab/api/secondme/user/info -H "Authorization: Bearer lba_ak_…"`.
#[both_engines]
async fn seed_000_user_info_with_an_api_key(server: TestServer) {
    let person = server.person("username").await;
    let answer = person.with_key("user.info").await.get("/gate/lab/api/secondme/user/info").await;
    let data = answer.data();
    for name in ["name", "email", "avatar", "bio", "selfIntroduction", "profileCompleteness"] {
        assert!(data.get(name).is_some_and(|value| !value.is_null()), "{name}: {data}");
    }
    assert!(data.get("voiceId").is_some());
}

/// API-key guide: every key starts with `lba_ak_`, then lower-case letters and digits.
#[both_engines]
async fn seed_000_format_of_a_key(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let body = key.strip_prefix("lba_ak_").expect("the prefix");
    assert!(
        (40..=64).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    );
}

/// API-key guide: the table of permissions, for the endpoints that exist.
#[both_engines]
async fn seed_000_table_of_permissions(server: TestServer) {
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
#[both_engines]
async fn seed_000_failed_authentication(server: TestServer) {
    let answer = server.bearer("lba_ak_your_api_key_here").get("/gate/lab/api/secondme/user/info").await;
    let body = answer.refused(401, "apikey.auth.invalid");
    assert_eq!(body["message"], "API Key 无效或已过期");
    assert!(answer.body.starts_with(r#"{"code":401,"message":"API Key 无效或已过期","#), "{}", answer.body);
}

/// API-key guide: `{"code":403,"message":"缺少必需的权限: …","error_code":"apikey.permission.denied"}`.
#[both_engines]
async fn seed_000_missing_permission(server: TestServer) {
    let answer = server.person("a").await.with_key("chat").await.get("/api/secondme/user/info").await;
    assert_eq!(answer.refused(403, "apikey.permission.denied")["message"], "缺少必需的权限: user.info");
}

/// User page: the example of `GET /api/secondme/user/info`, member by member.
#[both_engines]
async fn seed_001_user_info(server: TestServer) {
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

/// User page: the example of `GET /api/secondme/user/shades`, byte for byte except the id.
#[both_engines]
async fn seed_001_user_shades(server: TestServer) {
    let person = server.person("a").await;
    let id = person.with_key("*").await.post("/api/secondme/user/shades/create", shade()).await.data()["id"]
        .clone();
    let answer = person.with_key("userinfo").await.get("/gate/lab/api/secondme/user/shades").await;
    let example = joined(&format!(
        r#"{{"code":0,"data":{{"shades":[{{"id":{id},"shadeName":"科技爱好者",
            "shadeIcon":"https://cdn.example.com/icon.png","confidenceLevel":"HIGH",
            "shadeDescription":"热爱科技","shadeDescriptionThirdView":"他/她热爱科技",
            "shadeContent":"喜欢编程和数码产品","shadeContentThirdView":"他/她喜欢编程和数码产品","sourceTopics":["编程",
            "AI"],"shadeNamePublic":"科技达人",
            "shadeIconPublic":"https://cdn.example.com/public-icon.png",
            "confidenceLevelPublic":"HIGH","shadeDescriptionPublic":"科技爱好者",
            "shadeDescriptionThirdViewPublic":"一位科技爱好者","shadeContentPublic":"热爱科技",
            "shadeContentThirdViewPublic":"他/她热爱科技","sourceTopicsPublic":["科技"],
            "hasPublicContent":true}}]}}}}"#
    ));
    assert_eq!(answer.body, example);
}

/// API-key guide: adding a note needs the scope `note.add`.
#[both_engines]
async fn seed_000_a_note_is_added(server: TestServer) {
    let person = server.person("a").await;
    let note = json!({"content": "今天读完了《三体》"});
    person.with_key("note.add").await.post("/gate/lab/api/secondme/note/add", note.clone()).await.data();
    person
        .with_key("chat")
        .await
        .post("/gate/lab/api/secondme/note/add", note)
        .await
        .refused(403, "apikey.permission.denied");
}

/// User page: the example of `GET /api/secondme/memory/key/search`, byte for byte except the id.
#[both_engines]
async fn seed_001_search_key_memory(server: TestServer) {
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
    let example = joined(&format!(
        r#"{{"code":0,"data":{{"list":[{{"id":{id},"factActor":"用户","factObject":"兴趣爱好",
            "factContent":"喜欢在周末阅读科幻小说","createTime":1705315800000,"updateTime":1705315800000,
            "visibility":1}}],"total":1}}}}"#
    ));
    assert_eq!(answer.body, example);
    let all = person
        .with_key("memory.read")
        .await
        .get("/gate/lab/api/secondme/memory/key/search?keyword=&pageNo=1&pageSize=20")
        .await;
    assert_eq!(all.data()["total"], 2);
    let refused = server.bearer("lba_at_your_access_token").get(path).await;
    assert_eq!(refused.refused(401, "auth.token.invalid")["message"], "Token 无效或已过期");
}

/// Reference: `softmemory` returns `data.list`, and `note/add` returns a number as `data.noteId`.
#[both_engines]
async fn seed_002_paths_of_memory_data(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let data = actor
        .post("/gate/lab/api/secondme/note/add", json!({"content": "笔记", "title": "标题"}))
        .await
        .data();
    assert!(data["noteId"].is_i64(), "{data}");
    actor
        .post("/api/secondme/memory/key", json!({"content": "喜欢阅读科幻小说", "factObject": "兴趣爱好"}))
        .await
        .data();
    let data = actor.get("/gate/lab/api/secondme/user/softmemory").await.data();
    let entry = data["list"][0].as_object().expect("an entry");
    let mut names: Vec<&str> = entry.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["createTime", "factContent", "factObject", "id", "updateTime"]);
    assert_eq!(data["total"], 1);
}

/// User page: `apikey.permission.denied` if the scope `userinfo` is missing.
#[both_engines]
async fn seed_001_missing_scope(server: TestServer) {
    let stranger = server.person("a").await.with_key("memory.read").await;
    stranger.get("/api/secondme/user/info").await.refused(403, "apikey.permission.denied");
    stranger.get("/api/secondme/user/shades").await.refused(403, "apikey.permission.denied");
}

/// User page: `auth.token.invalid`, "Token 无效或已过期".
#[both_engines]
async fn seed_001_invalid_token(server: TestServer) {
    let answer = server.bearer("lba_at_your_access_token").get("/api/secondme/user/info").await;
    assert_eq!(answer.refused(401, "auth.token.invalid")["message"], "Token 无效或已过期");
}

/// Reference skill: the exchange of a code, with the fields and the response of its examples.
#[both_engines]
async fn seed_002_token_exchange(server: TestServer) {
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
#[both_engines]
async fn seed_002_json_is_no_form(server: TestServer) {
    let answer = server
        .anyone()
        .post("/gate/lab/api/oauth/token/code", json!({"grant_type": "authorization_code"}))
        .await;
    answer.refused(422, "invalid.param");
    assert!(answer.body.contains("Field required"));
}

/// Reference skill: a refresh has the same response as an exchange.
#[both_engines]
async fn seed_002_token_refresh(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("chat").await;
    let refresh = person.tokens(&app, "chat").await.refresh.expect("a refresh token");
    let data = server
        .anyone()
        .post_form("/gate/lab/api/oauth/token/refresh", &app.refresh(refresh.expose()))
        .await
        .data();
    assert_eq!(data["refreshToken"], refresh.expose());
    assert_eq!(
        (&data["tokenType"], &data["expiresIn"], &data["scope"]),
        (&json!("Bearer"), &json!(7200), &json!(["chat"]))
    );
}

/// Reference skill: code 5 minutes, access token 2 hours, refresh token 30 days.
#[both_engines]
async fn seed_002_lifetimes(server: TestServer) {
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

/// Plaza page: the example of `GET /api/certificate/`, byte for byte except the ids.
#[both_engines]
async fn seed_003_certificate(server: TestServer) {
    server.clock().set(store::Timestamp(1_705_744_800_000));
    let person = server.person("user").await;
    let change = json!({"name": "用户名", "avatar": "https://cdn.example.com/avatar.jpg"});
    person.with_key("*").await.post("/api/secondme/user/profile", change).await.data();
    let app = person.app("plaza.read").await;
    let actor = person.with_token(&app, "plaza.read").await;
    let user = person.account.id;
    let answer = actor.get(&format!("/gate/lab/api/certificate/?userId={user}")).await;
    let id = answer.data()["certificate"]["id"].clone();
    let example = joined(&format!(
        r#"{{"code":0,"data":{{"hasCertificate":true,"certificate":{{"id":{id},
            "certificateNumber":"CERT-20240120-001","userId":"{user}",
            "issuedAt":"2024-01-20T10:00:00Z","status":"active","name":"用户名",
            "avatar":"https://cdn.example.com/avatar.jpg"}}}}}}"#
    ));
    assert_eq!(answer.body, example);
    let other = server.person("other").await.with_token(&app, "plaza.read").await;
    let answer = other.get("/gate/lab/api/certificate/").await;
    assert_eq!(answer.body, r#"{"code":0,"data":{"hasCertificate":false,"certificate":null}}"#);
    server
        .bearer("lba_at_your_access_token")
        .get("/gate/lab/api/certificate/")
        .await
        .refused(401, "auth.token.invalid");
}

/// Plaza page: the example of `POST /api/invitation/redeem`, byte for byte except code and inviter, and
/// its errors.
#[both_engines]
async fn seed_003_redeem(server: TestServer) {
    server.clock().set(store::Timestamp(1_705_744_800_000));
    let owner = server.person("owner").await;
    let code = plaza::square::code(&server).await;
    let guest = server.person("guest").await;
    let app = owner.app("plaza.read").await;
    let actor = guest.with_token(&app, "plaza.read").await;
    let answer = actor.post("/gate/lab/api/invitation/redeem", json!({"code": code})).await;
    let number = "CERT-20240120-001";
    let example = joined(&format!(
        r#"{{"code":0,"data":{{"code":"{code}","inviterUserId":"{}","message":"邀请码兑换成功",
            "certificateIssued":true,"certificateNumber":"{number}"}}}}"#,
        owner.account.id
    ));
    assert_eq!(answer.body, example);
    let again = actor.post("/gate/lab/api/invitation/redeem", json!({"code": code})).await;
    again.refused(400, "invitation.code.already_used");
    let unknown = actor.post("/gate/lab/api/invitation/redeem", json!({"code": "INVITE-CODE-123"})).await;
    unknown.refused(404, "invitation.code.not_found");
}

/// Plaza page: create, read, comment, list and feed, with the fields of its examples in the same order.
#[both_engines]
async fn seed_003_the_square(server: TestServer) {
    server.clock().set(store::Timestamp(1_705_762_800_000));
    let person = plaza::square::resident(&server, "user").await;
    let change = json!({"name": "用户名", "avatar": "https://cdn.example.com/avatar.jpg"});
    person.with_key("*").await.post("/api/secondme/user/profile", change).await.data();
    let app = person.app("plaza.read plaza.write").await;
    let actor = person.with_token(&app, "plaza.read plaza.write").await;
    let base = "/gate/lab/api/secondme/plaza";
    let body = json!({"content": "大家好,我是一名全栈工程师,欢迎来问我任何问题!", "type": "public", "contentType": "ama"});
    let data = actor.post(&format!("{base}/posts/create"), body).await.data();
    let post = data["postId"].as_str().expect("a text").to_owned();
    assert_eq!(data, json!({"postId": post}));
    assert_eq!((post.len(), post.starts_with("post_")), ("post_a1b2c3d4".len(), true));
    let fan = plaza::square::actor(&server, "fan").await;
    fan.post(&format!("{base}/posts/{post}/like"), json!({})).await.data();
    let body = json!({"postId": post, "content": "很棒的分享,感谢!", "source": "user"});
    server.clock().advance_ms(3_600_000);
    let data = actor.post(&format!("{base}/posts/comment"), body).await.data();
    let comment = data["commentId"].as_str().expect("a text").to_owned();
    assert_eq!((data, comment.starts_with("comment_")), (json!({"commentId": comment}), true));
    let shown = actor.get(&format!("{base}/posts/{post}")).await;
    let author = joined(&format!(
        r#""author":{{"name":"用户名","avatar":"https://cdn.example.com/avatar.jpg","userId":"{}",
            "route":"user"}}"#,
        person.account.id
    ));
    let example = joined(&format!(
        r#"{{"code":0,"data":{{"id":"{post}","content":"大家好,我是一名全栈工程师,欢迎来问我任何问题!","type":"public",
            "contentType":"ama",{author},"createdAt":"2024-01-20T15:00:00Z","commentCount":1,
            "humanCommentCount":1,"likes":1,"liked":false,"audioUrl":null"#
    ));
    assert!(shown.body.starts_with(&example), "{}", shown.body);
    let listed = actor.get(&format!("{base}/posts/{post}/comments?page=1&pageSize=20")).await;
    let example = joined(&format!(
        r#"{{"code":0,"data":{{"items":[{{"id":"{comment}","content":"很棒的分享,感谢!",{author},
            "createdAt":"2024-01-20T16:00:00Z","replyToCommentId":null,"replyToUserName":null,
            "rootCommentId":null,"likes":0,"liked":false,"source":"user""#
    ));
    assert!(listed.body.starts_with(&example), "{}", listed.body);
    assert!(
        listed.body.contains(r#"],"contextItems":[],"page":1,"pageSize":20,"hasMore":false"#),
        "{}",
        listed.body
    );
    let feed = actor.get(&format!("{base}/feed?page=1&pageSize=20&sortMode=featured")).await;
    assert_eq!(feed.data()["items"][0], shown.data());
    let rest = joined(
        r#"],"total":1,"page":1,"pageSize":20,"hasMore":false,
        "contentTypeCounts":{"discussion":0,"ama":1,"info":0}"#,
    );
    assert!(feed.body.contains(&rest), "{}", feed.body);
}

/// Plaza page: the errors of each interface.
#[both_engines]
async fn seed_003_errors(server: TestServer) {
    plaza::square::resident(&server, "owner").await;
    let guest = server.person("guest").await;
    let base = "/gate/lab/api/secondme/plaza";
    let app = guest.app("plaza.read plaza.write").await;
    let actor = guest.with_token(&app, "plaza.read plaza.write").await;
    let poor = guest.with_key("chat").await;
    let thief = server.bearer("lba_at_your_access_token");
    let paths =
        ["posts/post_a1b2c3d4", "posts/post_a1b2c3d4/comments?page=1&pageSize=20", "feed?page=1&pageSize=20"];
    for path in paths {
        let path = format!("{base}/{path}");
        thief.get(&path).await.refused(401, "auth.token.invalid");
        let body = poor.get(&path).await.refused(403, "apikey.permission.denied");
        assert_eq!(body["message"], "缺少必需的权限: plaza.read");
        actor.get(&path).await.refused(403, "third.party.agent.plaza.invitation.required");
    }
    for path in ["posts/create", "posts/comment"] {
        let path = format!("{base}/{path}");
        thief.post(&path, json!({})).await.refused(401, "auth.token.invalid");
        let body = poor.post(&path, json!({})).await.refused(403, "apikey.permission.denied");
        assert_eq!(body["message"], "缺少必需的权限: plaza.write");
        let body =
            actor.post(&path, json!({})).await.refused(403, "third.party.agent.plaza.invitation.required");
        assert_eq!(body["message"], "需要先激活 Plaza 准入");
    }
}
