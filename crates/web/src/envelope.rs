//! The success envelope of the Lab API, `{"code":0,"data":…}`. No other module writes it.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    body,
    error::{ApiError, Code},
};

/// A response in the success envelope: HTTP 200 and `{"code":0,"data":…}`.
#[derive(Debug, Clone, Copy)]
pub struct Data<T>(pub T);

/// The data of a response without content: `null`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Nothing;

/// The shape of a success answer, for the OpenAPI document and for serialization.
#[derive(Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// Always `0`.
    pub code: i32,
    /// The answer itself; `null` where an endpoint has nothing to say.
    pub data: T,
}

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &Envelope { code: 0, data: self.0 })
    }
}

/// Creates a JSON response of any shape. Responses may carry a secret or personal data, so each one forbids
/// caches to store it (`Cache-Control: no-store`).
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => body::json(status, bytes),
        Err(error) => ApiError::new(Code::Internal)
            .because(format!("cannot serialise an answer: {error}"))
            .into_response(),
    }
}
