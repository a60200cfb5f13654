//! Repairs events that are almost JSON. No I/O.

/// Words outside of strings that some servers write for numbers that JSON does not have.
const NO_NUMBERS: &[&[u8]] = &[b"-Infinity", b"Infinity", b"NaN", b"nan", b"inf"];

/// Returns the event with what JSON does not allow replaced: other numbers become `null`, trailing commas are
/// removed, control characters in strings are escaped, and invalid UTF-8 becomes U+FFFD.
pub(super) fn mended(data: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(data);
    let bytes = text.as_bytes();
    let (mut out, mut at, mut is_quoted) = (Vec::with_capacity(bytes.len()), 0, false);
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut length = 1;
        match byte {
            b'\\' if is_quoted => {
                length = 2;
                out.extend_from_slice(rest.get(..2).unwrap_or(rest));
            }
            b'"' => {
                is_quoted = !is_quoted;
                out.push(byte);
            }
            0..0x20 if is_quoted => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            b',' if !is_quoted => {
                let next = rest.iter().skip(1).find(|byte| !byte.is_ascii_whitespace());
                if !matches!(next, Some(b'}' | b']')) {
                    out.push(byte);
                }
            }
            _ if !is_quoted => match NO_NUMBERS.iter().find(|word| rest.starts_with(word)) {
                Some(word) => {
                    length = word.len();
                    out.extend_from_slice(b"null");
                }
                None => out.push(byte),
            },
            _ => out.push(byte),
        }
        at += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::mended;

    #[test]
    fn almost_json_becomes_json() {
        let cases: [(&[u8], Value); 5] = [
            (
                br#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN, }"}"#,
                json!({"a": null, "b": [null, null], "c": "NaN, }"}),
            ),
            (b"{\"a\": [1, 2, ], \"b\": {\"c\": 1,},}", json!({"a": [1, 2], "b": {"c": 1}})),
            (b"{\"a\": \"one\ntwo\tthree\"}", json!({"a": "one\ntwo\tthree"})),
            (b"{\"a\": \"x\xff\"}", json!({"a": "x\u{fffd}"})),
            (br#"{"a": "say \"hi\\", "b": 1}"#, json!({"a": "say \"hi\\", "b": 1})),
        ];
        for (data, expected) in cases {
            assert_eq!(serde_json::from_slice::<Value>(&mended(data)).unwrap(), expected);
        }
    }
}
