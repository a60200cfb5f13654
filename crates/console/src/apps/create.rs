//! Creates an app: the form, and the page that shows the secret once.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use identity::application::rules;
use web::ApiError;

use super::{
    form::{AppForm, Choice, Problems},
    shown,
    texts::Texts,
};
use crate::{
    Console,
    form::CsrfForm,
    page::{Member, Page},
};

#[derive(Template)]
#[template(path = "apps_new.html")]
struct NewPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    form: &'a AppForm,
    choices: Vec<Choice>,
    problems: Problems,
}

fn page<'a>(page: &'a Page, form: &'a AppForm, problems: Problems) -> NewPage<'a> {
    NewPage { page, t: Texts::of(page.language), form, choices: form.choices(page.language), problems }
}

/// Shows the form.
pub(crate) fn show(member: Member) -> std::future::Ready<Result<Response, ApiError>> {
    let frame = member.page.at("apps", "/apps/new");
    let empty = AppForm::default();
    let template = page(&frame, &empty, Problems::default());
    std::future::ready(frame.answer(StatusCode::OK, &template))
}

/// Creates the app and shows its secret, or shows the form again with the problems.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<AppForm>,
) -> Result<Response, ApiError> {
    let (identity, account) = (&console.identity, member.account.id);
    let made = match rules::create(form.request(), identity.settings().oauth.redirects) {
        Ok(new) => {
            let webhook = new.webhook.clone();
            match identity.create_application(account, new).await {
                Ok((app, secret)) => identity
                    .set_webhook(account, &app.id, webhook)
                    .await
                    .map(|signing| (app, secret, signing)),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    match made {
        Ok((app, secret, signing)) => {
            let client_secret = (!app.is_public).then(|| secret.expose().to_owned());
            shown::created(&console.public_url, member, &app, client_secret, signing)
        }
        Err(error) => {
            let frame = member.page.at("apps", "/apps/new");
            let (t, most) = (Texts::of(frame.language), identity.settings().oauth.max_applications);
            match Problems::of(&error, t, most, frame.language) {
                Some(problems) => frame.refuse(&error, &page(&frame, &form, problems)),
                None => Err(error),
            }
        }
    }
}
