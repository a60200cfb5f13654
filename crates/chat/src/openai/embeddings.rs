//! `POST /v1/embeddings`: embeddings by the configured endpoint.

use axum::{extract::State, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use identity::{Scoped, scope::UseChat};
use memory::{meaning::NotEmbedded, recall::tokens};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use web::{ApiError, Code, Issues, Json, envelope};

use crate::{Chat, session::Speaker};

/// Maximum number of texts of a request, and maximum length of a text in characters.
const MAX_TEXTS: usize = 2048;
const MAX_TEXT: usize = 32_000;
/// Maximum number of dimensions that can be requested.
const MAX_DIMENSIONS: u64 = 8192;

/// Body of `POST /v1/embeddings`. Other members are ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Request {
    model: Option<String>,
    #[serde(default)]
    input: Value,
    encoding_format: Option<Value>,
    dimensions: Option<Value>,
}

/// A valid request.
#[derive(Debug, PartialEq)]
struct Checked {
    texts: Vec<String>,
    is_base64: bool,
    dimensions: Option<u32>,
}

#[derive(Debug, Serialize)]
struct List<'l> {
    object: &'static str,
    data: Vec<Embedding>,
    model: &'l str,
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct Embedding {
    object: &'static str,
    index: usize,
    embedding: Vector,
}

/// A vector in the requested encoding.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Vector {
    Float(Vec<f32>),
    Base64(String),
}

#[derive(Debug, Serialize)]
struct Usage {
    prompt_tokens: i64,
    total_tokens: i64,
}

pub(super) async fn embeddings(
    State(chat): State<Chat>,
    Scoped { caller, .. }: Scoped<UseChat>,
    Json(request): Json<Request>,
) -> Result<Response, ApiError> {
    let model = chat.memory().embedding_model().ok_or(Code::EmbeddingMissing)?;
    if request.model.as_deref().is_some_and(|asked| asked != model) {
        let asked = request.model.unwrap_or_default().chars().take(100).collect::<String>();
        return Err(ApiError::new(Code::ChatModelUnknown).with(asked));
    }
    let checked = check(request)?;
    let who = Speaker::of(&caller);
    let _wishes = chat.admit(chat.today(who.account).await?)?;
    let embedded =
        chat.memory().embed(&checked.texts, checked.dimensions).await.map_err(|error| match error {
            NotEmbedded::NotConfigured => Code::EmbeddingMissing.into(),
            NotEmbedded::Refused if checked.dimensions.is_some() => refused("input, dimensions"),
            NotEmbedded::Refused => refused("input"),
            NotEmbedded::Failed(cause) => ApiError::new(Code::EmbeddingFailed).because(cause),
        })?;
    let size = embedded.vectors.first().map_or(0, Vec::len);
    if checked.dimensions.is_some_and(|dimensions| usize::try_from(dimensions) != Ok(size)) {
        return Err(refused("dimensions"));
    }
    let estimate = || checked.texts.iter().map(|text| tokens(text)).sum::<usize>();
    let used = embedded.tokens.unwrap_or_else(|| i64::try_from(estimate()).unwrap_or(i64::MAX));
    chat.count(&who, used, 0).await?;
    let vectors = embedded.vectors.into_iter().enumerate();
    let data = vectors.map(|(index, vector)| Embedding {
        object: "embedding",
        index,
        embedding: if checked.is_base64 { Vector::Base64(base64(&vector)) } else { Vector::Float(vector) },
    });
    let usage = Usage { prompt_tokens: used, total_tokens: used };
    Ok(envelope::json(StatusCode::OK, &List { object: "list", data: data.collect(), model: &model, usage }))
}

fn refused(parameters: &str) -> ApiError {
    ApiError::new(Code::EmbeddingRefused).with(parameters)
}

/// Encodes a vector as little-endian 32-bit floats in base64.
fn base64(vector: &[f32]) -> String {
    STANDARD.encode(vector.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

fn check(request: Request) -> Result<Checked, ApiError> {
    let mut issues = Issues::body();
    let mut texts = Vec::new();
    match request.input {
        Value::Null => issues.missing("input"),
        Value::String(text) => texts.push(text),
        Value::Array(list) if list.is_empty() || list.len() > MAX_TEXTS => {
            issues.add("value_error", "input", format!("List should have 1 to {MAX_TEXTS} items"));
        }
        Value::Array(list) => {
            for (at, entry) in list.into_iter().enumerate() {
                match entry {
                    Value::String(text) => texts.push(text),
                    _ => issues.add(
                        "string_type",
                        &format!("input.{at}"),
                        "Input should be a text: tokens of a model's own are not accepted",
                    ),
                }
            }
        }
        _ => issues.add("string_type", "input", "Input should be a text or a list of texts"),
    }
    for (at, text) in texts.iter().enumerate() {
        if text.is_empty() || text.chars().nth(MAX_TEXT).is_some() {
            let message = format!("Input should have 1 to {MAX_TEXT} characters");
            issues.add("value_error", &format!("input.{at}"), message);
        }
    }
    let is_base64 = match request.encoding_format.as_ref().map(|format| format.as_str().unwrap_or_default()) {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => {
            issues.add("literal_error", "encoding_format", "Input should be 'float' or 'base64'");
            false
        }
    };
    let dimensions = request.dimensions.and_then(|asked| {
        let number = asked.as_u64().filter(|number| (1..=MAX_DIMENSIONS).contains(number));
        if number.is_none() {
            issues.add("value_error", "dimensions", format!("Input should be from 1 to {MAX_DIMENSIONS}"));
        }
        number.and_then(|number| u32::try_from(number).ok())
    });
    issues.finish()?;
    Ok(Checked { texts, is_base64, dimensions })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(body: Value) -> Result<Checked, ApiError> {
        check(serde_json::from_value(body).unwrap())
    }

    #[test]
    fn requests_are_checked() {
        let one = checked(json!({"model": "m", "input": "a"})).unwrap();
        assert_eq!(one, Checked { texts: vec!["a".into()], is_base64: false, dimensions: None });
        let two = json!({"input": ["a", "b"], "encoding_format": "base64", "dimensions": 8, "user": "u"});
        let expected = Checked { texts: vec!["a".into(), "b".into()], is_base64: true, dimensions: Some(8) };
        assert_eq!(checked(two).unwrap(), expected);
        for (body, param) in [
            (json!({}), "input"),
            (json!({"input": []}), "input"),
            (json!({"input": 5}), "input"),
            (json!({"input": ""}), "input.0"),
            (json!({"input": ["a", ""]}), "input.1"),
            (json!({"input": [1, 2]}), "input.0"),
            (json!({"input": [[1]]}), "input.0"),
            (json!({"input": vec!["a"; MAX_TEXTS + 1]}), "input"),
            (json!({"input": "a".repeat(MAX_TEXT + 1)}), "input.0"),
            (json!({"input": "a", "encoding_format": "int8"}), "encoding_format"),
            (json!({"input": "a", "encoding_format": 1}), "encoding_format"),
            (json!({"input": "a", "dimensions": 0}), "dimensions"),
            (json!({"input": "a", "dimensions": "8"}), "dimensions"),
        ] {
            let refused = checked(body.clone()).unwrap_err();
            assert_eq!(refused.openai(web::Language::En)["error"]["param"], param, "{body}");
        }
    }

    #[test]
    fn a_vector_in_base64_has_four_bytes_per_value() {
        assert_eq!(base64(&[1.0, -2.5]), "AACAPwAAIMA=");
    }
}
