//! An app's request for access, and the redirect to the app. No I/O.

use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use identity::{Audience, Scope, ScopeSet, application::redirect::app_scheme, grant::rules};
use web::ApiError;

use super::PATHS;
use crate::sign_in::Again;

/// Longest `state` that is returned to the app, in bytes.
const MAX_STATE: usize = 4096;

/// The parameters of an authorization request. They are untrusted until the app and its redirect URI are
/// found to be registered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    method: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    prompt: Option<String>,
    /// The resources that the tokens are to be for (RFC 8707), the only parameter that may be repeated.
    resources: Vec<String>,
    /// The state as it was in the address, not decoded, so that it is returned byte for byte.
    state: Option<String>,
    /// The issuer, percent-encoded, if the redirect is to contain it.
    issuer: Option<String>,
}

/// The app and the server for which a request is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// The scopes that the app is registered with.
    pub(super) registered: ScopeSet,
    pub(super) is_self_registered: bool,
    pub(super) is_public: bool,
    /// The server's URL without a slash at the end.
    pub(super) issuer: &'a str,
    /// The scopes that are asked for at `/mcp` if the request names none that the tools use.
    pub(super) mcp_scopes: ScopeSet,
    /// True if agents may call the Hub.
    pub(super) has_hub: bool,
}

/// The access that a person is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestedAccess {
    pub(super) audience: Audience,
    pub(super) scopes: ScopeSet,
}

/// The reason why an app gets no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// The person refused.
    ByPerson,
    /// The response type is not `code`.
    ResponseType,
    /// The response type is missing, or the PKCE challenge is missing, malformed or of an unsupported method.
    Malformed,
    /// The app may have none of the requested scopes.
    NoScope,
    /// The request names a resource that is not one of this server.
    Target,
    /// The request allows no page (`prompt=none`), but the person has to decide.
    ConsentRequired,
    /// The request allows no page (`prompt=none`), but nobody is signed in.
    LoginRequired,
}

/// The rule for showing the page (`prompt` of OpenID Connect).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// Shows it unless the person has decided before.
    IfNeeded,
    /// Shows it each time.
    Always,
    /// Never shows it. If it were needed, the app gets an error.
    Never,
}

impl Denied {
    /// Returns the parameters of the redirect.
    const fn parameters(self) -> &'static str {
        match self {
            Self::ByPerson => "error=access_denied&error_description=User%20denied%20access",
            Self::ResponseType => {
                "error=unsupported_response_type&error_description=response_type%20must%20be%20code"
            }
            Self::Malformed => {
                "error=invalid_request&error_description=response_type%2C%20code_challenge%20or%20\
                 code_challenge_method%20is%20missing%20or%20not%20supported"
            }
            Self::NoScope => "error=invalid_scope&error_description=No%20scope%20is%20left%20to%20ask%20for",
            Self::Target => {
                "error=invalid_target&error_description=resource%20is%20not%20a%20resource%20of%20this%20serv\
                 er"
            }
            Self::ConsentRequired => {
                "error=consent_required&error_description=The%20person%20has%20to%20answer%20on%20the%20page"
            }
            Self::LoginRequired => "error=login_required&error_description=Nobody%20is%20signed%20in",
        }
    }
}

impl Request {
    /// Parses the query of the page's address. A repeated parameter counts as missing, because different
    /// parsers might choose different values (RFC 6749 §3.1 forbids repetition).
    pub(super) fn parse(query: &str, issuer: Option<&str>) -> Self {
        let once = |name: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            let first = values.next().map(|(_, value)| value.into_owned());
            if values.next().is_some() { None } else { first }
        };
        let mut states = query.split('&').filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name == "state").then_some(value)
        });
        let state = states.next().filter(|state| state.len() <= MAX_STATE).map(plain);
        Self {
            client_id: once("client_id").unwrap_or_default(),
            redirect_uri: once("redirect_uri").unwrap_or_default(),
            challenge: once("code_challenge"),
            method: once("code_challenge_method"),
            response_type: once("response_type"),
            scope: once("scope"),
            prompt: once("prompt"),
            resources: form_urlencoded::parse(query.as_bytes())
                .filter(|(name, value)| name == "resource" && !value.is_empty())
                .map(|(_, value)| value.into_owned())
                .collect(),
            state: if states.next().is_some() { None } else { state },
            issuer: issuer.map(|issuer| form_urlencoded::byte_serialize(issuer.as_bytes()).collect()),
        }
    }

    /// Returns the values of `prompt`.
    fn prompt_words(&self) -> impl Iterator<Item = &str> {
        self.prompt.iter().flat_map(|words| words.split(' '))
    }

    /// Returns the reason why a signed-in person has to sign in again, if `prompt` gives one.
    pub(super) fn sign_in_again(&self) -> Option<Again> {
        let asked = |again| self.prompt_words().any(|word| Again::of_prompt(word) == Some(again));
        [Again::Prove, Again::Choose].into_iter().find(|again| asked(*again))
    }

    /// Returns the rule for showing the page. Words other than `consent` and `none` are ignored.
    pub(super) fn prompt(&self) -> Prompt {
        let has = |word: &str| self.prompt_words().any(|one| one == word);
        if has("consent") {
            Prompt::Always
        } else if has("none") {
            Prompt::Never
        } else {
            Prompt::IfNeeded
        }
    }

    /// Returns the resource that the tokens are to be for. A request that names both the server and the tools
    /// is one for the server, whose tokens open both.
    fn audience(&self, issuer: &str) -> Result<Audience, Denied> {
        let mut found = None;
        for resource in &self.resources {
            let audience = Audience::of_resource(resource, issuer).ok_or(Denied::Target)?;
            found = if found.is_some_and(|other| other != audience) {
                Some(Audience::Server)
            } else {
                Some(audience)
            };
        }
        Ok(found.unwrap_or_default())
    }

    /// Returns what the person is asked for: the resource, and the scopes requested that the app may have
    /// there.
    ///
    /// # Errors
    /// The reason why the app gets no code, if the request is invalid.
    pub(super) fn asked(&self, terms: Terms<'_>) -> Result<RequestedAccess, Denied> {
        match self.response_type.as_deref() {
            Some("code") => {}
            Some(_) => return Err(Denied::ResponseType),
            None => return Err(Denied::Malformed),
        }
        let audience = self.audience(terms.issuer)?;
        let is_proper = match (self.challenge.as_deref(), self.method.as_deref()) {
            // Only a challenge proves that the code belongs to an app without a secret. Agents always send
            // one.
            (None, None) => !terms.is_public && audience == Audience::Server,
            (Some(challenge), Some("S256")) => rules::is_challenge(challenge),
            // Without a method it is `plain`, which is not supported (RFC 9700 §2.1.1).
            (Some(_) | None, _) => false,
        };
        if !is_proper {
            return Err(Denied::Malformed);
        }
        let most = audience.most(terms.registered, terms.is_self_registered);
        let unused = if terms.has_hub { ScopeSet::EMPTY } else { ScopeSet::of(&[Scope::HubCall]) };
        let most = most.without(unused);
        let scopes = rules::asked_for(audience, self.scope.as_deref(), most, terms.mcp_scopes);
        if scopes.is_empty() { Err(Denied::NoScope) } else { Ok(RequestedAccess { audience, scopes }) }
    }

    /// Returns the app's address with a code.
    pub(super) fn allow(&self, code: &str) -> String {
        self.back_with(&format!("code={code}"))
    }

    /// Returns the app's address with an error.
    pub(super) fn deny(&self, why: Denied) -> String {
        self.back_with(why.parameters())
    }

    fn back_with(&self, parameters: &str) -> String {
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let mut location = format!("{}{joint}{parameters}", self.redirect_uri);
        if let Some(state) = &self.state {
            location.push_str("&state=");
            location.push_str(state);
        }
        if let Some(issuer) = &self.issuer {
            location.push_str("&iss=");
            location.push_str(issuer);
        }
        location
    }

    /// Returns scheme and host of the redirect URI, for the page's security policy. If the host has unusual
    /// characters, or the scheme is an app's own, returns the scheme alone.
    pub(super) fn origin(&self) -> String {
        let host = match self.destination() {
            Destination::Scheme(scheme) => return format!("{scheme}:"),
            Destination::Host(host) => host,
        };
        let Some((scheme, _)) = self.redirect_uri.split_once("://") else { return String::new() };
        let is_plain =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-'));
        if is_plain { format!("{scheme}://{host}") } else { format!("{scheme}:") }
    }

    /// Returns the destination of the redirect URI.
    pub(super) fn destination(&self) -> Destination<'_> {
        if let Some(scheme) = app_scheme(&self.redirect_uri) {
            return Destination::Scheme(scheme);
        }
        let rest = self.redirect_uri.split_once("://").map_or("", |(_, rest)| rest);
        Destination::Host(rest.split(['/', '?', '#']).next().unwrap_or_default())
    }
}

/// The destination of a redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination<'a> {
    /// A host with its port.
    Host(&'a str),
    /// A program on the person's device that handles this scheme.
    Scheme(&'a str),
}

/// Splits an address of the consent page into path and query. Returns `None` for other addresses.
pub(super) fn consent_query(address: &str) -> Option<(&str, &str)> {
    address.split_once('?').filter(|(path, _)| PATHS.contains(path))
}

/// Returns the sources to which a form may redirect on the way to `next`, for the page's security policy: any
/// site and the app's own scheme if `next` is the consent page, else none.
pub(crate) fn form_sources(next: &str) -> String {
    if !PATHS.iter().any(|path| next.starts_with(path)) {
        return String::new();
    }
    let request = consent_query(next).map(|(_, query)| Request::parse(query, None)).unwrap_or_default();
    match request.destination() {
        Destination::Scheme(scheme) => format!("https: http: {scheme}:"),
        Destination::Host(_) => "https: http:".to_owned(),
    }
}

/// Returns the address after a sign-in. From the query of the consent page, `login` and `select_account` are
/// removed from `prompt`, because the sign-in has fulfilled them. All other bytes stay as they are.
pub(crate) fn after_sign_in(next: &str) -> String {
    let Some((path, query)) = consent_query(next) else { return next.to_owned() };
    let Some(words) = Request::parse(query, None).prompt else { return next.to_owned() };
    let rest: Vec<&str> = words.split(' ').filter(|word| Again::of_prompt(word).is_none()).collect();
    let is_prompt = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(name, _)| name == "prompt")
    };
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !is_prompt(pair)).collect();
    let value: String = form_urlencoded::byte_serialize(rest.join(" ").as_bytes()).collect();
    let prompt = format!("prompt={value}");
    if !value.is_empty() {
        pairs.push(&prompt);
    }
    format!("{path}?{}", pairs.join("&"))
}

/// Percent-encodes all characters that cannot be part of an address.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'#' {
            plain.push(char::from(byte));
        } else {
            let _infallible = write!(plain, "%{byte:02X}");
        }
    }
    plain
}

/// Redirects to an app's address.
pub(super) fn redirect(location: &str) -> Result<Response, ApiError> {
    let location = HeaderValue::try_from(location).map_err(ApiError::internal)?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

#[cfg(test)]
mod tests;
