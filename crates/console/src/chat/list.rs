//! The list of conversations: pinned ones, and the others by day.

use ::chat::session::{MAX_LISTED, Session, Speaker};
use store::{Timestamp, Zone};
use web::{ApiError, paging::cursor::Position};

use super::{
    address::{PATH, link},
    texts::Texts,
};
use crate::{Console, page::Member, texts::fill};

/// Maximum length of a search text in characters.
const MAX_QUERY: usize = 100;

/// The part of the list that is wanted.
#[derive(Clone, Copy)]
pub(super) struct ListParams<'a> {
    /// A text in the title or the last message.
    pub(super) q: Option<&'a str>,
    /// The position after which the part begins.
    pub(super) cursor: Option<&'a str>,
}

/// A conversation in the list.
pub(super) struct Entry {
    pub(super) title: String,
    pub(super) link: String,
    pub(super) is_open: bool,
    pub(super) is_pinned: bool,
    /// True if an app began it.
    pub(super) is_of_app: bool,
}

/// Conversations under one heading.
pub(super) struct Group {
    pub(super) heading: &'static str,
    pub(super) entries: Vec<Entry>,
}

/// The list.
pub(super) struct List {
    pub(super) q: String,
    pub(super) groups: Vec<Group>,
    /// The text if nothing was found.
    pub(super) nothing: Option<String>,
    /// The address of the next page.
    pub(super) older: Option<String>,
}

/// Loads the list.
pub(super) async fn load(
    console: &Console,
    member: &Member,
    wanted: ListParams<'_>,
    open: &str,
    t: &Texts,
) -> Result<List, ApiError> {
    let account = member.account.id;
    let q: String = wanted.q.unwrap_or_default().trim().chars().take(MAX_QUERY).collect();
    if !q.is_empty() {
        let found = console.chat.search_sessions(account, &q).await?;
        let nothing = found.is_empty().then(|| fill(t.no_hit, &q));
        let groups = days(console, member, found, open, t).await?;
        return Ok(List { q, groups, nothing, older: None });
    }
    let place = wanted.cursor.and_then(Position::parse);
    let after = place.unwrap_or(Position::START);
    let sessions = console.chat.sessions(&Speaker::person(account), "", after, MAX_LISTED).await?;
    let is_full = i64::try_from(sessions.len()).unwrap_or(i64::MAX) >= MAX_LISTED;
    let last = sessions.last().filter(|_| is_full);
    let older = last.map(|session| format!("{PATH}?cursor={}", session.position().text()));
    let pinned = if place.is_none() { console.chat.pinned_sessions(account).await? } else { Vec::new() };
    let is_above = |session: &Session| pinned.iter().any(|pinned| pinned.key == session.key);
    let rest = sessions.into_iter().filter(|session| !is_above(session)).collect();
    let mut groups = days(console, member, rest, open, t).await?;
    if !pinned.is_empty() {
        let entries = pinned.into_iter().map(|session| entry(session, open, t)).collect();
        groups.insert(0, Group { heading: t.pinned, entries });
    }
    let nothing = groups.is_empty().then(|| t.none.to_owned());
    Ok(List { q, groups, nothing, older })
}

/// Groups conversations by the day of their last message, in the person's time zone.
async fn days(
    console: &Console,
    member: &Member,
    sessions: Vec<Session>,
    open: &str,
    t: &Texts,
) -> Result<Vec<Group>, ApiError> {
    let zone = console.memory.zone(member.account.id).await?.unwrap_or_default();
    let now = console.clock.now();
    let mut groups: Vec<Group> = Vec::new();
    for session in sessions {
        let heading = heading(&zone, now, session.updated_at, t);
        let entry = entry(session, open, t);
        match groups.last_mut().filter(|group| group.heading == heading) {
            Some(group) => group.entries.push(entry),
            None => groups.push(Group { heading, entries: vec![entry] }),
        }
    }
    Ok(groups)
}

fn heading(zone: &Zone, now: Timestamp, at: Timestamp, t: &Texts) -> &'static str {
    match zone.day(now) - zone.day(at) {
        ..=0 => t.today,
        1 => t.yesterday,
        _ => t.earlier,
    }
}

fn entry(session: Session, open: &str, t: &Texts) -> Entry {
    Entry {
        link: link(&session.id),
        is_open: session.id == open,
        is_pinned: session.is_pinned(),
        is_of_app: !session.client.is_empty(),
        title: title(session.title, t),
    }
}

/// Returns the title to show, which may be empty in imported conversations.
pub(super) fn title(title: String, t: &Texts) -> String {
    if title.trim().is_empty() { t.untitled.to_owned() } else { title }
}
