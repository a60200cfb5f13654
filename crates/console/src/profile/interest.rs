//! The page of an interest: its private and its public side, and forms to change and delete it.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use memory::{
    ShadeId,
    shade::{Shade, ShadeBody},
};
use store::AccountId;
use web::{ApiError, Code, Query, id_in};

use super::{PATH, PageParams, Refused, form::Typed, render, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Nothing},
    page::{Member, Page},
};

#[derive(Template)]
#[template(path = "interest.html")]
struct InterestPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    id: ShadeId,
    typed: Typed,
    notice: Option<&'static str>,
    alert: Option<String>,
}

/// Adds an interest, or shows the profile again with the error.
pub(crate) async fn add(
    State(console): State<Console>,
    member: Member,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    match console.memory.create_shade(member.account.id, typed.clone().over(ShadeBody::default())).await {
        Ok(_) => Ok(Redirect::to("/profile?done=added").into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, PageParams::default(), Some(Refused::Interest(error, typed))).await
        }
        Err(error) => Err(error),
    }
}

/// Shows the page of an interest.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let shade = find(&console, member.account.id, &id).await?;
    let is_saved = params.done.as_deref() == Some("saved");
    let typed = Typed::from(&shade.body);
    let page = member.page.at("profile", format!("{PATH}/interests/{}", shade.id));
    let t = Texts::of(page.language);
    let notice = is_saved.then_some(t.saved);
    page.answer(StatusCode::OK, &InterestPage { page: &page, t, id: shade.id, typed, notice, alert: None })
}

/// Changes an interest, or shows it again with the error.
pub(crate) async fn change(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let Shade { id, body, .. } = find(&console, member.account.id, &id).await?;
    match console.memory.update_shade(member.account.id, id, typed.clone().over(body)).await {
        Ok(_) => Ok(Redirect::to(&format!("{PATH}/interests/{id}?done=saved")).into_response()),
        Err(error) if error.code() == Code::NotFound => Err(error),
        Err(error) if error.code().status().is_client_error() => {
            let page = member.page.at("profile", format!("{PATH}/interests/{id}"));
            let (t, alert) = (Texts::of(page.language), Some(error.message(page.language)));
            page.refuse(&error, &InterestPage { page: &page, t, id, typed, notice: None, alert })
        }
        Err(error) => Err(error),
    }
}

/// Copies the private side of an interest to its public side.
pub(crate) async fn publish(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let Shade { id, body, .. } = find(&console, member.account.id, &id).await?;
    let body = ShadeBody {
        shade_name_public: body.shade_name.clone(),
        shade_description_public: body.shade_description.clone(),
        shade_content_public: body.shade_content.clone(),
        ..body
    };
    console.memory.update_shade(member.account.id, id, body).await?;
    Ok(Redirect::to("/profile?done=published#interests").into_response())
}

/// Deletes an interest.
pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let id: ShadeId = id_in(&id, Code::NotFound)?;
    console.memory.delete_shade(member.account.id, id).await?;
    Ok(Redirect::to("/profile?done=deleted").into_response())
}

/// Returns an interest. All are read, because a person has only a few.
async fn find(console: &Console, account: AccountId, id: &str) -> Result<Shade, ApiError> {
    let id: ShadeId = id_in(id, Code::NotFound)?;
    let shades = console.memory.shades(account, false).await?;
    let found = shades.into_iter().find(|shade| shade.id == id);
    found.ok_or_else(|| Code::NotFound.into())
}
