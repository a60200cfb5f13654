//! Validation of redirect URIs, and comparison with the registered ones. No I/O.

use std::net::{Ipv4Addr, Ipv6Addr};

use web::{ApiError, Code, Language};

/// Most redirect URIs of an app.
pub const MAX_REDIRECT_URIS: usize = 20;
/// Longest redirect URI in bytes.
pub const MAX_REDIRECT_URI: usize = 2000;
/// Most characters of a URI that an error repeats.
const SHOWN: usize = 64;
/// Hosts that stand for the machine on which the browser runs.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
/// Suffixes of names that no public host has (RFC 6761, RFC 6762, RFC 8375; `internal` is reserved by ICANN).
const PRIVATE_NAMES: [&str; 5] = [".local", ".test", ".localhost", ".internal", ".home.arpa"];
/// Schemes that browsers, mail programs, and operating systems interpret themselves. No app may register
/// them.
#[rustfmt::skip]
const TAKEN_SCHEMES: &[&str] = &[
    "about", "acap", "afp", "android-app", "app-settings", "apt", "bitcoin", "blob", "brave", "callto",
    "chrome",
    "chrome-extension", "cid", "cifs", "content", "data", "devtools", "dict", "dns", "edge", "ethereum",
    "facetime",
    "facetime-audio", "feed", "file", "filesystem", "finger", "ftp", "ftps", "geo", "git", "gopher", "hcp",
    "help",
    "imap", "intent", "ipp", "ipps", "irc", "ircs", "itms", "itms-apps", "itms-services", "jar",
    "javascript", "jnlp", "jnlps", "ldap", "ldaps", "livescript", "magnet", "mailto", "maps", "market",
    "mhtml", "mid",
    "mk", "mms", "mmsto", "mocha", "news", "nfs", "nntp", "opera", "outlook", "pop", "prefs", "rdp", "res",
    "resource",
    "rlogin", "rsync", "rtmp", "rtsp", "search", "search-ms", "service", "sftp", "shell", "sip", "sips",
    "smb", "sms", "smsto", "ssh",
    "steam", "stun", "svn", "tel", "telnet", "tn3270", "turn", "urn", "vbscript", "view-source", "vnc",
    "webcal", "ws",
    "wss", "wyciwyg", "xmpp",
];
/// Prefixes of further such schemes.
const TAKEN_FAMILIES: [&str; 9] =
    ["ms-", "microsoft-", "web+", "ext+", "chrome-", "moz-", "safari-", "apple-", "x-apple"];

/// The redirect URIs that apps may register besides https, and http to the machine on which the browser runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// True if apps may use their own schemes, such as `com.example.app:/callback` (RFC 8252 §7.1).
    pub app_schemes: bool,
    /// True if apps may use plain http to hosts of private networks.
    pub private_networks: bool,
}

impl Policy {
    /// The policy without further URIs.
    pub const STRICT: Self = Self { app_schemes: false, private_networks: false };
}

/// The reason why a URI may not be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The URI is longer than [`MAX_REDIRECT_URI`].
    Long,
    /// The URI has a fragment.
    Fragment,
    /// The URI contains a wildcard, or a character that is not allowed in URIs.
    Character(char),
    /// The scheme is missing, or has upper-case letters.
    NoScheme,
    /// The scheme is one that browsers or operating systems interpret themselves.
    TakenScheme(String),
    /// The scheme is an app's own, which the policy does not allow.
    AppScheme,
    /// The scheme is an app's own, and no path follows.
    NoPath,
    /// The URI has a user name, a wrong port, or a host that parsers interpret differently.
    Host,
    /// The URI is plain http to a private network, which the policy does not allow.
    PrivateHttp,
    /// The URI is plain http to a public host.
    PublicHttp,
}

impl Refused {
    /// Returns the reason as text.
    pub fn reason(&self, language: Language) -> String {
        let (zh, en) = match self {
            Self::Long => ("地址过长", "it is too long"),
            Self::Fragment => ("不能带 # 片段", "it has a fragment (#)"),
            Self::Character(found) => {
                let found = found.escape_default();
                return match language {
                    Language::Zh => format!("不能含有字符 {found}"),
                    Language::En => format!("it has the character {found}"),
                };
            }
            Self::NoScheme => (
                "没有以小写协议名开头，例如 https://",
                "it does not begin with a scheme in lower case, such as https://",
            ),
            Self::TakenScheme(scheme) => {
                return match language {
                    Language::Zh => format!("不允许使用协议 {scheme}:"),
                    Language::En => format!("the scheme {scheme}: is not allowed"),
                };
            }
            Self::AppScheme => (
                "服务器不允许应用自有协议 (oauth.redirect_app_schemes)",
                "this server allows no schemes of apps' own (oauth.redirect_app_schemes)",
            ),
            Self::NoPath => ("应用自有协议之后必须是 :/ 或 ://", "after an app's own scheme comes :/ or ://"),
            Self::Host => {
                ("主机名或端口无效，或带有用户名", "its host or port is not valid, or it has a user name")
            }
            Self::PrivateHttp => (
                "服务器不允许内网的 http 地址 (oauth.redirect_private_networks)",
                "this server allows no http in private networks (oauth.redirect_private_networks)",
            ),
            Self::PublicHttp => (
                "公网地址必须用 https，http 只能用于本机和内网",
                "http is only for this machine and private networks; public hosts need https",
            ),
        };
        match language {
            Language::Zh => zh.to_owned(),
            Language::En => en.to_owned(),
        }
    }

    /// Returns the error for a URI.
    pub(crate) fn of(&self, uri: &str) -> ApiError {
        let shown: String = uri.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        let text = |language, open, close| format!("{shown}{open}{}{close}", self.reason(language));
        ApiError::new(Code::OauthRedirectInvalid)
            .with_both(text(Language::Zh, "（", "）"), text(Language::En, " (", ")"))
    }
}

/// Checks that a URI may be registered: https with any host, plain http with a host of this machine, or a URI
/// that the policy allows. It has no fragment, user name, or wildcard, and nothing that parsers interpret
/// differently as a part of the host.
///
/// # Errors
/// The reason why it may not be registered.
pub fn check(uri: &str, policy: Policy) -> Result<(), Refused> {
    if uri.len() > MAX_REDIRECT_URI {
        return Err(Refused::Long);
    }
    if uri.contains('#') {
        return Err(Refused::Fragment);
    }
    let is_foreign = |c: &char| !c.is_ascii_graphic() || r#"*\<>"`{}|^"#.contains(*c);
    if let Some(found) = uri.chars().find(is_foreign) {
        return Err(Refused::Character(found));
    }
    let (scheme, rest) = uri.split_once(':').ok_or(Refused::NoScheme)?;
    if is_taken(scheme) {
        return Err(Refused::TakenScheme(scheme.to_ascii_lowercase()));
    }
    match scheme {
        "https" => host(uri).map(|_| ()),
        "http" => {
            let host = host(uri)?;
            match (LOOPBACK.contains(&host), is_private(host)) {
                (true, _) => Ok(()),
                (false, true) if policy.private_networks => Ok(()),
                (false, true) => Err(Refused::PrivateHttp),
                (false, false) => Err(Refused::PublicHttp),
            }
        }
        _ if !is_scheme(scheme) => Err(Refused::NoScheme),
        _ if !policy.app_schemes => Err(Refused::AppScheme),
        _ => check_app_address(rest),
    }
}

/// Schemes without a dot that well-known editors register for themselves.
const EDITOR_SCHEMES: [&str; 3] = ["cursor", "vscode", "vscode-insiders"];

/// True if an agent may be redirected to a URI: https, http to this machine or one of `http_hosts`, or a
/// private scheme with a dot (RFC 8252 §7.1) or of a well-known editor.
pub fn is_usable(uri: &str, http_hosts: &[String]) -> bool {
    let open = Policy { app_schemes: true, private_networks: true };
    match check(uri, open) {
        Ok(()) | Err(Refused::PublicHttp) => {}
        Err(_) => return false,
    }
    if let Some(scheme) = app_scheme(uri) {
        return scheme.contains('.') || EDITOR_SCHEMES.contains(&scheme);
    }
    uri.starts_with("https://")
        || host(uri).is_ok_and(|host| {
            LOOPBACK.contains(&host) || http_hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
        })
}

/// True if a URI leads to a program on the person's machine: a loopback host or a private scheme.
pub fn is_local(uri: &str) -> bool {
    app_scheme(uri).is_some() || loopback(uri).is_some()
}

/// True if a URI may be registered under [`Policy::STRICT`].
pub fn is_web_address(uri: &str) -> bool {
    check(uri, Policy::STRICT).is_ok()
}

/// Returns the scheme of a URI if it is an app's own: neither http nor https, nor one that no app may
/// register.
pub fn app_scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    let is_web = matches!(scheme, "http" | "https");
    (!is_web && is_scheme(scheme) && !is_taken(scheme)).then_some(scheme)
}

/// True if a text is a scheme (RFC 3986 §3.1) of at least two lower-case characters. One letter is a drive.
fn is_scheme(text: &str) -> bool {
    text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')
        })
}

/// True if browsers or operating systems interpret a scheme themselves. Ignores case.
fn is_taken(scheme: &str) -> bool {
    let scheme = scheme.to_ascii_lowercase();
    TAKEN_SCHEMES.contains(&scheme.as_str()) || TAKEN_FAMILIES.iter().any(|family| scheme.starts_with(family))
}

/// Checks the part after an app's own scheme: a path, or an authority without a user name.
fn check_app_address(rest: &str) -> Result<(), Refused> {
    if !rest.starts_with('/') {
        return Err(Refused::NoPath);
    }
    let authority = rest.strip_prefix("//").unwrap_or_default();
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') { Err(Refused::Host) } else { Ok(()) }
}

/// Returns the host of an http or https URI.
fn host(uri: &str) -> Result<&str, Refused> {
    let (_, rest) = uri.split_once("://").ok_or(Refused::Host)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    // After the host only a port may follow; the parser does not check this.
    let parsed = uri.parse::<http::Uri>().map_err(|_not_read| Refused::Host)?;
    let host = parsed.host().unwrap_or_default();
    let behind = authority.strip_prefix(host).ok_or(Refused::Host)?;
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_whole = behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port);
    if host.is_empty() || !is_whole || !is_plain_host(host) {
        return Err(Refused::Host);
    }
    Ok(authority.get(..host.len()).unwrap_or_default())
}

/// True if all parsers agree on a host: a name of plain characters, or an IP address in its usual form.
/// Browsers read a name that ends in a number, such as `2130706433`, as an IPv4 address.
fn is_plain_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with(|c: char| c.is_ascii_digit())
        && (last.bytes().all(|byte| byte.is_ascii_digit())
            || last.starts_with("0x")
            || last.starts_with("0X"));
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && (!is_number || host.parse::<Ipv4Addr>().is_ok())
}

/// True if a host is private by its form: an address of RFC 1918 or RFC 4193 (fc00::/7), a name without a
/// dot, or a name with a suffix that is reserved for private use. Names are not resolved.
fn is_private(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|address| address.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_unique_local());
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return address.is_private();
    }
    let name = host.to_ascii_lowercase();
    let has_labels = name.split('.').all(|label| !label.is_empty());
    let is_single = !name.contains('.');
    has_labels && (is_single || PRIVATE_NAMES.iter().any(|end| name.ends_with(end)))
}

/// True if a URI equals a registered one. The port of a loopback URI may differ, because a program on the
/// person's machine may have to use any free port (RFC 8252 §7.3).
pub fn is_registered(registered: &[String], given: &str) -> bool {
    let without_port = loopback(given);
    registered.iter().any(|uri| uri == given || (without_port.is_some() && loopback(uri) == without_port))
}

/// Returns host and path of a loopback URI without the port; `None` for other URIs.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    LOOPBACK.contains(&host).then_some((host, path))
}

#[cfg(test)]
mod tests;
