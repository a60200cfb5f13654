//! Vectors of 8-bit integers, which take a quarter of the memory of floats.

use fearless_simd::Level;

/// A vector as integers from -127 to 127, and the value of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantized {
    /// The value of one.
    pub scale: f32,
    /// The integers.
    pub values: Vec<i8>,
}

impl Quantized {
    /// Rounds a vector. One without a direction has only zeros.
    #[must_use]
    pub fn new(vector: &[f32]) -> Self {
        let most = vector.iter().fold(0_f32, |most, value| most.max(value.abs()));
        if !(most.is_finite() && most > 0.0) {
            return Self { scale: 0.0, values: vec![0; vector.len()] };
        }
        let scale = most / 127.0;
        #[expect(clippy::cast_possible_truncation, reason = "from -127 to 127")]
        let values = vector.iter().map(|value| (value / scale).round() as i8).collect();
        Self { scale, values }
    }
}

/// Returns the dot product of a question with each vector. The vectors are as long as the question, and one
/// after the other.
#[must_use]
pub fn compare(question: &Quantized, values: &[i8], scales: &[f32]) -> Vec<f32> {
    let mut products = vec![0; scales.len()];
    crate::float::dot_products(Level::new(), &question.values, values, &mut products);
    let scaled = products.iter().zip(scales).map(|(product, scale)| *product as f32 * scale * question.scale);
    scaled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_floats() {
        let vector = |seed: usize| -> Vec<f32> {
            (0..77).map(|n| ((n * 31 + seed * 17) % 23) as f32 - 11.0).collect()
        };
        let quantized: Vec<Quantized> = (0..5).map(|seed| Quantized::new(&vector(seed))).collect();
        let values: Vec<i8> = quantized.iter().flat_map(|vector| vector.values.clone()).collect();
        let scales: Vec<f32> = quantized.iter().map(|vector| vector.scale).collect();
        let question = vector(9);
        for (seed, product) in compare(&Quantized::new(&question), &values, &scales).into_iter().enumerate() {
            let exact: f32 = question.iter().zip(vector(seed)).map(|(a, b)| a * b).sum();
            assert!((product - exact).abs() < 60.0, "{product} {exact}");
        }
        for wrong in [&[0.0; 3][..], &[f32::NAN, 1.0, f32::INFINITY]] {
            assert_eq!(Quantized::new(wrong), Quantized { scale: 0.0, values: vec![0; 3] });
        }
    }
}
