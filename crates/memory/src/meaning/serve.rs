//! Embeddings for clients, by the built-in model or the configured endpoint, in batches.

use super::provider::{self, Embedded, Failure, Source};
use crate::Memory;

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

/// Maximum length of the texts of one request to the built-in model, in characters together. They take some
/// seconds.
const MAX_BUILT_IN: usize = 100_000;
/// Dimensions of the built-in model, whose vectors cannot be cut.
const DIMENSIONS: u32 = 384;

/// Returns true if the built-in model can embed the texts.
fn is_possible(texts: &[String], dimensions: Option<u32>) -> bool {
    let length: usize = texts.iter().map(|text| text.chars().count()).sum();
    length <= MAX_BUILT_IN && dimensions.is_none_or(|dimensions| dimensions == DIMENSIONS)
}

impl Memory {
    /// Returns the name of the configured embedding model, or `None` if there is none.
    pub fn embedding_model(&self) -> Option<String> {
        self.meaning().map(|meaning| meaning.settings.name.clone())
    }

    /// Returns the embeddings of texts.
    ///
    /// # Errors
    /// The reason why there are none.
    pub async fn embed(&self, texts: &[String], dimensions: Option<u32>) -> Result<Embedded, NotEmbedded> {
        let meaning = self.meaning().ok_or(NotEmbedded::NotConfigured)?;
        let mut embedded = Embedded { vectors: Vec::new(), tokens: Some(0) };
        let settings = &meaning.settings;
        if matches!(settings.source, Source::BuiltIn(_)) && !is_possible(texts, dimensions) {
            return Err(NotEmbedded::Refused);
        }
        for batch in texts.chunks(settings.batch.max(1)) {
            let part = match &settings.source {
                Source::BuiltIn(model) => provider::in_background(model, batch.to_vec()).await,
                Source::Endpoint { .. } => {
                    let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
                    let dimensions = dimensions.or(settings.dimensions);
                    provider::call(&meaning.outgoing, settings, &batch, dimensions, settings.limit).await
                }
            };
            let part = part.map_err(|failure: Failure| match failure {
                failure if failure.refuses_text() => NotEmbedded::Refused,
                failure => NotEmbedded::Failed(failure.to_string()),
            })?;
            embedded.tokens = embedded.tokens.zip(part.tokens).map(|(sum, tokens)| sum + tokens);
            embedded.vectors.extend(part.vectors);
        }
        Ok(embedded)
    }
}
