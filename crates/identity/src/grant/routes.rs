//! The HTTP API of codes and tokens.

use axum::{Extension, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, ApiResult, ClientAddress, Code, Data, Envelope, Form, Json};

use super::{
    model::{
        ClientRequest, CodeRequest, CodeResponse, Consent, ExternalRequest, RefreshRequest, TokensResponse,
    },
    rules,
};
use crate::{Audience, Caller, Credential, Identity};

/// Returns the routes, relative to the base path of the API.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(code))
        .routes(routes!(refresh))
        .routes(routes!(client))
        .routes(routes!(external))
        .with_state(identity)
}

/// Exchange a code for tokens, once. A second use revokes the tokens of the first.
#[utoipa::path(
    post,
    path = "/oauth/token/code",
    operation_id = "exchangeCode",
    tag = "OAuth2",
    security(()),
    request_body(content = CodeRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The tokens", body = Envelope<TokensResponse>)),
)]
async fn code(
    State(identity): State<Identity>,
    Form(request): Form<CodeRequest>,
) -> ApiResult<TokensResponse> {
    let exchange = rules::exchange(request)?;
    Ok(Data(identity.exchange_code(exchange).await?.into()))
}

/// Get a new access token. The refresh token and its expiry stay the same.
#[utoipa::path(
    post,
    path = "/oauth/token/refresh",
    operation_id = "refreshToken",
    tag = "OAuth2",
    security(()),
    request_body(content = RefreshRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The tokens", body = Envelope<TokensResponse>)),
)]
async fn refresh(
    State(identity): State<Identity>,
    Form(request): Form<RefreshRequest>,
) -> ApiResult<TokensResponse> {
    let ask = rules::refresh(request)?;
    let tokens = identity.refresh(&ask.client, &ask.token, None, None).await?;
    Ok(Data(tokens.into()))
}

/// Get a token for the app itself. It represents no person.
#[utoipa::path(
    post,
    path = "/oauth/token/client",
    operation_id = "clientToken",
    tag = "OAuth2",
    security(()),
    request_body(content = ClientRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token", body = Envelope<TokensResponse>)),
)]
async fn client(
    State(identity): State<Identity>,
    Form(request): Form<ClientRequest>,
) -> ApiResult<TokensResponse> {
    let (client, scope) = rules::own(request)?;
    Ok(Data(identity.app_token(&client, scope.as_deref()).await?.into()))
}

/// Give consent to an app without the consent page.
///
/// An app's token may do so for the same app, within its own scopes. A program's token may not, because the
/// authorization would outlast the program.
#[utoipa::path(
    post,
    path = "/oauth/authorize/external",
    operation_id = "authorizeExternal",
    tag = "OAuth2",
    security(("bearer" = []), ("session" = [])),
    request_body = ExternalRequest,
    responses((status = 200, description = "The code", body = Envelope<CodeResponse>)),
)]
async fn external(
    State(identity): State<Identity>,
    caller: Caller,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Json(request): Json<ExternalRequest>,
) -> ApiResult<CodeResponse> {
    let refused = |presented: &str| Err(ApiError::new(Code::SessionRequired).with(presented));
    let own = match caller.credential() {
        Credential::Session { .. } => None,
        Credential::Token { application, scopes, .. } => Some((application, *scopes)),
        Credential::Program { .. } => return refused("Access Token"),
        Credential::ApiKey { .. } => return refused("API Key"),
    };
    let state = request.state.clone();
    let (client_id, redirect_uri, names) = rules::external(request)?;
    let application = identity.asking_application(&client_id, &redirect_uri, address).await?;
    // A code without a PKCE challenge would be valid for whoever has it.
    if application.is_public {
        return Err(Code::OauthApplicationUnauthorized.into());
    }
    // Otherwise an app could pass the person's access on to another app, which would outlive its own
    // revocation.
    if own.is_some_and(|(own, _)| *own != application.id) {
        return Err(Code::OauthApplicationUnauthorized.into());
    }
    let most = application.most(Audience::Server);
    let most = own.map_or(most, |(_, scopes)| scopes.within(most));
    let granted = rules::strict(&names, most)?;
    let consent = Consent {
        is_answer: own.is_none(),
        application: application.id.clone(),
        redirect_uri,
        audience: Audience::Server,
        asked: granted,
        granted,
        challenge: None,
    };
    identity.keep_described(&application).await?;
    let code = identity.consent(caller.account(), consent).await?;
    Ok(Data(CodeResponse { code: code.expose().to_owned(), state }))
}
