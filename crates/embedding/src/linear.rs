//! Products of 4-bit weights with activations that are rounded to 8 bits, in integers.
//!
//! Weights are packed for vector instructions: groups of 16 rows, each in blocks of 32 columns, each in quads
//! of 4 columns. A quad has 4 columns of row 0, then those of row 1, and so on: 64 bytes. One instruction
//! multiplies a quad with 4 activations, and adds them for 16 rows (8 with AVX2) at a time.

#[cfg(target_arch = "x86_64")]
mod x86;

use fearless_simd::Level;

use crate::{
    Error, float,
    format::{BLOCK, BLOCK_BYTES, half},
};

/// Rows of a group.
const ROWS: usize = 16;
/// Bytes of a quad: 4 columns of each row.
const QUAD: usize = 4 * ROWS;
/// Bytes of a block of a group.
const GROUP: usize = ROWS * BLOCK;
/// Tokens that are multiplied together.
pub(crate) const TOKENS: usize = 4;
/// Value of a 4-bit weight that stands for zero.
const ZERO: i32 = 8;

/// A linear layer.
pub(crate) struct Linear {
    inputs: usize,
    outputs: usize,
    /// Weights from 0 to 15, as packed.
    weights: Vec<[u8; GROUP]>,
    /// The scales of each block of a group.
    scales: Vec<[f32; ROWS]>,
    bias: Vec<f32>,
}

/// Activations of tokens, rounded to 8 bits in blocks of 32.
#[derive(Default)]
pub(crate) struct Rounded {
    inputs: usize,
    values: Vec<[i8; BLOCK]>,
    scales: Vec<f32>,
    /// Minus the sum of each block's values, times [`ZERO`].
    shifts: Vec<i32>,
}

impl Linear {
    /// Packs the rows of a tensor.
    pub(crate) fn new(bytes: &[u8], bias: Vec<f32>, inputs: usize) -> Result<Self, Error> {
        let outputs = bias.len();
        let blocks = inputs / BLOCK;
        if !outputs.is_multiple_of(ROWS) || bytes.len() != outputs * blocks * BLOCK_BYTES {
            return Err(Error("a tensor has an unexpected size"));
        }
        let count = outputs / ROWS * blocks;
        let (mut weights, mut scales) = (vec![[0; GROUP]; count], vec![[0.0; ROWS]; count]);
        for (row, bytes) in bytes.chunks_exact(blocks * BLOCK_BYTES).enumerate() {
            let (group, lane) = (row / ROWS, row % ROWS);
            let packed = weights.iter_mut().zip(&mut scales).skip(group * blocks);
            for (block, (weights, scales)) in bytes.chunks_exact(BLOCK_BYTES).zip(packed) {
                pack(block, lane, weights, scales);
            }
        }
        Ok(Self { inputs, outputs, weights, scales, bias })
    }

    /// Multiplies each token. The number of tokens has to be a multiple of [`TOKENS`].
    pub(crate) fn apply(&self, level: Level, input: &Rounded, output: &mut Vec<f32>) {
        let blocks = self.inputs / BLOCK;
        debug_assert_eq!(self.inputs, input.inputs);
        output.clear();
        output.resize(input.values.len() / blocks.max(1) * self.outputs, 0.0);
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = level.as_avx512() {
            return x86::apply_512(token, self, input, output);
        } else if let Some(token) = level.as_avx2() {
            return x86::apply_256(token, self, input, output);
        }
        let _ = level;
        apply_plain(self, input, output);
    }
}

fn pack(block: &[u8], lane: usize, weights: &mut [u8; GROUP], scales: &mut [f32; ROWS]) {
    let Some((scale, nibbles)) = block.split_first_chunk::<2>() else { return };
    if let Some(slot) = scales.get_mut(lane) {
        *slot = half(u16::from_le_bytes(*scale));
    }
    // The low halves of the 16 bytes are the first 16 columns, the high halves the others.
    let columns = nibbles.iter().map(|byte| byte & 15).chain(nibbles.iter().map(|byte| byte >> 4));
    for (column, weight) in columns.enumerate() {
        if let Some(slot) = weights.get_mut(column / 4 * QUAD + lane * 4 + column % 4) {
            *slot = weight;
        }
    }
}

impl Rounded {
    /// Rounds the activations of tokens, each `inputs` long.
    pub(crate) fn set(&mut self, level: Level, values: &[f32], inputs: usize) {
        let count = values.len() / BLOCK;
        self.inputs = inputs;
        self.values.resize(count, [0; BLOCK]);
        self.scales.resize(count, 0.0);
        self.shifts.resize(count, 0);
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = level.as_avx2() {
            return x86::round_256(token, values, &mut self.values, &mut self.scales, &mut self.shifts);
        }
        let _ = level;
        round(values, &mut self.values, &mut self.scales, &mut self.shifts);
    }
}

#[inline(always)]
fn round(values: &[f32], rounded: &mut [[i8; BLOCK]], scales: &mut [f32], shifts: &mut [i32]) {
    let blocks = values.as_chunks::<BLOCK>().0.iter().zip(rounded).zip(scales).zip(shifts);
    for (((values, rounded), scale), shift) in blocks {
        *scale = float::largest(values) / 127.0;
        let inverse = if *scale > 0.0 { 1.0 / *scale } else { 0.0 };
        let mut sum = 0;
        for (value, rounded) in values.iter().zip(rounded) {
            // Adding this number rounds to the nearest integer, halves to even ones, which is then in the low
            // bits. Unlike a cast, that needs no checks.
            const ROUND: f32 = 12_582_912.0;
            let nearest = (value * inverse + ROUND).to_bits().cast_signed() - ROUND.to_bits().cast_signed();
            sum += nearest;
            #[expect(clippy::cast_possible_truncation, reason = "from -127 to 127")]
            let nearest = nearest as i8;
            *rounded = nearest;
        }
        *shift = -ZERO * sum;
    }
}

/// Multiplies without special instructions.
fn apply_plain(layer: &Linear, input: &Rounded, output: &mut [f32]) {
    let blocks = layer.inputs / BLOCK;
    let tokens = input.values.chunks_exact(blocks).zip(input.scales.chunks_exact(blocks));
    let tokens = tokens.zip(input.shifts.chunks_exact(blocks)).zip(output.chunks_exact_mut(layer.outputs));
    for (((values, scales), shifts), output) in tokens {
        let groups = layer.weights.chunks_exact(blocks).zip(layer.scales.chunks_exact(blocks));
        let rows = output.as_chunks_mut::<ROWS>().0.iter_mut().zip(layer.bias.as_chunks::<ROWS>().0);
        for ((weights, row_scales), (output, bias)) in groups.zip(rows) {
            let mut sums = *bias;
            let of_token = values.iter().zip(scales).zip(shifts);
            for (((values, scale), shift), (weights, row_scales)) in
                of_token.zip(weights.iter().zip(row_scales))
            {
                let mut products = [*shift; ROWS];
                let quads = weights.as_chunks::<QUAD>().0.iter().zip(values.as_chunks::<4>().0);
                for (weights, values) in quads {
                    for (product, weights) in products.iter_mut().zip(weights.as_chunks::<4>().0) {
                        for (weight, value) in weights.iter().zip(values) {
                            *product += i32::from(*weight) * i32::from(*value);
                        }
                    }
                }
                for ((sum, product), row_scale) in sums.iter_mut().zip(products).zip(row_scales) {
                    *sum += product as f32 * (row_scale * scale);
                }
            }
            *output = sums;
        }
    }
}
