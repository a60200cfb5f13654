//! The page of skills: instructions that several avatars can follow.

use askama::Template;
use avatars::skill::{NewSkill, Skill, rules};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use web::{ApiError, Issues, Query};

use super::{edit::PageParams, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
};

const PATH: &str = "/avatars/skills";

/// The form that creates a skill.
#[derive(Default)]
pub(crate) struct SkillForm {
    title: String,
    description: String,
    when: String,
    content: String,
}

impl From<Fields> for SkillForm {
    fn from(fields: Fields) -> Self {
        let plain = |name: &str| fields.text(name).replace("\r\n", "\n").trim().to_owned();
        Self {
            title: plain("title"),
            description: plain("description"),
            when: plain("when"),
            content: plain("content"),
        }
    }
}

#[derive(Template)]
#[template(path = "avatar_skills.html")]
struct SkillsPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    skills: Vec<Skill>,
    form: SkillForm,
    notice: Option<&'static str>,
    alert: Option<String>,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, SkillForm::default(), params.is_done(), None).await
}

async fn render(
    console: &Console,
    member: Member,
    form: SkillForm,
    is_done: bool,
    refused: Option<ApiError>,
) -> Result<Response, ApiError> {
    let page = member.page.at("visitors", PATH);
    let t = Texts::of(page.language);
    let template = SkillsPage {
        page: &page,
        t,
        skills: console.avatars.skills(member.account.id).await?,
        form,
        notice: is_done.then_some(t.saved),
        alert: refused.as_ref().map(|error| error.message(page.language)),
    };
    match refused {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

/// Creates a skill, or shows the page again with the error.
pub(crate) async fn create(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<SkillForm>,
) -> Result<Response, ApiError> {
    let made = async {
        let mut issues = Issues::body();
        for (field, value) in
            [("title", &form.title), ("description", &form.description), ("content", &form.content)]
        {
            if value.is_empty() {
                issues.missing(field);
            }
        }
        issues.finish()?;
        let new = NewSkill::of_form(&form.title, &form.description, &form.when, &form.content);
        console.avatars.create_skill(member.account.id, rules::check_parts(new)?).await
    };
    match made.await {
        Ok(_) => Ok(Redirect::to(&format!("{PATH}?done=saved")).into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, form, false, Some(error)).await
        }
        Err(error) => Err(error),
    }
}
