//! An app's request for access, and the redirect to the app. No I/O.

use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use identity::{ScopeSet, grant::rules};
use web::ApiError;

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
    /// The state as it was in the address, not decoded, so that it is returned byte for byte.
    state: Option<String>,
    /// The issuer, percent-encoded, if the redirect is to contain it.
    issuer: Option<String>,
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
    /// The request allows no page (`prompt=none`), but the person has to decide.
    ConsentRequired,
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
            Self::ConsentRequired => {
                "error=consent_required&error_description=The%20person%20has%20to%20answer%20on%20the%20page"
            }
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
            state: if states.next().is_some() { None } else { state },
            issuer: issuer.map(|issuer| form_urlencoded::byte_serialize(issuer.as_bytes()).collect()),
        }
    }

    /// Returns the rule for showing the page. Words other than `consent` and `none` are ignored.
    pub(super) fn prompt(&self) -> Prompt {
        let has = |word: &str| self.prompt.iter().flat_map(|words| words.split(' ')).any(|one| one == word);
        if has("consent") {
            Prompt::Always
        } else if has("none") {
            Prompt::Never
        } else {
            Prompt::IfNeeded
        }
    }

    /// Returns the scopes that the person is asked about: those requested that the app may have.
    ///
    /// # Errors
    /// The reason why the app gets no code, if the request is invalid.
    pub(super) fn asked(&self, allowed: ScopeSet, is_public: bool) -> Result<ScopeSet, Denied> {
        match self.response_type.as_deref() {
            Some("code") => {}
            Some(_) => return Err(Denied::ResponseType),
            None => return Err(Denied::Malformed),
        }
        let is_proper = match (self.challenge.as_deref(), self.method.as_deref()) {
            // Only a challenge proves that the code belongs to an app without a secret.
            (None, None) => !is_public,
            (Some(challenge), Some("S256")) => rules::is_challenge(challenge),
            // Without a method it is `plain`, which is not supported (RFC 9700 §2.1.1).
            (Some(_) | None, _) => false,
        };
        if !is_proper {
            return Err(Denied::Malformed);
        }
        let asked = rules::asked(self.scope.as_deref(), allowed);
        if asked.is_empty() { Err(Denied::NoScope) } else { Ok(asked) }
    }

    /// Redirects to the app with a code.
    pub(super) fn allow(&self, code: &str) -> Result<Response, ApiError> {
        redirect(&self.back_with(&format!("code={code}")))
    }

    /// Redirects to the app with an error.
    pub(super) fn deny(&self, why: Denied) -> Result<Response, ApiError> {
        redirect(&self.back_with(why.parameters()))
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
    /// characters, returns the scheme alone.
    pub(super) fn origin(&self) -> String {
        let Some((scheme, _)) = self.redirect_uri.split_once("://") else { return String::new() };
        let host = self.host();
        let is_plain =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-'));
        if is_plain { format!("{scheme}://{host}") } else { format!("{scheme}:") }
    }

    /// Returns the host and port of the redirect URI.
    pub(super) fn host(&self) -> &str {
        let rest = self.redirect_uri.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }
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

fn redirect(location: &str) -> Result<Response, ApiError> {
    let location = HeaderValue::try_from(location).map_err(ApiError::internal)?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASE: &str = "client_id=a&redirect_uri=https://app.example/cb&response_type=code";

    fn location(query: &str) -> String {
        let response = Request::parse(query, None).allow("lba_ac_x").unwrap();
        assert_eq!(response.status(), StatusCode::FOUND);
        response.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn the_way_back_is_literal() {
        assert_eq!(location(BASE), "https://app.example/cb?code=lba_ac_x");
        assert_eq!(
            location(&format!("{BASE}&state=abc123")),
            "https://app.example/cb?code=lba_ac_x&state=abc123"
        );
        assert_eq!(location(&format!("{BASE}&state=")), "https://app.example/cb?code=lba_ac_x&state=");
        let encoded = "client_id=a&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fx%3D1&state=a+b%20c%2B";
        assert_eq!(location(encoded), "https://app.example/cb?x=1&code=lba_ac_x&state=a+b%20c%2B");
        let denied = Request::parse(&format!("{BASE}&state=s"), None).deny(Denied::ByPerson).unwrap();
        assert_eq!(
            denied.headers()[header::LOCATION],
            "https://app.example/cb?error=access_denied&error_description=User%20denied%20access&state=s"
        );
    }

    #[test]
    fn what_is_there_twice_is_not_there() {
        let request = Request::parse(
            &format!("{BASE}&client_id=b&redirect_uri=https://evil.example&state=1&state=2"),
            None,
        );
        assert_eq!(
            (request.client_id.as_str(), request.redirect_uri.as_str(), request.state),
            ("", "", None)
        );
    }

    #[test]
    fn whoever_reads_the_standards_is_told_who_answers() {
        let request = Request::parse(&format!("{BASE}&state=s"), Some("https://doppel.example"));
        for (answer, parameters) in [
            (request.allow("lba_ac_x"), "code=lba_ac_x&state=s&iss=https%3A%2F%2Fdoppel.example"),
            (
                request.deny(Denied::ByPerson),
                "error=access_denied&error_description=User%20denied%20access&state=s&iss=https%3A%2F%2Fdoppel.example",
            ),
        ] {
            let location = answer.unwrap().headers()[header::LOCATION].to_str().unwrap().to_owned();
            assert_eq!(location, format!("https://app.example/cb?{parameters}"));
        }
    }

    #[test]
    fn an_app_without_a_secret_needs_a_challenge() {
        let allowed = ScopeSet::parse_list("chat").unwrap();
        assert_eq!(Request::parse(BASE, None).asked(allowed, true), Err(Denied::Malformed));
        let challenge =
            "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        assert!(Request::parse(&format!("{BASE}{challenge}"), None).asked(allowed, true).is_ok());
    }

    #[test]
    fn what_may_be_asked() {
        let allowed = ScopeSet::parse_list("user.info chat").unwrap();
        let asked = |more: &str| Request::parse(&format!("{BASE}{more}"), None).asked(allowed, false);
        assert_eq!(asked(""), Ok(allowed));
        for scope in ["user.info%20chat", "user.info+chat", "user.info,chat", "user.info%2Cchat%20unknown"] {
            assert_eq!(asked(&format!("&scope={scope}")), Ok(allowed), "{scope}");
        }
        assert_eq!(asked("&scope=voice"), Err(Denied::NoScope));
        for nothing in ["", "openid%20offline_access", "nonsense"] {
            assert_eq!(asked(&format!("&scope={nothing}")), Ok(allowed), "{nothing}");
        }
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(asked(&format!("&code_challenge={challenge}&code_challenge_method=S256")).is_ok());
        for bad in [
            format!("&code_challenge={challenge}"),
            format!("&code_challenge={challenge}&code_challenge_method=plain"),
            "&code_challenge=short&code_challenge_method=S256".to_owned(),
            "&code_challenge_method=S256".to_owned(),
        ] {
            assert_eq!(asked(&bad), Err(Denied::Malformed), "{bad}");
        }
        let other = |query| Request::parse(query, None).asked(allowed, false);
        assert_eq!(other("response_type=token"), Err(Denied::ResponseType));
        assert_eq!(other(""), Err(Denied::Malformed));
    }

    #[test]
    fn when_the_page_is_shown() {
        for (query, prompt) in [
            ("", Prompt::IfNeeded),
            ("prompt=login", Prompt::IfNeeded),
            ("prompt=none", Prompt::Never),
            ("prompt=consent", Prompt::Always),
            ("prompt=login+consent", Prompt::Always),
            ("prompt=none%20consent", Prompt::Always),
            ("prompt=none&prompt=none", Prompt::IfNeeded),
        ] {
            assert_eq!(Request::parse(query, None).prompt(), prompt, "{query}");
        }
    }

    #[test]
    fn the_policy_names_the_apps_origin_and_nothing_else() {
        let origin = |uri: &str| Request { redirect_uri: uri.into(), ..Request::default() }.origin();
        assert_eq!(origin("https://app.example:8443/cb?x"), "https://app.example:8443");
        assert_eq!(origin("http://[::1]:3000/cb"), "http:");
        assert_eq!(origin("https://a.example;script-src/cb"), "https:");
    }

    proptest! {
        #[test]
        fn a_state_goes_back_byte_for_byte(state in "[!-\"$%'-~]{0,64}") {
            prop_assert_eq!(location(&format!("{BASE}&state={state}")), format!("https://app.example/cb?code=lba_ac_x&state={state}"));
        }

        #[test]
        fn no_query_breaks_the_redirect(query in ".*") {
            let request = Request::parse(&query, None);
            let _ = request.asked(ScopeSet::EMPTY, false);
            let request = Request { redirect_uri: "https://app.example/cb".into(), ..request };
            let response = request.allow("x").unwrap();
            prop_assert!(response.headers()[header::LOCATION].to_str().unwrap().starts_with("https://app.example/cb?code=x"));
        }
    }
}
