//! The person who runs an example, and the resources that exist for it.

use std::collections::HashMap;

use identity::application::NewApplication;
use serde_json::{Value, json};
use testkit::{Actor, CHALLENGE, Person, TestServer, VERIFIER};

use crate::{
    api::{avatars, chat},
    hub::support,
    matrix::fixtures::PNG,
    plaza::square,
};

/// A person whom an example has to itself, and what exists for it.
pub struct Caller<'s> {
    pub server: &'s TestServer,
    pub number: usize,
    pub person: Person,
    pub session: Actor,
    /// The values of the places in the command.
    pub values: HashMap<String, String>,
}

impl Caller<'_> {
    async fn post(&self, path: &str, body: Value) -> Value {
        self.session.post(path, body).await.data()
    }

    /// Returns a member of what a request creates.
    async fn made(&self, path: &str, body: Value, member: &str) -> String {
        text(&self.post(path, body).await[member])
    }

    async fn memory(&self, content: &str) -> String {
        let body = json!({"content": content, "factObject": "兴趣爱好"});
        self.post("/api/secondme/memory/key", body).await;
        let newest = self.session.get("/api/secondme/memory/key/search?pageSize=1").await.data();
        text(&newest["list"][0]["id"])
    }

    /// Returns the value of a place, and creates what it identifies.
    pub async fn value(&mut self, place: &str) -> String {
        if let Some(value) = self.values.get(place) {
            return value.clone();
        }
        let value = match place {
            "KEY_ID" => self.key().await,
            "HUB_KEY_ID" | "HUB_API" | "HUB_CALL" => self.hub(place).await,
            "APP_ID" | "CLIENT_ID" | "CLIENT_SECRET" | "AUTHORIZATION_CODE" | "REFRESH_TOKEN"
            | "REDIRECT_URI" => self.app(place).await,
            "USER_CODE" | "DEVICE_ID" | "PROGRAM_CODE" | "CODE_VERIFIER" => self.program(place).await,
            "POST_ID" | "COMMENT_ID" | "COMMENTED_POST_ID" | "CIRCLE" | "TOPIC_ID" | "USER_ID"
            | "INVITATION_CODE" => self.plaza(place).await,
            "SESSION_ID" | "MESSAGE_ID" => self.conversation(place).await,
            "AVATAR_ID" | "AVATAR_KEY_ID" | "AVATAR_KEY" | "SHARE_CODE" | "SKILL_KEY" | "EXPORT_ID"
            | "VISIT_ID" => self.avatar(place).await,
            "FRIEND_ID" | "INVITER_ID" | "PUBLIC_PERSON" => self.friend(place).await,
            _ => self.entry(place).await,
        };
        self.values.insert(place.to_owned(), value.clone());
        value
    }

    async fn key(&self) -> String {
        let (id, key) = self.person.new_key("user.info chat", None).await;
        self.server.bearer(&key).get("/api/secondme/user/info").await.data();
        self.server.running().identity.flush().await;
        id.to_string()
    }

    async fn hub(&self, place: &str) -> String {
        if place == "HUB_API" {
            let spec = json!({"code": "weather", "name": "Weather", "provider": {"kind": "weather-sample"}});
            self.post("/api/apikey/hub/apis/save", spec).await;
            return "weather".to_owned();
        }
        let key = support::another(&self.session, json!({"name": "My site"})).await;
        support::result(&key.app(self.server).get("/api/echo/hello?word=hi").await);
        // Reading the log writes what waits, such as the key's last use.
        self.session.get("/api/apikey/hub/calls?limit=1").await.data();
        key.id.to_string()
    }

    async fn app(&mut self, place: &str) -> String {
        let redirect = "https://example.com/oauth/callback";
        let new = NewApplication {
            name: "Example App".into(),
            description: "帮你整理每天的想法".into(),
            redirect_uris: vec![redirect.into()],
            scopes: identity::ScopeSet::parse_list("userinfo chat.write").unwrap(),
            ..NewApplication::default()
        };
        let identity = &self.server.running().identity;
        let (app, secret) = identity.create_application(self.person.account.id, new).await.unwrap();
        let allow = async || {
            let consent = consent(&app.id, redirect);
            identity.consent(self.person.account.id, consent).await.unwrap().expose().to_owned()
        };
        let first = allow().await;
        let refresh = self.exchange(&app.id, secret.expose(), &first, redirect).await;
        let code = allow().await;
        for (name, value) in [
            ("APP_ID", app.id.as_str()),
            ("CLIENT_ID", app.id.as_str()),
            ("CLIENT_SECRET", secret.expose()),
            ("AUTHORIZATION_CODE", code.as_str()),
            ("REFRESH_TOKEN", refresh.as_str()),
            ("REDIRECT_URI", redirect),
        ] {
            self.values.insert(name.to_owned(), value.to_owned());
        }
        self.values[place].clone()
    }

    async fn exchange(&self, id: &str, secret: &str, code: &str, redirect: &str) -> String {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("client_secret", secret),
            ("code", code),
            ("redirect_uri", redirect),
        ];
        let tokens = self.server.anyone().post_form("/api/oauth/token/code", &form).await.data();
        text(&tokens["refreshToken"])
    }

    async fn program(&mut self, place: &str) -> String {
        match place {
            "PROGRAM_CODE" => {
                let identity = &self.server.running().identity;
                identity.program_code(self.person.account.id, CHALLENGE).await.unwrap().expose().to_owned()
            }
            "CODE_VERIFIER" => VERIFIER.to_owned(),
            _ => {
                let started = self.server.anyone().post("/api/auth/cli/session", json!({})).await.data();
                text(&started[if place == "USER_CODE" { "userCode" } else { "sessionId" }])
            }
        }
    }

    async fn plaza(&self, place: &str) -> String {
        let author = square::resident(self.server, &format!("aze{}", self.number)).await;
        let other = author.signed_in().await;
        match place {
            "POST_ID" => square::post(&self.session, "周末去爬山，有人一起吗？").await,
            "COMMENT_ID" => {
                let post = square::post(&other, "周末去爬山，有人一起吗？").await;
                square::comment(&self.session, &post, "说得好！", json!({})).await
            }
            "COMMENTED_POST_ID" => {
                let post = square::post(&other, "周末去爬山，有人一起吗？").await;
                square::comment(&self.session, &post, "说得好！", json!({})).await;
                post
            }
            "CIRCLE" => {
                let route = format!("runners{}", self.number);
                let body = json!({"circleRoute": route, "name": "晨跑", "description": "一起晨跑"});
                other.post(&format!("{}/circles/create", square::PLAZA), body).await.data();
                route
            }
            "TOPIC_ID" => {
                let more = json!({"topicTitle": format!("周末{}", self.number)});
                let post = square::post_with(&self.session, "周末去爬山，有人一起吗？", more).await;
                text(&square::read(&self.session, &post).await["topicId"])
            }
            "INVITATION_CODE" => square::code(self.server).await,
            _ => author.account.id.to_string(),
        }
    }

    async fn conversation(&self, place: &str) -> String {
        let id = chat::session(&chat::stream(&self.session, json!({"message": "周末做什么好？"})).await);
        if place == "SESSION_ID" {
            return id;
        }
        text(&chat::messages(&self.session, &id).await.last().unwrap()["messageId"])
    }

    async fn avatar(&mut self, place: &str) -> String {
        if place == "SKILL_KEY" {
            let content = "---\nname: Guide\ndescription: Shows around\n---\nBe brief.";
            let body = json!({"sourceType": "md_text", "contentMarkdown": content});
            return self.made("/api/secondme/avatar/custom-skills/create", body, "skillKey").await;
        }
        let avatar = avatars::avatar(&self.session, json!({"title": "前台"})).await;
        let (id, secret) = avatars::key(&self.session, avatar).await;
        let body = json!({"apiKey": secret, "visitorId": "web_6f1c", "visitorName": "访客"});
        let visit = self.made("/api/secondme/visitor-chat/init", body, "sessionId").await;
        let detail = self.session.get(&format!("{}/detail?avatarId={avatar}", avatars::AVATAR)).await.data();
        let export = json!({"avatarId": avatar});
        let export = self.made("/api/secondme/avatar/conversations/export", export, "jobId").await;
        for (name, value) in [
            ("AVATAR_ID", avatar.to_string()),
            ("AVATAR_KEY_ID", id.to_string()),
            ("AVATAR_KEY", secret),
            ("VISIT_ID", visit),
            ("SHARE_CODE", text(&detail["shareCode"])),
            ("EXPORT_ID", export),
        ] {
            self.values.insert(name.to_owned(), value);
        }
        self.values[place].clone()
    }

    /// Returns the account of a friend, of somebody who wants to be one, or of somebody with a public page.
    async fn friend(&self, place: &str) -> String {
        let other = self.server.person(&format!("aze{}", self.number)).await;
        let id = other.account.id.to_string();
        let invite = |to: &str| json!({"targetUserId": to, "source": "PLAZA", "greeting": "一起晨跑吗？"});
        let path = "/api/secondme/friend/invite/send";
        if place == "PUBLIC_PERSON" {
            let change = memory::profile::Change { is_public: Some(true), ..Default::default() };
            self.server.running().memory.update_profile(other.account.id, change).await.unwrap();
            return id;
        }
        let own = self.person.account.id.to_string();
        other.signed_in().await.post(path, invite(&own)).await.data();
        if place == "FRIEND_ID" {
            self.post(path, invite(&id)).await;
        }
        id
    }

    async fn entry(&self, place: &str) -> String {
        let note = json!({"title": "读书", "content": "今天读完了《三体》第一部。"});
        match place {
            "MEMORY_ID" => self.memory("喜欢在周末阅读科幻小说").await,
            "NEWER_MEMORY_ID" => self.memory("现在更喜欢推理小说").await,
            "CHANGED_MEMORY_ID" => {
                let id = self.memory("喜欢在周末阅读科幻小说").await;
                let path = format!("/api/secondme/memory/key/{id}/update");
                self.post(&path, json!({"content": "喜欢在周末阅读推理小说"})).await;
                id
            }
            "NOTE_ID" => self.made("/api/secondme/note/add", note, "noteId").await,
            "CHANGED_NOTE_ID" => {
                let id = self.made("/api/secondme/note/add", note, "noteId").await;
                let path = format!("/api/secondme/note/{id}/update");
                self.post(&path, json!({"content": "今天读完了《三体》第二部。"})).await;
                id
            }
            "INTEREST_ID" => {
                let body = json!({"shadeName": "科技爱好者", "shadeNamePublic": "科技达人",
                    "shadeDescription": "热爱科技", "shadeDescriptionPublic": "热爱科技"});
                self.made("/api/secondme/user/shades/create", body, "id").await
            }
            "FILE_KEY" => {
                let file = self.session.upload("/api/cdn/upload", "picture.png", PNG.to_vec()).await.data();
                text(&file["key"])
            }
            "EVENT" => {
                let body = json!({"action": "post_created", "actionLabel": "发了帖子",
                    "channel": {"platform": "external", "kind": "post", "id": "p-1"},
                    "refs": [{"objectType": "post", "objectId": "p-1", "contentPreview": "周末去爬山"}],
                    "displayText": "在论坛发了帖子：周末去爬山"});
                let key = self.person.with_key("*").await;
                key.post("/api/secondme/agent_memory/ingest", body).await.data();
                String::new()
            }
            "WEBHOOK_URL" => hook().await,
            "RULE_ID" => {
                let rule = self.post("/api/secondme/memory/never", json!({"phrase": "我的前任"})).await;
                text(&rule["rules"][0]["ruleId"])
            }
            other => panic!("{other} is the place of nothing"),
        }
    }
}

fn consent(app: &str, redirect: &str) -> identity::grant::Consent {
    let granted = identity::ScopeSet::parse_list("userinfo").unwrap();
    identity::grant::Consent {
        application: app.to_owned(),
        redirect_uri: redirect.to_owned(),
        audience: identity::Audience::Server,
        asked: granted,
        granted,
        challenge: None,
        is_answer: true,
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Starts a server that hears webhooks, and returns its URL.
async fn hook() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/hook", axum::routing::post(async || "heard"));
    web::Tasks::default().spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}
