//! Signing in programs: showing the code that a person carries to their program, and letting in the one that waits.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use identity::grant::rules::is_challenge;
use web::{ApiError, Code, Query};

use crate::{
    Console,
    apps::texts::Texts,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    sign_in::{Browser, slowed},
};

/// Where a program sends its person for a code.
pub(crate) const SKILLS: &str = "/auth/skills";
/// Where a person lets a waiting program in.
pub(crate) const CLI: &str = "/auth/cli";

/// The query of the page of a code.
#[derive(serde::Deserialize)]
pub(crate) struct SkillQuery {
    challenge: Option<String>,
}

/// What is sent for a code.
pub(crate) struct SkillForm {
    challenge: String,
}

impl From<Fields> for SkillForm {
    fn from(fields: Fields) -> Self {
        Self { challenge: fields.text("challenge") }
    }
}

#[derive(Template)]
#[template(path = "skill.html")]
struct SkillPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    challenge: &'a str,
    code: Option<&'a str>,
}

/// Asks before a code is made.
pub(crate) async fn show_skill(
    member: Member,
    Query(query): Query<SkillQuery>,
) -> Result<Response, ApiError> {
    let challenge = query.challenge.filter(|challenge| is_challenge(challenge));
    let challenge = challenge.ok_or_else(|| ApiError::new(Code::InvalidParam).with("challenge"))?;
    let page = member.page.at("", format!("{SKILLS}?challenge={challenge}"));
    let t = Texts::of(page.language);
    let template = SkillPage { page: &page, t, challenge: &challenge, code: None };
    std::future::ready(page.answer(StatusCode::OK, &template)).await
}

/// Makes the code and shows it, this once.
pub(crate) async fn make_code(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<SkillForm>,
) -> Result<Response, ApiError> {
    let code = console.identity.program_code(member.account.id, &form.challenge).await?;
    let page = member.page.once("");
    let t = Texts::of(page.language);
    let template = SkillPage { page: &page, t, challenge: "", code: Some(code.expose()) };
    page.answer(StatusCode::OK, &template)
}

/// The query of the page of a waiting program.
#[derive(serde::Deserialize)]
pub(crate) struct DeviceQuery {
    session: Option<String>,
}

/// What is sent to let a program in.
pub(crate) struct DeviceForm {
    code: String,
}

impl From<Fields> for DeviceForm {
    fn from(fields: Fields) -> Self {
        Self { code: fields.text("code") }
    }
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage<'a> {
    page: &'a Page,
    t: &'static Texts,
    /// What the program shows, where it is known.
    shown: Option<String>,
    typed: &'a str,
    is_done: bool,
    problem: Option<String>,
}

/// Shows the code of the program that waits, or asks for it.
pub(crate) async fn show_device(
    State(console): State<Console>,
    member: Member,
    Query(query): Query<DeviceQuery>,
) -> Result<Response, ApiError> {
    let page = member.page.at("", CLI);
    let t = Texts::of(page.language);
    let Some(session) = query.session else {
        let template = DevicePage { page: &page, t, shown: None, typed: "", is_done: false, problem: None };
        return page.answer(StatusCode::OK, &template);
    };
    match console.identity.waiting_device(&session).await {
        Ok(code) => {
            let template =
                DevicePage { page: &page, t, shown: Some(code), typed: "", is_done: false, problem: None };
            page.answer(StatusCode::OK, &template)
        }
        Err(error) => again(&page, "", error),
    }
}

/// Lets the program in.
pub(crate) async fn let_in(
    State(console): State<Console>,
    member: Member,
    browser: Browser,
    CsrfForm(form): CsrfForm<DeviceForm>,
) -> Result<Response, ApiError> {
    let page = member.page.at("", CLI);
    let address = browser.client.address;
    match console.identity.let_device_in(member.account.id, &form.code, address).await {
        Ok(()) => {
            let t = Texts::of(page.language);
            let template =
                DevicePage { page: &page, t, shown: None, typed: "", is_done: true, problem: None };
            page.answer(StatusCode::OK, &template)
        }
        Err(error) => again(&page, &form.code, error),
    }
}

fn again(page: &Page, typed: &str, error: ApiError) -> Result<Response, ApiError> {
    let t = Texts::of(page.language);
    let problem = match error.code() {
        Code::OauthCodeInvalid => t.device_problem.to_owned(),
        Code::RateLimited => slowed(&error, page),
        _ => return Err(error),
    };
    let template = DevicePage { page, t, shown: None, typed, is_done: false, problem: Some(problem) };
    page.refuse(&error, &template)
}
