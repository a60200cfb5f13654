//! `/admin/settings`: the settings in force and where they are set, and the backups.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::AuditAction;
use web::{ApiError, Query};

use super::{
    Admin,
    overview::bytes,
    texts::Texts,
    upkeep::{BackupState, Origin, Setting},
};
use crate::{
    Console,
    form::{CsrfForm, Nothing},
    page::Page,
    texts::fill,
    when::When,
};

pub(super) const PATH: &str = "/admin/settings";
pub(super) const BACK_UP: &str = "/admin/backup";
/// Maximum number of backups on the page.
const SHOWN: usize = 10;

/// A section with its settings: key, value, and the source if it is not the default.
struct Section {
    name: String,
    changed: usize,
    settings: Vec<(String, String, Option<String>)>,
}

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct SettingsPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    sections: Vec<Section>,
    /// The state of backups in words.
    backup: String,
    can_back_up: bool,
    made: Vec<(When, String)>,
    notice: Option<&'static str>,
    alert: Option<String>,
}

#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    done: Option<String>,
}

fn sections(settings: Vec<Setting>, t: &'static Texts) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for setting in settings {
        let origin = match setting.origin {
            Origin::Default => None,
            Origin::Environment(name) => Some(name),
            Origin::File => Some(t.from_file.to_owned()),
        };
        let is_changed = usize::from(origin.is_some());
        let line = (setting.key, setting.value, origin);
        match sections.iter_mut().find(|section| section.name == setting.section) {
            Some(section) => {
                section.changed += is_changed;
                section.settings.push(line);
            }
            None => {
                sections.push(Section { name: setting.section, changed: is_changed, settings: vec![line] })
            }
        }
    }
    sections
}

/// Returns the state of backups in words, and the backups.
pub(super) fn backup_line(
    state: &Result<BackupState, String>,
    t: &'static Texts,
) -> (String, Vec<(When, String)>, bool) {
    match state {
        Ok(BackupState::Elsewhere) => (t.backup_elsewhere.to_owned(), Vec::new(), false),
        Ok(BackupState::Off) => (t.backup_off.to_owned(), Vec::new(), false),
        Ok(BackupState::On { directory, every_hours, keep, made }) => {
            let schedule = [fill(t.backup_every, every_hours), fill(t.backup_keep, keep)].join(", ");
            let made = made.iter().take(SHOWN).map(|(time, size)| (When(*time), bytes(*size))).collect();
            (format!("{schedule} · {directory}"), made, true)
        }
        Err(error) => (error.clone(), Vec::new(), false),
    }
}

fn render(
    console: &Console,
    page: Page,
    done: Option<&str>,
    alert: Option<String>,
) -> Result<Response, ApiError> {
    let t = Texts::of(page.language);
    let upkeep = console.upkeep();
    let state = upkeep.as_ref().map_or(Ok(BackupState::Off), |upkeep| upkeep.backups());
    let (backup, made, can_back_up) = backup_line(&state, t);
    let status = if alert.is_some() { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    let template = SettingsPage {
        t,
        sections: sections(upkeep.map(|upkeep| upkeep.settings()).unwrap_or_default(), t),
        backup,
        can_back_up,
        made,
        notice: (done == Some("backup")).then_some(t.backup_done),
        alert,
        page: &page,
    };
    page.answer(status, &template)
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    Admin(member): Admin,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member.page.at("admin", PATH), params.done.as_deref(), None)
}

/// Makes a backup, and shows the page with it or with the error.
pub(crate) async fn back_up(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let Some(upkeep) = console.upkeep() else { return Err(web::Code::NotFound.into()) };
    match upkeep.back_up().await {
        Ok(()) => {
            let identity = &console.identity;
            identity.record(identity.audit(AuditAction::ServerBackedUp, "")).await?;
            Ok(Redirect::to(&format!("{PATH}?done=backup")).into_response())
        }
        Err(error) => {
            tracing::error!(%error, "a backup that an administrator asked for failed");
            render(&console, member.page.at("admin", PATH), None, Some(error))
        }
    }
}
