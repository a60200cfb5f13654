//! The embedding model: the built-in one, or an endpoint `POST {base_url}/embeddings`, as served by OpenAI,
//! Ollama, vLLM and others.

use std::{fmt, time::Duration};

use outgoing::Outgoing;
use serde::{Deserialize, Serialize};
use store::SecretText;

use super::{Limits, prefixes::Prefixes, rules};

/// Maximum size of a response in bytes, for each text.
const MAX_ANSWER: usize = 256 << 10;
/// Maximum number of dimensions of a vector.
const MAX_DIMENSIONS: usize = 8192;

/// The version of the rules by which vectors are made of texts. If it changes, all vectors are made anew.
const RULES: u32 = 1;

/// The place of the model.
#[derive(Clone)]
pub enum Source {
    /// The model in this binary.
    BuiltIn(&'static embedding::BuiltIn),
    /// An endpoint with OpenAI's protocol.
    Endpoint {
        /// The base URL, without a trailing slash.
        base_url: String,
        /// The API key; empty if there is none.
        api_key: SecretText,
        /// True if it is called through the guard for addresses that pages configure.
        is_guarded: bool,
    },
}

/// The purpose of an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Question,
    Passage,
}

/// The settings of the embedding model.
#[derive(Clone)]
pub struct Settings {
    /// The place of the model.
    pub source: Source,
    /// The name of the model. If it changes, all vectors are made anew.
    pub name: String,
    /// The prefixes of texts. If that of passages changes, all vectors are made anew.
    pub prefixes: Prefixes,
    /// The number of dimensions to ask the endpoint for; `None` for those of the model.
    pub dimensions: Option<u32>,
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
        f.debug_struct("Settings").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Settings {
    /// Returns the settings of the model in this binary.
    pub fn built_in(model: &'static embedding::BuiltIn, limits: &Limits) -> Self {
        Self::of(Source::BuiltIn(model), embedding::NAME, limits)
    }

    pub(super) fn of(source: Source, name: &str, limits: &Limits) -> Self {
        let Limits { batch, limit, patience, cache_bytes } = *limits;
        let prefixes = Prefixes::of(name);
        Self {
            source,
            name: name.to_owned(),
            prefixes,
            dimensions: None,
            batch,
            limit,
            patience,
            cache_bytes,
        }
    }

    /// Returns the key of the vectors: the model, and all that changes them.
    pub(super) fn key(&self) -> String {
        let Self { name, prefixes, dimensions, .. } = self;
        let dimensions = dimensions.map_or_else(String::new, |dimensions| dimensions.to_string());
        format!("{name}|{}|{dimensions}|{RULES}", prefixes.passage)
    }

    const fn prefix(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Question => self.prefixes.query.as_str(),
            Purpose::Passage => self.prefixes.passage.as_str(),
        }
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
    #[error(transparent)]
    BuiltIn(#[from] embedding::Error),
    #[error("the built-in model's thread has ended")]
    Ended,
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
    purpose: Purpose,
) -> Result<Vec<Option<Vec<f32>>>, Failure> {
    let prefix = settings.prefix(purpose);
    // Endpoints refuse an empty text.
    let text = |text: &&str| format!("{prefix}{}", if text.trim().is_empty() { "-" } else { *text });
    let input: Vec<String> = texts.iter().map(text).collect();
    let embedded = match (&settings.source, purpose) {
        (Source::BuiltIn(model), Purpose::Question) => at_once(model, input, settings.patience).await?,
        (Source::BuiltIn(model), Purpose::Passage) => in_background(model, input).await?,
        (Source::Endpoint { .. }, _) => {
            let limit = if purpose == Purpose::Question { settings.patience } else { settings.limit };
            let input: Vec<&str> = input.iter().map(String::as_str).collect();
            call(outgoing, settings, &input, settings.dimensions, limit).await?
        }
    };
    Ok(embedded.vectors.into_iter().map(rules::normal).collect())
}

/// Has the built-in model embed texts before all others.
async fn at_once(
    model: &'static embedding::BuiltIn,
    texts: Vec<String>,
    limit: Duration,
) -> Result<Embedded, Failure> {
    let made = tokio::task::spawn_blocking(move || model.embed(&texts));
    let made = tokio::time::timeout(limit, made).await;
    let made = made.map_err(|_elapsed| Failure::Call("it took too long".to_owned()))?;
    Ok(embedded(made.map_err(|_panicked| Failure::Ended)??))
}

/// Has the thread of the built-in model embed texts, after those that wait already.
pub(super) async fn in_background(
    model: &'static embedding::BuiltIn,
    texts: Vec<String>,
) -> Result<Embedded, Failure> {
    let (done, made) = tokio::sync::oneshot::channel();
    // If nobody waits any more, the result is dropped.
    model.embed_later(texts, move |result| drop(done.send(result)))?;
    Ok(embedded(made.await.map_err(|_ended| Failure::Ended)??))
}

fn embedded(made: Vec<embedding::Embedding>) -> Embedded {
    let tokens = made.iter().map(|one| one.tokens).sum::<usize>();
    let vectors = made.into_iter().map(|one| one.vector).collect();
    Embedded { vectors, tokens: i64::try_from(tokens).ok() }
}

/// Calls the endpoint for the embeddings of texts; with `dimensions`, cut to that size.
pub(super) async fn call(
    outgoing: &Outgoing,
    settings: &Settings,
    texts: &[&str],
    dimensions: Option<u32>,
    limit: Duration,
) -> Result<Embedded, Failure> {
    let Source::Endpoint { base_url, api_key, is_guarded } = &settings.source else {
        return Err(Failure::Ended);
    };
    let client = if *is_guarded { outgoing.local() } else { outgoing.trusted() };
    let client = client.map_err(|error| Failure::Call(error.to_string()))?;
    let mut request = client.post(format!("{base_url}/embeddings")).timeout(limit);
    if !api_key.is_empty() {
        request = request.bearer_auth(api_key.expose());
    }
    let body = Request { model: &settings.name, input: texts, encoding_format: "float", dimensions };
    let response = outgoing::send(request.json(&body), "embedding")
        .await
        .map_err(|error| Failure::Call(reason(error)))?;
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
    if error.is_timeout() { "it took too long".to_owned() } else { outgoing::reason(error) }
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
