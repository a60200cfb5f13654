//! The page about what is never kept: rules, the setting about numbers, and the counts of what was refused.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use memory::{
    RuleId,
    keep::{MAX_PHRASE, NeverRule, Reason, Refused},
};
use web::{ApiError, Query};

use super::{act, never_texts::Texts as NeverTexts, query::PageParams, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    when::When,
};

/// The path of the page.
pub(crate) const NEVER: &str = "/memories/never";

struct Line {
    id: RuleId,
    phrase: String,
    made: When,
}

struct Count {
    reason: &'static str,
    count: i64,
    last: When,
}

#[derive(Template)]
#[template(path = "memories_never.html")]
struct NeverPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    n: &'static NeverTexts,
    rules: Vec<Line>,
    keeps_numbers: bool,
    counts: Vec<Count>,
    most: usize,
    typed: String,
    waiting: i64,
    trashed: i64,
    notice: Option<&'static str>,
    alert: Option<String>,
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
    refused: Option<(ApiError, String)>,
) -> Result<Response, ApiError> {
    let page = member.page.at("memories", NEVER);
    let (t, n, account) = (Texts::of(page.language), NeverTexts::of(page.language), member.account.id);
    let (rules, counts, profile, waiting, trashed) = futures::try_join!(
        console.memory.never_rules(account),
        console.memory.refused(account),
        console.memory.profile(account),
        console.memory.undecided_count(account),
        console.memory.trash_count(account),
    )?;
    let line = |rule: NeverRule| Line { id: rule.id, phrase: rule.phrase, made: When(rule.created_at) };
    let count = |refused: Refused| Count {
        reason: reason(refused.reason, n),
        count: refused.count,
        last: When(refused.last_at),
    };
    let (error, typed) = refused.unzip();
    let template = NeverPage {
        t,
        n,
        rules: rules.into_iter().map(line).collect(),
        keeps_numbers: profile.1.keeps_numbers,
        counts: counts.into_iter().map(count).collect(),
        most: MAX_PHRASE,
        typed: typed.unwrap_or_default(),
        waiting,
        trashed,
        notice: match params.done.as_deref() {
            Some("added") => Some(n.added),
            Some("removed") => Some(n.removed),
            Some("on") => Some(n.numbers_off),
            Some("off") => Some(n.numbers_on),
            _ => None,
        },
        alert: error.as_ref().map(|error| error.message(page.language)),
        page: &page,
    };
    match error {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

fn reason(reason: Reason, n: &'static NeverTexts) -> &'static str {
    match reason {
        Reason::Card => n.card,
        Reason::Identity => n.identity,
        Reason::Account => n.account,
        Reason::Secret => n.secret,
        Reason::Phrase => n.phrase,
        Reason::Trivial => n.trivial,
        Reason::Question => n.question,
        Reason::Others => n.others,
        Reason::Momentary => n.momentary,
    }
}

/// The form: a rule to add or to delete, or the setting about numbers.
pub(crate) struct NeverForm {
    phrase: Option<String>,
    delete: Option<RuleId>,
    keeps_numbers: Option<bool>,
}

impl From<Fields> for NeverForm {
    fn from(fields: Fields) -> Self {
        Self {
            phrase: fields.all("phrase").into_iter().next(),
            delete: fields.text("delete").parse().ok(),
            keeps_numbers: match fields.text("numbers").as_str() {
                "keep" => Some(true),
                "never" => Some(false),
                _ => None,
            },
        }
    }
}

/// Does what the form asks for.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<NeverForm>,
) -> Result<Response, ApiError> {
    let (memory, account) = (&console.memory, member.account.id);
    let done = match form {
        NeverForm { delete: Some(id), .. } => {
            memory.delete_never_rule(account, id).await?;
            "removed"
        }
        NeverForm { keeps_numbers: Some(keeps), .. } => {
            memory.set_keeps_numbers(account, keeps).await?;
            if keeps { "on" } else { "off" }
        }
        NeverForm { phrase: Some(phrase), .. } => match memory.add_never_rule(account, &phrase).await {
            Ok(()) => "added",
            Err(error) if error.code().status().is_client_error() => {
                return render(&console, member, &PageParams::default(), Some((error, phrase))).await;
            }
            Err(error) => return Err(error),
        },
        NeverForm { .. } => "",
    };
    Ok(act::back_to(NEVER, &[("done", done)], ""))
}
