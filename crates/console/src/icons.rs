//! Icons and faces, as templates insert them.

use std::{fmt, sync::LazyLock};

use askama::filters::HtmlSafe;

use crate::assets;

static SPRITE: LazyLock<String> = LazyLock::new(|| assets::href("icons.svg"));

/// An icon of the sprite. The text beside it names what it stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Icon {
    name: &'static str,
    class: &'static str,
}

impl Icon {
    /// Returns an icon in the size of a control.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, class: "icon" }
    }

    /// Returns an icon in the size of small text.
    pub(crate) const fn small(name: &'static str) -> Self {
        Self { name, class: "icon s" }
    }
}

/// The output consists of names in this program.
impl HtmlSafe for Icon {}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, sprite, name) = (self.class, &*SPRITE, self.name);
        write!(f, "<svg class=\"{class}\" aria-hidden=\"true\"><use href=\"{sprite}#i-{name}\"/></svg>")
    }
}

/// The face of a person or of their double: a picture on this server, or else the first letter of the name.
#[derive(Debug, Clone)]
pub(crate) struct Face {
    name: String,
    picture: Option<String>,
    class: &'static str,
}

impl Face {
    /// Returns the face of a person. `url` is their picture; one that is not on this server is not shown,
    /// because loading it would tell its server who looks at the page.
    pub(crate) fn new(name: &str, url: &str, public_url: &str) -> Self {
        let picture = own_picture(url, public_url).map(str::to_owned);
        Self { name: name.to_owned(), picture, class: "avatar" }
    }

    /// Returns the face of the person's double.
    pub(crate) fn twin(self) -> Self {
        Self { class: "avatar twin", ..self }
    }

    /// Returns the same face in the size of a profile.
    pub(crate) fn huge(self) -> Self {
        let class = if self.class.contains("twin") { "avatar twin xl" } else { "avatar xl" };
        Self { class, ..self }
    }

    /// Returns a color for a face without a picture, the same for the same name.
    fn tint(&self) -> &'static str {
        let sum = self.name.chars().fold(0_u32, |sum, letter| sum.wrapping_add(letter.into()));
        match sum % 3 {
            0 => " sky",
            1 => " plum",
            _ => "",
        }
    }
}

/// The output is escaped here.
impl HtmlSafe for Face {}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(picture) = &self.picture {
            return write!(
                f,
                "<span class=\"{}\"><img src=\"{}\" alt=\"\" width=\"96\" height=\"96\"></span>",
                self.class,
                Escaped(picture)
            );
        }
        let initial: String =
            self.name.chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
        write!(
            f,
            "<span class=\"{}{}\" aria-hidden=\"true\"><span>{}</span></span>",
            self.class,
            self.tint(),
            Escaped(&initial)
        )
    }
}

/// Text that is written with the special characters of HTML escaped.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

/// Returns the path of a picture that is stored on this server, or `None` for any other address. A picture
/// from elsewhere would tell its owner who looks at the page.
pub(crate) fn own_picture<'a>(url: &'a str, public_url: &str) -> Option<&'a str> {
    url.strip_prefix(public_url).filter(|path| path.starts_with('/') && !path.starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_from_elsewhere_are_not_shown() {
        let own = |url| own_picture(url, "https://doppel.example");
        assert_eq!(own("https://doppel.example/cdn/a.png"), Some("/cdn/a.png"));
        for other in [
            "",
            "https://evil.example/a.png",
            "https://doppel.example.evil.example/a.png",
            "https://doppel.example//evil.example/a.png",
            "https://doppel.example",
            "javascript:alert(1)",
        ] {
            assert_eq!(own(other), None, "{other}");
        }
    }

    #[test]
    fn faces_escape_what_people_wrote() {
        let letter = Face::new("<b>", "", "https://doppel.example").to_string();
        assert!(letter.contains("&lt;") && !letter.contains("<b>"), "{letter}");
        let picture = Face::new("a", "https://doppel.example/cdn/\"onerror=", "https://doppel.example");
        assert!(picture.to_string().contains("/cdn/&quot;onerror="), "{picture}");
    }

    #[test]
    fn a_double_keeps_its_second_circle_in_every_size() {
        let face = Face::new("a", "", "");
        assert!(face.clone().twin().huge().to_string().contains("avatar twin xl"));
        assert!(face.huge().to_string().contains("\"avatar xl"));
    }
}
