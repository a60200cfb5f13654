//! The two cookies: the session of who signed in, and the visitor of who has not.

use http::{HeaderMap, HeaderValue, header};

use crate::credential::{Kind, Secret};

/// Reads and writes the cookies.
///
/// Over HTTPS their names start with `__Host-`, which a browser accepts from this host and this path alone,
/// so that a sibling domain cannot plant one.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    secure: bool,
}

const SESSION: &str = "doppel_session";
const VISITOR: &str = "doppel_visitor";

impl Cookies {
    /// Cookies for HTTPS alone, or for plain HTTP as well.
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The name of the session cookie.
    pub fn session_name(self) -> String {
        self.name(SESSION)
    }

    /// The value of the session cookie.
    pub fn session(self, headers: &HeaderMap) -> Option<&str> {
        self.read(headers, SESSION)
    }

    /// The visitor cookie, if it is one of ours.
    pub fn visitor(self, headers: &HeaderMap) -> Option<Secret> {
        self.read(headers, VISITOR).and_then(|value| Secret::parse(Kind::Visitor, value))
    }

    /// `Set-Cookie` for a session.
    pub fn set_session(self, secret: &Secret, seconds: u64) -> HeaderValue {
        self.write(SESSION, secret.expose(), seconds)
    }

    /// `Set-Cookie` that removes the session.
    pub fn clear_session(self) -> HeaderValue {
        self.write(SESSION, "", 0)
    }

    /// `Set-Cookie` for a visitor; it lasts a day.
    pub fn set_visitor(self, secret: &Secret) -> HeaderValue {
        self.write(VISITOR, secret.expose(), 86_400)
    }

    fn name(self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn read<'h>(self, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        // No cookie, no work: the common case of every API call.
        let mut lines = headers.get_all(header::COOKIE).iter().peekable();
        lines.peek()?;
        let name = self.name(name);
        lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    fn write(self, name: &str, value: &str, seconds: u64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name(name);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        HeaderValue::try_from(text).unwrap_or_else(|_impossible| HeaderValue::from_static(""))
    }
}
