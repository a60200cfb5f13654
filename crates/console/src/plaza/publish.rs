//! Posts with pictures: the form above the feed, which works without a script.

use axum::{
    extract::{FromRequest, Multipart, Request, State, multipart::Field},
    response::{IntoResponse, Redirect, Response},
};
use identity::credential;
use memory::file::File;
use plaza::post::{model::PostRequest, rules};
use web::{ApiError, Code};

use super::{
    CertifiedMember,
    square::{PostForm, write_page},
};
use crate::{Console, page::Member};

/// The path of the form.
pub(crate) const PATH: &str = "/plaza/publish";
/// Maximum size of a form in bytes.
pub(crate) const MAX_UPLOAD: usize = 40 * 1024 * 1024;
/// Maximum size of a field with text in bytes.
const MAX_FIELD: usize = 100 * 1024;
/// Maximum number of pictures of a post.
const MAX_PICTURES: usize = 9;

/// Creates a post, or shows the form to write one with the error.
pub(crate) async fn submit(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut form, mut pictures) = (PostForm::default(), Vec::new());
    let posted = receive(&console, &member, request, &mut form, &mut pictures).await;
    if posted.is_err() {
        // Nothing refers to what was already stored.
        for picture in &pictures {
            console.memory.delete_file(member.account.id, &picture.key).await?;
        }
    }
    match posted {
        Ok(name) => Ok(Redirect::to(&format!("/plaza/posts/{name}")).into_response()),
        Err(error) if error.code() != Code::CsrfRejected && error.code().status().is_client_error() => {
            write_page(&console, member, &form, Some(error)).await
        }
        Err(error) => Err(error),
    }
}

/// Reads the form. The token comes first, so that nothing is stored for a forged form, and the text comes
/// before the pictures, so that none is stored for a post that is refused.
async fn receive(
    console: &Console,
    member: &Member,
    request: Request,
    form: &mut PostForm,
    pictures: &mut Vec<File>,
) -> Result<String, ApiError> {
    let unreadable = || ApiError::new(Code::Unprocessable);
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|refused| ApiError::new(Code::CsrfRejected).because(refused))?;
    let mut is_expected = false;
    while let Some(field) = parts.next_field().await.map_err(|error| unreadable().because(error))? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "csrf" => is_expected = credential::equal(&text(field).await?, &member.page.csrf),
            _ if !is_expected => break,
            "pictures" if field.file_name().is_none_or(str::is_empty) => {}
            "pictures" if pictures.len() >= MAX_PICTURES => {
                return Err(ApiError::new(Code::InvalidParam).with(format!("images <= {MAX_PICTURES}")));
            }
            "pictures" => {
                if pictures.is_empty() {
                    console.plaza.speak(member.account.id).await?;
                    rules::check(form.request())?;
                }
                pictures.push(console.memory.receive_picture(member.account.id, field).await?);
            }
            name => form.set(name, text(field).await?),
        }
    }
    if !is_expected {
        return Err(Code::CsrfRejected.into());
    }
    console.plaza.speak(member.account.id).await?;
    let urls = pictures.iter().map(|picture| picture.url.clone()).collect();
    let request: PostRequest = form.request().with_pictures(urls);
    console.plaza.post(member.account.id, rules::check(request)?).await
}

async fn text(mut field: Field<'_>) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) =
        field.chunk().await.map_err(|error| ApiError::new(Code::Unprocessable).because(error))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_FIELD {
            return Err(ApiError::new(Code::Unprocessable));
        }
    }
    String::from_utf8(bytes).map_err(|error| ApiError::new(Code::Unprocessable).because(error))
}
