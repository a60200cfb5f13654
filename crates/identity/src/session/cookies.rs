//! The session cookie of signed-in people, and the cookie of other visitors.

use http::{HeaderMap, HeaderValue, header};

use crate::credential::{Kind, Secret};

/// Reads and writes the cookies.
///
/// Over HTTPS the names begin with `__Host-`. Browsers accept such cookies from this host and for the path
/// `/` only, so that a sibling domain cannot set one.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    secure: bool,
}

const SESSION: &str = "doppel_session";
const VISITOR: &str = "doppel_visitor";

impl Cookies {
    /// Creates cookies for HTTPS only, or for plain HTTP as well.
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// Returns the name of the session cookie.
    pub fn session_name(self) -> String {
        self.name(SESSION)
    }

    /// Returns the value of the session cookie, not validated.
    pub fn session(self, headers: &HeaderMap) -> Option<&str> {
        self.read(headers, SESSION)
    }

    /// Returns the visitor cookie, if its format and checksum are valid.
    pub fn visitor(self, headers: &HeaderMap) -> Option<Secret> {
        self.read(headers, VISITOR).and_then(|value| Secret::parse(Kind::Visitor, value))
    }

    /// Returns the `Set-Cookie` header for a session that lasts `seconds`.
    pub fn set_session(self, secret: &Secret, seconds: u64) -> HeaderValue {
        self.write(SESSION, secret.expose(), seconds)
    }

    /// Returns the `Set-Cookie` header that removes the session cookie.
    pub fn clear_session(self) -> HeaderValue {
        self.write(SESSION, "", 0)
    }

    /// Returns the `Set-Cookie` header for a visitor. The cookie lasts a day.
    pub fn set_visitor(self, secret: &Secret) -> HeaderValue {
        self.write(VISITOR, secret.expose(), 86_400)
    }

    fn name(self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn read<'h>(self, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        // Most API calls have no cookie; they return here without an allocation.
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
