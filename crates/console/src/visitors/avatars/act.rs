//! Small forms of the page of an avatar: its keys, pausing, preferring and deleting it.

use askama::Template;
use avatars::{AvatarKeyId, avatar::Change};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use web::{ApiError, Code, Issues};

use super::{PATH, edit, form::AvatarForm, missing, own, path_of, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
};

/// Longest name of a key in characters.
const MAX_NAME: usize = 100;

/// The action that a form asks for.
enum Act {
    Pause(bool),
    Prefer,
    Delete,
    EnableKey(bool),
    DeleteKey,
}

/// A small form.
pub(crate) struct ActForm {
    act: Option<Act>,
    key: Option<AvatarKeyId>,
}

impl From<Fields> for ActForm {
    fn from(fields: Fields) -> Self {
        Self {
            act: match fields.text("do").as_str() {
                "pause" => Some(Act::Pause(true)),
                "resume" => Some(Act::Pause(false)),
                "prefer" => Some(Act::Prefer),
                "delete" => Some(Act::Delete),
                "key_on" => Some(Act::EnableKey(true)),
                "key_off" => Some(Act::EnableKey(false)),
                "key_delete" => Some(Act::DeleteKey),
                _ => None,
            },
            key: fields.text("key").parse().ok(),
        }
    }
}

/// Does what a small form asks for.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(form): CsrfForm<ActForm>,
) -> Result<Response, ApiError> {
    let (avatars, owner) = (&console.avatars, member.account.id);
    let avatar = own(&console, &member, &id).await?;
    let path = path_of(avatar.id);
    let key = || form.key.ok_or_else(|| ApiError::from(Code::NotFound));
    let done = match form.act {
        None => return Ok(Redirect::to(&path).into_response()),
        Some(Act::Pause(paused)) => {
            let change = Change { paused: Some(paused), ..Change::default() };
            avatars.update_avatar(owner, avatar.id, change).await?;
            "saved"
        }
        Some(Act::Prefer) => {
            avatars.set_default_avatar(owner, avatar.id).await?;
            "saved"
        }
        Some(Act::Delete) => match avatars.delete_avatar(owner, avatar.id).await {
            Ok(()) => return Ok(Redirect::to(PATH).into_response()),
            Err(error) if error.code() == Code::AvatarDeleteFailed => {
                let form = AvatarForm::of(&avatar);
                return edit::render(&console, member, Some(avatar), form, None, Some(error)).await;
            }
            Err(error) => return Err(error),
        },
        Some(Act::EnableKey(is_enabled)) => {
            avatars.update_avatar_key(owner, key()?, None, Some(is_enabled)).await.map_err(missing)?;
            "key"
        }
        Some(Act::DeleteKey) => {
            avatars.delete_avatar_key(owner, key()?).await.map_err(missing)?;
            "key"
        }
    };
    Ok(Redirect::to(&format!("{path}?done={done}")).into_response())
}

/// The form that creates a key.
pub(crate) struct KeyForm(String);

impl From<Fields> for KeyForm {
    fn from(fields: Fields) -> Self {
        Self(fields.text("name"))
    }
}

#[derive(Template)]
#[template(path = "avatar_key.html")]
struct KeyPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    back: String,
    avatar: String,
    name: String,
    secret: &'a str,
}

/// Creates a key, and shows it once.
pub(crate) async fn create_key(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(KeyForm(name)): CsrfForm<KeyForm>,
) -> Result<Response, ApiError> {
    let avatar = own(&console, &member, &id).await?;
    let made = async {
        let mut issues = Issues::body();
        let name = issues.name("name", Some(&name), MAX_NAME);
        issues.finish()?;
        console.avatars.create_avatar_key(member.account.id, avatar.id, name).await
    };
    let (key, secret) = match made.await {
        Ok(made) => made,
        Err(error) if error.code().status().is_client_error() => {
            let form = AvatarForm::of(&avatar);
            return edit::render(&console, member, Some(avatar), form, None, Some(error)).await;
        }
        Err(error) => return Err(error),
    };
    let page = member.page.once("visitors");
    let template = KeyPage {
        page: &page,
        t: Texts::of(page.language),
        back: path_of(avatar.id),
        avatar: avatar.title,
        name: key.name,
        secret: secret.expose(),
    };
    page.answer(StatusCode::OK, &template)
}
