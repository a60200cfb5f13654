//! Fixtures for the id parameters of the API, and a list of parameters that only look like ids.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use testkit::{Actor, App, Person, TestServer};

use super::document::{Operation, Place};
use crate::{
    api::chat::{messages, session, stream},
    plaza::square::{comment, post},
};

/// A minimal PNG: one transparent pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\
    \0\rIDATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

/// The kind of resource that an id identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    ApiKey,
    HubKey,
    KeyMemory,
    Note,
    Shade,
    NeverRule,
    File,
    Application,
    ChatSession,
    ChatMessage,
    Post,
    Comment,
    Avatar,
    AvatarKey,
    /// The export of an avatar's conversations.
    Export,
    /// A conversation of a visitor.
    Visit,
    /// A resource of the whole server, with the reason why nobody owns it.
    Shared(&'static str),
}

const CATALOG: Kind = Kind::Shared("the Hub's catalog is everybody's to read and administrators' to change");
const CIRCLE: Kind = Kind::Shared("circles are everybody's on the Plaza");
const TOPIC: Kind = Kind::Shared("topics are everybody's on the Plaza");
const ACCOUNT: Kind = Kind::Shared("people on the Plaza are known to each other");
const DEVICE: Kind = Kind::Shared("who waits for a person to let it in belongs to nobody yet");
const INVITATION: Kind = Kind::Shared("whoever has an invitation code may redeem it");
const SHARE_CODE: Kind = Kind::Shared("whoever has a share code may see the avatar");
const RUN: Kind = Kind::Shared("this server evaluates no avatars, so there are no runs");
const TRACE: Kind = Kind::Shared("searched for among one's own calls: an unknown one finds nothing");

/// The id parameters: name, prefix of the path, kind. The first match counts.
const IDS: &[(&str, &str, Kind)] = &[
    ("id", "/api/apikey/hub/keys/", Kind::HubKey),
    ("id", "/api/apikey/", Kind::ApiKey),
    ("id", "/api/secondme/memory/key/", Kind::KeyMemory),
    ("id", "/api/secondme/note/", Kind::Note),
    ("id", "/api/secondme/user/shades/", Kind::Shade),
    ("id", "/api/secondme/memory/never/", Kind::NeverRule),
    ("key", "/api/cdn/", Kind::File),
    ("key", "/api/apikey/hub/calls", Kind::HubKey),
    ("trace", "/api/apikey/hub/calls", TRACE),
    ("code", "/api/apikey/hub/apis/", CATALOG),
    ("appId", "/api/applications/", Kind::Application),
    ("clientId", "/api/oauth/authorize/", Kind::Application),
    ("avatarId", "/api/secondme/avatar/", Kind::Avatar),
    ("keyId", "/api/secondme/avatar/", Kind::AvatarKey),
    ("jobId", "/api/secondme/avatar/", Kind::Export),
    ("runId", "/api/secondme/avatar/", RUN),
    ("shareCode", "/api/secondme/avatar/", SHARE_CODE),
    ("sessionId", "/api/secondme/visitor-chat/", Kind::Visit),
    ("sessionId", "/api/secondme/", Kind::ChatSession),
    ("messageId", "/api/secondme/chat/", Kind::ChatMessage),
    ("postId", "/api/secondme/plaza/", Kind::Post),
    ("commentId", "/api/secondme/plaza/", Kind::Comment),
    ("replyToCommentId", "/api/secondme/plaza/", Kind::Comment),
    ("circleRoute", "/api/secondme/plaza/", CIRCLE),
    ("topicId", "/api/secondme/plaza/", TOPIC),
    ("userId", "/api/secondme/plaza/users/", ACCOUNT),
    ("userId", "/api/certificate/", ACCOUNT),
    ("sessionId", "/api/auth/cli/", DEVICE),
    ("userCode", "/api/auth/cli/", DEVICE),
    ("code", "/api/invitation/redeem", INVITATION),
];

/// Parameters that look like ids but identify no stored resource: name, operation, reason.
const NO_IDS: &[(&str, &str, &str)] = &[
    ("code", "searchHubCalls", "the code of an error"),
    ("code", "skillToken", "a secret that proves itself"),
    ("code", "exchangeCode", "a secret that proves itself"),
    ("client_id", "exchangeCode", "comes with its secret"),
    ("client_id", "refreshToken", "comes with its secret"),
    ("client_id", "clientToken", "comes with its secret"),
    ("appId", "listChatSessions", "a label of one's own sessions"),
    ("appId", "chatStream", "a label of one's own sessions"),
    ("appId", "actStream", "a label of one's own sessions"),
    ("shareCode", "chatSend", "whoever has a share code may write to the avatar"),
    ("apiKey", "initVisitorChat", "a secret that proves itself"),
    ("apiKey", "sendVisitorMessage", "a secret that proves itself"),
    ("visitorId", "initVisitorChat", "a label of an app's own visitors"),
    ("avatarId", "createAvatar", "ignored: a new avatar has no id yet"),
    ("avatarId", "createSkilledAvatar", "ignored: a new avatar has no id yet"),
    ("relatedNoteIds", "createAvatar", "a list; see tests/api/avatars.rs"),
    ("relatedNoteIds", "createSkilledAvatar", "a list; see tests/api/avatars.rs"),
    ("relatedNoteIds", "updateAvatar", "a list; see tests/api/avatars.rs"),
    ("targetUserId", "inviteFriend", "a person, whom everybody may invite"),
    ("targetUserId", "answerFriend", "a person, whose invitation is looked up among one's own"),
    ("friendId", "breakIce", "a person, who is looked up among one's own friends"),
    ("entityKey", "ingestAgentMemory", "a label of one's own events"),
    ("idempotencyKey", "ingestAgentMemory", "a label of one's own events"),
    ("circleRoute", "createCircle", "the name of the circle to be made"),
    ("origin_route", "updateProfile", "a text of the profile"),
];

/// Operations on resources that other people may access, with the reason.
pub const MAY_REACH: &[(&str, &str)] = &[
    ("getPost", "posts are public"),
    ("listComments", "comments are public"),
    ("likePost", "posts are public"),
    ("unlikePost", "posts are public"),
    ("likeComment", "comments are public"),
    ("unlikeComment", "comments are public"),
    ("createComment", "posts and comments are public"),
    ("report", "posts and comments are public"),
    ("authorizeExternal", "people allow the applications of others"),
];

/// Operations whose response tells another person's resource from one that does not exist, with the reason.
pub const TELLS_APART: &[(&str, &str)] = &[
    ("deleteChatSession", "the original API answers 403; ids are random"),
    ("listChatMessages", "the original API answers 403; ids are random"),
    ("chatStream", "the original API answers 403; ids are random"),
    ("actStream", "the original API answers 403; ids are random"),
    ("chatSend", "the original API answers 403; ids are random"),
    ("updatePost", "posts are public, so that one exists is no secret"),
    ("deletePost", "posts are public, so that one exists is no secret"),
    ("updateComment", "comments are public, so that one exists is no secret"),
    ("deleteComment", "comments are public, so that one exists is no secret"),
];

/// Returns the members of the body that an operation needs, in addition to the example, to succeed for the
/// owner.
pub fn members(operation: &str) -> Value {
    match operation {
        "updateKeyMemory" | "updateNote" | "updatePost" | "updateComment" => json!({"content": "changed"}),
        "updateShade" => json!({"shadeName": "changed"}),
        "updateHubKey" => json!({"name": "changed"}),
        "updateApplication" => json!({"appDescription": "changed"}),
        "createComment" => json!({"content": "a comment"}),
        "createPost" => json!({"content": "a post", "type": "public"}),
        "createCircle" => json!({"circleRoute": "another", "name": "Another"}),
        "updateAvatar" => json!({"title": "changed"}),
        "createAvatar" | "createSkilledAvatar" => json!({"title": "an avatar"}),
        "createAvatarKey" | "updateAvatarKey" => json!({"name": "a key"}),
        "createAvatarSkill" => json!({
            "sourceType": "md_text",
            "contentMarkdown": "---\nname: a\ndescription: b\n---\nc",
        }),
        "sendVisitorMessage" => json!({"message": "hello"}),
        "report" => json!({"reason": "spam"}),
        "actStream" => json!({"actionControl": "仅输出合法 JSON 对象。输出结构：{\"is_liked\": boolean}。"}),
        _ => json!({}),
    }
}

/// Returns true if a parameter's name looks like that of an id.
fn looks_like_an_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["id", "ids", "key", "code", "trace", "route", "handle", "slug", "uuid"].contains(&lower.as_str())
        || ["Id", "Ids", "Key", "Code", "Route", "_id", "_ids", "_key", "_code", "_route"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

/// Returns the id parameters of an operation, with the kinds of resources they identify.
///
/// # Panics
/// If a parameter that looks like an id is in no table.
pub fn ids(operation: &Operation) -> Vec<(Place, String, Kind)> {
    let mut all = Vec::new();
    for (place, name) in &operation.parameters {
        if *place != Place::Path && !looks_like_an_id(name) {
            continue;
        }
        if NO_IDS.iter().any(|(no, of, _)| no == name && *of == operation.id) {
            continue;
        }
        let fixture = IDS.iter().find(|(id, start, _)| id == name && operation.path.starts_with(start));
        let Some((.., kind)) = fixture else {
            panic!(
                "{} {}: is {name} the id of something? Say of what in IDS, or why not in NO_IDS",
                operation.method, operation.path
            );
        };
        all.push((*place, name.clone(), *kind));
    }
    all
}

/// Numbers that make all texts different.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A person who owns resources.
pub struct Owner {
    pub person: Person,
    pub session: Actor,
    /// An app that they have granted all scopes.
    pub app: Actor,
    /// Another such app.
    pub other_app: Actor,
}

impl Owner {
    pub async fn new(server: &TestServer, name: &str, apps: [&App; 2], scopes: &str) -> Self {
        let person = crate::plaza::square::resident(server, name).await;
        let session = person.signed_in().await;
        let app = person.with_token(apps[0], scopes).await;
        let other_app = person.with_token(apps[1], scopes).await;
        Self { person, session, app, other_app }
    }

    async fn made(&self, path: &str, body: Value, member: &str) -> String {
        let data = self.session.post(path, body).await.data();
        match &data[member] {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            other => panic!("{path}: {member} is {other}"),
        }
    }

    /// Creates a resource, and returns its id.
    pub async fn make(&self, kind: Kind) -> String {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let text = format!("zebra{number}");
        match kind {
            Kind::ApiKey => self.person.new_key("chat", None).await.0.to_string(),
            Kind::HubKey => self.made("/api/apikey/hub/keys/create", json!({"name": text}), "id").await,
            Kind::KeyMemory => {
                self.session
                    .post("/api/secondme/memory/key", json!({"mode": "direct", "content": text}))
                    .await
                    .data();
                let found = format!("/api/secondme/memory/key/search?keyword={text}");
                self.session.get(&found).await.data()["list"][0]["id"].to_string()
            }
            Kind::Note => self.made("/api/secondme/note/add", json!({"content": text}), "noteId").await,
            Kind::NeverRule => {
                let data =
                    self.session.post("/api/secondme/memory/never", json!({"phrase": text})).await.data();
                data["rules"][0]["ruleId"].to_string()
            }
            Kind::Shade => {
                self.made("/api/secondme/user/shades/create", json!({"shadeName": text}), "id").await
            }
            Kind::File => {
                let data = self.session.upload("/api/cdn/upload", "a.png", PNG.to_vec()).await.data();
                data["key"].as_str().unwrap().to_owned()
            }
            Kind::Application => self.person.app("user.info chat").await.id,
            Kind::ChatSession => self.chat_session(&self.session).await,
            Kind::ChatMessage => {
                let id = self.chat_session(&self.session).await;
                let all = messages(&self.session, &id).await;
                all.last().unwrap()["messageId"].as_str().unwrap().to_owned()
            }
            Kind::Post => post(&self.session, &text).await,
            Kind::Comment => {
                let post = post(&self.session, &text).await;
                comment(&self.session, &post, "hello", json!({})).await
            }
            Kind::Avatar => {
                self.made("/api/secondme/avatar/create", json!({"title": text}), "avatarId").await
            }
            Kind::AvatarKey => {
                let avatar = self.avatar_with_key(&text).await;
                avatar["keyId"].to_string()
            }
            Kind::Export => {
                let avatar = self.avatar_with_key(&text).await;
                let body = json!({"avatarId": avatar["avatarId"]});
                self.made("/api/secondme/avatar/conversations/export", body, "jobId").await
            }
            Kind::Visit => {
                let avatar = self.avatar_with_key(&text).await;
                let body = json!({"apiKey": avatar["secretKey"]});
                self.made("/api/secondme/visitor-chat/init", body, "sessionId").await
            }
            Kind::Shared(_) => UNKNOWN.to_owned(),
        }
    }

    /// Creates an avatar with a key, and returns the key.
    async fn avatar_with_key(&self, title: &str) -> Value {
        let avatar = self.made("/api/secondme/avatar/create", json!({"title": title}), "avatarId").await;
        let avatar: i64 = avatar.parse().unwrap();
        let body = json!({"avatarId": avatar, "name": title});
        self.session.post("/api/secondme/avatar/api-key/create", body).await.data()
    }

    /// Begins a chat session with a credential, and returns its id.
    pub async fn chat_session(&self, actor: &Actor) -> String {
        session(&stream(actor, json!({"message": "hello"})).await)
    }

    /// Deletes a resource that [`Owner::make`] has created. Returns false if this kind cannot be deleted.
    pub async fn delete(&self, kind: Kind, id: &str) -> bool {
        let path = match kind {
            Kind::ApiKey => format!("/api/apikey/{id}/delete"),
            Kind::HubKey => format!("/api/apikey/hub/keys/{id}/delete"),
            Kind::KeyMemory => format!("/api/secondme/memory/key/{id}/delete"),
            Kind::Note => format!("/api/secondme/note/{id}/delete"),
            Kind::Shade => format!("/api/secondme/user/shades/{id}/delete"),
            Kind::NeverRule => format!("/api/secondme/memory/never/{id}/delete"),
            Kind::File => format!("/api/cdn/{id}/delete"),
            Kind::Application => format!("/api/applications/external/{id}/delete"),
            Kind::ChatSession => format!("/api/secondme/chat/session/{id}/delete"),
            Kind::Post => format!("/api/secondme/plaza/posts/{id}/delete"),
            Kind::Comment => format!("/api/secondme/plaza/comments/{id}/delete"),
            Kind::Avatar => {
                let body = json!({"avatarId": id.parse::<i64>().unwrap()});
                self.session.post("/api/secondme/avatar/delete", body).await.data();
                return true;
            }
            Kind::AvatarKey => {
                let body = json!({"keyId": id.parse::<i64>().unwrap()});
                self.session.post("/api/secondme/avatar/api-key/delete", body).await.data();
                return true;
            }
            Kind::ChatMessage | Kind::Export | Kind::Visit | Kind::Shared(_) => return false,
        };
        self.session.post(&path, json!({})).await.data();
        true
    }
}

/// A numeric id that nothing has.
const UNKNOWN: &str = "4503599627370495";

/// Returns a well-formed id that nothing has.
pub fn unknown(kind: Kind) -> String {
    match kind {
        Kind::File => "0123456789abcdef0123456789abcdef01234567.png".into(),
        Kind::Application => "00000000-0000-4000-8000-000000000000".into(),
        Kind::ChatSession => "labs_sess_000000000000".into(),
        Kind::Visit => "visit_000000000000000000000000".into(),
        Kind::Export => "0".repeat(32),
        Kind::ChatMessage => format!("msg_{UNKNOWN}"),
        _ => UNKNOWN.into(),
    }
}

/// Returns malformed ids.
pub fn malformed() -> Vec<String> {
    let mut all: Vec<String> = [
        "0",
        "-1",
        "+1",
        " 1",
        "1.0",
        "0x1",
        "1e3",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999999",
        "null",
        "undefined",
        "*",
        "%",
        "' OR 1=1 --",
        "../1",
        "..",
        "1/../2",
        "a\u{0}b",
        "1\r\nX: y",
        "١",
        "😀",
        "\u{202e}1",
    ]
    .map(str::to_owned)
    .into();
    all.push("9".repeat(300));
    all.push("a".repeat(3000));
    all
}
