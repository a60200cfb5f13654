//! The frame of every page: language, form token, signed-in person and headers.

use askama::Template;
use axum::{
    extract::FromRequestParts,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use identity::{
    Account, Caller, Credential, SessionId, SignedIn,
    credential::{Kind, Secret},
};
use memory::Counts;
use web::{ApiError, Code, Language};

use crate::{
    Console, assets, consent, form,
    icons::{Face, Icon},
    language, paths, policy,
    texts::{Texts, grouped},
    theme::Theme,
};

/// The frame of a page.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) language: Language,
    pub(crate) t: &'static Texts,
    pub(crate) theme: Theme,
    /// The CSRF token of its forms.
    pub(crate) csrf: String,
    /// The signed-in person.
    pub(crate) who: Option<Account>,
    /// The face of the signed-in person.
    face: Option<Face>,
    /// The number of the person's entries.
    counts: Counts,
    /// True if the person published their page.
    is_public: bool,
    /// The address to return to after choosing another language. `None` if the page cannot be shown again.
    pub(crate) here: Option<String>,
    /// The highlighted entry of the navigation.
    pub(crate) section: &'static str,
    /// Origins other than this site to which a form may redirect, or empty.
    leads_to: String,
    /// The visitor cookie. Each page renews it, so that open forms stay valid.
    cookie: Option<HeaderValue>,
}

impl Page {
    /// Returns a page for an anonymous visitor, without forms.
    pub(crate) fn bare(language: Language) -> Self {
        let t = Texts::of(language);
        Self {
            language,
            t,
            theme: Theme::default(),
            csrf: String::new(),
            who: None,
            face: None,
            counts: Counts::default(),
            is_public: false,
            here: None,
            section: "",
            leads_to: String::new(),
            cookie: None,
        }
    }

    /// Sets the highlighted entry of the navigation, and the address to return to after choosing a language.
    pub(crate) fn at(self, section: &'static str, here: impl Into<String>) -> Self {
        Self { section, here: Some(here.into()), ..self }
    }

    /// Sets up a page with a sign-in or sign-up form. It shows no signed-in person, because it would look as
    /// if the form had signed them in.
    pub(crate) fn front(self, here: impl Into<String>) -> Self {
        Self { who: None, ..self }.at("", here)
    }

    /// Allows the page's forms to redirect to these origins, because browsers apply the page's security
    /// policy to redirects as well. The text becomes part of a header, unescaped.
    pub(crate) fn leading_to(self, places: &str) -> Self {
        Self { leads_to: places.to_owned(), ..self }
    }

    /// Allows redirects to apps if `next` is the consent page.
    pub(crate) fn before(self, next: &str) -> Self {
        self.leading_to(&consent::form_sources(next))
    }

    /// Sets up a page that can be shown only once.
    pub(crate) fn once(self, section: &'static str) -> Self {
        Self { section, here: None, ..self }
    }

    /// Returns the address of an asset.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::href(name)
    }

    /// Returns an icon of the sprite.
    #[expect(clippy::unused_self, reason = "templates reach it through the page")]
    pub(crate) fn icon(&self, name: &'static str) -> Icon {
        Icon::new(name)
    }

    /// Returns an icon in the size of small text.
    #[expect(clippy::unused_self, reason = "templates reach it through the page")]
    pub(crate) fn small_icon(&self, name: &'static str) -> Icon {
        Icon::small(name)
    }

    /// Returns the face of the signed-in person.
    pub(crate) fn face(&self) -> Face {
        self.face.clone().unwrap_or_else(|| Face::new("", "", ""))
    }

    /// Returns the number of the person's memories for the navigation. `None` for no memories.
    pub(crate) fn memories(&self) -> Option<String> {
        (self.counts.memories > 0).then(|| grouped(self.counts.memories))
    }

    /// Returns the number of the person's notes for the navigation. `None` for no notes.
    pub(crate) fn notes(&self) -> Option<String> {
        (self.counts.notes > 0).then(|| grouped(self.counts.notes))
    }

    /// Returns the address of the signed-in person's public page, if they published it.
    pub(crate) fn public_page(&self) -> Option<String> {
        self.who.as_ref().filter(|_| self.is_public).map(|who| paths::person(&who.route))
    }

    /// Returns the address of the sign-in page, which leads back here.
    pub(crate) fn sign_in(&self) -> String {
        let next: String =
            form_urlencoded::byte_serialize(self.here.as_deref().unwrap_or("/").as_bytes()).collect();
        format!("/sign-in?next={next}")
    }

    /// True if the signed-in person is an administrator.
    pub(crate) fn is_admin(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.is_admin)
    }

    /// Returns `aria-current` for an entry of the navigation.
    pub(crate) fn current(&self, section: &str) -> &'static str {
        if self.section == section { "page" } else { "false" }
    }

    /// Renders the page.
    pub(crate) fn answer(&self, status: StatusCode, template: &impl Template) -> Result<Response, ApiError> {
        let html = template.render().map_err(ApiError::internal)?;
        let mut response = (status, Html(html)).into_response();
        if !self.leads_to.is_empty() {
            let policy = policy::policy(&self.leads_to).map_err(ApiError::internal)?;
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
        page.theme = Theme::of(&parts.headers);
        if parts.method == Method::GET {
            page.here = parts.uri.path_and_query().map(ToString::to_string);
        }
        let caller = parts.extensions.get::<Caller>().cloned();
        if let Some((caller, secret)) = caller.as_ref().and_then(|caller| match caller.credential() {
            Credential::Session { secret, .. } => Some((caller, secret)),
            Credential::ApiKey { .. } | Credential::Program { .. } | Credential::Token { .. } => None,
        }) {
            let id = caller.account();
            let person = console.memory.profile(id);
            let ((account, profile), counts) = futures::try_join!(person, console.memory.counts(id))?;
            page.counts = counts;
            page.is_public = profile.is_public();
            page.face = Some(Face::new(&account.name, &profile.avatar, &console.public_url));
            page.who = Some(account);
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

/// Extracts the page of a signed-in person. An API key is refused.
pub(crate) struct Member {
    pub(crate) page: Page,
    pub(crate) account: Account,
    /// The session's id.
    pub(crate) session: SessionId,
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
