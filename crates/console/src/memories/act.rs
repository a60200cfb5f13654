//! Actions on entries of the list: one form for one entry or several, with or without scripts.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use memory::{MemoryId, NoteId, key, trash::Entry};
use store::AccountId;
use web::ApiError;

use super::{query::PageParams, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    next,
    page::Member,
    paths::{MEMORIES as PATH, NOTES},
    texts::fill,
};

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Public,
    Private,
    Delete,
}

impl Action {
    fn of(name: &str) -> Option<Self> {
        match name {
            "public" => Some(Self::Public),
            "private" => Some(Self::Private),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }
}

/// The form.
pub(crate) struct Chosen {
    action: Option<Action>,
    /// The number of deleted entries to bring back.
    undo: Option<i64>,
    entries: Vec<Entry>,
    back: String,
}

impl From<Fields> for Chosen {
    fn from(fields: Fields) -> Self {
        // The button of a single entry says what and which: `public:key:12`. It ignores ticked ones.
        let one = fields.text("one");
        let (action, names) = match one.split_once(':') {
            Some((action, name)) => (action.to_owned(), vec![name.to_owned()]),
            None => (fields.text("do"), fields.all("entry")),
        };
        Self {
            action: Action::of(&action),
            undo: fields.text("undo").parse().ok(),
            entries: names.iter().filter_map(|name| parse(name)).take(memory::trash::MAX_AT_ONCE).collect(),
            back: fields.text("back"),
        }
    }
}

/// Reads the name of an entry: `key:12` or `note:7`.
fn parse(name: &str) -> Option<Entry> {
    match name.split_once(':')? {
        ("key", id) => id.parse().ok().map(|id| Entry::Memory(MemoryId(id))),
        ("note", id) => id.parse().ok().map(|id| Entry::Note(NoteId(id))),
        _ => None,
    }
}

/// Does an action, and returns to the list.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(chosen): CsrfForm<Chosen>,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    if let Some(batch) = chosen.undo {
        let mut restored = 0;
        for id in console.memory.trash_batch(account, batch).await? {
            console.memory.restore(account, id).await?;
            restored += 1;
        }
        return Ok(done(&chosen.back, "restored", restored, None));
    }
    let Some(action) = chosen.action.filter(|_| !chosen.entries.is_empty()) else {
        return Ok(done(&chosen.back, "nothing", 0, None));
    };
    Ok(match action {
        Action::Delete => {
            let (batch, count) = console.memory.delete_to_trash(account, chosen.entries).await?;
            done(&chosen.back, "trashed", count, Some(batch).filter(|_| count > 0))
        }
        Action::Public | Action::Private => {
            let public = action == Action::Public;
            let changed = set_visibility(&console, account, &chosen.entries, public).await?;
            done(&chosen.back, if public { "public" } else { "private" }, changed, None)
        }
    })
}

/// Sets the visibility of key memories; notes are private in any case. Returns the number of memories that
/// have it now. Entries that the person does not have are skipped.
async fn set_visibility(
    console: &Console,
    account: AccountId,
    entries: &[Entry],
    public: bool,
) -> Result<usize, ApiError> {
    let mut changed = 0;
    for entry in entries {
        let Entry::Memory(id) = entry else { continue };
        let change = key::Change { visibility: Some(i64::from(public)), ..key::Change::default() };
        match console.memory.update_key_memory(account, *id, change).await {
            Ok(()) => changed += 1,
            Err(error) if error.code().status() == StatusCode::NOT_FOUND => {}
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

fn done(back: &str, what: &str, count: usize, undo: Option<i64>) -> Response {
    let (count, undo) = (count.to_string(), undo.map(|undo| undo.to_string()).unwrap_or_default());
    back_to(back, &[("done", what), ("n", &count), ("undo", &undo)], "")
}

/// Redirects to a page of the list that a form named, with more parameters and a fragment. An address
/// elsewhere is the whole list.
pub(crate) fn back_to(back: &str, more: &[(&str, &str)], fragment: &str) -> Response {
    let local = next::local(back);
    let back = if local.starts_with(PATH) || local.starts_with(NOTES) { local } else { PATH };
    let back = back.split('#').next().unwrap_or(PATH);
    let (path, query) = back.split_once('?').unwrap_or((back, ""));
    let mut all = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !matches!(name.as_ref(), "done" | "n" | "undo") {
            all.append_pair(&name, &value);
        }
    }
    for (name, value) in more.iter().filter(|(_, value)| !value.is_empty()) {
        all.append_pair(name, value);
    }
    let query = all.finish();
    let joint = if query.is_empty() { "" } else { "?" };
    Redirect::to(&format!("{path}{joint}{query}{fragment}")).into_response()
}

/// Returns the text about an action that was done.
pub(crate) fn notice(params: &PageParams, t: &'static Texts) -> Option<String> {
    let count = params.n.as_deref().and_then(|count| count.parse::<u32>().ok()).unwrap_or(1);
    Some(match params.done.as_deref()? {
        "added" => t.added.to_owned(),
        "saved" => t.saved.to_owned(),
        "replaced" => t.replaced.to_owned(),
        "trashed" | "deleted" => fill(t.trashed, count),
        "public" => fill(t.shown_public, count),
        "private" => fill(t.shown_private, count),
        "restored" => fill(t.restored, count),
        "nothing" => t.nothing_selected.to_owned(),
        "gone" => t.gone.to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header;

    fn location(back: &str) -> String {
        let response = back_to(back, &[("done", "trashed"), ("n", "2"), ("undo", "")], "");
        response.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn forms_lead_back_to_the_list_only() {
        assert_eq!(location("/memories?q=a&done=x&undo=1"), "/memories?q=a&done=trashed&n=2");
        for elsewhere in ["", "//evil.example", "/keys", "https://evil.example/memories", "/memories\n"] {
            assert_eq!(location(elsewhere), "/memories?done=trashed&n=2", "{elsewhere:?}");
        }
    }
}
