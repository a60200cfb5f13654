//! Creates a key: the form, and the page that shows the key once.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use identity::{
    Scope, ScopeSet,
    key::{NewKey, rules},
};
use web::{ApiError, Code, Language, Query};

use super::{expiry, shown};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    problems::{Form, Problems},
    texts::{Texts, fill},
};

/// The scopes of the API's first version, in its order. The form hides the newer ones in a section that can
/// be opened.
const FIRST: [Scope; 6] = [
    Scope::UserInfo,
    Scope::UserInfoShades,
    Scope::UserInfoSoftMemory,
    Scope::NoteAdd,
    Scope::Chat,
    Scope::Everything,
];

/// The form that creates a key.
pub(crate) struct KeyForm {
    name: String,
    scopes: Vec<String>,
    expiry: String,
    date: String,
}

impl From<Fields> for KeyForm {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.text("name"),
            scopes: fields.all("scope"),
            expiry: fields.text("expiry"),
            date: fields.text("date"),
        }
    }
}

/// A checkbox for a scope.
struct Choice {
    name: &'static str,
    meaning: &'static str,
    is_chosen: bool,
    is_everything: bool,
}

impl Choice {
    fn new(scope: Scope, chosen: ScopeSet, language: Language) -> Self {
        Self {
            name: scope.name(),
            meaning: scope.meaning(language),
            is_chosen: chosen.contains(scope),
            is_everything: scope == Scope::Everything,
        }
    }
}

/// A set of scopes for a purpose: the name in the address, and the scopes.
const PRESETS: [(&str, &[Scope]); 4] = [
    ("read", &[Scope::UserInfo, Scope::UserInfoShades, Scope::UserInfoSoftMemory]),
    ("write", &[Scope::UserInfo, Scope::NoteAdd, Scope::MemoryRead, Scope::MemoryWrite]),
    ("chat", &[Scope::UserInfo, Scope::UserInfoShades, Scope::UserInfoSoftMemory, Scope::Chat]),
    ("all", &[Scope::Everything]),
];

/// A link that ticks the scopes of a purpose.
struct Preset {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    is_chosen: bool,
}

fn presets(chosen: ScopeSet, t: &Texts) -> Vec<Preset> {
    let texts = [
        (t.preset_read, t.preset_read_about),
        (t.preset_write, t.preset_write_about),
        (t.preset_chat, t.preset_chat_about),
        (t.preset_all, t.preset_all_about),
    ];
    let preset = |((name, scopes), (title, about)): ((&'static str, &[Scope]), _)| Preset {
        name,
        title,
        about,
        is_chosen: ScopeSet::of(scopes) == chosen,
    };
    PRESETS.into_iter().zip(texts).map(preset).collect()
}

/// The query of the form.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    preset: Option<String>,
}

#[derive(Template)]
#[template(path = "key_new.html")]
struct NewPage<'a> {
    page: &'a Page,
    presets: Vec<Preset>,
    name: &'a str,
    first: Vec<Choice>,
    more: Vec<Choice>,
    is_more_open: bool,
    days: Vec<(String, String)>,
    expiry: &'a str,
    date: &'a str,
    tomorrow: String,
    problems: Problems,
    alert: Option<String>,
}

/// Shows the form.
pub(crate) fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> std::future::Ready<Result<Response, ApiError>> {
    let preset = PRESETS.iter().find(|(name, _)| Some(*name) == params.preset.as_deref());
    let (here, chosen) = match preset {
        Some((name, scopes)) => (format!("/keys/new?preset={name}"), ScopeSet::of(scopes)),
        None => ("/keys/new".to_owned(), ScopeSet::of(PRESETS[0].1)),
    };
    let page = member.page.at("keys", here);
    let empty = KeyForm {
        name: String::new(),
        scopes: Vec::new(),
        expiry: expiry::DEFAULT.to_owned(),
        date: String::new(),
    };
    let template = form(&console, &page, &empty, chosen);
    std::future::ready(page.answer(StatusCode::OK, &template))
}

/// Creates the key and shows it, or shows the form again with the problems.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(params): CsrfForm<KeyForm>,
) -> Result<Response, ApiError> {
    let scopes = ScopeSet::parse(params.scopes.iter().map(String::as_str)).map_err(rules::unknown_scope)?;
    let now = console.clock.now();
    let expires_at = expiry::read(&params.expiry, &params.date, now);
    let new = NewKey { name: params.name.clone(), scopes, expires_at: expires_at.flatten() };
    let made = match expires_at {
        Some(_) => console.identity.create_key(member.account.id, new).await,
        None => Err(unreadable_expiry(new, now)),
    };
    match made {
        Ok((key, secret)) => shown::created(&console, member, key, &secret),
        Err(error) if error.code() == Code::Unprocessable || error.code() == Code::InvalidParam => {
            let page = member.page.at("keys", "/keys/new");
            let mut template = form(&console, &page, &params, scopes);
            template.problems = Problems::of(&error, page.t, Form::Key);
            let most = console.identity.settings().max_keys;
            template.alert = Some(match error.code() {
                Code::InvalidParam => fill(page.t.too_many_keys, most),
                _ => page.t.check_form.to_owned(),
            });
            page.refuse(&error, &template)
        }
        Err(error) => Err(error),
    }
}

/// Returns an error about an unreadable expiry that also has the problems of the other fields.
fn unreadable_expiry(new: NewKey, now: store::Timestamp) -> ApiError {
    let mut issues = web::Issues::body();
    if let Err(others) = rules::check(new, now) {
        for issue in others.list() {
            issues.add(
                issue.kind,
                issue.loc.get(1).map(String::as_str).unwrap_or_default(),
                issue.msg.clone(),
            );
        }
    }
    issues.add("date_parsing", "expiresAt", "Input should be a date");
    issues.finish().err().unwrap_or_else(|| ApiError::new(Code::Unprocessable))
}

fn form<'a>(console: &Console, page: &'a Page, params: &'a KeyForm, chosen: ScopeSet) -> NewPage<'a> {
    let choice = |scope: &Scope| Choice::new(*scope, chosen, page.language);
    let more: Vec<Choice> = Scope::ALL.iter().filter(|scope| !FIRST.contains(scope)).map(choice).collect();
    NewPage {
        page,
        presets: presets(chosen, page.t),
        name: &params.name,
        first: FIRST.iter().map(choice).collect(),
        is_more_open: more.iter().any(|choice| choice.is_chosen),
        more,
        days: expiry::DAYS.iter().map(|days| (days.to_string(), fill(page.t.expiry_days, days))).collect(),
        expiry: &params.expiry,
        date: &params.date,
        tomorrow: console.clock.now().plus_secs(86_400).date(),
        problems: Problems::default(),
        alert: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_said_at_once() {
        let new = NewKey { name: String::new(), scopes: ScopeSet::EMPTY, expires_at: None };
        let error = unreadable_expiry(new, store::Timestamp(0));
        let t = Texts::of(Language::En);
        let problems = Problems::of(&error, t, Form::Key);
        assert_eq!(problems.at("name"), Some(t.name_missing));
        assert_eq!(problems.at("scopes"), Some(t.scopes_missing));
        assert_eq!(problems.at("expiresAt"), Some(t.expiry_unreadable));
    }
}
