//! The page with the scopes of one agent, which the person can change.

pub(crate) mod texts;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::{AuthorizationId, Scope, ScopeSet, grant::ConnectedAgent};
use web::{ApiError, Code, Query, id_in, names};

use super::PageParams;
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    texts::fill,
    when::When,
};
use texts::Texts;

/// The form with the scopes of an agent.
pub(crate) struct ScopesForm(ScopeSet);

impl From<Fields> for ScopesForm {
    fn from(fields: Fields) -> Self {
        let names = fields.all("scope");
        Self(names.iter().filter_map(|name| Scope::parse(name)).fold(ScopeSet::EMPTY, |mut set, scope| {
            set.insert(scope);
            set
        }))
    }
}

/// A box for a scope.
struct Choice {
    name: &'static str,
    meaning: &'static str,
    is_needed: bool,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    id: AuthorizationId,
    name: &'a str,
    /// The account or host that vouches for the agent.
    by: String,
    is_verified: bool,
    since: When,
    last_used: Option<When>,
    choices: Vec<Choice>,
    notice: Option<&'static str>,
    end_label: String,
}

/// Returns an agent of a person.
async fn find(console: &Console, member: &Member, id: AuthorizationId) -> Result<ConnectedAgent, ApiError> {
    let agents = console.identity.connected_agents(member.account.id).await?;
    agents.into_iter().find(|agent| agent.id == id).ok_or_else(|| Code::NotFound.into())
}

/// Shows the scopes of an agent: those that it asked for, with a tick at those that it has.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let agent = find(&console, &member, id_in(&id, Code::NotFound)?).await?;
    let page = member.page.at("account", address(agent.id));
    let t = Texts::of(page.language);
    let name = names::cleaned(&agent.name);
    let granted = agent.scopes.abilities();
    let choices = agent.asked.iter().map(|scope| Choice {
        name: scope.name(),
        meaning: scope.meaning(page.language),
        is_needed: scope.is_needed(),
        is_ticked: granted.covers(scope.abilities()),
    });
    let template = AccessPage {
        page: &page,
        t,
        id: agent.id,
        by: match agent.host() {
            Some(host) => fill(t.by_host, names::cleaned(host)),
            None if agent.is_self_registered => t.by_itself.to_owned(),
            None => t.by_account.to_owned(),
        },
        is_verified: agent.host().is_some() || !agent.is_self_registered,
        since: When(agent.created_at),
        last_used: agent.last_used_at.map(When),
        choices: choices.collect(),
        notice: (params.done.as_deref() == Some("changed")).then_some(t.changed),
        end_label: fill(t.end_label, &name),
        name: &name,
    };
    page.answer(StatusCode::OK, &template)
}

/// Changes the scopes of an agent, with effect at once.
pub(crate) async fn change(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(ScopesForm(chosen)): CsrfForm<ScopesForm>,
) -> Result<Response, ApiError> {
    let agent = find(&console, &member, id_in(&id, Code::NotFound)?).await?;
    if !console.identity.change_authorization(member.account.id, agent.id, chosen).await? {
        return Err(Code::NotFound.into());
    }
    Ok(Redirect::to(&format!("{}?done=changed", address(agent.id))).into_response())
}

fn address(id: AuthorizationId) -> String {
    format!("/account/apps/{id}")
}
