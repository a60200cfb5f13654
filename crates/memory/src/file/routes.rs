//! Files over HTTP: uploads by callers, and downloads by everybody who knows the name.

use std::time::Duration;

use axum::{
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Path, Request, State,
        multipart::{MultipartError, MultipartRejection},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use identity::{Caller, Scoped, scope::WriteProfile};
use serde::Serialize;
use tower::ServiceExt;
use tower_http::services::ServeFile;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, ApiResult, Code, Data, Envelope, Issues, Nothing, Query,
    paging::{PageParams, Paged},
};

use super::{File, Kind, Stored};
use crate::{Memory, quota::Adder};

/// The ends of the paths of routes that accept files.
pub const UPLOAD_ROUTES: &[&str] = &["/cdn/upload"];

/// Maximum number of bytes that multipart adds to a file: boundaries, headers, small fields.
const MULTIPART_ROOM: u64 = 64 * 1024;

/// Time limit for reading and discarding the rest of a refused upload.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn router(memory: Memory) -> OpenApiRouter {
    // The limit is enforced while streaming. The default limit of axum would cut uploads at 2 MB.
    OpenApiRouter::new()
        .routes(routes!(upload))
        .layer(DefaultBodyLimit::disable())
        .routes(routes!(list))
        .routes(routes!(delete))
        .with_state(memory)
}

/// Returns the public route `GET /cdn/{key}`. Everybody who knows a name may see the file, and names cannot
/// be guessed.
pub fn download(memory: Memory) -> axum::Router {
    axum::Router::new().route("/cdn/{key}", get(serve)).with_state(memory)
}

/// Response of `POST /api/cdn/upload`.
#[derive(Debug, Serialize, ToSchema)]
struct Uploaded {
    /// The public address of the file.
    url: String,
    /// The file's name on this server.
    key: String,
}

/// An upload form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the OpenAPI document; the form is read as a stream")]
struct UploadForm {
    /// A PNG, JPEG, GIF, WebP, MP4 or MP3, determined by its content.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Upload a picture, video or sound. Any credential; also accepted in the header token. Uploads of an app
/// also count for its own limit.
#[utoipa::path(
    post,
    path = "/cdn/upload",
    operation_id = "uploadFile",
    tag = "Files",
    security(("bearer" = []), ("token" = []), ("session" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The URL of the file", body = Envelope<Uploaded>)),
)]
async fn upload(State(memory): State<Memory>, caller: Caller, request: Request) -> ApiResult<Uploaded> {
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > memory.settings().max_upload + MULTIPART_ROOM) {
        web::extract::discard(request.into_body(), memory.settings().max_upload, PATIENCE).await;
        return Err(ApiError::new(Code::BodyTooLarge).with(memory.settings().max_upload.to_string()));
    }
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|refused: MultipartRejection| missing().because(refused))?;
    let received = receive(&memory, &Adder::of(&caller), &mut form).await;
    if received.is_err() {
        // A client that is still sending would not read a response sent now, and only see a broken
        // connection.
        let _given_up = tokio::time::timeout(PATIENCE, discard(form)).await;
    }
    let file = received?;
    Ok(Data(Uploaded { url: file.url, key: file.key }))
}

/// List the person's files, newest first. A key needs scope *. Not part of the original API.
#[utoipa::path(
    get,
    path = "/cdn/list",
    operation_id = "listFiles",
    tag = "Files",
    security(("bearer" = []), ("session" = [])),
    params(PageParams),
    responses((status = 200, description = "One page", body = Envelope<Paged<Stored>>)),
)]
async fn list(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Query(page): Query<PageParams>,
) -> ApiResult<Paged<Stored>> {
    Ok(Data(memory.files(caller.account(), page.check()?).await?))
}

/// Delete a file. A key needs scope *. Not part of the original API.
#[utoipa::path(
    post,
    path = "/cdn/{key}/delete",
    operation_id = "deleteFile",
    tag = "Files",
    security(("bearer" = []), ("session" = [])),
    params(("key" = String, Path, description = "The file's name")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Path(key): Path<String>,
) -> ApiResult<Nothing> {
    // A text that is not a valid name is not a file on the disk either.
    Kind::of_key(&key).ok_or(Code::NotFound)?;
    memory.delete_file(caller.account(), &key).await?;
    Ok(Data(Nothing))
}

async fn receive(memory: &Memory, adder: &Adder, form: &mut Multipart) -> Result<File, ApiError> {
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("file") {
            return memory.receive(adder, field).await;
        }
    }
    Err(missing())
}

async fn discard(mut form: Multipart) {
    while let Ok(Some(mut field)) = form.next_field().await {
        while let Ok(Some(_)) = field.chunk().await {}
    }
}

fn missing() -> ApiError {
    let mut issues = Issues::body();
    issues.missing("file");
    issues.finish().err().unwrap_or_else(|| ApiError::new(Code::Unprocessable))
}

/// Returns the error for a form that cannot be read to its end.
pub(super) fn broken(error: MultipartError) -> ApiError {
    let mut issues = Issues::body();
    issues.add("multipart_invalid", "file", "Input should be a complete multipart/form-data body");
    let refusal = issues.finish().err().unwrap_or_else(|| ApiError::new(Code::Unprocessable));
    refusal.because(error)
}

async fn serve(State(memory): State<Memory>, Path(key): Path<String>, request: Request) -> Response {
    let Some(kind) = Kind::of_key(&key) else { return ApiError::new(Code::NotFound).into_response() };
    // The library handles ranges and conditional requests. These headers restrict what the browser does with
    // the file.
    let Ok(mut response) = ServeFile::new(memory.path(&key)).oneshot(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return ApiError::new(Code::NotFound).into_response();
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind.media_type()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response.into_response()
}
