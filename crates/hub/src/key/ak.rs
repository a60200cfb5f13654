//! The public half of a key.

/// Length of an AK in bytes; its text has twice as many hexadecimal digits.
pub(super) const AK_BYTES: usize = 12;

/// The public half of a key, decoded from hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ak([u8; AK_BYTES]);

impl Ak {
    /// Parses 24 lower-case hexadecimal digits. Other texts name no key.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != AK_BYTES || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; AK_BYTES];
        for (place, [high, low]) in bytes.iter_mut().zip(pairs) {
            *place = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_24_lower_case_digits_are_an_ak(text in "[0-9a-fA-Fg]{0,30}") {
            let is_ak = text.len() == 24 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            prop_assert_eq!(Ak::parse(&text).is_some(), is_ak);
        }
    }
}
