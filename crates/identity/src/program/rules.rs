//! User codes, and names of programs. No I/O.

use web::names;

/// Letters that are not confused with one another or with digits, and cannot spell words.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Longest name of a program, in characters.
const MAX_NAME: usize = 100;

/// Returns a user code of four letters and four digits, such as `BCDF-1234`.
pub(super) fn user_code(bytes: [u8; 16]) -> String {
    let mut number = u128::from_be_bytes(bytes);
    let mut next = |range: u128| {
        let value = number % range;
        number /= range;
        value
    };
    let mut code = String::with_capacity(9);
    for _ in 0..4 {
        let at = usize::try_from(next(20)).unwrap_or(0);
        code.push(LETTERS.get(at).map_or('B', |letter| char::from(*letter)));
    }
    code.push('-');
    for _ in 0..4 {
        code.push(char::from_digit(u32::try_from(next(10)).unwrap_or(0), 10).unwrap_or('0'));
    }
    code
}

/// Parses a user code as a person typed it: in any case, with or without the dash.
pub fn read_user_code(typed: &str) -> Option<String> {
    if typed.len() > 32 {
        return None;
    }
    let plain: String =
        typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let (letters, digits) = plain.split_at_checked(4)?;
    let is_code = plain.len() == 8
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| format!("{letters}-{digits}"))
}

/// Returns the name of a program from its `User-Agent`, short and on one line.
pub(super) fn name(user_agent: &str) -> String {
    let name: String = names::cleaned(user_agent).chars().take(MAX_NAME).collect();
    if names::is_blank(&name) { "CLI".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        for typed in ["BCDF-1234", "bcdf1234", " bcdf - 1234 ", "BCDF 1234"] {
            assert_eq!(read_user_code(typed).as_deref(), Some("BCDF-1234"), "{typed}");
        }
        for bad in ["", "BCDF-123", "BCDF-12345", "1234-BCDF", "你好你好1234", "BCDF-12x4"] {
            assert_eq!(read_user_code(bad), None, "{bad}");
        }
        assert_eq!(name("curl/8\n"), "curl/8");
        assert_eq!((name(""), name(&"x".repeat(500)).len()), ("CLI".into(), MAX_NAME));
    }

    proptest! {
        #[test]
        fn what_is_made_can_be_read(bytes: [u8; 16]) {
            let code = user_code(bytes);
            prop_assert_eq!(read_user_code(&code.to_lowercase()), Some(code));
        }

        #[test]
        fn nothing_panics(text in ".*") {
            let _ = read_user_code(&text);
        }
    }
}
