//! `/hub/try`: signs a token on the server, sends a real call through the gateway, and shows its response.

mod arguments;
mod send;

pub(in crate::hub) use arguments::encoded;

use askama::Template;
use axum::{
    extract::{Extension, State},
    response::Response,
};
use http::StatusCode;
use hub::{
    HubKeyId,
    catalog::{ActionSpec, Api, ProviderSpec},
    key::HubKey,
};
use web::{ApiError, ClientAddress, Query, paging::Page as Rows};

use self::{
    arguments::Param,
    send::{Prepared, Sent},
};
use super::{
    snippets::{Example, snippets},
    texts,
    texts::Texts as HubTexts,
};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    snippet::Snippet,
    texts::fill,
};

pub(crate) const PATH: &str = "/hub/try";
/// Maximum number of keys in the choice.
const KEYS: i64 = 100;
/// Lifetimes of a token that can be chosen, in seconds. The longest is the longest that the Hub accepts.
const LIVES: [i64; 3] = [300, 3600, 7200];
/// The action that is called first where an API serves any.
const ANY: &str = "anything";

/// The call that is chosen by the names in the catalog, and the key by its id.
#[derive(serde::Deserialize, Default)]
pub(crate) struct Chosen {
    #[serde(default)]
    api: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    key: String,
}

/// The form as typed.
#[derive(Default)]
pub(crate) struct Typed {
    chosen: Chosen,
    who: String,
    life: String,
    sub: String,
    origin: String,
    extra: String,
    /// The fields of arguments, by name.
    arguments: Vec<(String, String)>,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        let argument =
            |(name, value): (&str, &str)| Some((name.strip_prefix("a.")?.to_owned(), value.to_owned()));
        Self {
            chosen: Chosen {
                api: fields.text("api"),
                action: fields.text("action"),
                key: fields.text("key"),
            },
            who: fields.text("who"),
            life: fields.text("life"),
            sub: fields.text("sub").trim().to_owned(),
            origin: fields.text("origin").trim().to_owned(),
            extra: fields.text("extra").trim().to_owned(),
            arguments: fields.iter().filter_map(argument).collect(),
        }
    }
}

/// An entry of a choice: value, text, and true if it is chosen.
type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "hub/try.html")]
struct TryPage<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    apis: Vec<Choice>,
    actions: Vec<Choice>,
    /// The code of the API.
    api: &'a str,
    action: &'a str,
    /// The path of the call, and its method.
    address: String,
    method: &'static str,
    params: Vec<Param>,
    extra: &'a str,
    who: &'static str,
    keys: Vec<Choice>,
    lives: Vec<Choice>,
    sub: &'a str,
    origin: &'a str,
    snippets: Vec<Snippet>,
    sent: Option<Sent>,
    problems: Vec<String>,
}

/// Shows the form for a call.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(chosen): Query<Chosen>,
) -> Result<Response, ApiError> {
    render(&console, member, Typed { chosen, ..Typed::default() }, None).await
}

/// Sends the call, and shows the form again with its response.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    Extension(address): Extension<ClientAddress>,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    render(&console, member, typed, Some(address)).await
}

/// Returns the API and the action that are chosen, or the first ones.
fn choose<'a>(apis: &'a [std::sync::Arc<Api>], chosen: &Chosen) -> Option<(&'a Api, String)> {
    let found = apis.iter().find(|api| api.spec.code == chosen.api);
    let api =
        found.or_else(|| apis.iter().find(|api| !api.spec.actions.is_empty())).or_else(|| apis.first())?;
    let is_known =
        api.spec.actions.contains_key(&chosen.action) || serves_any(api) && !chosen.action.is_empty();
    let action = if is_known {
        chosen.action.chars().take(64).collect()
    } else {
        api.spec.actions.keys().next().cloned().unwrap_or_else(|| ANY.to_owned())
    };
    Some((api, action))
}

/// Returns true if an API also serves actions that are not listed.
fn serves_any(api: &Api) -> bool {
    match &api.spec.provider {
        ProviderSpec::Echo => true,
        ProviderSpec::Http(http) => http.open,
        _ => false,
    }
}

/// Shows the form, after sending the call for a client if there is one.
async fn render(
    console: &Console,
    member: Member,
    typed: Typed,
    client: Option<ClientAddress>,
) -> Result<Response, ApiError> {
    let apis: Vec<_> = console.hub.apis().into_iter().filter(|api| api.spec.enabled).collect();
    let (keys, _) = console.hub.keys(member.account.id, Rows { limit: KEYS, offset: 0 }).await?;
    let now = console.clock.now();
    let keys: Vec<HubKey> = keys.into_iter().filter(|key| key.is_live(now)).collect();
    let (api, action) = choose(&apis, &typed.chosen).ok_or(web::Code::HubApiNotFound)?;
    let spec = api.spec.actions.get(&action);
    let here = format!("{PATH}?api={}&action={}", api.spec.code, encoded(&action));
    let page = member.page.at("hub", here);
    let h = texts(page.language);
    let params = arguments::params(spec, &typed.arguments);
    let (key, seconds) = (chosen_key(&keys, &typed.chosen.key), life(&typed.life));
    let who = identity(&typed.who, key.is_some());
    let prepared = prepare(console, api, &action, &params, &typed);
    let (mut problems, mut sent) = (Vec::new(), None);
    match (client, &prepared) {
        (Some(client), Ok(call)) => {
            let (sub, origin) = (subject(&typed.sub), typed.origin.as_str());
            let caller = send::Caller { who, key, sub, origin, seconds, client };
            match send::send(console, call, &caller, page.language).await {
                Ok(response) => sent = Some(response),
                Err(problem) => problems.push(problem),
            }
        }
        (Some(_), Err(wrong)) => problems.push(fill(h.extra_wrong, wrong)),
        (None, _) => {}
    }
    let example = prepared.as_ref().ok().map(|call| Example {
        url: &call.url,
        body: call.body.clone(),
        ak: key.filter(|_| who != "anonymous").map(|key| key.ak.as_str()),
        sk: None,
        person: (who == "person").then_some(subject(&typed.sub)),
    });
    let is_api = |one: &Api| one.spec.code == api.spec.code;
    let is_key = |one: &HubKey| key.is_some_and(|key| key.id == one.id);
    let actions = api.spec.actions.iter();
    let template = TryPage {
        apis: apis.iter().map(|one| choice(&one.spec.code, &one.spec.name, is_api(one))).collect(),
        actions: actions.map(|(name, spec)| choice(name, &spec.summary, *name == action)).collect(),
        keys: keys.iter().map(|one| (one.id.to_string(), key_text(one), is_key(one))).collect(),
        lives: lives(seconds, h),
        snippets: example.as_ref().map(snippets).unwrap_or_default(),
        api: &api.spec.code,
        action: &action,
        address: format!("{}/api/{}/{action}", console.public_url, api.spec.code),
        method: method(spec),
        params,
        extra: &typed.extra,
        who,
        sub: subject(&typed.sub),
        origin: &typed.origin,
        sent,
        problems,
        page: &page,
        h,
    };
    let status = if template.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page.answer(status, &template)
}

/// Returns the caller that is chosen. Without a key all calls are anonymous.
fn identity(typed: &str, has_key: bool) -> &'static str {
    match typed {
        "person" if has_key => "person",
        "anonymous" => "anonymous",
        _ if has_key => "app",
        _ => "anonymous",
    }
}

/// Returns the call that the form describes.
///
/// # Errors
/// The argument that is wrong.
fn prepare(
    console: &Console,
    api: &Api,
    action: &str,
    params: &[Param],
    typed: &Typed,
) -> Result<Prepared, String> {
    let values = arguments::values(params, &typed.extra)?;
    let path = format!("/api/{}/{}", api.spec.code, encoded(action));
    let is_post = method(api.spec.actions.get(action)) == "POST";
    Ok(Prepared::new(&console.public_url, &path, is_post, values))
}

/// Returns the key that is chosen by its id, or the first one.
fn chosen_key<'a>(keys: &'a [HubKey], id: &str) -> Option<&'a HubKey> {
    let id = id.parse::<i64>().ok().map(HubKeyId);
    keys.iter().find(|key| Some(key.id) == id).or_else(|| keys.first())
}

/// Returns the name of a key, and the beginning of its AK.
fn key_text(key: &HubKey) -> String {
    format!("{} · {}…", key.name, key.ak.get(..8).unwrap_or_default())
}

fn choice(value: &str, about: &str, is_chosen: bool) -> Choice {
    let text =
        if about.is_empty() || about == value { value.to_owned() } else { format!("{about} · {value}") };
    (value.to_owned(), text, is_chosen)
}

/// Returns the method with which an action is called: POST if it changes something upstream.
fn method(spec: Option<&ActionSpec>) -> &'static str {
    match spec.map(|spec| spec.method.as_str()) {
        None | Some("" | "GET") => "GET",
        Some(_) => "POST",
    }
}

fn life(typed: &str) -> i64 {
    typed.parse().ok().filter(|seconds| LIVES.contains(seconds)).unwrap_or(LIVES[0])
}

fn lives(chosen: i64, h: &'static HubTexts) -> Vec<Choice> {
    let names = [h.five_minutes, h.hour, h.two_hours];
    LIVES.iter().zip(names).map(|(life, name)| (life.to_string(), name.to_owned(), *life == chosen)).collect()
}

/// Returns the person for whom a token is signed.
fn subject(typed: &str) -> &str {
    if typed.is_empty() { "user-1" } else { typed }
}
