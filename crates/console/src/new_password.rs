//! `/new-password`: a new password with a link that an administrator made.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::{Password, account::rules};
use web::{ApiError, Query};

use crate::{
    Console,
    form::{Fields, VisitorForm},
    page::Page,
    paths::NEW_PASSWORD,
    problems::{Form, Problems},
    sign_in,
    texts::fill,
};

/// The query of the page.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    #[serde(default)]
    link: String,
}

/// The form.
pub(crate) struct PasswordForm {
    link: String,
    password: Password,
}

impl From<Fields> for PasswordForm {
    fn from(fields: Fields) -> Self {
        Self { link: fields.text("link"), password: Password::new(fields.text("password")) }
    }
}

#[derive(Template)]
#[template(path = "new_password.html")]
struct PasswordPage<'a> {
    page: &'a Page,
    email: &'a str,
    link: &'a str,
    problems: Problems,
    password_hint: String,
}

/// Shows the form, if the link is valid.
pub(crate) async fn show(
    State(console): State<Console>,
    page: Page,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let account = console.identity.account_of_password_link(&params.link).await?;
    render(&page.front(NEW_PASSWORD), &account.email, &params.link, None)
}

fn render(page: &Page, email: &str, link: &str, refused: Option<&ApiError>) -> Result<Response, ApiError> {
    let template = PasswordPage {
        page,
        email,
        link,
        problems: refused.map_or_else(Problems::default, |error| Problems::of(error, page.t, Form::Account)),
        password_hint: fill(page.t.password_hint, rules::MIN_PASSWORD),
    };
    match refused {
        Some(error) => page.refuse(error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Sets the password. The person signs in with it.
pub(crate) async fn submit(
    State(console): State<Console>,
    page: Page,
    VisitorForm(form): VisitorForm<PasswordForm>,
) -> Result<Response, ApiError> {
    let account = console.identity.account_of_password_link(&form.link).await?;
    match console.identity.set_password_with_link(&form.link, form.password).await {
        Ok(_) => Ok(Redirect::to(sign_in::PATH).into_response()),
        Err(error) if !error.list().is_empty() => {
            render(&page.front(NEW_PASSWORD), &account.email, &form.link, Some(&error))
        }
        Err(error) => Err(error),
    }
}
