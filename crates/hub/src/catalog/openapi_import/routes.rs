//! The HTTP endpoint for imports, for administrators.

use axum::extract::{FromRequest, Request, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, ApiResult, Code, Data, Envelope, Issues,
    extract::{BodyLimit, LargeJson},
};

use super::{
    Choice, Import, Note, import,
    model::{ImportRequest, ImportResponse},
};
use crate::{
    Hub,
    catalog::{ApiSpec, routes::Admin, rules},
    provider,
};

/// Maximum size of a request in bytes. It has room for a document of the maximum size as an escaped text.
const MAX_BODY: usize = 24 << 20;

/// Returns the route, relative to the API's base path.
pub fn router(hub: Hub) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(import_api))
        .layer(axum::Extension(BodyLimit(MAX_BODY)))
        .with_state(hub)
}

/// Create the definition of an API from its document (OpenAPI 3.0 to 3.2, Swagger 2.0; JSON, YAML). For
/// administrators.
///
/// Each operation becomes an action. Without `save`, the definition is only shown. References to other
/// documents are not fetched. Calls of operations with their own servers go there, without the API's headers
/// and secrets unless `trustedOrigins` contains the server's origin.
#[utoipa::path(
    post,
    path = "/apikey/hub/apis/import",
    operation_id = "importHubApi",
    tag = "Hub",
    security(("session" = [])),
    request_body = ImportRequest,
    responses(
        (
            status = 200,
            description = "The definition, and notes on omitted parts",
            body = Envelope<ImportResponse>,
        ),
    ),
)]
async fn import_api(State(hub): State<Hub>, _: Admin, request: Request) -> ApiResult<ImportResponse> {
    // Acquired before the body is read: an import may take a hundred times the memory of another request.
    let _permit = hub.importing().acquire().await.map_err(ApiError::internal)?;
    let LargeJson(request) = LargeJson::<ImportRequest>::from_request(request, &()).await?;
    let (api, notes, saved) = hub.import_api(request).await?;
    Ok(Data(ImportResponse { api, notes, saved }))
}

impl Hub {
    /// Creates a definition from a document, and saves it if the request says so.
    ///
    /// # Errors
    /// 422 that lists everything that is wrong with the document; the errors of [`Hub::save_api`].
    pub async fn import_api(&self, request: ImportRequest) -> Result<(ApiSpec, Vec<Note>, bool), ApiError> {
        let save = request.save;
        let read = tokio::task::spawn_blocking(move || read(request));
        let Import { spec, notes } = read.await.map_err(ApiError::internal)?.map_err(wrong)?;
        if !save {
            rules::check(&spec)?;
            provider::make(&spec)?;
            return Ok((spec, notes, false));
        }
        let api = self.save_api(spec).await?;
        Ok((api.spec.clone(), notes, true))
    }
}

/// Parses and imports the document of a request. Blocks for up to a second or so.
fn read(request: ImportRequest) -> Result<Import, Vec<Note>> {
    let document = request.document.read().map_err(|error| vec![Note::new("", error)])?;
    let base_url = request.base_url.filter(|url| !url.trim().is_empty());
    let choice = Choice { base_url: base_url.as_deref(), trusted_origins: &request.trusted_origins };
    import(&request.code, &document, choice)
}

fn wrong(notes: Vec<Note>) -> ApiError {
    let mut issues = Issues::body();
    for note in notes {
        let place =
            if note.place.is_empty() { "document".to_owned() } else { format!("document: {}", note.place) };
        issues.add("value_error", &place, note.text);
    }
    issues.finish().err().unwrap_or_else(|| ApiError::new(Code::Unprocessable))
}
