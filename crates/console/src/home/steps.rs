//! The first steps of a person, each ticked by what is really there.

use ::chat::session::Speaker;
use identity::Account;
use memory::profile::Profile;
use web::{
    ApiError,
    paging::{Page as Rows, cursor::Position},
};

use super::texts::Texts;
use crate::Console;

/// A step.
pub(super) struct Step {
    pub(super) number: usize,
    pub(super) is_done: bool,
    /// True for the first step that is not done.
    pub(super) is_next: bool,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    /// The address and the text of its button, if the person can take it.
    pub(super) go: Option<(&'static str, &'static str)>,
}

/// Returns the steps in order.
pub(super) async fn of(
    console: &Console,
    account: &Account,
    profile: &Profile,
    t: &'static Texts,
) -> Result<Vec<Step>, ApiError> {
    let step = |title, lead, go, is_done| Step { number: 0, is_done, is_next: false, title, lead, go };
    let model = match account.is_admin {
        true => (t.step_model_lead, Some(("/admin/models", t.step_model_go))),
        false => (t.step_model_ask, None),
    };
    let mut steps = vec![
        step(
            t.step_about,
            t.step_about_lead,
            Some(("/profile", t.step_about_go)),
            has_introduction(console, account, profile).await?,
        ),
        step(
            t.step_memory,
            t.step_memory_lead,
            Some(("/memories", t.step_memory_go)),
            has_memory(console, account).await?,
        ),
        step(t.step_model, model.0, model.1, console.chat.model_state().is_connected()),
        step(
            t.step_chat,
            t.step_chat_lead,
            Some(("/chat", t.step_chat_go)),
            has_talked(console, account).await?,
        ),
        step(
            t.step_key,
            t.step_key_lead,
            Some(("/keys/new", t.step_key_go)),
            has_key(console, account).await?,
        ),
    ];
    let next = steps.iter().position(|step| !step.is_done);
    for (at, step) in steps.iter_mut().enumerate() {
        step.number = at + 1;
        step.is_next = Some(at) == next;
    }
    Ok(steps)
}

const ONE: fn() -> Rows = || Rows { limit: 1, offset: 0 };

async fn has_introduction(console: &Console, account: &Account, profile: &Profile) -> Result<bool, ApiError> {
    let has_words = [&profile.bio, &profile.self_introduction].iter().any(|text| !text.trim().is_empty());
    Ok(has_words && !console.memory.shades(account.id, false).await?.is_empty())
}

async fn has_memory(console: &Console, account: &Account) -> Result<bool, ApiError> {
    Ok(console.memory.key_memories(account.id, "", ONE(), false).await?.total > 0
        || console.memory.search_notes(account.id, "", ONE()).await?.total > 0)
}

async fn has_talked(console: &Console, account: &Account) -> Result<bool, ApiError> {
    let who = Speaker::person(account.id);
    Ok(!console.chat.sessions(&who, "", Position::START, 1).await?.is_empty())
}

async fn has_key(console: &Console, account: &Account) -> Result<bool, ApiError> {
    let (_, keys) = console.identity.keys(account.id, ONE()).await?;
    Ok(keys > 0 || !console.identity.authorizations(account.id).await?.is_empty())
}
