//! The review inbox: what agents want to write, to be accepted, changed or refused, the setting by which it
//! waits there, and contradictions that the person decides.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use memory::{
    LinkId, MemoryId, ReviewId,
    key::{Conflict, Verdict, rules::is_public},
    profile::Change,
    review::{CONVERSATION, DREAM, IMPORT, ReviewEdit, ReviewKind, Waiting},
};
use store::AccountId;
use web::{ApiError, Query};

use super::{
    act, entry::chat_of, query::PageParams, review_texts::Texts as ReviewTexts, text::plain, texts::Texts,
};
use crate::{
    Console,
    agents::view,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    paths::MEMORIES,
    texts::{fill, fill_both},
    when::When,
};

/// The path of the page.
pub(crate) const REVIEW: &str = "/memories/review";
const PER_PAGE: i64 = 50;

/// An entry as the page shows it.
struct Line {
    id: ReviewId,
    kind: &'static str,
    /// The text of a new entry or of a change.
    said: String,
    /// The category of a memory, or the title of a note.
    title: String,
    /// The present text of the memory that would be changed or deleted.
    before: String,
    is_public: bool,
    is_fact: bool,
    is_note: bool,
    is_change: bool,
    is_deletion: bool,
    by: String,
    /// The page of the agent, or the conversation, if it still exists.
    link: Option<String>,
    /// The person's words that a learned fact comes from.
    quote: String,
    is_learned: bool,
    at: When,
}

/// Two facts that contradict each other.
struct Sides {
    id: LinkId,
    newer: Side,
    older: Side,
    /// The address of the conversation that the newer one comes from.
    chat: Option<String>,
}

struct Side {
    text: String,
    link: String,
    at: When,
}

#[derive(Template)]
#[template(path = "memories_review.html")]
struct ReviewPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    r: &'static ReviewTexts,
    is_on: bool,
    learned_on: bool,
    conflicts: Vec<Sides>,
    lines: Vec<Line>,
    count: i64,
    shown: String,
    trashed: i64,
    /// The last nightly look over the facts.
    dream: Option<(String, When)>,
    notice: Option<String>,
    undo: Option<String>,
    alert: Option<String>,
    next: Option<String>,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, &params, None).await
}

async fn render(
    console: &Console,
    member: Member,
    params: &PageParams,
    refused: Option<ApiError>,
) -> Result<Response, ApiError> {
    let page = member.page.at("memories", REVIEW);
    let (t, r, account) = (Texts::of(page.language), ReviewTexts::of(page.language), member.account.id);
    let before = params.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(ReviewId(i64::MAX));
    let (mut rows, waiting, count, conflicts, trashed, profile, dream) = futures::try_join!(
        console.memory.waiting(account, before, PER_PAGE + 1),
        console.memory.waiting_count(account),
        console.memory.undecided_count(account),
        console.memory.conflicts(account),
        console.memory.trash_count(account),
        console.memory.profile(account),
        console.chat.last_dream(account),
    )?;
    let most = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > most;
    rows.truncate(most);
    let notice = notice(params, t, r);
    let next = rows.last().filter(|_| has_more).map(|row| format!("{REVIEW}?after={}", row.id));
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let chat = chat_of(console, account, row.evidence.message).await?;
        lines.push(line(row, chat, r));
    }
    let template = ReviewPage {
        t,
        r,
        is_on: profile.1.reviews_agents,
        learned_on: profile.1.reviews_learned,
        next,
        lines,
        count,
        shown: fill(r.count, waiting),
        conflicts: sides(console, account, conflicts).await?,
        trashed,
        dream: dream.map(|dream| (fill_both(r.dream, dream.proposals, dream.tokens), When(dream.at))),
        undo: params.undo.clone().filter(|undo| notice.is_some() && undo.parse::<i64>().is_ok()),
        notice,
        alert: refused.as_ref().map(|error| error.message(page.language)),
        page: &page,
    };
    match refused {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

async fn sides(
    console: &Console,
    account: AccountId,
    conflicts: Vec<Conflict>,
) -> Result<Vec<Sides>, ApiError> {
    let mut all = Vec::with_capacity(conflicts.len());
    for conflict in conflicts {
        let side = |id: MemoryId, text: String, at| Side {
            text,
            link: format!("{MEMORIES}/key/{id}"),
            at: When(at),
        };
        all.push(Sides {
            id: conflict.id,
            chat: chat_of(console, account, conflict.message).await?,
            newer: side(conflict.newer, conflict.newer_text, conflict.newer_time),
            older: side(conflict.older, conflict.older_text, conflict.older_time),
        });
    }
    Ok(all)
}

fn line(row: Waiting, chat: Option<String>, r: &'static ReviewTexts) -> Line {
    let is_learned = row.client == CONVERSATION;
    Line {
        id: row.id,
        kind: match row.kind {
            ReviewKind::Memory => r.kind_memory,
            ReviewKind::Note => r.kind_note,
            ReviewKind::Change => r.kind_change,
            ReviewKind::Delete => r.kind_delete,
            ReviewKind::About => r.kind_about,
        },
        said: row.content,
        title: row.title,
        before: row.before,
        is_public: is_public(row.visibility),
        is_fact: row.kind == ReviewKind::Memory,
        is_note: row.kind == ReviewKind::Note,
        is_change: row.kind == ReviewKind::Change,
        is_deletion: row.kind == ReviewKind::Delete,
        link: match () {
            () if is_learned => chat,
            () if [IMPORT, DREAM].contains(&row.client.as_str()) => None,
            () => Some(view::link(&row.client)),
        },
        by: match row.client.as_str() {
            CONVERSATION => r.learned.to_owned(),
            DREAM => r.dreamt.to_owned(),
            _ => fill(r.by, row.client_name),
        },
        quote: row.evidence.quote,
        is_learned,
        at: When(row.created_at),
    }
}

fn notice(params: &PageParams, t: &'static Texts, r: &'static ReviewTexts) -> Option<String> {
    let count = params.n.as_deref().and_then(|count| count.parse::<u32>().ok()).unwrap_or(1);
    Some(match params.done.as_deref()? {
        "accepted" => fill(r.accepted, count),
        "refused" => fill(r.refused, count),
        "restored" => fill(t.restored, count),
        "decided" => r.decided.to_owned(),
        "gone" => r.gone.to_owned(),
        "on" => r.switched_on.to_owned(),
        "off" => r.switched_off.to_owned(),
        "learned-on" => r.learned_on.to_owned(),
        "learned-off" => r.learned_off.to_owned(),
        "never" => r.never_done.to_owned(),
        _ => return None,
    })
}

/// An action of the form.
enum ReviewAction {
    Accept,
    Refuse,
    /// Refuse it, and never keep it.
    Never,
    Decide(LinkId, Verdict),
    /// Set what waits: what agents write, and what is learned.
    Set(Option<bool>, Option<bool>),
}

/// The form: entries to accept or refuse, one of them perhaps changed, or the setting.
pub(crate) struct ReviewForm {
    action: Option<ReviewAction>,
    ids: Vec<ReviewId>,
    edit: ReviewEdit,
    /// The topic, person or thing that is never to be kept.
    phrase: String,
}

impl From<Fields> for ReviewForm {
    fn from(fields: Fields) -> Self {
        let given = |name: &str| fields.all(name).into_iter().next();
        let conflict = fields.text("conflict").parse().ok();
        let decided = |verdict| conflict.map(|id| ReviewAction::Decide(id, verdict));
        let most = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
        Self {
            action: match fields.text("do").as_str() {
                "newer" => decided(Verdict::Newer),
                "older" => decided(Verdict::Older),
                "both" => decided(Verdict::Both),
                "accept" => Some(ReviewAction::Accept),
                "refuse" => Some(ReviewAction::Refuse),
                "never" => Some(ReviewAction::Never),
                "on" => Some(ReviewAction::Set(Some(true), None)),
                "off" => Some(ReviewAction::Set(Some(false), None)),
                "learned-on" => Some(ReviewAction::Set(None, Some(true))),
                "learned-off" => Some(ReviewAction::Set(None, Some(false))),
                _ => None,
            },
            phrase: fields.text("phrase"),
            ids: fields.all("id").iter().filter_map(|id| id.parse().ok()).take(most).collect(),
            edit: ReviewEdit {
                content: given("content").map(|content| plain(&content)),
                title: given("title"),
                is_public: given("visibility").map(|given| given == "public"),
            },
        }
    }
}

/// Does what the form asks for.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(decision): CsrfForm<ReviewForm>,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    let done = |what: &str, count: usize, undo: &str| {
        act::back_to(REVIEW, &[("done", what), ("n", &count.to_string()), ("undo", undo)], "")
    };
    Ok(match decision.action {
        Some(ReviewAction::Accept) => match accept(&console, &member, &decision).await {
            Ok(0) => done("gone", 0, ""),
            Ok(count) => done("accepted", count, ""),
            Err(error) if error.code().status().is_client_error() => {
                return render(&console, member, &PageParams::default(), Some(error)).await;
            }
            Err(error) => return Err(error),
        },
        Some(ReviewAction::Refuse) => {
            let (batch, count) = console.memory.refuse(account, decision.ids).await?;
            done("refused", count, &batch.to_string())
        }
        Some(ReviewAction::Decide(id, verdict)) => {
            match console.memory.decide_conflict(account, id, verdict).await {
                Ok(()) => done("decided", 1, ""),
                Err(error) if error.code().status() == StatusCode::NOT_FOUND => done("gone", 0, ""),
                Err(error) => return Err(error),
            }
        }
        Some(ReviewAction::Never) => match console.memory.add_never_rule(account, &decision.phrase).await {
            Ok(()) => {
                let (batch, count) = console.memory.refuse(account, decision.ids).await?;
                done("never", count, &batch.to_string())
            }
            Err(error) if error.code().status().is_client_error() => {
                return render(&console, member, &PageParams::default(), Some(error)).await;
            }
            Err(error) => return Err(error),
        },
        Some(ReviewAction::Set(reviews_agents, reviews_learned)) => {
            let change = Change { reviews_agents, reviews_learned, ..Change::default() };
            console.memory.update_profile(account, change).await?;
            let what = match (reviews_agents, reviews_learned) {
                (Some(true), _) => "on",
                (Some(false), _) => "off",
                (None, Some(true)) => "learned-on",
                (None, _) => "learned-off",
            };
            done(what, 0, "")
        }
        None => done("", 0, ""),
    })
}

/// Accepts entries, the earliest first. Returns how many were; those that are gone are skipped.
async fn accept(console: &Console, member: &Member, decision: &ReviewForm) -> Result<usize, ApiError> {
    let mut ids = decision.ids.clone();
    ids.sort_unstable();
    // Several are accepted as they are.
    let edit = if ids.len() == 1 { decision.edit.clone() } else { ReviewEdit::default() };
    let mut accepted = 0;
    for id in ids {
        match console.agents.accept(&member.account, id, edit.clone()).await {
            Ok(Some(_)) => accepted += 1,
            Ok(None) => {}
            Err(error) if error.code().status() == StatusCode::NOT_FOUND => {}
            Err(error) => return Err(error),
        }
    }
    Ok(accepted)
}
