//! Operations on vectors, compiled for the vector instructions of the processor.

use fearless_simd::Level;

use crate::format::HEAD;

/// Defines functions that run a body compiled for AVX-512, AVX2, or the processor's minimum.
macro_rules! compiled {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $body:path;)*) => {$(
        $(#[$meta])*
        pub(crate) fn $name(level: Level, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                fearless_simd::kernel!(fn wide(_avx512: Avx512, $($arg: $type),*) { $body($($arg),*); });
                fearless_simd::kernel!(fn half(_avx2: Avx2, $($arg: $type),*) { $body($($arg),*); });
                if let Some(token) = level.as_avx512() {
                    return wide(token, $($arg),*);
                } else if let Some(token) = level.as_avx2() {
                    return half(token, $($arg),*);
                }
            }
            let _ = level;
            $body($($arg),*);
        }
    )*};
}

compiled! {
    /// Applies GELU to each value.
    fn gelu(values: &mut [f32]) = gelu_body;
    /// Adds to each row what `more` has for it, and normalizes the row.
    fn add_and_normalize(
        rows: &mut [f32], more: &[f32], weight: &[f32], bias: &[f32], epsilon: f32,
    ) = normalize_body;
    /// Computes the attention of one text's tokens. Each row of `all` has queries, keys and values.
    fn attend(all: &[f32], hidden: usize, output: &mut [f32]) = attend_body;
    /// Computes the dot product of a vector with each of others, which are one after the other.
    fn dot_products(one: &[i8], others: &[i8], products: &mut [i32]) = dot_products_body;
}

#[inline(always)]
fn gelu_body(values: &mut [f32]) {
    for value in values {
        *value = 0.5 * *value * (1.0 + erf(*value * std::f32::consts::FRAC_1_SQRT_2));
    }
}

const ABOVE: [f32; 7] = [
    -2.726_142e-10,
    2.770_681_4e-8,
    -2.101_024e-6,
    -5.692_506_5e-5,
    -7.349_906e-4,
    -2.954_600_1e-3,
    -1.609_603_3e-2,
];
const BELOW: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];

/// The error function, to about seven digits: a quotient of polynomials (as in Eigen).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let above = poly(square, &ABOVE);
    let below = poly(square, &BELOW);
    x * above / below
}

/// Evaluates a polynomial whose coefficients begin with that of the highest power.
#[inline(always)]
fn poly(x: f32, coefficients: &[f32]) -> f32 {
    let mut sum = 0.0;
    for coefficient in coefficients {
        sum = sum * x + coefficient;
    }
    sum
}

/// The exponential function of a number that is not positive, to about six digits.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let scaled = x.max(-87.0) * std::f32::consts::LOG2_E;
    // Adding and subtracting this number rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let whole = scaled + ROUND - ROUND;
    let part = (scaled - whole) * std::f32::consts::LN_2;
    let power = poly(part, &[1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0]);
    #[expect(clippy::cast_possible_truncation, reason = "from -126 to 0")]
    let exponent = whole as i32;
    power * f32::from_bits(((exponent + 127) << 23).cast_unsigned())
}

#[inline(always)]
fn normalize_body(rows: &mut [f32], more: &[f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    let width = weight.len();
    for (row, more) in rows.chunks_exact_mut(width).zip(more.chunks_exact(width)) {
        for (value, more) in row.iter_mut().zip(more) {
            *value += more;
        }
        let mean = sum(row) / width as f32;
        let mut squares = [0_f32; LANES];
        for values in row.as_chunks_mut::<LANES>().0 {
            for (value, square) in values.iter_mut().zip(&mut squares) {
                *value -= mean;
                *square += *value * *value;
            }
        }
        let variance = squares.iter().sum::<f32>() / width as f32;
        let inverse = 1.0 / (variance + epsilon).sqrt();
        for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
            *value = *value * inverse * weight + bias;
        }
    }
}

const LANES: usize = 16;

#[inline(always)]
fn sum(values: &[f32]) -> f32 {
    let (lanes, rest) = values.as_chunks::<LANES>();
    let mut sums = [0_f32; LANES];
    for values in lanes {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += value;
        }
    }
    sums.iter().chain(rest).sum()
}

/// Returns the largest absolute value. One running maximum would make each step wait for the one before.
#[inline(always)]
pub(crate) fn largest(values: &[f32]) -> f32 {
    let (lanes, rest) = values.as_chunks::<LANES>();
    let mut most = [0_f32; LANES];
    for values in lanes {
        for (most, value) in most.iter_mut().zip(values) {
            *most = greater(*most, value.abs());
        }
    }
    most.iter().chain(rest).fold(0.0, |most, value| greater(most, value.abs()))
}

/// Returns the greater of two numbers, or the first if the second is none. That is one instruction.
#[inline(always)]
fn greater(one: f32, other: f32) -> f32 {
    if other > one { other } else { one }
}

#[inline(always)]
fn attend_body(all: &[f32], hidden: usize, output: &mut [f32]) {
    let tokens = all.len() / (3 * hidden).max(1);
    let mut weights = vec![0_f32; tokens];
    let (mut keys, mut values) = (vec![0_f32; HEAD * tokens], vec![[0_f32; HEAD]; tokens]);
    for head in 0..hidden / HEAD {
        let at = |row: &[f32], part: usize| -> [f32; HEAD] {
            let start = part * hidden + head * HEAD;
            row.get(start..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0.0; HEAD])
        };
        // Keys are transposed: each dimension has a row.
        for (token, (row, values)) in all.chunks_exact(3 * hidden).zip(&mut values).enumerate() {
            *values = at(row, 2);
            for (key, keys) in at(row, 1).iter().zip(keys.chunks_exact_mut(tokens)) {
                keys.iter_mut().skip(token).take(1).for_each(|slot| *slot = *key);
            }
        }
        for (row, output) in all.chunks_exact(3 * hidden).zip(output.chunks_exact_mut(hidden)) {
            let mixed = attend_of(&at(row, 0), &keys, &values, &mut weights);
            if let Some(output) = output.get_mut(head * HEAD..(head + 1) * HEAD) {
                output.copy_from_slice(&mixed);
            }
        }
    }
}

/// Returns the average of values, weighted by how much their keys are like a query.
#[inline(always)]
fn attend_of(query: &[f32; HEAD], keys: &[f32], values: &[[f32; HEAD]], weights: &mut [f32]) -> [f32; HEAD] {
    let scale = 1.0 / (HEAD as f32).sqrt();
    weights.fill(0.0);
    for (query, keys) in query.iter().zip(keys.chunks_exact(weights.len())) {
        let query = query * scale;
        for (weight, key) in weights.iter_mut().zip(keys) {
            *weight += query * key;
        }
    }
    let most = highest(weights);
    for weight in weights.iter_mut() {
        *weight = exp(*weight - most);
    }
    let total = sum(weights);
    let mut mixed = [0_f32; HEAD];
    for (weight, values) in weights.iter().zip(values) {
        for (mixed, value) in mixed.iter_mut().zip(values) {
            *mixed += weight * value;
        }
    }
    mixed.map(|mixed| mixed / total)
}

/// Returns the highest value.
#[inline(always)]
fn highest(values: &[f32]) -> f32 {
    let (lanes, rest) = values.as_chunks::<LANES>();
    let mut most = [f32::NEG_INFINITY; LANES];
    for values in lanes {
        for (most, value) in most.iter_mut().zip(values) {
            *most = greater(*most, *value);
        }
    }
    most.iter().chain(rest).fold(f32::NEG_INFINITY, |most, value| greater(most, *value))
}

#[inline(always)]
fn dot_products_body(one: &[i8], others: &[i8], products: &mut [i32]) {
    for (other, product) in others.chunks_exact(one.len().max(1)).zip(products) {
        *product = one.iter().zip(other).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approximations_are_close() {
        for n in -800_i16..=0 {
            let x = f32::from(n) / 10.0;
            assert!((exp(x) - x.exp()).abs() <= 1e-5 * x.exp(), "{x}: {} {}", exp(x), x.exp());
        }
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.0, 0.995_322_3),
            (-1.5, -0.966_105_15),
            (9.0, 1.0),
        ] {
            assert!((erf(x) - expected).abs() < 1e-6, "{x}: {}", erf(x));
        }
    }

    #[test]
    fn all_instruction_sets_compute_the_same() {
        let level = Level::new();
        let values: Vec<f32> = (0_u16..192 * 5).map(|n| f32::from(n * 37 % 101) / 50.0 - 1.0).collect();
        let (mut wide, mut plain) = (values.clone(), values.clone());
        gelu(level, &mut wide);
        gelu_body(&mut plain);
        assert!(wide.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5));
        let (mut wide, mut plain) = (vec![0.0; 64 * 5], vec![0.0; 64 * 5]);
        attend(level, &values, 64, &mut wide);
        attend_body(&values, 64, &mut plain);
        assert!(wide.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5));
        let weight = vec![1.0; 64];
        add_and_normalize(level, &mut wide, &plain, &weight, &weight, 1e-12);
        let mean: f32 = wide.iter().take(64).sum::<f32>() / 64.0;
        assert!((mean - 1.0).abs() < 1e-4, "the bias is the mean: {mean}");
    }
}
