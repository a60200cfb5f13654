//! `[tls]`: HTTPS without a reverse proxy.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// Most names of one certificate.
const MAX_DOMAINS: usize = 100;

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Tls {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
    pub acme_domains: Vec<String>,
    pub acme_email: String,
    pub acme_directory: String,
    pub redirect_listen: String,
}

impl Tls {
    /// Returns true if the server speaks HTTPS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.has_files() || !self.acme_domains.is_empty()
    }

    fn has_files(&self) -> bool {
        !self.cert_file.as_os_str().is_empty() || !self.key_file.as_os_str().is_empty()
    }

    /// Returns the address of the listener that redirects HTTP to HTTPS, if it is configured.
    ///
    /// # Errors
    /// A message for people that names the key.
    pub fn redirect_address(&self) -> Result<Option<SocketAddr>, String> {
        let text = &self.redirect_listen;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_no_address| {
            format!(
                "tls.redirect_listen = {text:?}: expected an address and a port as 0.0.0.0:80, or nothing"
            )
        })
    }

    pub(super) fn check(&self, is_unix_socket: bool) -> Result<(), String> {
        let is_empty = |path: &PathBuf| path.as_os_str().is_empty();
        if is_empty(&self.cert_file) != is_empty(&self.key_file) {
            return Err("tls.cert_file and tls.key_file: set both, or neither".into());
        }
        if self.has_files() && !self.acme_domains.is_empty() {
            return Err("tls.acme_domains: expected nothing if there is a tls.cert_file".into());
        }
        if self.is_on() && is_unix_socket {
            return Err("tls: a Unix socket has no TLS; set server.listen to an address and a port".into());
        }
        if self.acme_domains.len() > MAX_DOMAINS {
            return Err(format!("tls.acme_domains: at most {MAX_DOMAINS} names"));
        }
        if let Some(wrong) = self.acme_domains.iter().find(|name| !is_domain(name)) {
            return Err(format!(
                "tls.acme_domains has {wrong:?}: expected host names as \"doppel.example\", without wildcards"
            ));
        }
        if !self.acme_email.is_empty() && (!self.acme_email.contains('@') || self.acme_email.contains(' ')) {
            return Err(format!(
                "tls.acme_email = {:?}: expected an e-mail address, or nothing",
                self.acme_email
            ));
        }
        if !self.acme_directory.starts_with("https://") {
            return Err(format!("tls.acme_directory = {:?}: expected an https:// URL", self.acme_directory));
        }
        if self.redirect_address()?.is_some() && !self.is_on() {
            return Err("tls.redirect_listen: redirects to HTTPS, so tls needs a certificate".into());
        }
        Ok(())
    }
}

/// Returns true for a name that a certificate authority can reach: letters, digits and hyphens between dots,
/// not an IP address.
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253
        && name.split('.').all(is_label)
        && !name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    fn refused(lines: &str) -> String {
        Config::from_toml(&format!("[tls]\n{lines}")).unwrap_err()
    }

    #[test]
    fn certificates_come_from_files_or_from_an_authority() {
        let good = Config::from_toml("[tls]\nacme_domains = [\"doppel.example\", \"b.example\"]").unwrap();
        assert!(good.tls.is_on());
        assert!(!Config::from_toml("").unwrap().tls.is_on());
        assert!(refused("cert_file = \"a.pem\"").contains("both"));
        assert!(refused("cert_file = \"a\"\nkey_file = \"b\"\nacme_domains = [\"c.d\"]").contains("nothing"));
        assert!(refused("acme_email = \"me\"").contains("acme_email"));
        assert!(refused("acme_directory = \"http://ca.example\"").contains("https://"));
        assert!(refused("redirect_listen = \"0.0.0.0:80\"").contains("certificate"));
        assert!(refused("redirect_listen = \"80\"").contains("0.0.0.0:80"));
        for wrong in ["*.a.example", "a b", "", "192.0.2.1", "-a.example", "a..b", "a.example.", "a/b"] {
            assert!(refused(&format!("acme_domains = [{wrong:?}]")).contains("host names"), "{wrong}");
        }
        let unix = "[server]\nlisten = \"unix:/run/doppel.sock\"\n[tls]\nacme_domains = [\"a.example\"]";
        assert!(Config::from_toml(unix).unwrap_err().contains("Unix socket"));
    }
}
