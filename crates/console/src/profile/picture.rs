//! Pictures of a profile: uploads of an avatar and a cover, and their removal.

use axum::{
    extract::{FromRequest, Multipart, Request, State, multipart::Field},
    response::{IntoResponse, Redirect, Response},
};
use identity::credential;
use memory::profile::Change;
use web::{ApiError, Code};

use super::{PageParams, Refused, render};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::Member,
};

/// The path of the upload form.
pub(crate) const UPLOAD: &str = "/profile/picture";
/// The path of the form that removes a picture.
pub(crate) const REMOVE: &str = "/profile/picture/remove";
/// Maximum size of an upload, in bytes, with what multipart adds. The script sends far smaller pictures.
pub(crate) const MAX_UPLOAD: usize = 8 * 1024 * 1024;
/// Most characters of a field before the file.
const MAX_FIELD: usize = 200;

/// The picture that a form is about.
#[derive(Clone, Copy)]
enum Which {
    Avatar,
    Cover,
}

impl Which {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "avatar" => Some(Self::Avatar),
            "cover" => Some(Self::Cover),
            _ => None,
        }
    }

    fn change(self, url: String) -> Change {
        match self {
            Self::Avatar => Change { avatar: Some(url), ..Change::default() },
            Self::Cover => Change { cover: Some(url), ..Change::default() },
        }
    }
}

/// The form that removes a picture.
pub(crate) struct Removal(String);

impl From<Fields> for Removal {
    fn from(fields: Fields) -> Self {
        Self(fields.text("which"))
    }
}

/// Stores an uploaded picture and sets it in the profile, or shows the profile again with the error.
pub(crate) async fn upload(
    State(console): State<Console>,
    member: Member,
    request: Request,
) -> Result<Response, ApiError> {
    match receive(&console, &member, request).await {
        Ok(()) => Ok(Redirect::to("/profile?done=saved").into_response()),
        Err(error) if error.code() != Code::CsrfRejected && error.code().status().is_client_error() => {
            render(&console, member, PageParams::default(), Some(Refused::Picture(error))).await
        }
        Err(error) => Err(error),
    }
}

/// Removes a picture from the profile.
pub(crate) async fn remove(
    State(console): State<Console>,
    member: Member,
    CsrfForm(Removal(which)): CsrfForm<Removal>,
) -> Result<Redirect, ApiError> {
    let which = Which::parse(&which).ok_or(Code::NotFound)?;
    console.memory.update_profile(member.account.id, which.change(String::new())).await?;
    Ok(Redirect::to("/profile?done=saved"))
}

/// Reads the form. Its token comes before the file, so that nothing is stored for a forged form.
async fn receive(console: &Console, member: &Member, request: Request) -> Result<(), ApiError> {
    let unreadable = || ApiError::new(Code::Unprocessable);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|refused| ApiError::new(Code::CsrfRejected).because(refused))?;
    let (mut is_expected, mut which) = (false, None);
    while let Some(field) = form.next_field().await.map_err(|error| unreadable().because(error))? {
        match field.name() {
            Some("csrf") => is_expected = credential::equal(&text(field).await?, &member.page.csrf),
            Some("which") => which = Which::parse(&text(field).await?),
            Some("file") if is_expected => {
                let which = which.ok_or_else(unreadable)?;
                let file = console.memory.receive_picture(member.account.id, field).await?;
                return console.memory.update_profile(member.account.id, which.change(file.url)).await;
            }
            _ => break,
        }
    }
    Err(if is_expected { unreadable() } else { Code::CsrfRejected.into() })
}

async fn text(mut field: Field<'_>) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) =
        field.chunk().await.map_err(|error| ApiError::new(Code::Unprocessable).because(error))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_FIELD {
            return Err(Code::CsrfRejected.into());
        }
    }
    String::from_utf8(bytes).map_err(|error| ApiError::new(Code::Unprocessable).because(error))
}
