//! Embeddings for clients: requests that are passed on to the configured endpoint, in batches.

use super::provider::{self, Embedded};
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
            let (settings, batch) = (&meaning.settings, batch.iter().map(String::as_str).collect::<Vec<_>>());
            let sent = provider::call(&meaning.outgoing, settings, &batch, dimensions, settings.limit);
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
