//! The file format of the model, version 1 of "E5S1": sizes, vocabulary, normalization map, and tensors. All
//! numbers are little-endian.

use std::collections::HashMap;

use crate::Error;

/// Number of weights that share a scale.
pub(crate) const BLOCK: usize = 32;
/// Bytes of a block of 4-bit weights: the scale as a half float, and two weights per byte.
pub(crate) const BLOCK_BYTES: usize = 18;
/// Maximum value of every size in the file. A damaged file must not make us allocate much.
const MAX_SIZE: usize = 1 << 20;

/// The sizes of the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sizes {
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) inner: usize,
    pub(crate) vocabulary: usize,
    pub(crate) positions: usize,
    pub(crate) types: usize,
    pub(crate) epsilon: f32,
}

/// The parts of a model file.
pub(crate) struct File {
    pub(crate) sizes: Sizes,
    pub(crate) vocabulary: Vocabulary,
    tensors: HashMap<&'static str, &'static [u8]>,
}

/// The pieces of the vocabulary, and the normalization map.
pub(crate) struct Vocabulary {
    pub(crate) begin: u32,
    pub(crate) end: u32,
    pub(crate) unknown: u32,
    /// The end of each piece in `text`; it begins at the end of the one before.
    pub(crate) ends: Vec<u32>,
    pub(crate) scores: Vec<f32>,
    pub(crate) text: &'static [u8],
    /// The characters that are replaced, in order, and their replacements.
    pub(crate) replaced: Vec<(u32, Vec<char>)>,
}

impl File {
    pub(crate) fn parse(bytes: &'static [u8]) -> Result<Self, Error> {
        let mut at = Reader { bytes, at: 0 };
        if at.take(4)? != b"E5S1" || at.u32()? != 1 {
            return Err(Error("not a model of this format"));
        }
        let [hidden, layers, heads, inner, vocabulary, positions, types] = at.sizes()?;
        let epsilon = at.f32()?;
        let block = at.size()?;
        let sizes = Sizes { hidden, layers, heads, inner, vocabulary, positions, types, epsilon };
        let is_even =
            hidden.is_multiple_of(2 * BLOCK) && inner.is_multiple_of(2 * BLOCK) && heads * HEAD == hidden;
        if block != BLOCK || !is_even || layers == 0 || positions < 3 {
            return Err(Error("the model has unexpected sizes"));
        }
        let read = at.vocabulary()?;
        let tensors = at.tensors()?;
        Ok(Self { sizes, vocabulary: read, tensors })
    }

    /// Returns a tensor of 4-bit weights.
    pub(crate) fn weights(&self, name: &str, rows: usize, columns: usize) -> Result<&'static [u8], Error> {
        self.tensor(name, rows * columns / BLOCK * BLOCK_BYTES)
    }

    /// Returns a tensor of floats.
    pub(crate) fn floats(&self, name: &str, count: usize) -> Result<Vec<f32>, Error> {
        let bytes = self.tensor(name, count * 4)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn tensor(&self, name: &str, bytes: usize) -> Result<&'static [u8], Error> {
        let found = self.tensors.get(name).ok_or(Error("the model lacks a tensor"))?;
        if found.len() == bytes { Ok(found) } else { Err(Error("a tensor has an unexpected size")) }
    }
}

/// Dimensions of an attention head.
pub(crate) const HEAD: usize = 32;

struct Reader {
    bytes: &'static [u8],
    at: usize,
}

impl Reader {
    fn take(&mut self, count: usize) -> Result<&'static [u8], Error> {
        let end = self.at.checked_add(count).ok_or(TRUNCATED)?;
        let taken = self.bytes.get(self.at..end).ok_or(TRUNCATED)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.take(N)?.try_into().map_err(|_shorter| TRUNCATED)
    }

    fn u16(&mut self) -> Result<u16, Error> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn f32(&mut self) -> Result<f32, Error> {
        Ok(f32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<usize, Error> {
        usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|_larger| TRUNCATED)
    }

    fn size(&mut self) -> Result<usize, Error> {
        usize::try_from(self.u32()?)
            .ok()
            .filter(|size| *size <= MAX_SIZE)
            .ok_or(Error("the model has unexpected sizes"))
    }

    fn sizes<const N: usize>(&mut self) -> Result<[usize; N], Error> {
        let mut sizes = [0; N];
        for size in &mut sizes {
            *size = self.size()?;
        }
        Ok(sizes)
    }

    fn vocabulary(&mut self) -> Result<Vocabulary, Error> {
        let pieces = self.size()?;
        let [begin, end, _padding, unknown] = [self.u32()?, self.u32()?, self.u32()?, self.u32()?];
        let length = self.u64()?;
        let mut ends = Vec::with_capacity(pieces);
        self.u32()?;
        for _ in 0..pieces {
            ends.push(self.u32()?);
        }
        let mut scores = Vec::with_capacity(pieces);
        for _ in 0..pieces {
            scores.push(self.f32()?);
        }
        let text = self.take(length)?;
        let is_ordered = ends.is_sorted() && ends.last().is_none_or(|last| *last as usize <= length);
        if !is_ordered || [begin, end, unknown].iter().any(|id| *id as usize >= pieces) {
            return Err(Error("the vocabulary is damaged"));
        }
        let count = self.size()?;
        self.u32()?;
        let mut replaced = Vec::with_capacity(count);
        for _ in 0..count {
            let from = self.u32()?;
            let [length] = self.array()?;
            let mut to = Vec::with_capacity(usize::from(length));
            for _ in 0..length {
                to.push(char::from_u32(self.u32()?).ok_or(Error("the vocabulary is damaged"))?);
            }
            replaced.push((from, to));
        }
        if !replaced.is_sorted_by_key(|(from, _)| *from) {
            return Err(Error("the vocabulary is damaged"));
        }
        Ok(Vocabulary { begin, end, unknown, ends, scores, text, replaced })
    }

    fn tensors(&mut self) -> Result<HashMap<&'static str, &'static [u8]>, Error> {
        let count = self.size()?;
        let mut tensors = HashMap::with_capacity(count);
        for _ in 0..count {
            let length = usize::from(self.u16()?);
            let name = str::from_utf8(self.take(length)?).map_err(|_invalid| TRUNCATED)?;
            let [_kind] = self.array()?;
            self.u32()?;
            let (offset, bytes) = (self.u64()?, self.u64()?);
            let end = offset.checked_add(bytes).ok_or(TRUNCATED)?;
            tensors.insert(name, self.bytes.get(offset..end).ok_or(TRUNCATED)?);
        }
        Ok(tensors)
    }
}

const TRUNCATED: Error = Error("the model is truncated");

/// Converts a half float.
pub(crate) fn half(bits: u16) -> f32 {
    let (sign, exponent, mantissa) = (bits >> 15, (bits >> 10) & 0x1f, bits & 0x3ff);
    let value = match exponent {
        0 => f32::from(mantissa) * 2f32.powi(-24),
        31 => f32::INFINITY,
        _ => (1.0 + f32::from(mantissa) / 1024.0) * 2f32.powi(i32::from(exponent) - 15),
    };
    if sign == 1 { -value } else { value }
}
