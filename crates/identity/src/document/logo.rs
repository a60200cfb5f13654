//! The picture of an app that a document describes, by the same rules as the document. It is served from
//! here, so that no page loads anything from elsewhere.

use std::net::IpAddr;

use web::ApiError;

use super::{fetch::Kind, rules::Problem};
use crate::Identity;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// The media type, by the content.
    pub media_type: &'static str,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Identity {
    /// Returns the picture of an app whose id is the URL of a document. `None` if it has none, or none that
    /// can be shown. `address` is that of the caller, whose requests are limited.
    ///
    /// # Errors
    /// Those of the app's document; [`web::Code::RateLimited`].
    pub async fn logo(&self, client_id: &str, address: IpAddr) -> Result<Option<Logo>, ApiError> {
        let url = self.document(client_id, address).await?.logo_uri;
        if url.is_empty() {
            return Ok(None);
        }
        let is_good = |bytes: &[u8]| raster(bytes).map(|_| ()).ok_or(Problem::MediaType);
        let loaded = self.load(Kind::Logo, &url, address, false, is_good).await?;
        let logo = |bytes: Vec<u8>| raster(&bytes).map(|media_type| Logo { media_type, bytes });
        Ok(loaded.ok().and_then(|stored| logo(stored.body)))
    }
}

/// Returns the media type of a raster picture. Others may contain scripts.
fn raster(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::raster;

    #[test]
    fn only_raster_pictures_are_shown() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\">", None),
            (b"<html>", None),
            (b"", None),
        ] {
            assert_eq!(raster(bytes), expected, "{bytes:?}");
        }
    }
}
