//! The HTTP endpoint for imports, for administrators.

use axum::extract::State;
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{Answer, ApiError, Code, Data, Envelope, Issues, Json};

use super::{
    Import, Note, import,
    model::{ImportOut, ImportRequest},
};
use crate::{
    Hub,
    catalogue::{ApiSpec, routes::Admin, rules},
    provider,
};

/// Returns the route, relative to the API's base path.
pub fn router(hub: Hub) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(import_api)).with_state(hub)
}

/// Make the definition of an API from its OpenAPI document (3.0 or 3.1, JSON). For administrators.
///
/// Each operation becomes an action. Without `save`, what would be defined is only shown.
#[utoipa::path(post, path = "/apikey/hub/apis/import", operation_id = "importHubApi", tag = "Hub", security(("session" = [])), request_body = ImportRequest,
    responses((status = 200, description = "The definition, and what was left out of it", body = Envelope<ImportOut>)))]
async fn import_api(
    State(hub): State<Hub>,
    _: Admin,
    Json(request): Json<ImportRequest>,
) -> Answer<ImportOut> {
    let (api, notes, saved) = hub.import_api(request).await?;
    Ok(Data(ImportOut { api, notes, saved }))
}

impl Hub {
    /// Creates a definition from a document, and saves it if the request says so.
    ///
    /// # Errors
    /// 422 that lists everything that is wrong with the document; the errors of [`Hub::save_api`].
    pub async fn import_api(&self, request: ImportRequest) -> Result<(ApiSpec, Vec<Note>, bool), ApiError> {
        let document = match request.document {
            Value::String(text) => serde_json::from_str(&text).map_err(|error| {
                // For a YAML document the error points at its first character.
                wrong(vec![Note::new("", format!("Input should be JSON: {error}"))])
            })?,
            other => other,
        };
        let base_url = request.base_url.filter(|url| !url.trim().is_empty());
        let Import { spec, notes } = import(&request.code, &document, base_url.as_deref()).map_err(wrong)?;
        if !request.save {
            rules::check(&spec)?;
            provider::make(&spec)?;
            return Ok((spec, notes, false));
        }
        let api = self.save_api(spec).await?;
        Ok((api.spec.clone(), notes, true))
    }
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
