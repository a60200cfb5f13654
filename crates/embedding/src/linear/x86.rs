//! The products with AVX2 and AVX-512.
#![expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "loops over small arrays of registers; every index is below the length"
)]

use std::arch::x86_64::{
    __m256, __m256i, __m512, __m512i, _mm256_add_epi16, _mm256_add_epi32, _mm256_cvtepi32_ps,
    _mm256_fmadd_ps, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32,
    _mm512_fmadd_ps, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps,
};

use fearless_simd::{
    f32x8, f32x16, kernel,
    prelude::{SimdBase as _, SimdInto as _},
    u8x32, u8x64,
};

use super::{BLOCK, GROUP, Linear, QUAD, ROWS, Rounded, TOKENS};

kernel!(
    pub(super) fn round_256(
        _avx2: Avx2,
        values: &[f32],
        rounded: &mut [[i8; BLOCK]],
        scales: &mut [f32],
        shifts: &mut [i32],
    ) {
        super::round(values, rounded, scales, shifts);
    }
);

kernel!(
    pub(super) fn apply_512(avx512: Avx512, layer: &Linear, input: &Rounded, output: &mut [f32]) {
        let blocks = layer.inputs / BLOCK;
        let groups = layer.weights.chunks_exact(blocks).zip(layer.scales.chunks_exact(blocks));
        for (group, ((weights, row_scales), bias)) in groups.zip(layer.bias.as_chunks::<ROWS>().0).enumerate()
        {
            let tokens = input.values.chunks_exact(TOKENS * blocks);
            let tokens = tokens.zip(input.scales.chunks_exact(TOKENS * blocks));
            let tokens = tokens.zip(input.shifts.chunks_exact(TOKENS * blocks));
            for (((values, scales), shifts), output) in
                tokens.zip(output.chunks_exact_mut(TOKENS * layer.outputs))
            {
                let bias: __m512 = f32x16::from_slice(avx512, bias).into();
                let mut sums = [bias; TOKENS];
                for (block, (weights, row_scales)) in weights.iter().zip(row_scales).enumerate() {
                    let at = |token: usize| token * blocks + block;
                    let mut products: [__m512i; TOKENS] = [_mm512_set1_epi32(0); TOKENS];
                    for token in 0..TOKENS {
                        products[token] = _mm512_set1_epi32(shifts[at(token)]);
                    }
                    let weights: &[[u8; QUAD]] = weights.as_chunks::<QUAD>().0;
                    for (quad, weights) in weights.iter().enumerate() {
                        let weights: __m512i = u8x64::from_slice(avx512, weights).into();
                        for token in 0..TOKENS {
                            let values = values[at(token)].as_chunks::<4>().0[quad];
                            let values = i32::from_ne_bytes(values.map(|value| value.cast_unsigned()));
                            products[token] =
                                _mm512_dpbusd_epi32(products[token], weights, _mm512_set1_epi32(values));
                        }
                    }
                    let row_scales: __m512 = f32x16::from_slice(avx512, row_scales).into();
                    for token in 0..TOKENS {
                        let scale = _mm512_mul_ps(row_scales, _mm512_set1_ps(scales[at(token)]));
                        sums[token] =
                            _mm512_fmadd_ps(_mm512_cvtepi32_ps(products[token]), scale, sums[token]);
                    }
                }
                for token in 0..TOKENS {
                    let start = token * layer.outputs + group * ROWS;
                    let sum: f32x16<_> = sums[token].simd_into(avx512);
                    sum.store_slice(&mut output[start..start + ROWS]);
                }
            }
        }
    }
);

kernel!(
    pub(super) fn apply_256(avx2: Avx2, layer: &Linear, input: &Rounded, output: &mut [f32]) {
        const HALF: usize = ROWS / 2;
        let blocks = layer.inputs / BLOCK;
        let ones = _mm256_set1_epi16(1);
        let groups = layer.weights.chunks_exact(blocks).zip(layer.scales.chunks_exact(blocks));
        for (group, ((weights, row_scales), bias)) in groups.zip(layer.bias.as_chunks::<ROWS>().0).enumerate()
        {
            for half in 0..2 {
                let tokens = input.values.chunks_exact(TOKENS * blocks);
                let tokens = tokens.zip(input.scales.chunks_exact(TOKENS * blocks));
                let tokens = tokens.zip(input.shifts.chunks_exact(TOKENS * blocks));
                for (((values, scales), shifts), output) in
                    tokens.zip(output.chunks_exact_mut(TOKENS * layer.outputs))
                {
                    let bias: __m256 = f32x8::from_slice(avx2, &bias[half * HALF..][..HALF]).into();
                    let mut sums = [bias; TOKENS];
                    for (block, (weights, row_scales)) in weights.iter().zip(row_scales).enumerate() {
                        let weights: &[u8; GROUP] = weights;
                        let at = |token: usize| token * blocks + block;
                        // Eight sums of two products of at most 15 * 127 fit into 16 bits.
                        let mut products: [__m256i; TOKENS] = [_mm256_setzero_si256(); TOKENS];
                        for quad in 0..BLOCK / 4 {
                            let start = quad * QUAD + half * (QUAD / 2);
                            let weights: __m256i =
                                u8x32::from_slice(avx2, &weights[start..start + QUAD / 2]).into();
                            for token in 0..TOKENS {
                                let values = values[at(token)].as_chunks::<4>().0[quad];
                                let values = i32::from_ne_bytes(values.map(|value| value.cast_unsigned()));
                                let product = _mm256_maddubs_epi16(weights, _mm256_set1_epi32(values));
                                products[token] = _mm256_add_epi16(products[token], product);
                            }
                        }
                        let row_scales: __m256 =
                            f32x8::from_slice(avx2, &row_scales[half * HALF..][..HALF]).into();
                        for token in 0..TOKENS {
                            let product = _mm256_add_epi32(
                                _mm256_madd_epi16(products[token], ones),
                                _mm256_set1_epi32(shifts[at(token)]),
                            );
                            let scale = _mm256_mul_ps(row_scales, _mm256_set1_ps(scales[at(token)]));
                            sums[token] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(product), scale, sums[token]);
                        }
                    }
                    for token in 0..TOKENS {
                        let start = token * layer.outputs + group * ROWS + half * HALF;
                        let sum: f32x8<_> = sums[token].simd_into(avx2);
                        sum.store_slice(&mut output[start..start + HALF]);
                    }
                }
            }
        }
    }
);
