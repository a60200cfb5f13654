//! The first page after signing in: what to do next, what the assistant learned, and who called.

mod steps;
pub(crate) mod texts;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::Account;
use memory::{
    MemoryId,
    profile::{
        Profile,
        model::{Part, completeness, missing},
    },
};
use store::Zone;
use web::{ApiError, paging::Page as Rows};

use crate::{
    Console, agents,
    form::{CsrfForm, Nothing},
    page::{Member, Page},
    snippet::{Snippet, address, snippets},
    texts::fill,
    when::When,
};
use steps::Step;
use texts::Texts;

/// The path that dismisses the first steps.
pub(crate) const DISMISS: &str = "/start/dismiss";

/// Most entries of each list.
const SHOWN: usize = 4;
/// The endpoint of the first command.
const ENDPOINT: &str = "/secondme/user/info";

/// A memory that the assistant learned.
struct Learned {
    id: MemoryId,
    text: String,
    at: When,
}

/// A caller and its last call.
struct Caller {
    name: String,
    initial: String,
    kind: &'static str,
    link: String,
    at: When,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    page: &'a Page,
    t: &'static Texts,
    title: String,
    date: Option<String>,
    percent: i32,
    percent_label: String,
    next_part: &'static str,
    /// The first steps, unless they are done or dismissed.
    steps: Vec<Step>,
    done: usize,
    done_text: String,
    learned: Vec<Learned>,
    model: Option<String>,
    today: String,
    callers: Vec<Caller>,
    url: String,
    snippets: Vec<Snippet>,
}

/// Shows the page.
pub(crate) async fn show(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    let page = member.page.at("home", "/");
    let t = Texts::of(page.language);
    let (account, profile) = console.memory.profile(member.account.id).await?;
    let mut steps = if profile.has_dismissed_start() {
        Vec::new()
    } else {
        steps::of(&console, &account, &profile, t).await?
    };
    let done = steps.iter().filter(|step| step.is_done).count();
    if done == steps.len() {
        steps.clear();
    }
    let learned = console.memory.latest_learned(account.id, 3).await?.into_iter().map(|found| Learned {
        id: found.id,
        text: found.fact_content,
        at: When(found.create_time),
    });
    let today = console.chat.usage(account.id, 1).await?;
    let today = today.iter().map(|used| used.tokens_in.saturating_add(used.tokens_out)).sum::<i64>();
    let url = address(&console.public_url, ENDPOINT);
    let percent = completeness(&account, &profile);
    let template = Home {
        t,
        title: greeting(&console, &account, &profile, t),
        date: profile.zone().map(|zone| zone.date(console.clock.now())),
        percent,
        percent_label: fill(t.completeness_label, percent),
        next_part: next_part(&profile, t),
        done,
        done_text: fill(t.start_done, done),
        steps,
        learned: learned.collect(),
        model: console.chat.model_state().name,
        today: fill(t.model_tokens, today),
        callers: callers(&console, &account, &page, t).await?,
        snippets: snippets(&url, None),
        url,
        page: &page,
    };
    page.answer(StatusCode::OK, &template)
}

/// Dismisses the first steps for good.
pub(crate) async fn dismiss(
    State(console): State<Console>,
    member: Member,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    console.memory.dismiss_start(member.account.id).await?;
    Ok(Redirect::to("/").into_response())
}

/// Returns the greeting for the time of day where the person is.
fn greeting(console: &Console, account: &Account, profile: &Profile, t: &Texts) -> String {
    let hour = profile.zone().and_then(|zone| hour(console, &zone));
    let text = match hour {
        None => t.hello,
        Some(5..=10) => t.morning,
        Some(11..=12) => t.noon,
        Some(13..=17) => t.afternoon,
        Some(18..=22) => t.evening,
        Some(_) => t.night,
    };
    fill(text, &account.name)
}

fn hour(console: &Console, zone: &Zone) -> Option<u32> {
    zone.iso8601(console.clock.now()).get(11..13)?.parse().ok()
}

/// Returns what the person could add to their profile.
fn next_part(profile: &Profile, t: &Texts) -> &'static str {
    match missing(profile).first() {
        Some((Part::Avatar, _)) => t.add_avatar,
        Some((Part::Bio, _)) => t.add_bio,
        Some((Part::Words, _)) => t.add_words,
        None => t.all_there,
    }
}

/// Returns the keys, apps and agents that called last.
async fn callers(
    console: &Console,
    account: &Account,
    page: &Page,
    t: &Texts,
) -> Result<Vec<Caller>, ApiError> {
    let initial = |name: &str| name.chars().take(1).flat_map(char::to_uppercase).collect();
    let words = agents::texts::Texts::of(page.language);
    let mut callers: Vec<Caller> = agents::view::all(console, account, words)
        .await?
        .into_iter()
        .filter_map(|agent| {
            let at = agent.last?;
            Some(Caller {
                initial: initial(&agent.name),
                name: agent.name,
                kind: agent.kind,
                link: agent.link,
                at,
            })
        })
        .collect();
    let (keys, _) = console.identity.keys(account.id, Rows { limit: 50, offset: 0 }).await?;
    callers.extend(keys.into_iter().filter_map(|key| {
        let at = When(key.last_used_at?);
        let link = format!("/keys/{}", key.id);
        Some(Caller { initial: initial(&key.name), name: key.name, kind: t.key, link, at })
    }));
    callers.sort_by_key(|caller| std::cmp::Reverse(caller.at.0));
    callers.truncate(SHOWN);
    Ok(callers)
}
