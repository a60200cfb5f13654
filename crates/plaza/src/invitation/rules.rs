//! Format and validation of invitation codes. No I/O.

use web::{ApiError, Issues};

use super::MAX_ISSUED;

/// Most characters of a note.
pub const MAX_NOTE: usize = 200;
/// Most characters of a code that a client sends.
pub(super) const MAX_CODE: usize = 64;

/// Letters and digits of codes, without those that look alike: 0 and O, 1 and I.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Returns `INVITE-XXXX-XXXX-XXXX`, made of 60 of the random bits.
pub(super) fn code(random: &[u8; 8]) -> String {
    let bits = u64::from_le_bytes(*random);
    let mut code = String::from("INVITE");
    for place in 0..12 {
        if place % 4 == 0 {
            code.push('-');
        }
        let letter = ALPHABET.get(usize::try_from(bits >> (place * 5) & 31).unwrap_or(0));
        code.push(letter.copied().map_or('X', char::from));
    }
    code
}

/// Normalizes a typed code: trims it and turns it to upper case.
pub(super) fn normalize(code: &str) -> String {
    code.trim().to_ascii_uppercase()
}

/// Checks a request to issue codes, and returns the trimmed note.
///
/// # Errors
/// 422 if the number of codes or the note is invalid.
pub(super) fn check_issue(number: i64, note: &str) -> Result<String, ApiError> {
    let mut issues = Issues::body();
    if !(1..=MAX_ISSUED).contains(&number) {
        issues.add("value_error", "number", format!("Input should be 1 to {MAX_ISSUED}"));
    }
    let note = note.trim();
    issues.line("note", note, MAX_NOTE);
    issues.finish()?;
    Ok(note.to_owned())
}

/// Checks the body of a request to redeem, and returns the code.
///
/// # Errors
/// 422 if the code is missing or invalid.
pub(super) fn check_code(code: Option<&str>) -> Result<String, ApiError> {
    let mut issues = Issues::body();
    let code = issues.required_text("code", code, MAX_CODE);
    issues.line("code", &code, MAX_CODE);
    issues.finish()?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_alphabet_has_no_twins() {
        assert!(!ALPHABET.iter().any(|letter| b"01IO".contains(letter)));
    }

    proptest! {
        #[test]
        fn codes_look_alike_and_differ(a in any::<[u8; 8]>(), b in any::<[u8; 8]>()) {
            let (one, other) = (code(&a), code(&b));
            prop_assert_eq!(one.len(), "INVITE-XXXX-XXXX-XXXX".len());
            prop_assert_eq!(&normalize(&format!(" {} ", one.to_lowercase())), &one);
            let bits = |random| u64::from_le_bytes(random) & ((1 << 60) - 1);
            prop_assert_eq!(one == other, bits(a) == bits(b));
        }
    }
}
