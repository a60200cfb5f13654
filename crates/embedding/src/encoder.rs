//! The network: an encoder of the kind of BERT, whose last states are averaged.

mod load;

use fearless_simd::Level;

use crate::{
    float,
    format::{BLOCK, BLOCK_BYTES, Sizes, half},
    linear::{Linear, Rounded, TOKENS},
    tokenizer::Tokenizer,
};

/// Maximum number of tokens that are computed together.
const MAX_TOKENS: usize = 512;
/// Number of tokens that mark the beginning and the end of a text.
const MARKS: usize = 2;

/// A loaded model.
pub struct Model {
    sizes: Sizes,
    tokenizer: Tokenizer,
    /// The embeddings of the pieces, as the file has them.
    words: &'static [u8],
    /// The embeddings of the positions, with that of the type added.
    positions: Vec<f32>,
    first: Norm,
    layers: Vec<Layer>,
    level: Level,
}

/// The vector of a text, of length 1, and the number of its tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// The vector.
    pub vector: Vec<f32>,
    /// The number of tokens, including those that mark the beginning and the end.
    pub tokens: usize,
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    /// Computes queries, keys and values.
    attention: Linear,
    projection: Linear,
    after_attention: Norm,
    widen: Linear,
    narrow: Linear,
    after: Norm,
}

/// The states of tokens, and space for what is computed of them.
#[derive(Default)]
struct States {
    tokens: Vec<f32>,
    rounded: Rounded,
    wide: Vec<f32>,
    attended: Vec<f32>,
    change: Vec<f32>,
}

impl Model {
    /// Returns the numbers of a text's pieces.
    #[must_use]
    pub fn pieces(&self, text: &str) -> Vec<u32> {
        self.tokenizer.encode(text)
    }

    /// Returns the embeddings of texts. A text with more tokens than the model can read is cut into windows,
    /// and the average of their states counts.
    #[must_use]
    pub fn embed<T: AsRef<str>>(&self, texts: &[T]) -> Vec<Embedding> {
        let pieces: Vec<Vec<u32>> = texts.iter().map(|text| self.pieces(text.as_ref())).collect();
        let window = self.sizes.positions.min(MAX_TOKENS) - MARKS;
        let windows = pieces.iter().enumerate();
        let windows: Vec<(usize, &[u32])> = windows
            .flat_map(|(text, pieces)| pieces.chunks(window).map(move |window| (text, window)))
            .collect();
        let mut sums = vec![vec![0_f32; self.sizes.hidden]; texts.len()];
        let mut rest = windows.as_slice();
        while !rest.is_empty() {
            let mut tokens = 0;
            let fit = rest.iter().take_while(|(_, window)| {
                tokens += window.len() + MARKS;
                tokens <= MAX_TOKENS
            });
            let (now, later) = rest.split_at(fit.count().max(1));
            let pieces: Vec<&[u32]> = now.iter().map(|(_, pieces)| *pieces).collect();
            for ((text, pieces), mean) in now.iter().zip(self.means(&pieces)) {
                let sum = sums.get_mut(*text).into_iter().flatten();
                sum.zip(mean).for_each(|(sum, mean)| *sum += pieces.len() as f32 * mean);
            }
            rest = later;
        }
        let embedding = |(sum, pieces): (Vec<f32>, &Vec<u32>)| Embedding {
            vector: of_length_one(sum),
            tokens: pieces.len() + MARKS,
        };
        sums.into_iter().zip(&pieces).map(embedding).collect()
    }

    /// Returns the average of the last states of each window.
    fn means(&self, windows: &[&[u32]]) -> Vec<Vec<f32>> {
        let (hidden, level) = (self.sizes.hidden, self.level);
        let mut states = States { tokens: self.embeddings(windows), ..States::default() };
        states.change = vec![0.0; states.tokens.len()];
        states.attended = vec![0.0; states.tokens.len()];
        self.first.apply(level, &mut states, self.sizes.epsilon);
        for layer in &self.layers {
            self.attend(layer, windows, &mut states);
            states.rounded.set(level, &states.tokens, hidden);
            layer.widen.apply(level, &states.rounded, &mut states.wide);
            float::gelu(level, &mut states.wide);
            states.rounded.set(level, &states.wide, self.sizes.inner);
            layer.narrow.apply(level, &states.rounded, &mut states.change);
            layer.after.apply(level, &mut states, self.sizes.epsilon);
        }
        let mut rows = states.tokens.chunks_exact(hidden);
        let mean = |window: &&[u32]| {
            let count = window.len() + MARKS;
            let mut mean = vec![0_f32; hidden];
            for row in rows.by_ref().take(count) {
                mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value);
            }
            mean.iter_mut().for_each(|value| *value /= count as f32);
            mean
        };
        windows.iter().map(mean).collect()
    }

    /// Applies a layer's attention. The tokens of a window attend to each other.
    fn attend(&self, layer: &Layer, windows: &[&[u32]], states: &mut States) {
        let (hidden, level) = (self.sizes.hidden, self.level);
        states.rounded.set(level, &states.tokens, hidden);
        layer.attention.apply(level, &states.rounded, &mut states.wide);
        let (mut queries, mut output) = (states.wide.as_slice(), states.attended.as_mut_slice());
        for window in windows {
            let count = (window.len() + MARKS) * hidden;
            let (now, later) = queries.split_at(3 * count);
            let (attended, rest) = output.split_at_mut(count);
            float::attend(level, now, hidden, attended);
            (queries, output) = (later, rest);
        }
        states.rounded.set(level, &states.attended, hidden);
        layer.projection.apply(level, &states.rounded, &mut states.change);
        layer.after_attention.apply(level, states, self.sizes.epsilon);
    }

    /// Returns the first states of the tokens of all windows, padded to a multiple of [`TOKENS`].
    fn embeddings(&self, windows: &[&[u32]]) -> Vec<f32> {
        let hidden = self.sizes.hidden;
        let count: usize = windows.iter().map(|window| window.len() + MARKS).sum();
        let padded = count.next_multiple_of(TOKENS) * hidden;
        let mut states = Vec::with_capacity(padded);
        for window in windows {
            let (begin, end) = (self.tokenizer.begin(), self.tokenizer.end());
            let pieces = std::iter::once(begin).chain(window.iter().copied()).chain(std::iter::once(end));
            for (piece, position) in pieces.zip(self.positions.chunks_exact(hidden)) {
                self.add_embedding(piece, position, &mut states);
            }
        }
        states.resize(padded, 0.0);
        states
    }

    fn add_embedding(&self, piece: u32, position: &[f32], states: &mut Vec<f32>) {
        let row = self.sizes.hidden / BLOCK * BLOCK_BYTES;
        let word = self.words.chunks_exact(row).nth(piece as usize).unwrap_or_default();
        for (block, position) in word.chunks_exact(BLOCK_BYTES).zip(position.chunks_exact(BLOCK)) {
            let Some((scale, bytes)) = block.split_first_chunk::<2>() else { continue };
            let scale = half(u16::from_le_bytes(*scale));
            let weights = bytes.iter().map(|byte| byte & 15).chain(bytes.iter().map(|byte| byte >> 4));
            let values = weights.map(|weight| (f32::from(weight) - 8.0) * scale);
            states.extend(values.zip(position).map(|(value, position)| value + position));
        }
    }
}

impl Norm {
    /// Adds the change to the states, and normalizes them.
    fn apply(&self, level: Level, states: &mut States, epsilon: f32) {
        let States { tokens, change, .. } = states;
        float::add_and_normalize(level, tokens, change, &self.weight, &self.bias, epsilon);
    }
}

fn of_length_one(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().max(1e-12).sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}
