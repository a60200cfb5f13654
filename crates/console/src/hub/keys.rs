//! The pages about a person's Hub keys: the list, and creating, showing, changing, rotating and deleting
//! keys.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use hub::{
    HubKeyId,
    key::{HubKey, KeyRequest, Registration, rules::MAX_OVERLAP},
};
use store::Timestamp;
use web::{ApiError, Code, Query, paging::Page as Rows};

use super::{
    id, is_about_form, lines,
    overview::{Calls, periods},
    period::Shown,
    problems,
    snippets::{Example, snippets},
    texts,
    texts::Texts as HubTexts,
};
use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    keys::expiry,
    page::{Member, Page},
    snippet::Snippet,
    when::When,
};

/// The path of the list of keys.
pub(crate) const PATH: &str = "/hub/keys";
/// Most keys in the list.
const MOST: i64 = 100;

/// The form as typed.
#[derive(Default)]
pub(crate) struct KeyForm {
    name: String,
    enabled: bool,
    expires: String,
    ips: String,
    domains: String,
    both: bool,
    allow: String,
    registration: bool,
    registered: String,
    per_second: String,
    per_person: String,
    per_day: String,
    lists: [Vec<String>; 4],
}

impl From<Fields> for KeyForm {
    fn from(fields: Fields) -> Self {
        Self {
            lists: ["ips", "domains", "allow", "registered"].map(|name| lines(&fields, name)),
            name: fields.text("name"),
            enabled: fields.text("enabled") == "yes",
            expires: fields.text("expires"),
            ips: fields.text("ips"),
            domains: fields.text("domains"),
            both: fields.text("both") == "yes",
            allow: fields.text("allow"),
            registration: fields.text("registration") == "yes",
            registered: fields.text("registered"),
            per_second: fields.text("per_second"),
            per_person: fields.text("per_person"),
            per_day: fields.text("per_day"),
        }
    }
}

impl KeyForm {
    fn of(key: &HubKey) -> Self {
        let rules = &key.rules;
        let list = |entries: Vec<String>| entries.join("\n");
        Self {
            name: key.name.clone(),
            enabled: key.is_enabled,
            expires: key.expires_at.map(last_day).unwrap_or_default(),
            ips: list(rules.ips.iter().map(ToString::to_string).collect()),
            domains: list(rules.domains.iter().map(ToString::to_string).collect()),
            both: rules.both_lists,
            allow: list(rules.allow.clone()),
            registration: rules.registration == Registration::Open,
            registered: list(rules.registered_allow.clone()),
            per_second: rules.per_second.to_string(),
            per_person: rules.per_person_second.to_string(),
            per_day: rules.per_day.to_string(),
            lists: Default::default(),
        }
    }

    /// Returns the form as a request of the Hub.
    ///
    /// # Errors
    /// 422 if a number or the date cannot be parsed, in the format of the Hub's own errors.
    fn params(&self) -> Result<KeyRequest, ApiError> {
        let [ips, domains, allow, registered] = self.lists.clone();
        let mut issues = web::Issues::body();
        let per_second = number(&mut issues, "perSecond", &self.per_second);
        let per_person_second = number(&mut issues, "perPersonSecond", &self.per_person);
        let per_day = number(&mut issues, "perDay", &self.per_day);
        let expires_at = match self.expires.trim() {
            "" => Some(0),
            text => last_moment(text).or_else(|| {
                issues.add("date_parsing", "expiresAt", "Input should be a date such as 2030-12-31");
                None
            }),
        };
        issues.finish()?;
        Ok(KeyRequest {
            name: Some(self.name.clone()),
            enabled: Some(self.enabled),
            expires_at,
            ips: Some(ips),
            domains: Some(domains),
            both_lists: Some(self.both),
            per_second,
            per_person_second,
            per_day,
            allow: Some(allow),
            registration: Some(if self.registration { Registration::Open } else { Registration::Closed }),
            registered_allow: Some(registered),
        })
    }
}

fn number<T: std::str::FromStr>(issues: &mut web::Issues, field: &str, text: &str) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok();
    if number.is_none() {
        issues.add("int_parsing", field, "Input should be a whole number");
    }
    number
}

/// Returns the beginning of a day (UTC) in milliseconds since 1970.
pub(super) fn day(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.parse().ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// Returns the end of a day (UTC) in milliseconds since 1970. A key is valid on the whole day, as on the page
/// of API keys.
fn last_moment(text: &str) -> Option<i64> {
    expiry::end_of_day(text).map(Timestamp::as_millis)
}

/// Returns the last day on which a key that expires then is valid.
fn last_day(expires_at: Timestamp) -> String {
    expires_at.plus_ms(-1).date()
}

struct Row {
    id: HubKeyId,
    ak: String,
    name: String,
    class: &'static str,
    state: &'static str,
    limits: String,
    last_used: Option<When>,
}

fn state(key: &HubKey, now: Timestamp, h: &HubTexts) -> (&'static str, &'static str) {
    match (key.is_live(now), key.is_enabled) {
        (true, _) => ("good", h.on),
        (false, true) => ("bad", h.expired),
        (false, false) => ("off", h.off),
    }
}

#[derive(Template)]
#[template(path = "hub/keys.html")]
struct List<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    keys: Vec<Row>,
    may_create: bool,
    notice: Option<&'a str>,
}

#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    done: Option<String>,
    days: Option<String>,
}

pub(crate) async fn list(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let page = member.page.at("hub", PATH);
    let h = texts(page.language);
    let may_create = console.hub.may_make_keys(member.account.id).await?;
    let (keys, _) = console.hub.keys(member.account.id, Rows { limit: MOST, offset: 0 }).await?;
    let now = console.clock.now();
    let row = |key: HubKey| {
        let (class, state) = state(&key, now, h);
        let limits = format!("{}/s · {}/d", key.rules.per_second, key.rules.per_day);
        Row {
            id: key.id,
            class,
            state,
            limits,
            last_used: key.last_used_at.map(When),
            ak: key.ak,
            name: key.name,
        }
    };
    let notice = (params.done.as_deref() == Some("deleted")).then_some(h.deleted);
    page.answer(
        StatusCode::OK,
        &List { page: &page, h, keys: keys.into_iter().map(row).collect(), may_create, notice },
    )
}

#[derive(Template)]
#[template(path = "hub/key_new.html")]
struct New<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    form: &'a KeyForm,
    problems: Vec<String>,
}

pub(crate) async fn new(member: Member) -> Result<Response, ApiError> {
    let page = member.page.at("hub", "/hub/keys/new");
    let form = KeyForm { enabled: true, ..KeyForm::default() };
    page.answer(
        StatusCode::OK,
        &New { page: &page, h: texts(page.language), form: &form, problems: Vec::new() },
    )
}

#[derive(Template)]
#[template(path = "hub/key_shown.html")]
struct ShownOnce<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    key: &'a HubKey,
    old_until: Option<When>,
    secret: &'a str,
    snippets: Vec<Snippet>,
}

/// The API that the examples of a new key call: the sample weather, or what echoes the call.
const EXAMPLES: [(&str, &str); 2] = [("weather-basic", "now"), ("echo", "hello")];

/// Returns the address of an example call, if the server has an API for one.
fn example(console: &Console) -> Option<String> {
    let found = EXAMPLES.iter().find(|(api, _)| console.hub.api_of(api).is_ok_and(|api| api.spec.enabled));
    found.map(|(api, action)| format!("{}/api/{api}/{action}", console.public_url))
}

pub(crate) async fn create(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<KeyForm>,
) -> Result<Response, ApiError> {
    let made = match form.params() {
        Ok(params) => console.hub.create_key(member.account.id, params).await,
        Err(error) => Err(error),
    };
    match made {
        Ok((key, secret)) => show_once(&console, member, &key, secret.expose()),
        Err(error) if is_about_form(&error) => {
            let page = member.page.at("hub", "/hub/keys/new");
            let problems = problems(&error, page.language);
            page.refuse(&error, &New { page: &page, h: texts(page.language), form: &form, problems })
        }
        Err(error) => Err(error),
    }
}

fn show_once(console: &Console, member: Member, key: &HubKey, secret: &str) -> Result<Response, ApiError> {
    let page = member.page.once("hub");
    let url = example(console);
    let call = url.as_deref().map(|url| Example {
        url,
        body: None,
        ak: Some(&key.ak),
        sk: Some(secret),
        person: None,
    });
    let template = ShownOnce {
        h: texts(page.language),
        key,
        old_until: key.old_until.map(When),
        secret,
        snippets: call.as_ref().map(snippets).unwrap_or_default(),
        page: &page,
    };
    page.answer(StatusCode::OK, &template)
}

#[derive(Template)]
#[template(path = "hub/key.html")]
struct Detail<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    id: HubKeyId,
    ak: &'a str,
    form: &'a KeyForm,
    problems: Vec<String>,
    notice: Option<&'a str>,
    old_until: Option<When>,
    shown: Shown,
    chart: Calls,
}

impl Detail<'_> {
    fn periods(&self) -> Vec<(&'static str, &'static str, bool)> {
        periods(self.shown, self.h)
    }

    fn path(&self) -> String {
        format!("{PATH}/{}", self.id)
    }
}

/// Shows the page of a key. The form has the values of the key, or those of a form that was refused.
async fn detail(
    console: &Console,
    member: Member,
    key: HubKeyId,
    sent: Option<(KeyForm, ApiError)>,
    params: PageParams,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    let key = console.hub.key(account, key).await?;
    let shown = Shown::of(params.days.as_deref());
    let usage = console.hub.usage_of_key(account, key.id, shown.period()).await?;
    let page = member.page.at("hub", format!("/hub/keys/{}", key.id));
    let h = texts(page.language);
    let (form, error) = match sent {
        Some((form, error)) => (form, Some(error)),
        None => (KeyForm::of(&key), None),
    };
    let now = console.clock.now();
    let template = Detail {
        page: &page,
        h,
        id: key.id,
        ak: &key.ak,
        form: &form,
        problems: error.as_ref().map(|error| problems(error, page.language)).unwrap_or_default(),
        notice: (params.done.as_deref() == Some("saved")).then_some(h.saved),
        old_until: key.old_until.filter(|until| *until > now).map(When),
        shown,
        chart: Calls::new(&shown.columns(&usage, now), shown, h),
    };
    match &error {
        Some(error) => page.refuse(error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(key): Path<String>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    detail(&console, member, id(&key)?, None, params).await
}

pub(crate) async fn update(
    State(console): State<Console>,
    member: Member,
    Path(key): Path<String>,
    CsrfForm(form): CsrfForm<KeyForm>,
) -> Result<Response, ApiError> {
    let key = id(&key)?;
    let changed = match form.params() {
        Ok(params) => console.hub.update_key(member.account.id, key, params).await,
        Err(error) => Err(error),
    };
    match changed {
        Ok(_) => Ok(Redirect::to(&format!("/hub/keys/{key}?done=saved")).into_response()),
        Err(error) if is_about_form(&error) => {
            detail(&console, member, key, Some((form, error)), PageParams { done: None, days: None }).await
        }
        Err(error) => Err(error),
    }
}

/// The form that rotates a key; it has the overlap in seconds.
pub(crate) struct Rotation(String);

impl From<Fields> for Rotation {
    fn from(fields: Fields) -> Self {
        Self(fields.text("overlap"))
    }
}

pub(crate) async fn rotate(
    State(console): State<Console>,
    member: Member,
    Path(key): Path<String>,
    CsrfForm(Rotation(overlap)): CsrfForm<Rotation>,
) -> Result<Response, ApiError> {
    let overlap = overlap.parse().ok().filter(|seconds| (0..=MAX_OVERLAP).contains(seconds));
    let overlap = overlap.ok_or_else(|| ApiError::new(Code::InvalidParam).with("overlap"))?;
    let (key, secret) = console.hub.rotate_key(member.account.id, id(&key)?, overlap).await?;
    show_once(&console, member, &key, secret.expose())
}

pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Path(key): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    console.hub.delete_key(member.account.id, id(&key)?).await?;
    Ok(Redirect::to("/hub/keys?done=deleted").into_response())
}
