//! The page of one avatar, and that of a new one.

use askama::Template;
use avatars::{
    avatar::{Avatar, rules},
    insight::model::DashboardParams,
    key::AvatarKey,
    skill::Skill,
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use memory::{NoteId, note};
use web::{ApiError, Code, Query, paging::Page as Numbers};

use super::{PATH, form::AvatarForm, own, path_of, share_path, texts::Texts};
use crate::{
    Console,
    chart::{self, Column},
    form::CsrfForm,
    page::{Member, Page},
    people::share,
    texts::grouped,
};

/// Most notes to choose from: the newest ones, beside those that are chosen.
const NOTES: i64 = 100;
/// Characters of a note without a title that name it.
const NAME: usize = 40;

/// The query of the page.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    done: Option<String>,
}

impl PageParams {
    /// True if something was just done.
    pub(super) const fn is_done(&self) -> bool {
        self.done.is_some()
    }
}

/// A checkbox of a note or of a skill.
struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

/// The counts of the last days.
struct Counts {
    visitors: String,
    writers: String,
    messages: String,
    chart: String,
}

/// The parts of the page that only an avatar in the store has.
struct Stored {
    id: String,
    is_paused: bool,
    is_primary: bool,
    is_default: bool,
    is_open_to_all: bool,
    share_code: String,
    link: String,
    qr: String,
    tag: String,
    counts: Counts,
    keys: Vec<AvatarKey>,
}

#[derive(Template)]
#[template(path = "avatar.html")]
struct AvatarPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    form: AvatarForm,
    notes: Vec<Choice>,
    skills: Vec<Choice>,
    action: String,
    stored: Option<Stored>,
    notice: Option<&'static str>,
    alert: Option<String>,
}

/// Shows the form for a new avatar.
pub(crate) async fn show_new(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    render(&console, member, None, AvatarForm::default(), None, None).await
}

/// Shows the page of an avatar.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let avatar = own(&console, &member, &id).await?;
    let form = AvatarForm::of(&avatar);
    render(&console, member, Some(avatar), form, params.done.as_deref(), None).await
}

/// Creates an avatar, or shows the form again with the error.
pub(crate) async fn create(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<AvatarForm>,
) -> Result<Response, ApiError> {
    let made = async {
        let new = rules::check(form.request(), Code::AvatarCreateFailed)?;
        console.avatars.create_avatar(member.account.id, new).await
    };
    match made.await {
        Ok(avatar) => Ok(Redirect::to(&format!("{}?done=created", path_of(avatar.id))).into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, None, form, None, Some(error)).await
        }
        Err(error) => Err(error),
    }
}

/// Changes an avatar, or shows the page again with the error.
pub(crate) async fn save(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(form): CsrfForm<AvatarForm>,
) -> Result<Response, ApiError> {
    let avatar = own(&console, &member, &id).await?;
    let saved = async {
        let change = rules::check(form.request(), Code::AvatarUpdateFailed)?;
        console.avatars.update_avatar(member.account.id, avatar.id, change).await
    };
    match saved.await {
        Ok(_) => Ok(Redirect::to(&format!("{}?done=saved", path_of(avatar.id))).into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, Some(avatar), form, None, Some(error)).await
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn render(
    console: &Console,
    member: Member,
    avatar: Option<Avatar>,
    form: AvatarForm,
    done: Option<&str>,
    refused: Option<ApiError>,
) -> Result<Response, ApiError> {
    let action = avatar.as_ref().map_or_else(|| PATH.to_owned(), |avatar| path_of(avatar.id));
    let here = if avatar.is_some() { action.clone() } else { "/avatars/new".to_owned() };
    let page = member.page.clone().at("visitors", here);
    let t = Texts::of(page.language);
    let notes = notes_to_choose(console, &member, &form, t).await?;
    let skills = console.avatars.skills(member.account.id).await?;
    let stored = match avatar {
        Some(avatar) => Some(stored(console, &member, avatar, t).await?),
        None => None,
    };
    let template = AvatarPage {
        page: &page,
        t,
        skills: skills.into_iter().map(|skill| skill_choice(skill, &form)).collect(),
        notes,
        form,
        action,
        stored,
        notice: match done {
            Some("saved") => Some(t.saved),
            Some("created") => Some(t.created),
            Some("key") => Some(t.key_changed),
            _ => None,
        },
        alert: refused.as_ref().map(|error| problem(error, &page, t)),
    };
    match refused {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

/// Returns what is wrong with a form. Details of single members are part of it.
fn problem(error: &ApiError, page: &Page, t: &'static Texts) -> String {
    let field = |name: &str| match name {
        "title" => Some(t.title),
        "coverUrl" => Some(t.cover),
        "welcomeNote" => Some(t.welcome),
        "opening" => Some(t.opening),
        "scenarioPrompt" => Some(t.scenario),
        "widgetOrigins" => Some(t.origins),
        "relatedNoteIds" => Some(t.notes),
        name if name.starts_with("limits") => Some(t.limits),
        _ => None,
    };
    let mut names: Vec<&str> = Vec::new();
    for name in error.list().iter().filter_map(|issue| field(issue.loc.get(1)?)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        error.message(page.language)
    } else {
        format!("{} {}", t.check, names.join(" · "))
    }
}

fn skill_choice(skill: Skill, form: &AvatarForm) -> Choice {
    Choice { is_chosen: form.skills.contains(&skill.skill_key), value: skill.skill_key, name: skill.title }
}

/// Returns the chosen notes, and the newest others.
async fn notes_to_choose(
    console: &Console,
    member: &Member,
    form: &AvatarForm,
    t: &'static Texts,
) -> Result<Vec<Choice>, ApiError> {
    let account = member.account.id;
    let numbers = Numbers { limit: NOTES, offset: 0 };
    let newest = console.memory.list_notes(account, note::Filter::default(), numbers).await?.list;
    let mut all = Vec::new();
    for id in form.notes.iter().filter(|id| newest.iter().all(|note| note.id.0 != **id)) {
        // One that was deleted meanwhile cannot be chosen again.
        if let Ok(note) = console.memory.note(account, NoteId(*id)).await {
            all.push(note);
        }
    }
    all.extend(newest);
    let mut choices: Vec<Choice> = all
        .into_iter()
        .map(|note| Choice {
            is_chosen: form.notes.contains(&note.id.0),
            value: note.id.to_string(),
            name: name_of(&note.title, &note.content, t),
        })
        .collect();
    choices.sort_by_key(|choice| !choice.is_chosen);
    Ok(choices)
}

fn name_of(title: &str, content: &str, t: &'static Texts) -> String {
    let text = if title.trim().is_empty() { content } else { title };
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME).collect();
    if line.is_empty() { t.nameless.to_owned() } else { line }
}

async fn stored(
    console: &Console,
    member: &Member,
    avatar: Avatar,
    t: &'static Texts,
) -> Result<Stored, ApiError> {
    let owner = member.account.id;
    let now = console.clock.now();
    let range = avatars::insight::rules::range(&DashboardParams::default(), now)?;
    let (dashboard, keys) = futures::try_join!(
        console.avatars.dashboard(owner, avatar.id, range),
        console.avatars.avatar_keys(owner, avatar.id),
    )?;
    let columns: Vec<Column> = dashboard.by_day().map(|(day, messages)| column(day, messages)).collect();
    let summary = dashboard.totals();
    let path = share_path(&member.account.route, &avatar);
    let link = format!("{}{path}", console.public_url);
    Ok(Stored {
        id: avatar.id.to_string(),
        is_paused: !avatar.is_open(),
        is_primary: avatar.is_primary,
        is_default: avatar.is_default,
        is_open_to_all: avatar.is_open_to_all(),
        qr: share::qr(&link, t.qr),
        tag: format!(
            "<script src=\"{}/widget.js\" data-avatar=\"{}\" async></script>",
            console.public_url, avatar.share_code
        ),
        link,
        counts: Counts {
            visitors: grouped(summary.0),
            writers: grouped(summary.1),
            messages: grouped(summary.2),
            chart: chart::columns(&columns, t.chart, t.chart_unit),
        },
        keys,
        share_code: avatar.share_code,
    })
}

fn column(day: &str, messages: i64) -> Column {
    Column {
        label: day.get(5..).unwrap_or_default().to_owned(),
        title: day.to_owned(),
        counts: [messages, 0, 0, 0],
        took_us: None,
    }
}
