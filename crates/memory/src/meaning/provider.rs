//! The embedding endpoint: `POST {base_url}/embeddings`, as served by OpenAI, Ollama, vLLM and others.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use web::{Outgoing, outgoing};

use super::rules;

/// Maximum size of a response in bytes, for each text.
pub(super) const MAX_ANSWER: usize = 256 << 10;
/// Maximum number of dimensions of a vector.
pub(super) const MAX_DIMENSIONS: usize = 8192;

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

#[derive(Serialize)]
struct Request<'r> {
    model: &'r str,
    input: &'r [&'r str],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    index: usize,
    embedding: Vec<f32>,
}

/// Returns the vectors of texts, in the order of the texts, each of length 1 and all of one size. A vector
/// without a direction is `None`.
pub(super) async fn embed(
    outgoing: &Outgoing,
    settings: &Settings,
    texts: &[&str],
    limit: Duration,
) -> Result<Vec<Option<Vec<f32>>>, Failure> {
    let client = outgoing.trusted().map_err(|error| Failure::Call(error.to_string()))?;
    let mut request = client.post(format!("{}/embeddings", settings.base_url)).timeout(limit);
    if !settings.api_key.is_empty() {
        request = request.bearer_auth(&settings.api_key);
    }
    // Endpoints refuse an empty text.
    let input: Vec<&str> =
        texts.iter().map(|text| if text.trim().is_empty() { "-" } else { *text }).collect();
    let body = Request { model: &settings.name, input: &input, encoding_format: "float" };
    let answer = request.json(&body).send().await.map_err(|error| Failure::Call(reason(error)))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Failure::Status(status.as_u16()));
    }
    let most = MAX_ANSWER * texts.len();
    let bytes = outgoing::read(answer, most).await.map_err(|refused| match refused {
        outgoing::Refused::TooLarge(_) => Failure::Answer("is too large"),
        other => Failure::Call(other.to_string()),
    })?;
    let count = texts.len();
    // Parsing many vectors takes a while, and must not block other tasks.
    tokio::task::spawn_blocking(move || {
        let answer: Answer =
            serde_json::from_slice(&bytes).map_err(|_unlike| Failure::Answer("is no list of vectors"))?;
        vectors(answer, count)
    })
    .await
    .unwrap_or(Err(Failure::Answer("cannot be read")))
}

/// Returns the reason of a failure without the URL, which may contain a secret.
pub(super) fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() { "it took too long".to_owned() } else { error.without_url().to_string() }
}

fn vectors(mut answer: Answer, count: usize) -> Result<Vec<Option<Vec<f32>>>, Failure> {
    answer.data.sort_by_key(|one| one.index);
    let in_order = answer.data.iter().enumerate().all(|(at, one)| one.index == at);
    if !in_order || answer.data.len() != count {
        return Err(Failure::Answer("does not have one vector of each text"));
    }
    let size = answer.data.first().map_or(0, |one| one.embedding.len());
    let alike = answer.data.iter().all(|one| one.embedding.len() == size);
    if !alike || !(1..=MAX_DIMENSIONS).contains(&size) {
        return Err(Failure::Answer("has vectors of an unlikely size"));
    }
    Ok(answer.data.into_iter().map(|one| rules::normal(one.embedding)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(vectors: &[(usize, &[f32])]) -> Answer {
        let data = vectors.iter().map(|(index, values)| One { index: *index, embedding: values.to_vec() });
        Answer { data: data.collect() }
    }

    #[test]
    fn an_answer_has_one_vector_of_each_text() {
        let two = vectors(answer(&[(1, &[0.0, 2.0]), (0, &[3.0, 0.0])]), 2).unwrap();
        assert_eq!(two, [Some(vec![1.0, 0.0]), Some(vec![0.0, 1.0])]);
        assert_eq!(vectors(answer(&[(0, &[0.0, 0.0])]), 1).unwrap(), [None]);
        for (wrong, count) in [
            (answer(&[]), 1),
            (answer(&[(0, &[1.0])]), 2),
            (answer(&[(0, &[1.0]), (0, &[1.0])]), 2),
            (answer(&[(0, &[1.0]), (1, &[1.0, 2.0])]), 2),
            (answer(&[(0, &[])]), 1),
            (answer(&[(0, &vec![1.0; MAX_DIMENSIONS + 1])]), 1),
        ] {
            assert!(vectors(wrong, count).is_err());
        }
    }

    #[test]
    fn a_refused_text_is_told_from_a_failure() {
        assert!(Failure::Status(400).refuses_text() && Failure::Status(413).refuses_text());
        assert!(!Failure::Status(401).refuses_text() && !Failure::Status(500).refuses_text());
    }
}
