//! `/admin`: the state of the server in words.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use web::ApiError;

use super::{Admin, texts::Texts, upkeep::BackupState};
use crate::{Console, page::Page, texts::fill};

/// Free bytes of a disk below which it counts as almost full.
const LOW: u64 = 1 << 30;

/// A line about a part of the server.
struct Line {
    icon: &'static str,
    name: String,
    about: String,
    badge: (&'static str, &'static str),
    /// The page that is about it.
    href: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    lead: String,
    is_without_model: bool,
    lines: Vec<Line>,
    people: Vec<(&'static str, String)>,
    stored: Vec<(&'static str, String, String)>,
}

/// Shows the page.
pub(crate) async fn show(State(console): State<Console>, Admin(member): Admin) -> Result<Response, ApiError> {
    let page = member.page.at("admin", "/admin");
    let t = Texts::of(page.language);
    let (accounts, content) = (console.identity.overview().await?, console.memory.overview().await?);
    let mut lines = vec![database(&accounts, t), model(&console, t), meaning(&console, t).await?];
    lines.extend(content.free.map(|free| Line {
        icon: "file",
        name: t.disk.to_owned(),
        about: fill(t.disk_free, bytes(free)),
        badge: if free < LOW { ("warn dot", t.disk_low) } else { ("good dot", t.ok) },
        href: None,
    }));
    lines.extend(console.upkeep().map(|upkeep| backups(&upkeep.backups(), t)));
    let size = |bytes_stored: i64| bytes(u64::try_from(bytes_stored).unwrap_or(0));
    let row = |name, (count, stored): (i64, i64)| (name, thousands(count), size(stored));
    let minutes = (console.clock.now().as_millis() - console.started.as_millis()) / 60_000;
    let version = fill(t.version, env!("CARGO_PKG_VERSION"));
    let template = OverviewPage {
        page: &page,
        t,
        lead: format!("{version} · {}", fill(t.running, uptime(minutes, t))),
        is_without_model: !console.chat.model_state().is_connected(),
        lines,
        people: vec![(t.accounts, thousands(accounts.accounts)), (t.disabled, thousands(accounts.disabled))],
        stored: vec![
            row(t.memories, content.memories),
            row(t.notes, content.notes),
            row(t.messages, content.messages),
            (t.files, String::new(), size(content.files)),
        ],
    };
    page.answer(StatusCode::OK, &template)
}

fn database(state: &identity::Overview, t: &'static Texts) -> Line {
    let engine = state.engine;
    let (about, badge) = match state.ready {
        Some(time) => {
            let time = format!("{:.1} ms", time.as_secs_f64() * 1000.0);
            (fill(t.database_in, time), ("good dot", t.ok))
        }
        None => (t.database_down.to_owned(), ("bad dot", t.down)),
    };
    Line {
        icon: "database",
        name: t.database.to_owned(),
        about: format!("{engine} · {about}"),
        badge,
        href: None,
    }
}

fn model(console: &Console, t: &'static Texts) -> Line {
    let models = console.chat.connected_models();
    let href = Some(super::MODELS);
    let Some(first) = models.first() else {
        let (name, about) = (t.no_model.to_owned(), t.built_in_about.to_owned());
        return Line { icon: "cpu", name, about, badge: ("warn dot", t.down), href };
    };
    let health = &first.health;
    let badge = match &health.last {
        None => ("", t.unused),
        Some(last) => match &last.result {
            Ok(_) => ("good dot", t.ok),
            Err(failure) => ("bad dot", super::view::causes(chat::models::Cause::of(failure), t).0),
        },
    };
    Line {
        icon: "cpu",
        name: format!("{} {}", t.model, first.options.name),
        about: format!("{} · {}", fill(t.answered, health.answered), fill(t.failed, health.failed)),
        badge,
        href,
    }
}

async fn meaning(console: &Console, t: &'static Texts) -> Result<Line, ApiError> {
    let (icon, href) = ("spark", Some(super::MODELS));
    let Some(state) = console.memory.embedding_state().await? else {
        let (name, about) = (t.meaning.to_owned(), t.meaning_off.to_owned());
        return Ok(Line { icon, name, about, badge: ("", t.rerank_none), href });
    };
    let (about, badge) = match (state.is_resting, state.waiting) {
        (true, waiting) => (fill(t.meaning_waiting, thousands(waiting)), ("bad dot", t.resting)),
        (false, 0) => (t.meaning_done.to_owned(), ("good dot", t.ok)),
        (false, waiting) => (fill(t.meaning_waiting, thousands(waiting)), ("warn dot", t.catching_up)),
    };
    Ok(Line { icon, name: format!("{} {}", t.meaning, state.model.name), about, badge, href })
}

fn backups(state: &Result<BackupState, String>, t: &'static Texts) -> Line {
    let (about, made, is_on) = super::settings::backup_line(state, t);
    let about = match made.first() {
        Some((when, size)) => format!("{} · {size}", fill(t.backup_last, when.text())),
        None => about,
    };
    let badge = match (state, is_on, made.is_empty()) {
        (Err(_), ..) => ("bad dot", t.down),
        (Ok(BackupState::Elsewhere), ..) => ("", t.by_default),
        (_, true, false) => ("good dot", t.ok),
        _ => ("warn dot", t.down),
    };
    Line { icon: "download", name: t.backups.to_owned(), about, badge, href: Some(super::settings::PATH) }
}

fn uptime(minutes: i64, t: &Texts) -> String {
    match minutes {
        ..120 => fill(t.minutes, minutes.max(0)),
        120..2880 => fill(t.hours, minutes / 60),
        _ => fill(t.days, minutes / 1440),
    }
}

/// Returns a size in the largest unit in which it is at least one.
pub(super) fn bytes(count: u64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"];
    let (mut size, mut unit) = (count as f64, 0);
    while size >= 1024.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    let unit_name = units.get(unit).copied().unwrap_or_default();
    if unit == 0 || size >= 100.0 {
        format!("{size:.0} {unit_name}")
    } else {
        format!("{size:.1} {unit_name}")
    }
}

/// Returns a number with commas between thousands.
fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            (thousands(0), thousands(999), thousands(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        assert_eq!(
            (bytes(512), bytes(1536), bytes(3 << 30)),
            ("512 B".into(), "1.5 KB".into(), "3.0 GB".into())
        );
        let t = Texts::of(web::Language::En);
        assert_eq!(
            (uptime(5, t), uptime(180, t), uptime(4321, t)),
            ("5 min".into(), "3 h".into(), "3 days".into())
        );
    }
}
