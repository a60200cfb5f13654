//! Authorization: every endpoint with every kind of credential.

use serde_json::json;
use testkit::{Actor, Person, Response, TestServer, both_engines};

#[derive(Clone, Copy)]
enum Needs {
    /// Any of these scopes, or `*`. The names are those of the missing scope in errors, for a key and for a
    /// token.
    Scope(&'static [&'static str], &'static str, &'static str),
    /// Any of these scopes, or `*`, for a key. Any token of an app for a person.
    KeyScope(&'static [&'static str], &'static str),
    /// Any credential of a person.
    Caller,
    /// A session, or a token of an app. No key, and no program.
    Grant,
    /// A session or a program. No key.
    Developer,
    /// A session.
    Session,
    /// A session of an administrator.
    Admin,
    /// No caller: the client authenticates in the form.
    Nothing,
    /// No authentication.
    Open,
}

struct Endpoint {
    method: &'static str,
    path: &'static str,
    needs: Needs,
}

const fn get(path: &'static str, needs: Needs) -> Endpoint {
    Endpoint { method: "GET", path, needs }
}

const fn post(path: &'static str, needs: Needs) -> Endpoint {
    Endpoint { method: "POST", path, needs }
}

const WRITE_PROFILE: Needs = Needs::Scope(&[], "*", "*");
const READ_MEMORY: Needs =
    Needs::Scope(&["user.info.softmemory", "memory.read"], "user.info.softmemory", "memory.read");
const WRITE_MEMORY: Needs = Needs::Scope(&["memory.write"], "memory.write", "memory.write");
const AGENT_MEMORY: Needs = Needs::Scope(&["agent_memory"], "agent_memory", "agent_memory");
const READ_NOTES: Needs = Needs::Scope(&["memory.read", "note.write"], "note.write", "note.write");
const WRITE_NOTES: Needs = Needs::Scope(&["note.write"], "note.write", "note.write");
const USE_CHAT: Needs = Needs::Scope(&["chat", "chat.write"], "chat", "chat.write");
const READ_CHAT: Needs = Needs::Scope(&["chat", "chat.read"], "chat", "chat.read");
const READ_PLAZA: Needs = Needs::Scope(&["plaza.read"], "plaza.read", "plaza.read");
const WRITE_PLAZA: Needs = Needs::Scope(&["plaza.write"], "plaza.write", "plaza.write");
const READ_FRIENDS: Needs = Needs::Scope(&["friend.read"], "friend.read", "friend.read");
const WRITE_FRIENDS: Needs = Needs::Scope(&["friend.write"], "friend.write", "friend.write");
const READ_AVATARS: Needs = Needs::Scope(&["avatar.read"], "avatar.read", "avatar.read");
const WRITE_AVATARS: Needs = Needs::Scope(&["avatar.write"], "avatar.write", "avatar.write");

/// Every endpoint of the API. A test below compares this list with the OpenAPI document.
const ENDPOINTS: &[Endpoint] = &[
    get("/secondme/user/info", Needs::Scope(&["user.info", "userinfo"], "user.info", "userinfo")),
    get(
        "/secondme/user/shades",
        Needs::Scope(&["user.info.shades", "userinfo"], "user.info.shades", "userinfo"),
    ),
    post("/secondme/user/profile", WRITE_PROFILE),
    get("/secondme/user/shades/all", WRITE_PROFILE),
    post("/secondme/user/shades/create", WRITE_PROFILE),
    post("/secondme/user/shades/{id}/update", WRITE_PROFILE),
    post("/secondme/user/shades/{id}/delete", WRITE_PROFILE),
    get("/secondme/user/softmemory", READ_MEMORY),
    get("/secondme/memory/key/search", READ_MEMORY),
    post("/secondme/memory/key", WRITE_MEMORY),
    post("/secondme/memory/key/batch", WRITE_MEMORY),
    post("/secondme/memory/key/{id}/update", WRITE_MEMORY),
    post("/secondme/memory/key/{id}/delete", WRITE_MEMORY),
    post("/secondme/memory/key/{id}/supersede", WRITE_MEMORY),
    get("/secondme/memory/key/{id}/history", WRITE_MEMORY),
    get("/secondme/memory/never", WRITE_PROFILE),
    post("/secondme/memory/never", WRITE_PROFILE),
    post("/secondme/memory/never/numbers", WRITE_PROFILE),
    post("/secondme/memory/never/{id}/delete", WRITE_PROFILE),
    post("/secondme/note/add", Needs::Scope(&["note.add", "note.write"], "note.add", "note.write")),
    get("/secondme/note/search", READ_NOTES),
    post("/secondme/note/list", READ_NOTES),
    post("/secondme/note/{id}/update", WRITE_NOTES),
    post("/secondme/note/{id}/delete", WRITE_NOTES),
    get("/secondme/note/{id}/history", WRITE_NOTES),
    post("/secondme/agent_memory/ingest", Needs::KeyScope(&["agent_memory"], "agent_memory")),
    get("/secondme/agent_memory/list", AGENT_MEMORY),
    post("/secondme/agent_memory/delete", WRITE_PROFILE),
    get("/secondme/activity/day-overview", AGENT_MEMORY),
    post("/secondme/chat/stream", USE_CHAT),
    get("/secondme/chat/session/list", READ_CHAT),
    get("/secondme/chat/session/messages", READ_CHAT),
    post("/secondme/chat/session/{sessionId}/delete", USE_CHAT),
    get("/secondme/chat/message/{messageId}/sent", READ_CHAT),
    get("/secondme/chat/usage", READ_CHAT),
    post("/secondme/ws-chat/send", USE_CHAT),
    post("/secondme/act/stream", USE_CHAT),
    post("/secondme/tts/generate", Needs::Scope(&["voice"], "voice", "voice")),
    get("/certificate/", Needs::Caller),
    post("/invitation/redeem", Needs::Caller),
    get("/secondme/avatar/list", READ_AVATARS),
    get("/secondme/avatar/detail", READ_AVATARS),
    post("/secondme/avatar/create", WRITE_AVATARS),
    post("/secondme/avatar/skill-create", WRITE_AVATARS),
    post("/secondme/avatar/update", WRITE_AVATARS),
    post("/secondme/avatar/delete", WRITE_AVATARS),
    post("/secondme/avatar/{avatarId}/set-default", WRITE_AVATARS),
    get("/secondme/avatar/public/{shareCode}", Needs::Caller),
    post("/secondme/avatar/api-key/create", WRITE_AVATARS),
    get("/secondme/avatar/api-key/list", READ_AVATARS),
    post("/secondme/avatar/api-key/update", WRITE_AVATARS),
    post("/secondme/avatar/api-key/delete", WRITE_AVATARS),
    get("/secondme/avatar/skills/available", READ_AVATARS),
    get("/secondme/avatar/custom-skills/list", READ_AVATARS),
    post("/secondme/avatar/custom-skills/create", WRITE_AVATARS),
    get("/secondme/avatar/{avatarId}/interactions", READ_AVATARS),
    get("/secondme/avatar/dashboard", READ_AVATARS),
    post("/secondme/avatar/conversations/export", WRITE_AVATARS),
    get("/secondme/avatar/conversations/export/{jobId}", READ_AVATARS),
    get("/secondme/avatar/contract/status", READ_AVATARS),
    get("/secondme/avatar/wxapp-qrcode", READ_AVATARS),
    post("/secondme/avatar/{avatarId}/evaluations", WRITE_AVATARS),
    get("/secondme/avatar/evaluations/{runId}", READ_AVATARS),
    get("/secondme/avatar/evaluations/{runId}/report", READ_AVATARS),
    post("/secondme/visitor-chat/init", USE_CHAT),
    post("/secondme/visitor-chat/send", USE_CHAT),
    get("/secondme/friend/list", READ_FRIENDS),
    post("/secondme/friend/invite/send", WRITE_FRIENDS),
    post("/secondme/friend/invite/handle", WRITE_FRIENDS),
    post("/secondme/friend/break-ice", WRITE_FRIENDS),
    get("/secondme/discover/users", Needs::Scope(&["discover"], "discover", "discover")),
    post("/secondme/plaza/posts/create", WRITE_PLAZA),
    get("/secondme/plaza/posts/{postId}", READ_PLAZA),
    post("/secondme/plaza/posts/{postId}/update", WRITE_PLAZA),
    post("/secondme/plaza/posts/{postId}/delete", WRITE_PLAZA),
    post("/secondme/plaza/posts/{postId}/like", WRITE_PLAZA),
    post("/secondme/plaza/posts/{postId}/unlike", WRITE_PLAZA),
    get("/secondme/plaza/posts/{postId}/comments", READ_PLAZA),
    get("/secondme/plaza/feed", READ_PLAZA),
    post("/secondme/plaza/posts/comment", WRITE_PLAZA),
    post("/secondme/plaza/comments/{commentId}/update", WRITE_PLAZA),
    post("/secondme/plaza/comments/{commentId}/delete", WRITE_PLAZA),
    post("/secondme/plaza/comments/{commentId}/like", WRITE_PLAZA),
    post("/secondme/plaza/comments/{commentId}/unlike", WRITE_PLAZA),
    get("/secondme/plaza/circles", READ_PLAZA),
    post("/secondme/plaza/circles/create", WRITE_PLAZA),
    post("/secondme/plaza/circles/{circleRoute}/join", WRITE_PLAZA),
    post("/secondme/plaza/circles/{circleRoute}/leave", WRITE_PLAZA),
    get("/secondme/plaza/topics", READ_PLAZA),
    get("/secondme/plaza/topics/{topicId}/posts", READ_PLAZA),
    post("/secondme/plaza/report", WRITE_PLAZA),
    post("/secondme/plaza/users/{userId}/block", WRITE_PLAZA),
    post("/secondme/plaza/users/{userId}/unblock", WRITE_PLAZA),
    post("/cdn/upload", Needs::Caller),
    get("/cdn/list", WRITE_PROFILE),
    post("/cdn/{key}/delete", WRITE_PROFILE),
    post("/apikey/create", Needs::Session),
    get("/apikey/list", Needs::Session),
    post("/apikey/{id}/rotate", Needs::Session),
    post("/apikey/{id}/delete", Needs::Session),
    get("/apikey/{id}/usage", Needs::Session),
    get("/auth/me", Needs::Caller),
    post("/apikey/hub/keys/create", Needs::Session),
    get("/apikey/hub/keys/list", Needs::Session),
    get("/apikey/hub/keys/{id}", Needs::Session),
    post("/apikey/hub/keys/{id}/update", Needs::Session),
    post("/apikey/hub/keys/{id}/rotate", Needs::Session),
    post("/apikey/hub/keys/{id}/delete", Needs::Session),
    get("/apikey/hub/keys/{id}/usage", Needs::Session),
    get("/apikey/hub/calls", Needs::Session),
    get("/apikey/hub/apis/list", Needs::Session),
    get("/apikey/hub/apis/{code}", Needs::Session),
    post("/apikey/hub/apis/save", Needs::Admin),
    post("/apikey/hub/apis/import", Needs::Admin),
    post("/apikey/hub/apis/{code}/delete", Needs::Admin),
    post("/oauth/token/code", Needs::Nothing),
    post("/oauth/token/refresh", Needs::Nothing),
    post("/oauth/token/client", Needs::Nothing),
    post("/oauth/authorize/external", Needs::Grant),
    get("/applications/external/list", Needs::Developer),
    post("/applications/external/create", Needs::Developer),
    get("/applications/external/{appId}", Needs::Developer),
    post("/applications/external/{appId}/update", Needs::Developer),
    post("/applications/external/{appId}/regenerate-secret", Needs::Developer),
    post("/applications/external/{appId}/test-revocation-webhook", Needs::Developer),
    post("/applications/external/{appId}/delete", Needs::Developer),
    post("/auth/skills/token", Needs::Nothing),
    post("/auth/cli/session", Needs::Open),
    get("/auth/cli/session/{sessionId}/poll", Needs::Open),
    post("/auth/cli/session/{sessionId}/authorize", Needs::Session),
    post("/auth/cli/session/authorize-by-code", Needs::Session),
];

/// The scopes of both vocabularies.
const SCOPES: &[&str] = &[
    "user.info",
    "user.info.shades",
    "user.info.softmemory",
    "note.add",
    "chat",
    "voice",
    "userinfo",
    "memory.read",
    "chat.read",
    "chat.write",
    "note.write",
    "plaza.read",
    "plaza.write",
    "agent_memory",
    "memory.write",
    "hub.call",
    "avatar.read",
    "avatar.write",
    "*",
];

/// Returns the path with an id for each parameter.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| match part {
            "{code}" => "echo",
            _ if part.starts_with('{') => "1",
            _ => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

impl Endpoint {
    async fn call(&self, base: &str, actor: &Actor) -> Response {
        let path = format!("{base}{}", filled(self.path));
        match self.method {
            "GET" => actor.get(&path).await,
            _ => actor.post(&path, json!({})).await,
        }
    }
}

/// Checks that the request was not refused for lack of permission.
#[track_caller]
fn let_in(answer: &Response, what: &str) {
    assert!(!matches!(answer.status, 401 | 403), "{what}: {}", answer.body);
}

async fn expired_key(server: &TestServer, person: &Person) -> String {
    let now = server.clock().now();
    let (_, key) = person.new_key("*", Some(now.plus_secs(60))).await;
    server.clock().advance_ms(61_000);
    key
}

#[both_engines]
async fn without_a_credential_every_endpoint_is_closed(server: TestServer) {
    for base in ["/api", "/gate/lab/api"] {
        for endpoint in ENDPOINTS {
            let answer = endpoint.call(base, &server.anyone()).await;
            match endpoint.needs {
                Needs::Nothing => {
                    answer.refused(422, "invalid.param");
                    continue;
                }
                Needs::Open => {
                    answer.data();
                    continue;
                }
                _ => {}
            }
            let body = answer.refused(401, "apikey.auth.missing");
            assert_eq!((&body["message"], &body["detail"]), (&json!("需要认证"), &json!("需要认证")));
        }
    }
}

#[both_engines]
async fn a_bad_credential_is_told_by_its_prefix(server: TestServer) {
    let person = server.person("a").await;
    let expired = expired_key(&server, &person).await;
    let (_, good) = person.new_key("*", None).await;
    let mut typo = good.clone();
    typo.pop();
    typo.push(if good.ends_with('0') { '1' } else { '0' });
    for (bearer, sub_code, message) in [
        ("lba_ak_", "apikey.auth.invalid", "API Key 无效或已过期"),
        (typo.as_str(), "apikey.auth.invalid", "API Key 无效或已过期"),
        (expired.as_str(), "apikey.auth.invalid", "API Key 无效或已过期"),
        ("lba_at_0123456789", "auth.token.invalid", "Token 无效或已过期"),
        ("lba_rt_0123456789", "auth.token.invalid", "Token 无效或已过期"),
        ("sk-0123456789abcdef0123456789abcdef", "auth.token.invalid", "Token 无效或已过期"),
        ("anything", "auth.token.invalid", "Token 无效或已过期"),
    ] {
        for endpoint in
            ENDPOINTS.iter().filter(|endpoint| !matches!(endpoint.needs, Needs::Nothing | Needs::Open))
        {
            let body = endpoint.call("/api", &server.bearer(bearer)).await.refused(401, sub_code);
            assert_eq!(body["message"], message);
        }
    }
}

#[both_engines]
async fn an_unparsable_authorization_is_a_missing_one(server: TestServer) {
    for line in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "lba_ak_x", ""] {
        let actor = server.anyone().with("authorization", line);
        actor.get("/api/secondme/user/info").await.refused(401, "apikey.auth.missing");
    }
}

#[both_engines]
async fn the_scheme_word_is_read_in_any_case(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("*", None).await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let actor = server.anyone().with("authorization", &format!("{scheme} {key}"));
        actor.get("/api/secondme/user/info").await.data();
    }
}

#[both_engines]
async fn two_authorizations_are_refused(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("*", None).await;
    let actor = server.bearer(&key).with("authorization", "Bearer lba_ak_other");
    actor.get("/api/secondme/user/info").await.refused(400, "invalid.param");
}

#[both_engines]
async fn each_scope_opens_its_endpoints_and_no_other(server: TestServer) {
    let person = server.person("a").await;
    for scope in SCOPES {
        let actor = person.with_key(scope).await;
        for base in ["/api", "/gate/lab/api"] {
            for endpoint in ENDPOINTS {
                let answer = endpoint.call(base, &actor).await;
                let what = format!("{scope} {}", endpoint.path);
                match endpoint.needs {
                    Needs::Scope(any_of, ..) | Needs::KeyScope(any_of, _)
                        if *scope == "*" || any_of.contains(scope) =>
                    {
                        let_in(&answer, &what);
                    }
                    Needs::Scope(_, told, _) | Needs::KeyScope(_, told) => {
                        let body = answer.refused(403, "apikey.permission.denied");
                        assert_eq!(body["message"], format!("缺少必需的权限: {told}"), "{what}");
                    }
                    Needs::Caller | Needs::Nothing | Needs::Open => let_in(&answer, &what),
                    Needs::Session | Needs::Developer | Needs::Grant | Needs::Admin => {
                        answer.refused(403, "auth.session.required");
                    }
                }
            }
        }
    }
}

#[both_engines]
async fn each_scope_of_a_token_opens_its_endpoints_and_no_other(server: TestServer) {
    let person = server.person("a").await;
    // Apps cannot have the scopes `*` and `memory.write`.
    let scopes: Vec<&str> =
        SCOPES.iter().copied().filter(|scope| !matches!(*scope, "*" | "memory.write")).collect();
    let app = server.person("developer").await.app(&scopes.join(" ")).await;
    for scope in scopes {
        let actor = person.with_token(&app, scope).await;
        for endpoint in ENDPOINTS {
            let answer = endpoint.call("/gate/lab/api", &actor).await;
            let what = format!("{scope} {}", endpoint.path);
            match endpoint.needs {
                Needs::Scope(any_of, ..) if any_of.contains(&scope) => let_in(&answer, &what),
                Needs::Scope(_, _, told) => {
                    // The SecondMe API has another code here, for tokens only.
                    let differs = matches!(endpoint.path, "/secondme/note/add" | "/secondme/act/stream")
                        || endpoint.path.starts_with("/secondme/avatar/");
                    let code = if differs { "auth.scope.missing" } else { "apikey.permission.denied" };
                    let body = answer.refused(403, code);
                    assert_eq!(body["message"], format!("缺少必需的权限: {told}"), "{what}");
                }
                Needs::KeyScope(..) | Needs::Caller | Needs::Grant | Needs::Nothing | Needs::Open => {
                    let_in(&answer, &what);
                }
                Needs::Session | Needs::Developer | Needs::Admin => {
                    answer.refused(403, "auth.session.required");
                }
            }
        }
    }
}

#[both_engines]
async fn an_app_in_its_own_name_reaches_nothing_of_a_person(server: TestServer) {
    let app = server.person("developer").await.app("chat.write").await;
    let actor = server.bearer(&app.own_token().await);
    // Visitors are served in an app's own name, and avatars are public.
    let serves_apps = |path: &str| path.contains("/visitor-chat/") || path.contains("/avatar/public/");
    for endpoint in
        ENDPOINTS.iter().filter(|endpoint| !matches!(endpoint.needs, Needs::Nothing | Needs::Open))
    {
        let answer = endpoint.call("/api", &actor).await;
        if serves_apps(endpoint.path) {
            let_in(&answer, endpoint.path);
        } else {
            answer.refused(400, "secondme.user.invalid_id");
        }
    }
}

/// A program may do everything with the person's data. It can neither create keys, confirm other
/// programs, nor authorize apps, and it never has the rights of an administrator.
#[both_engines]
async fn a_program_of_the_person_opens_all_but_the_sessions_own(server: TestServer) {
    let person = server.person("a").await;
    let actor = server.bearer(&person.program_token().await);
    for endpoint in ENDPOINTS {
        let answer = endpoint.call("/gate/lab/api", &actor).await;
        match endpoint.needs {
            Needs::Session | Needs::Admin | Needs::Grant => {
                answer.refused(403, "auth.session.required");
            }
            _ => let_in(&answer, endpoint.path),
        }
    }
    for path in ["/", "/keys", "/account"] {
        assert_eq!(actor.get(path).await.status, 403, "{path}");
    }
}

#[both_engines]
async fn a_signed_in_person_may_do_everything_with_what_is_theirs(server: TestServer) {
    // The first account is an administrator.
    server.person("owner").await;
    let actor = server.person("a").await.signed_in().await;
    for endpoint in ENDPOINTS {
        let answer = endpoint.call("/api", &actor).await;
        if matches!(endpoint.needs, Needs::Admin) {
            answer.refused(403, "auth.admin.required");
        } else if endpoint.path.starts_with("/secondme/plaza/") {
            // The Plaza needs a certificate.
            answer.refused(403, "third.party.agent.plaza.invitation.required");
        } else {
            let_in(&answer, endpoint.path);
        }
    }
}

#[both_engines]
async fn permission_is_checked_before_the_body(server: TestServer) {
    let actor = server.person("a").await.with_key("chat").await;
    let answer = actor.post("/api/secondme/user/profile", json!("not an object")).await;
    answer.refused(403, "apikey.permission.denied");
}

#[both_engines]
async fn messages_are_english_where_asked_for(server: TestServer) {
    let nobody = server.anyone().in_english();
    let body = nobody.get("/api/secondme/user/info").await.refused(401, "apikey.auth.missing");
    assert_eq!(body["message"], "Authentication required");
    let body = server.bearer("lba_ak_x").in_english().get("/api/secondme/user/info").await.json();
    assert_eq!(body["message"], "The API key is invalid or has expired");
    let actor = server.person("a").await.with_key("chat").await.in_english();
    assert_eq!(
        actor.get("/api/secondme/user/info").await.json()["message"],
        "Missing required scope: user.info"
    );
}

#[both_engines]
async fn a_disabled_account_opens_nothing(server: TestServer) {
    let person = server.person("a").await;
    let (key, session) = (person.with_key("*").await, person.signed_in().await);
    key.get("/api/secondme/user/info").await.data();
    session.get("/api/secondme/user/info").await.data();
    server.running().identity.set_disabled(person.account.id, true).await.unwrap();
    key.get("/api/secondme/user/info").await.refused(401, "apikey.auth.invalid");
    session.get("/api/secondme/user/info").await.refused(401, "apikey.auth.missing");
    server.running().identity.set_disabled(person.account.id, false).await.unwrap();
    key.get("/api/secondme/user/info").await.data();
}

#[both_engines]
async fn a_cookie_from_another_site_changes_nothing(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let tricked = session.with(name, value);
        let body = json!({"name": "x", "scopes": ["*"]});
        tricked.post("/api/apikey/create", body).await.refused(403, "auth.csrf.rejected");
        tricked
            .post("/api/secondme/user/profile", json!({"name": "x"}))
            .await
            .refused(403, "auth.csrf.rejected");
    }
    assert_eq!(session.get("/api/apikey/list").await.data()["total"], 0);
    let own = session.with("origin", server.base_url());
    own.post("/api/apikey/create", json!({"name": "x", "scopes": ["*"]})).await.data();
}

/// A new endpoint must be added to the table above.
#[both_engines]
async fn the_table_is_complete(server: TestServer) {
    let document = server.anyone().get("/openapi.json").await.json();
    let paths = document["paths"].as_object().expect("paths");
    let mut described: Vec<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().expect("methods").keys().map(move |m| format!("{} {path}", m.to_uppercase()))
        })
        .collect();
    let mut tested: Vec<String> = ENDPOINTS.iter().map(|e| format!("{} /api{}", e.method, e.path)).collect();
    described.sort();
    tested.sort();
    assert_eq!(described, tested);
}

/// Every route that is not public returns 401, or redirects a browser to the sign-in page.
#[both_engines]
async fn public_routes_are_few_and_known(server: TestServer) {
    for path in ["/", "/keys", "/keys/new", "/keys/1", "/account"] {
        server.anyone().get(path).await.refused(401, "apikey.auth.missing");
        let browser = server.anyone().with("accept", "text/html");
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        let next = if path == "/" {
            "/sign-in".into()
        } else {
            format!("/sign-in?next={}", path.replace('/', "%2F"))
        };
        assert_eq!(answer.header("location"), next);
    }
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs", "/docs/api/notes", "/sign-in"] {
        assert_eq!(server.anyone().get(path).await.status, 200, "{path}");
    }
}

/// A revocation by another process takes effect when the cached entry expires.
#[both_engines]
async fn a_revocation_elsewhere_is_noticed_within_a_second(server: TestServer) {
    let person = server.person("a").await;
    let (id, key) = person.new_key("*", None).await;
    let sibling = server.sibling().await;
    let actor = server.bearer(&key);
    actor.get("/api/secondme/user/info").await.data();
    sibling.identity.delete_key(person.account.id, id).await.unwrap();
    let start = std::time::Instant::now();
    while actor.get("/api/secondme/user/info").await.status != 401 {
        assert!(start.elapsed().as_millis() < 1000, "still open");
    }
    sibling.stop().await.unwrap();
}
