//! The authentication middleware: every route needs a caller unless it is on the list of public routes.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use web::{ApiError, ClientAddress, Code, boundary::wants_page};

use crate::{
    Cookies, Credential, Identity, KeyId,
    caller::Who,
    credential::Kind,
    usage::{Call, Counted, Outcome},
};

/// The state of the [`guard`] middleware.
#[derive(Clone)]
pub struct Guard {
    identity: Identity,
    cookies: Cookies,
    public: Arc<[&'static str]>,
}

impl Guard {
    /// Creates a guard. Requests to the `public` routes (as written in the router) pass without a caller.
    pub fn new(identity: Identity, public: impl Iterator<Item = &'static str>) -> Self {
        let cookies = Cookies::new(identity.settings().secure_cookies);
        Self { identity, cookies, public: public.collect() }
    }
}

/// The credential in the headers of a request.
enum Presented<'h> {
    Nothing,
    Bearer(&'h str),
    Session(&'h str),
}

/// The refusal of a credential, with the id of its key if that is known.
pub(crate) struct Refused {
    pub(crate) error: ApiError,
    pub(crate) key: Option<KeyId>,
}

impl<E: Into<ApiError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { error: error.into(), key: None }
    }
}

/// The middleware, for `axum::middleware::from_fn_with_state`.
pub async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    // A request without a route gets 404 or 405, whoever sends it.
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let is_public = guard.public.contains(&route.as_str());
    let address = request.extensions().get::<ClientAddress>().copied();
    let (mut person, start) = (None, Instant::now());
    let counted = match guard.caller(request.method(), request.headers(), route.as_str()).await {
        Ok(Some(Who::Person(caller))) => {
            let counted = match caller.credential() {
                Credential::ApiKey { id, .. } => Some(Counted::Key(*id)),
                Credential::Session { id, .. } => {
                    guard.identity.note_session(*id);
                    None
                }
                Credential::Program { id } => {
                    guard.identity.note_program(*id);
                    None
                }
                Credential::Token { authorization, application, .. } => {
                    guard.identity.note_authorization(*authorization);
                    Some(Counted::App(application.as_str().into()))
                }
            };
            person = Some(caller.account());
            request.extensions_mut().insert(caller);
            counted
        }
        Ok(Some(Who::App(app))) => {
            let counted = Counted::App(app.application().into());
            request.extensions_mut().insert(app);
            Some(counted)
        }
        Ok(None) if is_public => None,
        Ok(None) => return refuse(&request, ApiError::new(Code::AuthMissing)),
        // A stale credential must not keep anybody from a public page.
        Err(_refused) if is_public => None,
        Err(refused) => {
            if let (Some(key), Some(address)) = (refused.key, address) {
                let outcome = Outcome::refused(&refused.error);
                let key = Counted::Key(key);
                guard.identity.note_call(Call::new(key, route.as_str(), address, outcome, start.elapsed()));
            }
            return refuse(&request, refused.error);
        }
    };
    // The store limits how many connections the writes of one person may use.
    let response = store::on_behalf_of(person, next.run(request)).await;
    if let (Some(counted), Some(address)) = (counted, address) {
        let outcome = Outcome::of(&response);
        guard.identity.note_call(Call::new(counted, route.as_str(), address, outcome, start.elapsed()));
    }
    response
}

impl Guard {
    async fn caller(
        &self,
        method: &Method,
        headers: &HeaderMap,
        route: &str,
    ) -> Result<Option<Who>, Refused> {
        match presented(headers, route, self.cookies)? {
            Presented::Nothing => Ok(None),
            Presented::Bearer(text) if text.starts_with(Kind::ApiKey.prefix()) => {
                self.identity.key_caller(text).await.map(Some)
            }
            Presented::Bearer(text) if text.starts_with(Kind::AccessToken.prefix()) => {
                let who = self.identity.token_caller(text).await?;
                if who.is_accepted_at(route) { Ok(Some(who)) } else { Err(Code::TokenInvalid.into()) }
            }
            Presented::Bearer(_unknown) => Err(ApiError::new(Code::TokenInvalid).into()),
            Presented::Session(text) => {
                let who = self.identity.session_caller(text).await?;
                if who.is_some() && !is_same_site(method, headers) {
                    return Err(ApiError::new(Code::CsrfRejected).into());
                }
                Ok(who)
            }
        }
    }
}

/// Returns the credential in the headers. `Authorization` takes precedence over a cookie.
fn presented<'h>(headers: &'h HeaderMap, route: &str, cookies: Cookies) -> Result<Presented<'h>, ApiError> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    if let Some(line) = lines.next() {
        if lines.next().is_some() {
            // With two of them, a proxy in front of us may have read the other one.
            return Err(ApiError::new(Code::InvalidParam).with("Authorization"));
        }
        return bearer(line).map(Presented::Bearer).ok_or_else(|| Code::AuthMissing.into());
    }
    // The SecondMe API accepts the credential of an upload in the header `token`.
    if route.ends_with("/cdn/upload")
        && let Some(token) = headers.get("token")
    {
        return token
            .to_str()
            .map(|text| Presented::Bearer(text.trim()))
            .map_err(|_bytes| Code::AuthMissing.into());
    }
    Ok(cookies.session(headers).map_or(Presented::Nothing, Presented::Session))
}

/// Returns the credential of an `Authorization: Bearer …` header. The scheme may be in any case.
fn bearer(line: &HeaderValue) -> Option<&str> {
    let (scheme, credential) = line.to_str().ok()?.trim().split_once(' ')?;
    let credential = credential.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty()).then_some(credential)
}

/// True if a request that is authenticated by a cookie has a safe method or comes from our own pages.
/// Browsers report the origin of a request. A client that reports none is not a browser, so no other site can
/// have caused its request.
fn is_same_site(method: &Method, headers: &HeaderMap) -> bool {
    if method.is_safe() {
        return true;
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => !headers.contains_key(header::ORIGIN),
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, origin)| origin == host),
        (Some(_), None) => false,
    }
}

/// Redirects a browser without a valid credential to the sign-in page. Others get the error.
fn refuse(request: &Request, error: ApiError) -> Response {
    let is_lost = error.code().status() == StatusCode::UNAUTHORIZED;
    if !is_lost || !wants_page(request.uri().path(), request.headers()) {
        return error.into_response();
    }
    let next = match *request.method() {
        Method::GET | Method::HEAD => request.uri().path_and_query().map_or("/", |next| next.as_str()),
        _ => "/",
    };
    let location = if next == "/" {
        "/sign-in".to_owned()
    } else {
        format!("/sign-in?next={}", form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>())
    };
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_bytes) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn bearer_lines() {
        for (line, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer abc", Some("abc")),
            ("BEARER   abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("abc", None),
        ] {
            assert_eq!(bearer(&HeaderValue::from_str(line).unwrap()), expected, "{line}");
        }
    }

    #[test]
    fn only_our_own_pages_change_things() {
        let host = ("host", "doppel.example:8080");
        for (pairs, allowed) in [
            (vec![host], true),
            (vec![host, ("origin", "http://doppel.example:8080")], true),
            (vec![host, ("origin", "http://doppel.example")], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("origin", "https://evil.example")], false),
            (vec![("origin", "https://evil.example")], false),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "cross-site"), ("origin", "http://doppel.example:8080")], false),
        ] {
            assert_eq!(is_same_site(&Method::POST, &headers(&pairs)), allowed, "{pairs:?}");
            assert!(is_same_site(&Method::GET, &headers(&pairs)));
        }
    }
}
