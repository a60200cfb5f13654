//! The first page after signing in.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use identity::Account;
use web::{ApiError, paging::Page as Rows};

use crate::{
    Console,
    page::{Member, Page},
    texts::{Texts, fill},
};

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    page: &'a Page,
    account: &'a Account,
    title: String,
    keys: String,
    command: String,
}

/// Shows the page, with links to the other pages and an example request.
pub(crate) async fn show(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    let page = member.page.at("home", "/");
    let (_, keys) = console.identity.keys(member.account.id, Rows { limit: 1, offset: 0 }).await?;
    let template = Home {
        page: &page,
        account: &member.account,
        title: fill(page.t.home_title, &member.account.name),
        keys: count(keys, page.t),
        command: command(&console.public_url, "/secondme/user/info", "lba_ak_your_api_key_here"),
    };
    page.answer(StatusCode::OK, &template)
}

/// Returns a `curl` command that calls an endpoint with a key.
pub(crate) fn command(public_url: &str, endpoint: &str, key: &str) -> String {
    format!("curl \"{public_url}/gate/lab/api{endpoint}\" \\\n  -H \"Authorization: Bearer {key}\"")
}

fn count(keys: i64, t: &Texts) -> String {
    match keys {
        0 => t.home_keys_none.to_owned(),
        1 => t.home_keys_one.to_owned(),
        more => fill(t.home_keys_many, more),
    }
}
