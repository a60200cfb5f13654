//! Links to people and their avatars as images: QR codes as SVG.

use std::fmt::Write as _;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use fast_qr::{ECL, QRBuilder};
use http::{HeaderValue, header};
use web::{ApiError, Code, Language};

use super::{talk, texts::Texts};
use crate::{Console, icons::Escaped, paths};

/// The route of the image of a person's page.
pub(crate) const PERSON_QR: &str = "/people/{route}/qr.svg";
/// The route of the image of an avatar's page.
pub(crate) const AVATAR_QR: &str = "/people/{route}/avatar/{code}/qr.svg";
/// The width of the margin around a code, in modules.
const MARGIN: usize = 2;

/// Returns a text as an SVG of a QR code. Empty if the text is too long for one.
pub(crate) fn qr(text: &str, label: &str) -> String {
    let Ok(code) = QRBuilder::new(text.as_bytes()).ecl(ECL::M).build() else { return String::new() };
    let mut path = String::new();
    for y in 0..code.size {
        let row = &code[y];
        let mut x = 0;
        while x < code.size {
            let length = row.iter().skip(x).take(code.size - x).take_while(|module| module.value()).count();
            if length > 0 {
                let _never_fails = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += length.max(1);
        }
    }
    let side = code.size + 2 * MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"qr\" \
         viewBox=\"-{MARGIN} -{MARGIN} {side} {side}\" role=\"img\" aria-label=\"{}\">\
         <path fill=\"#fff\" d=\"M-{MARGIN} -{MARGIN}h{side}v{side}h-{side}z\"/>\
         <path fill=\"#111\" d=\"{path}\"/></svg>",
        Escaped(label)
    )
}

fn image(console: &Console, path: &str) -> Response {
    let link = format!("{}{path}", console.public_url);
    let kind = HeaderValue::from_static("image/svg+xml");
    ([(header::CONTENT_TYPE, kind)], qr(&link, Texts::of(Language::En).qr)).into_response()
}

/// Returns the QR code of a person's page, if it is published.
pub(crate) async fn person(
    State(console): State<Console>,
    Path(route): Path<String>,
) -> Result<Response, ApiError> {
    let (account, _) = console.memory.public_profile(&route).await?.ok_or(Code::NotFound)?;
    Ok(image(&console, &paths::person(&account.route)))
}

/// Returns the QR code of the page of an avatar.
pub(crate) async fn avatar(
    State(console): State<Console>,
    Path((route, code)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let place = talk::Place::of_code(&console, &route, &code).await?;
    Ok(image(&console, &place.action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_an_image_with_a_margin() {
        let svg = qr("https://me.example/people/xiaoman", "a \"b\" <c>");
        assert!(svg.starts_with("<svg ") && svg.contains("viewBox=\"-2 -2 33 33\""), "{svg}");
        assert!(svg.contains("a &quot;b&quot; &lt;c&gt;") && !svg.contains("<c>"));
        // The finder pattern in the upper left corner.
        assert!(svg.contains("M0 0h7v1h-7z") && svg.contains("M0 1h1v1h-1zM6 1h1v1h-1z"), "{svg}");
        assert_eq!(qr(&"x".repeat(3000), "long"), "", "no code holds so much");
    }
}
