//! The pages on which a person signs in a program: either by a code that they paste into the program, or by
//! confirming a program that waits.

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

/// The path of the page that shows a code.
pub(crate) const SKILLS: &str = "/auth/skills";
/// The path of the page that confirms a waiting program.
pub(crate) const CLI: &str = "/auth/cli";

/// The query of the page that shows a code.
#[derive(serde::Deserialize)]
pub(crate) struct SkillParams {
    challenge: Option<String>,
}

/// The form that requests a code.
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

/// Shows the form that requests a code.
pub(crate) async fn show_skill(
    member: Member,
    Query(query): Query<SkillParams>,
) -> Result<Response, ApiError> {
    let challenge = query.challenge.filter(|challenge| is_challenge(challenge));
    let challenge = challenge.ok_or_else(|| ApiError::new(Code::InvalidParam).with("challenge"))?;
    let page = member.page.at("", format!("{SKILLS}?challenge={challenge}"));
    let t = Texts::of(page.language);
    let template = SkillPage { page: &page, t, challenge: &challenge, code: None };
    std::future::ready(page.answer(StatusCode::OK, &template)).await
}

/// Creates a code and shows it once.
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

/// The query of the page that confirms a program.
#[derive(serde::Deserialize)]
pub(crate) struct DeviceParams {
    session: Option<String>,
}

/// The form that confirms a program.
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
    /// The code that the program shows, if it is known.
    shown: Option<String>,
    typed: &'a str,
    is_done: bool,
    problem: Option<String>,
}

/// Shows the code of the waiting program, or a field to type it.
pub(crate) async fn show_device(
    State(console): State<Console>,
    member: Member,
    Query(query): Query<DeviceParams>,
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

/// Signs the program in.
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
