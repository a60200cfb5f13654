//! The embedding endpoint: `POST {base_url}/embeddings`, as OpenAI, Ollama, vLLM and others serve it.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use web::{Outgoing, outgoing};

use super::rules;

/// Largest answer in bytes: of the text of one vector, of one text.
const MAX_ANSWER: usize = 256 << 10;
/// Most numbers of a vector.
const MAX_DIMENSIONS: usize = 8192;

/// The embedding endpoint.
#[derive(Clone)]
pub struct Settings {
    /// Its address, without a slash at the end.
    pub base_url: String,
    /// Its key; empty for none.
    pub api_key: String,
    /// The model's name. Another name means that all vectors are made anew.
    pub name: String,
    /// Texts of one call.
    pub batch: usize,
    /// Longest that a call in the background may take.
    pub limit: Duration,
    /// Longest that a question waits for its vector.
    pub patience: Duration,
    /// Most bytes of vectors that are kept in memory.
    pub cache_bytes: u64,
}

/// The key is a secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why there are no vectors: a reason for the log, without the key and without the texts.
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
    /// Whether it may be what was sent that the endpoint does not take.
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

/// The vectors of texts, in their order, each of length 1 and all of one size; none where a vector has no direction.
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
    // Many vectors take a while to be read: other tasks go on meanwhile.
    tokio::task::spawn_blocking(move || {
        let answer: Answer =
            serde_json::from_slice(&bytes).map_err(|_unlike| Failure::Answer("is no list of vectors"))?;
        vectors(answer, count)
    })
    .await
    .unwrap_or(Err(Failure::Answer("cannot be read")))
}

/// What went wrong, without the address, in which there may be a secret.
fn reason(error: reqwest::Error) -> String {
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
