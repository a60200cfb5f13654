//! The built-in embedding model: multilingual-e5-small, cut down to the pieces that Chinese and English use,
//! with 4-bit weights. `model/README.md` says where it comes from.
//!
//! [`BuiltIn`] is the model of this process: loaded when it is first needed, and released when it is idle.

mod built_in;
mod encoder;
mod float;
mod format;
mod linear;
mod tokenizer;
mod vector;

pub use built_in::BuiltIn;
pub use encoder::{Embedding, Model};
pub use vector::{Quantized, compare};

/// The name of the model.
pub const NAME: &str = "multilingual-e5-small";

/// The reason why there are no embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the built-in model cannot be used: {0}")]
pub struct Error(&'static str);

#[cfg(feature = "model")]
static MODEL: BuiltIn = BuiltIn::new(include_bytes!("../model/e5-small-zh-en.e5s1"));

/// Returns the model that this library was built with; `None` without the feature `model`.
#[must_use]
pub const fn built_in() -> Option<&'static BuiltIn> {
    #[cfg(feature = "model")]
    return Some(&MODEL);
    #[cfg(not(feature = "model"))]
    None
}
