//! Lists and ends the authorizations of apps and the sign-ins of programs.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use identity::{
    AuthorizationId, ProgramId, ScopeSet,
    grant::{Authorization, ConnectedAgent},
    program::Program,
};
use web::{ApiError, Code, id_in};

use crate::{
    Console,
    form::{CsrfForm, Nothing},
    page::Member,
    texts::{Texts, fill},
    when::When,
};

/// An app in the list.
pub(super) struct AppView {
    pub(super) id: AuthorizationId,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) scopes: Vec<&'static str>,
    pub(super) since: When,
    pub(super) last_used: Option<When>,
    pub(super) revoke_label: String,
    /// True if the person can change the scopes.
    pub(super) is_agent: bool,
}

impl AppView {
    pub(super) fn new(authorization: Authorization, agents: &[ConnectedAgent], t: &Texts) -> Self {
        Self {
            id: authorization.id,
            revoke_label: fill(t.app_revoke_label, &authorization.name),
            name: authorization.name,
            description: authorization.description,
            scopes: ScopeSet::names(authorization.scopes),
            since: When(authorization.created_at),
            last_used: authorization.last_used_at.map(When),
            is_agent: agents.iter().any(|agent| agent.id == authorization.id),
        }
    }
}

/// A program in the list.
pub(super) struct ProgramView {
    pub(super) id: ProgramId,
    pub(super) name: String,
    pub(super) since: When,
    pub(super) expires: When,
    pub(super) last_used: Option<When>,
    pub(super) end_label: String,
}

impl ProgramView {
    pub(super) fn new(program: Program, t: &Texts) -> Self {
        Self {
            id: program.id,
            end_label: fill(t.program_end_label, &program.name),
            name: program.name,
            since: When(program.created_at),
            expires: When(program.expires_at),
            last_used: program.last_used_at.map(When),
        }
    }
}

/// Signs a program out.
pub(crate) async fn end_program(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let id = id_in(&id, Code::NotFound)?;
    if !console.identity.end_program(member.account.id, id).await? {
        return Err(Code::NotFound.into());
    }
    Ok(Redirect::to("/account?done=program").into_response())
}

/// Revokes the authorization of an app. Its tokens stop working at once.
pub(crate) async fn revoke(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let id = id_in(&id, Code::NotFound)?;
    if !console.identity.revoke_authorization(member.account.id, id).await? {
        return Err(Code::NotFound.into());
    }
    Ok(Redirect::to("/account?done=app").into_response())
}
