//! What every page has around its subject: language, form token, who is signed in, and its headers.

use askama::Template;
use axum::{
    extract::FromRequestParts,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use identity::{
    Account, Caller, Credential, SignedIn,
    credential::{Kind, Secret},
};
use web::{ApiError, Code, Language};

use crate::{Console, assets, error_page, form, language, texts::Texts};

/// The API reference, served by another room.
const REFERENCE: &str = "/reference/";

/// The frame of a page.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) language: Language,
    pub(crate) t: &'static Texts,
    /// The token its forms carry.
    pub(crate) csrf: String,
    /// Who is signed in.
    pub(crate) who: Option<Account>,
    /// Where choosing another language comes back to; nowhere when the page cannot be shown again.
    pub(crate) here: Option<String>,
    /// Which entry of the navigation is lit.
    pub(crate) section: &'static str,
    /// Where a form's answer may lead beside this site; empty: nowhere.
    leads_to: String,
    /// The visitor cookie, renewed with each page so that an open form stays good.
    cookie: Option<HeaderValue>,
}

impl Page {
    /// A page for nobody in particular, without forms.
    pub(crate) fn bare(language: Language) -> Self {
        let t = Texts::of(language);
        Self {
            language,
            t,
            csrf: String::new(),
            who: None,
            here: None,
            section: "",
            leads_to: String::new(),
            cookie: None,
        }
    }

    /// Sets the lit entry of the navigation and where choosing a language comes back to.
    pub(crate) fn at(self, section: &'static str, here: impl Into<String>) -> Self {
        Self { section, here: Some(here.into()), ..self }
    }

    /// For a page in front of the door: whoever is signed in already must not look as if the form they just
    /// sent had let them in.
    pub(crate) fn front(self, here: impl Into<String>) -> Self {
        Self { who: None, ..self }.at("", here)
    }

    /// For a page whose form's answer sends the browser on to these places: browsers hold the whole way that a
    /// form takes against the page's policy. The text stands in a header as it is.
    pub(crate) fn leading_to(self, places: &str) -> Self {
        Self { leads_to: places.to_owned(), ..self }
    }

    /// For a page in front of the door that may open on the way to an app, whose address is not known here.
    pub(crate) fn before(self, next: &str) -> Self {
        if next.starts_with("/oauth") { self.leading_to("https: http:") } else { self }
    }

    /// For a page that can be shown only once.
    pub(crate) fn once(self, section: &'static str) -> Self {
        Self { section, here: None, ..self }
    }

    /// The address of an asset.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::href(name)
    }

    /// The address of the API reference.
    pub(crate) fn reference(&self) -> &'static str {
        REFERENCE
    }

    /// The first letter of the person's name, for the avatar.
    pub(crate) fn initial(&self) -> String {
        let first = self.who.as_ref().and_then(|who| who.name.chars().next());
        first.map(|first| first.to_uppercase().collect()).unwrap_or_default()
    }

    /// `aria-current` for an entry of the navigation.
    pub(crate) fn current(&self, section: &str) -> &'static str {
        if self.section == section { "page" } else { "false" }
    }

    /// Renders the page.
    pub(crate) fn answer(&self, status: StatusCode, template: &impl Template) -> Result<Response, ApiError> {
        let html = template.render().map_err(ApiError::internal)?;
        let mut response = (status, Html(html)).into_response();
        if !self.leads_to.is_empty() {
            let policy = error_page::policy(&self.leads_to).map_err(ApiError::internal)?;
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if let Some(cookie) = &self.cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        Ok(response)
    }

    /// Renders the page with the status and headers of the error it shows.
    pub(crate) fn refuse(&self, error: &ApiError, template: &impl Template) -> Result<Response, ApiError> {
        let mut response = self.answer(error.code().status(), template)?;
        if let Some(seconds) = error.wait() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        Ok(response)
    }
}

impl FromRequestParts<Console> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, ApiError> {
        let language = language::of(&parts.headers);
        let mut page = Self::bare(language);
        if parts.method == Method::GET {
            page.here = parts.uri.path_and_query().map(ToString::to_string);
        }
        let caller = parts.extensions.get::<Caller>().cloned();
        if let Some((caller, secret)) = caller.as_ref().and_then(|caller| match caller.credential() {
            Credential::Session { secret, .. } => Some((caller, secret)),
            Credential::ApiKey { .. } | Credential::Program { .. } | Credential::Token { .. } => None,
        }) {
            let account = console.identity.account(caller.account()).await?;
            page.who = Some(account.ok_or(Code::AuthMissing)?);
            page.csrf = form::token(secret);
        } else {
            let visitor = form::visitor(&parts.headers, console)
                .unwrap_or_else(|| Secret::generate(Kind::Visitor, &console.random));
            page.csrf = form::token(&visitor);
            page.cookie = Some(console.cookies().set_visitor(&visitor));
        }
        Ok(page)
    }
}

/// A page of a signed-in person; an API key is refused.
pub(crate) struct Member {
    pub(crate) page: Page,
    pub(crate) account: Account,
    /// The session's id.
    pub(crate) session: i64,
}

impl FromRequestParts<Console> for Member {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, ApiError> {
        let SignedIn { session, .. } = SignedIn::from_request_parts(parts, console).await?;
        let page = Page::from_request_parts(parts, console).await?;
        let account = page.who.clone().ok_or(Code::AuthMissing)?;
        Ok(Self { page, account, session })
    }
}
