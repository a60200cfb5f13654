//! The page with a person's settings of their assistant: daily tokens, distilling of memories, and tools.

use ::chat::person::AssistantSettings;
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use web::{ApiError, Query};

use super::texts::Texts;
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    texts::{fill, grouped},
};

/// The path of the page.
pub(crate) const PATH: &str = "/chat/settings";
/// Number of days for which usage is shown.
const DAYS: i64 = 30;

#[derive(serde::Deserialize, Default)]
pub(crate) struct PageParams {
    done: Option<String>,
}

/// The form that changes the settings.
pub(crate) struct Chosen {
    daily_tokens: String,
    distills: bool,
    tools: Vec<String>,
}

impl From<Fields> for Chosen {
    fn from(fields: Fields) -> Self {
        Self {
            daily_tokens: fields.text("daily_tokens").trim().to_owned(),
            distills: fields.text("distills") == "1",
            tools: fields.all("tool"),
        }
    }
}

struct Choice {
    name: String,
    about: String,
    is_chosen: bool,
}

struct Day {
    date: String,
    client: String,
    answers: String,
    tokens: String,
}

#[derive(Template)]
#[template(path = "chat_settings.html")]
struct SettingsPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    daily_tokens: String,
    /// The text about the server's limit.
    house_limit: String,
    distills: bool,
    can_distill: bool,
    has_tools: bool,
    tools: Vec<Choice>,
    days: Vec<Day>,
    notice: Option<&'a str>,
    alert: Option<String>,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let preferences = console.chat.assistant_settings(member.account.id).await?;
    let daily_tokens =
        if preferences.daily_tokens == 0 { String::new() } else { preferences.daily_tokens.to_string() };
    let chosen = Chosen { daily_tokens, distills: preferences.distills, tools: preferences.tools };
    render(&console, member, chosen, params.done.is_some(), None).await
}

/// Saves the settings, or shows the page again with the error.
pub(crate) async fn save(
    State(console): State<Console>,
    member: Member,
    CsrfForm(chosen): CsrfForm<Chosen>,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    // A text that is no number becomes a number that is refused.
    let daily_tokens = match chosen.daily_tokens.as_str() {
        "" => 0,
        text => text.parse().unwrap_or(-1),
    };
    let offered = console.chat.offered_tools(account).await;
    let known = |name: &&String| offered.iter().any(|tool| tool.name == **name);
    let tools = chosen.tools.iter().filter(known).cloned().collect();
    let preferences = AssistantSettings { daily_tokens, distills: chosen.distills, tools };
    match console.chat.set_assistant_settings(account, preferences).await {
        Ok(()) => Ok(Redirect::to(&format!("{PATH}?done=saved")).into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, chosen, false, Some(error)).await
        }
        Err(error) => Err(error),
    }
}

async fn render(
    console: &Console,
    member: Member,
    chosen: Chosen,
    is_saved: bool,
    error: Option<ApiError>,
) -> Result<Response, ApiError> {
    let (chat, account) = (&console.chat, member.account.id);
    let page = member.page.at("chat", PATH);
    let (t, texts, house) = (page.t, Texts::of(page.language), chat.house());
    let tools = chat.offered_tools(account).await.into_iter().map(|tool| Choice {
        is_chosen: chosen.tools.contains(&tool.name),
        name: tool.name,
        about: tool.about,
    });
    let days = chat.usage(account, DAYS).await?.into_iter().map(|used| Day {
        date: store::Timestamp(used.day.saturating_mul(86_400_000)).date(),
        client: client(&used.client, texts),
        answers: grouped(used.answers),
        tokens: grouped(used.tokens_in.saturating_add(used.tokens_out)),
    });
    let template = SettingsPage {
        house_limit: match house.daily_tokens {
            0 => t.chat_no_limit.to_owned(),
            limit => fill(t.chat_house_limit, limit),
        },
        daily_tokens: chosen.daily_tokens,
        distills: chosen.distills,
        can_distill: house.distills,
        has_tools: house.has_tools,
        tools: tools.collect(),
        days: days.collect(),
        notice: is_saved.then_some(t.chat_saved),
        alert: error.as_ref().map(|error| error.message(page.language)),
        t: texts,
        page: &page,
    };
    match &error {
        Some(error) => page.refuse(error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Returns the name of a client in the list of usage.
fn client(name: &str, t: &Texts) -> String {
    let (kind, id) = name.split_once(':').unwrap_or((name, ""));
    let kind = match kind {
        "session" => t.client_session,
        "key" => t.client_key,
        "app" => t.client_app,
        "program" => t.client_program,
        "distill" => t.client_distill,
        "dream" => t.client_dream,
        "summary" => t.client_summary,
        "title" => t.client_title,
        other => other,
    };
    if id.is_empty() { kind.to_owned() } else { format!("{kind} {id}") }
}
