//! Posts with pictures: the form above the feed, which works without a script.

use axum::{
    extract::{FromRequest, Multipart, Request, State, multipart::Field},
    response::{IntoResponse, Redirect, Response},
};
use identity::credential;
use memory::{file::File, note::page::Preview};
use plaza::post::{
    model::{LinkMeta, PostRequest},
    rules,
};
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
    let (mut form, mut media) = (PostForm::default(), Media::default());
    let posted = receive(&console, &member, request, &mut form, &mut media).await;
    if posted.is_err() {
        // Nothing refers to what was already stored.
        for file in media.pictures.iter().chain(&media.video) {
            console.memory.delete_file(member.account.id, &file.key).await?;
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
    media: &mut Media,
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
            "pictures" => {
                if media.pictures.is_empty() && media.video.is_none() {
                    console.plaza.speak(member.account.id).await?;
                    rules::check(form.request())?;
                }
                media.add(console.memory.receive_media(member.account.id, field).await?)?;
            }
            name => form.set(name, text(field).await?),
        }
    }
    if !is_expected {
        return Err(Code::CsrfRejected.into());
    }
    console.plaza.speak(member.account.id).await?;
    let urls = media.pictures.iter().map(|picture| picture.url.clone()).collect();
    let video = media.video.as_ref().map(|video| video.url.clone());
    let request = form.request().with_pictures(urls).with_video(video);
    post(console, member, request).await
}

/// Creates a post. The page behind its link is read first, for its title.
pub(super) async fn post(
    console: &Console,
    member: &Member,
    request: PostRequest,
) -> Result<String, ApiError> {
    let mut post = rules::check(request)?;
    if let Some(url) = post.extras.link.as_deref()
        && let Some(page) = console.memory.preview(url).await
    {
        post.extras.link_meta = Some(card(&page));
    }
    console.plaza.post(member.account.id, post).await
}

fn card(page: &Preview) -> LinkMeta {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    LinkMeta { title: some(&page.title), description: some(&page.about), ..LinkMeta::default() }
}

/// The files of a post.
#[derive(Default)]
struct Media {
    pictures: Vec<File>,
    video: Option<File>,
}

impl Media {
    /// Adds a file that was stored.
    ///
    /// # Errors
    /// If the post has too many of its kind. The file is kept, so that it can be removed with the others.
    fn add(&mut self, (file, is_video): (File, bool)) -> Result<(), ApiError> {
        if !is_video {
            self.pictures.push(file);
        } else if let Some(first) = self.video.replace(file) {
            self.pictures.push(first);
            return Err(ApiError::new(Code::InvalidParam).with("video <= 1"));
        }
        if self.pictures.len() > MAX_PICTURES {
            return Err(ApiError::new(Code::InvalidParam).with(format!("images <= {MAX_PICTURES}")));
        }
        Ok(())
    }
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
