//! Loading of a model: unpacking the weights takes about 50 milliseconds.

use fearless_simd::Level;

use super::{Layer, Model, Norm};
use crate::{Error, format::File, linear::Linear, tokenizer::Tokenizer};

impl Model {
    /// Loads a model from the bytes of its file.
    ///
    /// # Errors
    /// If the file is not a model, or is damaged.
    pub fn load(bytes: &'static [u8]) -> Result<Self, Error> {
        let file = File::parse(bytes)?;
        let sizes = file.sizes;
        let words = file.weights("emb.word", sizes.vocabulary, sizes.hidden)?;
        let mut positions = file.floats("emb.pos", sizes.positions * sizes.hidden)?;
        // The type of all tokens is the first one.
        let types = file.floats("emb.type", sizes.types * sizes.hidden)?;
        for position in positions.chunks_exact_mut(sizes.hidden) {
            position.iter_mut().zip(&types).for_each(|(value, kind)| *value += kind);
        }
        let first = norm(&file, "emb.ln")?;
        let layers: Result<Vec<Layer>, Error> =
            (0..sizes.layers).map(|number| layer(&file, number)).collect();
        let layers = layers?;
        if file.vocabulary.ends.len() > sizes.vocabulary {
            return Err(Error("the vocabulary is larger than its embeddings"));
        }
        let tokenizer = Tokenizer::new(file.vocabulary);
        Ok(Self { sizes, tokenizer, words, positions, first, layers, level: Level::new() })
    }
}

fn layer(file: &File, number: usize) -> Result<Layer, Error> {
    let (hidden, inner) = (file.sizes.hidden, file.sizes.inner);
    let name = |part: &str| format!("l{number}.{part}");
    Ok(Layer {
        attention: linear(file, &["q", "k", "v"].map(name), hidden, hidden)?,
        projection: linear(file, &[name("ao")], hidden, hidden)?,
        after_attention: norm(file, &name("aln"))?,
        widen: linear(file, &[name("fi")], hidden, inner)?,
        narrow: linear(file, &[name("fo")], inner, hidden)?,
        after: norm(file, &name("oln"))?,
    })
}

fn norm(file: &File, name: &str) -> Result<Norm, Error> {
    let of = |part: &str| file.floats(&format!("{name}.{part}"), file.sizes.hidden);
    Ok(Norm { weight: of("w")?, bias: of("b")? })
}

/// Returns one layer that computes the outputs of several.
fn linear(file: &File, names: &[String], inputs: usize, outputs: usize) -> Result<Linear, Error> {
    let (mut weights, mut bias) = (Vec::new(), Vec::new());
    for name in names {
        weights.extend_from_slice(file.weights(&format!("{name}.w"), outputs, inputs)?);
        bias.extend(file.floats(&format!("{name}.b"), outputs)?);
    }
    Linear::new(&weights, bias, inputs)
}
