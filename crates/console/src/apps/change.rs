//! Changes an app, its secret and its webhook, and deletes it.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use identity::application::rules;
use web::{ApiError, Code};

use super::{
    PATH,
    detail::{self, Notice},
    form::{AppForm, Problems},
    shown,
};
use crate::{
    Console,
    form::{CsrfForm, Nothing},
    page::Member,
    texts::fill,
};

/// Changes an app, or shows its page again with the problems.
pub(crate) async fn edit(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(form): CsrfForm<AppForm>,
) -> Result<Response, ApiError> {
    let (identity, account) = (&console.identity, member.account.id);
    let app = identity.own_application(account, &id).await?;
    let changed = match rules::change(form.request(), identity.settings().oauth.redirects) {
        Ok(change) => match identity.set_webhook(account, &id, change.webhook.clone()).await {
            Ok(secret) => identity.change_application(account, &id, change).await.map(|app| (app, secret)),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match changed {
        // A secret that the person typed is not shown again.
        Ok((app, Some(secret))) if form.webhook_secret.trim().is_empty() => {
            shown::changed(&console.public_url, member, &app, None, Some(secret))
        }
        Ok(_) => Ok(Redirect::to(&format!("{PATH}/{id}?done=saved")).into_response()),
        Err(error) => {
            let (t, language) = (detail::texts(&member), member.page.language);
            match Problems::of(&error, t, identity.settings().oauth.max_applications, language) {
                Some(problems) => {
                    let form = AppForm { is_public: app.is_public, ..form };
                    detail::render(&console, member, &app, form, Notice::None, Some((error, problems))).await
                }
                None => Err(error),
            }
        }
    }
}

/// Creates a new client secret and shows it.
pub(crate) async fn regenerate(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let secret = console.identity.new_application_secret(member.account.id, &id).await?;
    let app = console.identity.own_application(member.account.id, &id).await?;
    shown::changed(&console.public_url, member, &app, Some(secret.expose().to_owned()), None)
}

/// Sends a test event to the saved webhook address.
pub(crate) async fn test(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let tried = console.identity.try_webhook(member.account.id, &id, None, None).await;
    let t = detail::texts(&member);
    let notice = match tried {
        Ok(trial) if trial.is_taken() => Notice::Good(fill(t.test_done, trial.summary())),
        Ok(trial) => Notice::Bad(fill(t.test_failed, trial.summary())),
        Err(error) if error.code() == Code::Unprocessable => Notice::Bad(t.test_not_set.to_owned()),
        Err(error) => return Err(error),
    };
    let app = console.identity.own_application(member.account.id, &id).await?;
    let form = AppForm::of(&app);
    detail::render(&console, member, &app, form, notice, None).await
}

/// Deletes an app.
pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    console.identity.delete_application(member.account.id, &id).await?;
    Ok(Redirect::to("/apps?done=deleted").into_response())
}
