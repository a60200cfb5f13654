//! `doppel app …`

use identity::{
    Identity,
    application::{Application, ApplicationRequest, rules},
};
use serde_json::{Value, json};
use web::paging::Page;

use super::{
    account_of, args,
    out::{Failure, say, say_json},
};
use crate::config::Config;

/// Apps per page of the list.
const PAGE: i64 = 100;

pub(super) async fn run(config: &Config, command: args::App) -> Result<(), Failure> {
    let (db, identity) = super::identity(config).await?;
    match command {
        args::App::Create { account, name, redirect_uris, scopes, description, public, json } => {
            let names = scopes.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned);
            let request = ApplicationRequest {
                app_name: Some(name),
                app_description: Some(description),
                redirect_uris: Some(redirect_uris),
                allowed_scopes: Some(names.collect()),
                client_type: Some(if public { "public" } else { "confidential" }.to_owned()),
                ..ApplicationRequest::default()
            };
            create(&identity, &account, request, json).await?;
        }
        args::App::List { account, json } => list(&identity, &account, json).await?,
        args::App::Delete { id } => {
            let owner = identity.application_owner(&id).await?;
            identity.delete_application(owner, &id).await?;
        }
    }
    db.close().await?;
    Ok(())
}

async fn create(
    identity: &Identity,
    account: &str,
    request: ApplicationRequest,
    json: bool,
) -> Result<(), Failure> {
    let owner = account_of(identity, account).await?;
    let new = rules::create(request, identity.settings().oauth.redirects)?;
    let (app, secret) = identity.create_application(owner.id, new).await?;
    // A public app has no use for a secret.
    let secret = (!app.is_public).then(|| secret.expose().to_owned());
    if json {
        let mut about = as_json(&app);
        if let (Some(members), Some(secret)) = (about.as_object_mut(), secret) {
            members.insert("clientSecret".into(), json!(secret));
        }
        return say_json(&about);
    }
    say(&format!("client id      {}", app.id))?;
    secret.map_or(Ok(()), |secret| say(&format!("client secret  {secret}")))
}

async fn list(identity: &Identity, account: &str, json: bool) -> Result<(), Failure> {
    let owner = account_of(identity, account).await?;
    let mut offset = 0;
    loop {
        let (apps, _) = identity.own_applications(owner.id, Page { limit: PAGE, offset }).await?;
        if apps.is_empty() {
            return Ok(());
        }
        apps.iter().try_for_each(|app| if json { say_json(&as_json(app)) } else { say(&line(app)) })?;
        offset += PAGE;
    }
}

fn as_json(app: &Application) -> Value {
    json!({
        "clientId": app.id,
        "name": app.name,
        "description": app.description,
        "clientType": kind(app),
        "redirectUris": app.redirect_uris,
        "scopes": app.scopes.names(),
        "status": app.status.name(),
        "createdAt": app.created_at,
    })
}

fn line(app: &Application) -> String {
    let uris = app.redirect_uris.join(" ");
    format!("{}  {}  {}  {}  {}  {uris}", app.id, app.name, kind(app), app.status.name(), app.scopes)
}

const fn kind(app: &Application) -> &'static str {
    if app.is_public { "public" } else { "confidential" }
}
