//! A demo person on an empty database, created from the examples in the API's documentation, and a file with
//! the credentials for people and scripts.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use identity::{
    Audience, NewAccount, Password, Scope, ScopeSet,
    application::{Credentials, NewApplication},
    grant::{Consent, Exchange},
    key::NewKey,
};
use memory::{
    key::Fact,
    note::{Kind, NewNote},
    profile::Change,
    shade::{Confidence, ShadeBody},
};
use serde::{Deserialize, Serialize};
use web::{ApiError, Language};

use crate::{config::Config, server::Running};

/// The name of that file in the data directory.
const FILE: &str = "demo.json";
const EMAIL: &str = "user@example.com";
/// The callback URL of the demo app, which is the one in SecondMe's template for apps.
const CALLBACK: &str = "http://localhost:3000/api/auth/callback";

/// The contents of the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Demo {
    base_url: String,
    /// The base URL for apps written for the SecondMe API.
    #[serde(default)]
    lab_base_url: String,
    /// The URL at which the demo app asks for consent, without its query.
    #[serde(default)]
    oauth_url: String,
    email: String,
    password: String,
    api_key: String,
    client_id: String,
    client_secret: String,
    redirect_uri: String,
    access_token: String,
    /// The refresh token of the access token.
    #[serde(default)]
    refresh_token: String,
    /// The access key of the Hub.
    #[serde(default)]
    hub_ak: String,
    #[serde(default)]
    hub_sk: String,
    /// Invitation codes for the Plaza.
    #[serde(default)]
    invitation_codes: Vec<String>,
}

/// Returns the server's base URL, that of the Lab API, and that of the consent page.
fn addresses(running: &Running) -> (String, String, String) {
    let base = &running.base_url;
    (base.clone(), format!("{base}/gate/lab"), format!("{base}/oauth/"))
}

/// Creates the demo person, or finds the one created before. Returns `None` if the database has other
/// accounts.
pub(crate) async fn prepare(config: &Config, running: &Running) -> Result<Option<Demo>> {
    let path = config.data_dir.join(FILE);
    if running.identity.account_by_email(EMAIL).await.map_err(fail)?.is_some() && path.is_file() {
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let before: Demo =
            serde_json::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))?;
        // The previous tokens may have expired.
        let (access_token, refresh_token) = tokens(running, &before.client_id, &before.client_secret).await?;
        let invitation_codes = invitation_codes(running).await?;
        let (base_url, lab_base_url, oauth_url) = addresses(running);
        let demo = Demo {
            base_url,
            lab_base_url,
            oauth_url,
            access_token,
            refresh_token,
            invitation_codes,
            ..before
        };
        write(&path, &demo)?;
        return Ok(Some(demo));
    }
    if !running.identity.accounts(store::AccountId(0), 1).await.map_err(fail)?.is_empty() {
        return Ok(None);
    }
    weather(running).await?;
    let demo = make(running).await?;
    write(&path, &demo)?;
    Ok(Some(demo))
}

/// Adds the weather API of the documentation's examples. Its data is invented, unless a real service is
/// configured.
async fn weather(running: &Running) -> Result<()> {
    let spec = hub::provider::sample_spec();
    if running.hub.api_of(&spec.code).is_err() {
        running.hub.save_api(spec).await.map_err(fail)?;
    }
    Ok(())
}

async fn make(running: &Running) -> Result<Demo> {
    let password = running.db.random().hex(8);
    let new = NewAccount {
        email: EMAIL.into(),
        name: "用户名".into(),
        password: Password::new(password.clone()),
        is_admin: true,
    };
    let account = running.identity.add_account(new).await.map_err(fail)?;
    let profile = Change {
        route: Some("username".into()),
        avatar: Some("https://cdn.example.com/avatar.jpg".into()),
        bio: Some("个人简介".into()),
        self_introduction: Some("自我介绍内容".into()),
        ..Change::default()
    };
    running.memory.update_profile(account.id, profile).await.map_err(fail)?;
    running.memory.create_shade(account.id, shade()).await.map_err(fail)?;
    running.memory.add_key_memories(account.id, facts()).await.map_err(fail)?;
    running.memory.add_note(account.id, note()).await.map_err(fail)?;
    let key = NewKey { name: "demo".into(), scopes: ScopeSet::of(&[Scope::Everything]), expires_at: None };
    let (_, secret) = running.identity.create_key(account.id, key).await.map_err(fail)?;
    let app = NewApplication {
        name: "Example App".into(),
        description: String::new(),
        redirect_uris: vec![CALLBACK.into()],
        scopes: every_scope(),
        ..NewApplication::default()
    };
    let (app, client_secret) = running.identity.create_application(account.id, app).await.map_err(fail)?;
    let (access_token, refresh_token) = tokens(running, &app.id, client_secret.expose()).await?;
    let hub_key = hub::key::KeyRequest { name: Some("demo".into()), ..Default::default() };
    let (hub_key, hub_secret) = running.hub.create_key(account.id, hub_key).await.map_err(fail)?;
    let (base_url, lab_base_url, oauth_url) = addresses(running);
    Ok(Demo {
        base_url,
        lab_base_url,
        oauth_url,
        email: EMAIL.into(),
        password,
        api_key: secret.expose().to_owned(),
        client_id: app.id,
        client_secret: client_secret.expose().to_owned(),
        redirect_uri: CALLBACK.into(),
        access_token,
        refresh_token,
        hub_ak: hub_key.ak,
        hub_sk: hub_secret.expose().to_owned(),
        invitation_codes: invitation_codes(running).await?,
    })
}

/// Returns the demo person's unused invitation codes.
async fn invitation_codes(running: &Running) -> Result<Vec<String>> {
    let account = running.identity.account_by_email(EMAIL).await.map_err(fail)?;
    let account = account.context("the demo person is gone")?;
    // An administrator gets a certificate when it is first looked up.
    running.plaza.certificate(account.id).await.map_err(fail)?;
    let codes = running.plaza.invitations(account.id).await.map_err(fail)?;
    let is_open =
        |code: &plaza::invitation::Invitation| code.used_by.is_none() && code.withdrawn_at.is_none();
    Ok(codes.into_iter().filter(is_open).map(|code| code.code).collect())
}

/// Returns all scopes that an app may request.
fn every_scope() -> ScopeSet {
    let scopes: Vec<Scope> = Scope::ALL.iter().copied().filter(|scope| scope.is_for_apps()).collect();
    Audience::Server.limit(ScopeSet::of(&scopes))
}

/// Returns a new access token and refresh token of the demo app for the demo person.
async fn tokens(running: &Running, client_id: &str, client_secret: &str) -> Result<(String, String)> {
    let account = running.identity.account_by_email(EMAIL).await.map_err(fail)?;
    let account = account.context("the demo person is gone")?;
    let consent = Consent {
        application: client_id.to_owned(),
        redirect_uri: CALLBACK.into(),
        audience: Audience::Server,
        asked: every_scope(),
        granted: every_scope(),
        challenge: None,
        is_answer: true,
    };
    let code = running.identity.consent(account.id, consent).await.map_err(fail)?;
    let exchange = Exchange {
        client: Credentials {
            id: client_id.to_owned(),
            secret: Some(client_secret.to_owned()),
            ..Credentials::default()
        },
        code: code.expose().to_owned(),
        redirect_uri: CALLBACK.into(),
        verifier: None,
        audience: None,
    };
    let tokens = running.identity.exchange_code(exchange).await.map_err(fail)?;
    let refresh = tokens.refresh.context("the demo app got no refresh token")?;
    Ok((tokens.access.expose().to_owned(), refresh.expose().to_owned()))
}

fn shade() -> ShadeBody {
    let topics = |list: &[&str]| list.iter().map(|topic| (*topic).to_owned()).collect();
    ShadeBody {
        shade_name: "科技爱好者".into(),
        shade_icon: "https://cdn.example.com/icon.png".into(),
        confidence_level: Confidence::High,
        shade_description: "热爱科技".into(),
        shade_description_third_view: "他/她热爱科技".into(),
        shade_content: "喜欢编程和数码产品".into(),
        shade_content_third_view: "他/她喜欢编程和数码产品".into(),
        source_topics: topics(&["编程", "AI"]),
        shade_name_public: "科技达人".into(),
        shade_icon_public: "https://cdn.example.com/public-icon.png".into(),
        confidence_level_public: Confidence::High,
        shade_description_public: "科技爱好者".into(),
        shade_description_third_view_public: "一位科技爱好者".into(),
        shade_content_public: "热爱科技".into(),
        shade_content_third_view_public: "他/她热爱科技".into(),
        source_topics_public: topics(&["科技"]),
    }
}

fn facts() -> Vec<Fact> {
    let fact = |object: &str, content: &str, visibility| Fact {
        actor: "用户".into(),
        object: object.into(),
        content: content.into(),
        visibility,
    };
    vec![
        fact("饮食", "早餐常喝豆浆", 0),
        fact("技能", "在学 Rust 编程", 1),
        fact("兴趣爱好", "喜欢阅读科幻小说", 1),
        fact("兴趣爱好", "喜欢在周末阅读科幻小说", 1),
    ]
}

fn note() -> NewNote {
    NewNote {
        kind: Kind::Text,
        title: "读书笔记".into(),
        content: "周末读完了《三体》,想找人聊聊。".into(),
        urls: Vec::new(),
    }
}

/// Writes the file completely or not at all, readable by its owner only.
fn write(path: &Path, demo: &Demo) -> Result<()> {
    let text = serde_json::to_string_pretty(demo)?;
    store::durable::write(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

fn fail(error: ApiError) -> anyhow::Error {
    anyhow!("{}", error.cause().map_or_else(|| error.message(Language::En), str::to_owned))
}

impl Demo {
    /// Returns instructions for the first steps, ready to be copied.
    pub(crate) fn what_to_try(&self) -> String {
        let Self { base_url, email, password, api_key, client_id, redirect_uri, hub_ak, .. } = self;
        let search = format!("{base_url}/gate/lab/api/secondme/memory/key/search?keyword=%E9%98%85%E8%AF%BB");
        let consent = format!(
            "{base_url}/oauth/?client_id={client_id}&redirect_uri={redirect_uri}\
             &response_type=code&state=abc123"
        );
        format!(
            r#"
Doppel runs with a demo person. To try it, in another terminal:

  curl -H "Authorization: Bearer {api_key}" {base_url}/gate/lab/api/secondme/user/info
  curl -H "Authorization: Bearer {api_key}" {base_url}/gate/lab/api/secondme/user/shades
  curl -H "Authorization: Bearer {api_key}" "{search}"

  curl {base_url}/api/weather-basic/now
  curl -d '{{"hello":"world"}}' "{base_url}/api/echo/anything?from=curl"

  consent page    {consent}
  pages           {base_url}/          e-mail {email}   password {password}
  chat            {base_url}/chat
  API reference   {base_url}/docs/api
  agents (MCP)    {base_url}/mcp
  OpenAI clients  {base_url}/v1/   with the key above
  Hub key         {hub_ak}   its secret and tokens: {FILE} in the data directory

An app written for the SecondMe API works with this base URL: {base_url}/gate/lab
"#
        )
    }
}
