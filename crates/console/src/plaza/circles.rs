//! The page of circles and topics, and creating, joining and leaving circles.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use plaza::{
    circle::{Circle, model::CircleRequest, rules},
    cursor::CursorParams,
    topic::Topic,
};
use web::{ApiError, Query};

use super::{CertifiedMember, problem, texts::Texts, view::encode};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
};

/// The query of the page.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    page: Option<String>,
    snapshot: Option<String>,
}

/// The form that creates a circle, joins it or leaves it.
#[derive(Default)]
pub(crate) struct CircleForm {
    name: String,
    route: String,
    description: String,
    what: String,
}

impl From<Fields> for CircleForm {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.text("name"),
            route: fields.text("route"),
            description: fields.text("description").replace("\r\n", "\n"),
            what: fields.text("what"),
        }
    }
}

#[derive(Template)]
#[template(path = "plaza/circles.html")]
struct CirclesPage<'a> {
    page: &'a Page,
    t: &'a Texts,
    alert: Option<String>,
    circles: Vec<Circle>,
    /// Address, title and number of posts of each topic.
    topics: Vec<(String, String, i64)>,
    form: &'a CircleForm,
    newer: Option<String>,
    older: Option<String>,
}

/// Shows the circles, newest first, and the topics with the most posts.
pub(crate) async fn show(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Query(asked): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, asked, &CircleForm::default(), None).await
}

async fn render(
    console: &Console,
    member: Member,
    asked: PageParams,
    form: &CircleForm,
    error: Option<ApiError>,
) -> Result<Response, ApiError> {
    let number = asked.page.as_deref().and_then(|page| page.parse().ok());
    let cursor = CursorParams { page: number, page_size: None, snapshot: asked.snapshot }.check()?;
    let (circles, has_more, snapshot) = console.plaza.circles(member.account.id, cursor).await?;
    let (topics, _) = console.plaza.topics(CursorParams::default().check()?).await?;
    let link = |topic: Topic| (format!("/plaza/topics/{}", encode(&topic.id)), topic.title, topic.posts);
    let page = member.page.at("plaza", "/plaza/circles");
    let snapshot = snapshot.unwrap_or_default();
    let template = CirclesPage {
        page: &page,
        t: Texts::of(page.language),
        alert: error.as_ref().map(|error| problem(error, &page)),
        circles,
        topics: topics.into_iter().map(link).collect(),
        form,
        newer: (cursor.number() > 1).then(|| format!("/plaza/circles?page={}", cursor.number() - 1)),
        older: has_more.then(|| format!("/plaza/circles?page={}&snapshot={snapshot}", cursor.number() + 1)),
    };
    match error {
        Some(error) => page.refuse(&error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Creates a circle, or shows the page again with the error.
pub(crate) async fn create(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    CsrfForm(form): CsrfForm<CircleForm>,
) -> Result<Response, ApiError> {
    let request = CircleRequest {
        name: Some(form.name.clone()),
        circle_route: Some(form.route.clone()),
        description: Some(form.description.clone()),
    };
    let made = async {
        console.plaza.speak(member.account.id).await?;
        console.plaza.add_circle(member.account.id, rules::check(request)?).await
    };
    match made.await {
        Ok(()) => Ok(Redirect::to("/plaza/circles").into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, PageParams::default(), &form, Some(error)).await
        }
        Err(error) => Err(error),
    }
}

/// Joins or leaves a circle.
pub(crate) async fn change(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path(route): Path<String>,
    CsrfForm(form): CsrfForm<CircleForm>,
) -> Result<Response, ApiError> {
    console.plaza.speak(member.account.id).await?;
    if form.what == "leave" {
        console.plaza.leave_circle(member.account.id, &route).await?;
    } else {
        console.plaza.join_circle(member.account.id, &route).await?;
    }
    Ok(Redirect::to("/plaza/circles").into_response())
}
