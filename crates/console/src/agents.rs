//! The pages about agents: the address to connect them with, what each did lately, and how to end it.

mod detail;
pub(crate) mod texts;
pub(crate) mod view;

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::StatusCode;
use web::{ApiError, Code, Query};

use crate::{
    Console,
    page::{Member, Page},
    texts::fill,
};
use texts::Texts;
use view::{AgentView, PATH};

/// Returns the routes of the pages.
pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(PATH, get(show))
        .route("/agents/one", get(detail::show))
        .route("/agents/forget", post(detail::forget))
        .route("/agents/item/{id}", get(item))
}

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    done: Option<String>,
}

/// A guide to connecting a client.
struct Guide {
    name: &'static str,
    about: &'static str,
    steps: Vec<&'static str>,
    /// A command or a piece of configuration, and the id by which it is copied.
    command: Option<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "agents.html")]
struct AgentsPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    url: String,
    is_local: bool,
    notice: Option<&'static str>,
    state: String,
    is_connected: bool,
    guides: Vec<Guide>,
    agents: Vec<AgentView>,
    /// The link to the review inbox.
    review: String,
}

/// Shows the page.
async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let page = member.page.at("agents", PATH);
    let t = Texts::of(page.language);
    let agents = view::all(&console, &member.account, t).await?;
    let last = agents.iter().filter_map(|agent| agent.last.map(|at| (at.0, agent))).max_by_key(|(at, _)| *at);
    let state = match last {
        Some((_, agent)) => fill(t.state_connected, &agent.name),
        None => t.state_waiting.to_owned(),
    };
    let waiting = console.memory.waiting_count(member.account.id).await?;
    let template = AgentsPage {
        page: &page,
        t,
        url: console.agents.url(),
        is_local: is_local(&console.public_url),
        notice: (params.done.as_deref() == Some("forgotten")).then_some(t.forgotten),
        state,
        is_connected: last.is_some(),
        guides: guides(t, &console.agents.url()),
        agents,
        review: if waiting > 0 { fill(t.review_waiting, waiting) } else { t.review_none.to_owned() },
    };
    page.answer(StatusCode::OK, &template)
}

/// Redirects from the address of an entry, as agents cite it, to its page.
async fn item(_member: Member, Path(id): Path<String>) -> Result<Response, ApiError> {
    let entry = ::agents::Entry::parse(&id).ok_or(Code::NotFound)?;
    std::future::ready(Ok(Redirect::to(&view::entry_path(entry)).into_response())).await
}

/// Returns true if agents on other computers cannot reach an address.
fn is_local(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default();
    let host = host.strip_prefix('[').map_or_else(|| host.split(':').next(), |rest| rest.split(']').next());
    let host = host.unwrap_or_default();
    let is_local_address = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        std::net::IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    };
    url.starts_with("http://")
        || !host.contains('.') && !host.contains(':')
        || host.parse().is_ok_and(is_local_address)
}

fn guides(t: &'static Texts, url: &str) -> Vec<Guide> {
    let guide = |name, about, steps| Guide { name, about, steps, command: None };
    let with = |guide: Guide, id, command: String| Guide { command: Some((id, command)), ..guide };
    vec![
        guide("Claude", t.claude_about, t.claude_steps()),
        with(
            guide("Claude Code", t.terminal, Vec::new()),
            "claude-code",
            format!("claude mcp add --transport http doppel {url}"),
        ),
        guide("ChatGPT", t.chatgpt_about, t.chatgpt_steps()),
        with(guide("Codex", t.terminal, Vec::new()), "codex", format!("codex mcp add doppel --url {url}")),
        with(
            guide("VS Code", t.terminal, Vec::new()),
            "vs-code",
            format!("code --add-mcp '{{\"name\":\"doppel\",\"type\":\"http\",\"url\":\"{url}\"}}'"),
        ),
        with(
            guide("Cursor", "mcp.json", Vec::new()),
            "cursor",
            format!("{{\"mcpServers\": {{\"doppel\": {{\"url\": \"{url}\"}}}}}}"),
        ),
        with(guide(t.other, t.other_about, Vec::new()), "other", format!("npx mcp-remote {url}")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_others_cannot_reach_are_known() {
        for (url, expected) in [
            ("https://me.example", false),
            ("https://203.0.113.9:8443", false),
            ("http://me.example", true),
            ("https://localhost:8080", true),
            ("https://nas", true),
            ("https://192.168.1.5", true),
            ("https://[::1]:8080", true),
            ("https://[2001:db8::1]", false),
        ] {
            assert_eq!(is_local(url), expected, "{url}");
        }
    }
}
