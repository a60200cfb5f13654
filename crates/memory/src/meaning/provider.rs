//! The embedding endpoint: `POST {base_url}/embeddings`, as served by OpenAI, Ollama, vLLM and others.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use web::{Outgoing, outgoing};

use super::rules;

/// Maximum size of a response in bytes, for each text.
const MAX_ANSWER: usize = 256 << 10;
/// Maximum number of dimensions of a vector.
const MAX_DIMENSIONS: usize = 8192;

/// The settings of the embedding endpoint.
#[derive(Clone)]
pub struct Settings {
    /// The base URL, without a trailing slash.
    pub base_url: String,
    /// The API key; empty if there is none.
    pub api_key: String,
    /// The name of the model. If it changes, all vectors are made anew.
    pub name: String,
    /// Number of texts in one call.
    pub batch: usize,
    /// Time limit of a call in the background.
    pub limit: Duration,
    /// Time limit of the call for a question's vector.
    pub patience: Duration,
    /// Maximum number of bytes of vectors that are cached.
    pub cache_bytes: u64,
}

/// Leaves out the key, which is a secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The reason why there are no vectors, for the log. It contains neither the key nor the texts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("the embedding endpoint cannot be reached: {0}")]
    Call(String),
    #[error("the embedding endpoint answered {0}")]
    Status(u16),
    #[error("the embedding endpoint's answer {0}")]
    Answer(&'static str),
}

impl Failure {
    /// Returns true if the endpoint may have refused the text itself.
    pub(super) const fn refuses_text(&self) -> bool {
        matches!(self, Self::Status(400 | 413 | 422))
    }
}

/// Embeddings of texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Embedded {
    /// One vector per text, in order, as the model returns it. All are of one size.
    pub vectors: Vec<Vec<f32>>,
    /// The tokens of the texts as the endpoint counts them; `None` if it does not.
    pub tokens: Option<i64>,
}

#[derive(Serialize)]
struct Request<'r> {
    model: &'r str,
    input: &'r [&'r str],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

#[derive(Deserialize)]
struct Response {
    data: Vec<Vector>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Vector {
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<i64>,
    total_tokens: Option<i64>,
}

/// Returns the vectors of texts, in the order of the texts, each of length 1 and all of one size. A vector
/// without a direction is `None`.
pub(super) async fn embed(
    outgoing: &Outgoing,
    settings: &Settings,
    texts: &[&str],
    limit: Duration,
) -> Result<Vec<Option<Vec<f32>>>, Failure> {
    // Endpoints refuse an empty text.
    let input: Vec<&str> =
        texts.iter().map(|text| if text.trim().is_empty() { "-" } else { *text }).collect();
    let embedded = call(outgoing, settings, &input, None, limit).await?;
    Ok(embedded.vectors.into_iter().map(rules::normal).collect())
}

/// Calls the endpoint for the embeddings of texts; with `dimensions`, cut to that size.
pub(super) async fn call(
    outgoing: &Outgoing,
    settings: &Settings,
    texts: &[&str],
    dimensions: Option<u32>,
    limit: Duration,
) -> Result<Embedded, Failure> {
    let client = outgoing.trusted().map_err(|error| Failure::Call(error.to_string()))?;
    let mut request = client.post(format!("{}/embeddings", settings.base_url)).timeout(limit);
    if !settings.api_key.is_empty() {
        request = request.bearer_auth(&settings.api_key);
    }
    let body = Request { model: &settings.name, input: texts, encoding_format: "float", dimensions };
    let response = request.json(&body).send().await.map_err(|error| Failure::Call(reason(error)))?;
    let status = response.status();
    if !status.is_success() {
        return Err(Failure::Status(status.as_u16()));
    }
    let most = MAX_ANSWER * texts.len();
    let bytes = outgoing::read(response, most).await.map_err(|refused| match refused {
        outgoing::Refused::TooLarge(_) => Failure::Answer("is too large"),
        other => Failure::Call(other.to_string()),
    })?;
    let count = texts.len();
    // Parsing many vectors takes a while, and must not block other tasks.
    tokio::task::spawn_blocking(move || {
        let response: Response =
            serde_json::from_slice(&bytes).map_err(|_unlike| Failure::Answer("is no list of vectors"))?;
        checked(response, count)
    })
    .await
    .unwrap_or(Err(Failure::Answer("cannot be read")))
}

/// Checks that a response has one vector per text, all of one size.
fn checked(mut response: Response, count: usize) -> Result<Embedded, Failure> {
    response.data.sort_by_key(|vector| vector.index);
    let in_order = response.data.iter().enumerate().all(|(at, vector)| vector.index == at);
    if !in_order || response.data.len() != count {
        return Err(Failure::Answer("does not have one vector of each text"));
    }
    let size = response.data.first().map_or(0, |vector| vector.embedding.len());
    let is_alike = response.data.iter().all(|vector| vector.embedding.len() == size);
    if !is_alike || !(1..=MAX_DIMENSIONS).contains(&size) {
        return Err(Failure::Answer("has vectors of an unlikely size"));
    }
    let tokens = response.usage.and_then(|usage| usage.prompt_tokens.or(usage.total_tokens));
    let vectors = response.data.into_iter().map(|vector| vector.embedding).collect();
    Ok(Embedded { vectors, tokens: tokens.filter(|tokens| *tokens >= 0) })
}

/// Returns the reason of a failure without the URL, which may contain a secret.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() { "it took too long".to_owned() } else { error.without_url().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(vectors: &[(usize, &[f32])], tokens: Option<i64>) -> Response {
        let data = vectors.iter().map(|(index, values)| Vector { index: *index, embedding: values.to_vec() });
        Response { data: data.collect(), usage: Some(Usage { prompt_tokens: None, total_tokens: tokens }) }
    }

    #[test]
    fn vectors_are_ordered_and_checked() {
        let two = checked(response(&[(1, &[0.0, 2.0]), (0, &[3.0, 0.0])], Some(5)), 2).unwrap();
        assert_eq!(two, Embedded { vectors: vec![vec![3.0, 0.0], vec![0.0, 2.0]], tokens: Some(5) });
        assert_eq!(checked(response(&[(0, &[1.0])], Some(-1)), 1).unwrap().tokens, None);
        for (wrong, count) in [
            (response(&[], None), 1),
            (response(&[(0, &[1.0])], None), 2),
            (response(&[(0, &[1.0]), (0, &[1.0])], None), 2),
            (response(&[(0, &[1.0]), (2, &[1.0])], None), 2),
            (response(&[(0, &[1.0]), (1, &[1.0, 2.0])], None), 2),
            (response(&[(0, &[])], None), 1),
            (response(&[(0, &vec![1.0; MAX_DIMENSIONS + 1])], None), 1),
        ] {
            assert!(checked(wrong, count).is_err());
        }
    }

    #[test]
    fn a_refused_text_is_told_from_a_failure() {
        assert!(Failure::Status(400).refuses_text() && Failure::Status(413).refuses_text());
        assert!(!Failure::Status(401).refuses_text() && !Failure::Status(500).refuses_text());
    }
}
