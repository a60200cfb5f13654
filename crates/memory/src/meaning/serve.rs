//! Embeddings for clients: requests that are passed on to the configured endpoint, in batches.

use serde::{Deserialize, Serialize};
use web::outgoing;

use super::provider::{Failure, MAX_ANSWER, MAX_DIMENSIONS, Settings, reason};
use crate::Memory;

/// Embeddings of texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Embedded {
    /// One vector per text, in order, as the model returns it.
    pub vectors: Vec<Vec<f32>>,
    /// The tokens of the texts as the endpoint counts them; `None` if it does not.
    pub tokens: Option<i64>,
}

/// The reason why there are no embeddings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEmbedded {
    /// No endpoint is configured.
    #[error("no embedding endpoint is configured")]
    NotConfigured,
    /// The endpoint refuses the texts or the number of dimensions.
    #[error("the embedding endpoint refuses the input")]
    Refused,
    /// The endpoint cannot be reached or fails. The message is for the log.
    #[error("{0}")]
    Failed(String),
}

#[derive(Serialize)]
struct Request<'r> {
    model: &'r str,
    input: &'r [String],
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

impl Memory {
    /// Returns the name of the configured embedding model, or `None` if there is none.
    pub fn embedding_model(&self) -> Option<&str> {
        self.0.meaning.as_ref().map(|meaning| meaning.settings.name.as_str())
    }

    /// Returns the embeddings of texts.
    ///
    /// # Errors
    /// The reason why there are none.
    pub async fn embed(&self, texts: &[String], dimensions: Option<u32>) -> Result<Embedded, NotEmbedded> {
        let meaning = self.0.meaning.as_ref().ok_or(NotEmbedded::NotConfigured)?;
        let mut embedded = Embedded { vectors: Vec::new(), tokens: Some(0) };
        for batch in texts.chunks(meaning.settings.batch.max(1)) {
            let sent = ask(&meaning.outgoing, &meaning.settings, batch, dimensions);
            let part = sent.await.map_err(|failure| match failure {
                failure if failure.refuses_text() => NotEmbedded::Refused,
                failure => NotEmbedded::Failed(failure.to_string()),
            })?;
            embedded.tokens = embedded.tokens.zip(part.tokens).map(|(sum, tokens)| sum + tokens);
            embedded.vectors.extend(part.vectors);
        }
        Ok(embedded)
    }
}

async fn ask(
    outgoing: &web::Outgoing,
    settings: &Settings,
    texts: &[String],
    dimensions: Option<u32>,
) -> Result<Embedded, Failure> {
    let client = outgoing.trusted().map_err(|error| Failure::Call(error.to_string()))?;
    let mut request = client.post(format!("{}/embeddings", settings.base_url)).timeout(settings.limit);
    if !settings.api_key.is_empty() {
        request = request.bearer_auth(&settings.api_key);
    }
    let body = Request { model: &settings.name, input: texts, encoding_format: "float", dimensions };
    let response = request.json(&body).send().await.map_err(|error| Failure::Call(reason(error)))?;
    if !response.status().is_success() {
        return Err(Failure::Status(response.status().as_u16()));
    }
    let bytes =
        outgoing::read(response, MAX_ANSWER * texts.len()).await.map_err(|refused| match refused {
            outgoing::Refused::TooLarge(_) => Failure::Answer("is too large"),
            other => Failure::Call(other.to_string()),
        })?;
    let count = texts.len();
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
            (response(&[(0, &[1.0]), (2, &[1.0])], None), 2),
            (response(&[(0, &[1.0]), (1, &[1.0, 2.0])], None), 2),
            (response(&[(0, &[])], None), 1),
        ] {
            assert!(checked(wrong, count).is_err());
        }
    }
}
