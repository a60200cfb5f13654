//! Decoding of the bytes of a page. No I/O.

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Number of bytes at the beginning of a page in which a declared charset is looked for, as browsers do.
const PRESCAN: usize = 1024;

/// Decodes bytes by a byte order mark, or the charset that the server or the page declares, or else by a
/// guess.
///
/// The server takes precedence over the page unless it declares Latin-1, a frequent default, or the bytes are
/// not valid in its charset.
pub(super) fn decode(bytes: &[u8], charset: Option<&str>) -> String {
    let named = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = by_mark(bytes).unwrap_or_else(|| match (named, declared(bytes)) {
        (Some(named), declared) if named != WINDOWS_1252 && fits(named, bytes) => {
            // Hardly any text in another charset is valid UTF-8.
            declared.filter(|declared| *declared == UTF_8 && fits(UTF_8, bytes)).unwrap_or(named)
        }
        (_, Some(declared)) if fits(declared, bytes) => declared,
        (_, _) if std::str::from_utf8(bytes).is_ok() => UTF_8,
        (Some(named), _) | (None, Some(named)) => named,
        (None, None) => guess(bytes),
    });
    let (text, ..) = encoding.decode(bytes);
    text.replace('\0', "\u{fffd}")
}

fn by_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_bom(bytes).map(|(encoding, _)| encoding)
}

fn fits(encoding: &'static Encoding, bytes: &[u8]) -> bool {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
}

/// Returns the charset that a page declares, in `<meta charset=…>` or `<meta … content="…; charset=…">`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..PRESCAN).unwrap_or(bytes)).to_ascii_lowercase();
    let found = head.split("<meta").skip(1).find_map(|tag| {
        let tag = tag.split('>').next()?;
        let (_, after) = tag.split_once("charset")?;
        let value = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        let label = value.split(['"', '\'', ';', '/', ' ']).next()?;
        Encoding::for_label(label.as_bytes())
    });
    // A page whose tags are readable as bytes is not UTF-16.
    found.map(|found| if [UTF_16LE, UTF_16BE].contains(&found) { UTF_8 } else { found })
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, chardetng::Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets() {
        let gbk = encoding_rs::GBK.encode("<meta charset=gbk><p>喜欢阅读").0.into_owned();
        assert!(decode(&gbk, None).contains("喜欢阅读"), "the page says it");
        let plain = encoding_rs::GBK.encode("今天读完了《三体》，很喜欢。").0.into_owned();
        assert!(decode(&plain, Some("gb2312")).contains("三体"), "the server says it");
        assert!(decode(&plain, None).contains("三体"), "nobody says it");
        assert_eq!(decode("阅读".as_bytes(), None), "阅读");
        assert_eq!(decode("\u{feff}阅读".as_bytes(), Some("gbk")), "阅读", "the mark says it");
        assert_eq!(decode(b"a\0b", Some("no-such-charset")), "a\u{fffd}b");
        let old = br#"<META http-equiv="Content-Type" content="text/html; charset=big5">"#;
        assert_eq!(declared(old), Some(encoding_rs::BIG5));
    }

    #[test]
    fn the_page_is_believed_where_the_server_cannot_be_right() {
        let gbk = encoding_rs::GBK.encode("<meta charset=gbk><p>喜欢阅读").0.into_owned();
        for server in ["iso-8859-1", "latin1", "windows-1252", "us-ascii", "utf-8"] {
            assert!(decode(&gbk, Some(server)).contains("喜欢阅读"), "{server}");
        }
        let utf8 = "<meta charset=utf-8><p>喜欢阅读".as_bytes();
        for server in ["iso-8859-1", "utf-8", "gbk"] {
            assert!(decode(utf8, Some(server)).contains("喜欢阅读"), "{server}");
        }
        let unsaid = "<p>喜欢阅读".as_bytes();
        assert!(decode(unsaid, Some("iso-8859-1")).contains("喜欢阅读"), "Latin-1 that is UTF-8");
        let latin = WINDOWS_1252.encode("<p>déjà vu</p>").0.into_owned();
        assert!(decode(&latin, Some("iso-8859-1")).contains("déjà vu"), "Latin-1 that is Latin-1");
        let big5 = encoding_rs::BIG5.encode("<meta charset=utf-8><p>喜歡閱讀").0.into_owned();
        assert!(decode(&big5, Some("big5")).contains("喜歡閱讀"), "the page is wrong");
        let utf16 = b"<meta charset=utf-16><p>text";
        assert!(decode(utf16, None).contains("<p>text"));
    }
}
