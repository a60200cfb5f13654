//! The accepted kinds of files, determined by content and never by name.

/// A kind of file that browsers show and that cannot run code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Png,
    Jpeg,
    Gif,
    Webp,
    Mp4,
    Mp3,
}

/// Number of bytes at the beginning of a file that are enough to determine its kind.
pub const HEAD: usize = 512;

impl Kind {
    /// All kinds.
    pub const ALL: &[Self] = &[Self::Png, Self::Jpeg, Self::Gif, Self::Webp, Self::Mp4, Self::Mp3];

    /// Returns the kind of a file that begins with `head`. `None` for everything that is not accepted, such
    /// as markup.
    pub fn of(head: &[u8]) -> Option<Self> {
        // WebP and MP4 are detected by a marker some bytes into the file, whatever comes before it.
        if head.trim_ascii_start().starts_with(b"<") {
            return None;
        }
        let found = infer::get(head)?;
        let kind = Self::ALL.iter().copied().find(|kind| kind.media_type() == found.mime_type())?;
        (kind != Self::Webp || head.starts_with(b"RIFF")).then_some(kind)
    }

    /// Returns the media type that it is served with.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Mp4 => "video/mp4",
            Self::Mp3 => "audio/mpeg",
        }
    }

    /// Returns the extension of its name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Mp4 => "mp4",
            Self::Mp3 => "mp3",
        }
    }

    /// Returns the kind of a file's key. `None` if the key is not 40 hexadecimal digits and a known
    /// extension.
    pub fn of_key(key: &str) -> Option<Self> {
        let (name, ending) = key.split_once('.')?;
        let is_name = name.len() == 2 * super::NAME_BYTES
            && name.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
        Self::ALL.iter().copied().find(|kind| is_name && kind.ending() == ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn content_decides() {
        assert_eq!(Kind::of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Some(Kind::Png));
        assert_eq!(Kind::of(b"\xff\xd8\xff\xe0\0\x10JFIF"), Some(Kind::Jpeg));
        assert_eq!(Kind::of(b"GIF89a\x01\0\x01\0"), Some(Kind::Gif));
        assert_eq!(Kind::of(b"RIFF\0\0\0\0WEBPVP8 "), Some(Kind::Webp));
        assert_eq!(Kind::of(b"ID3\x04\0\0\0\0\0\0"), Some(Kind::Mp3));
        assert_eq!(Kind::of(b"\xff\xfb\x90\x64\0\0"), Some(Kind::Mp3));
        assert_eq!(Kind::of(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"), Some(Kind::Mp4));
        for bad in [
            &b"<html><script>"[..],
            b"<svg xmlns=",
            b"<?xml version",
            b"%PDF-1.7",
            b"MZ",
            b"",
            b"hello",
            b"<!--$\0\0\0WEBPVP8 ",
            b"!!!!\0\0\0\0WEBPVP8 ",
            b"<!--ftypmp42\0\0\0\0",
            b"\n<a>ftypmp42\0\0\0\0",
        ] {
            assert_eq!(Kind::of(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_never_a_path(key in "[./\\\\a-f0-9%]{0,60}") {
            if Kind::of_key(&key).is_some() {
                prop_assert!(!key.contains(['/', '\\', '%']) && !key.contains(".."));
            }
        }
    }
}
