//! Configuration of the database.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The location of the database.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file. A relative path starts at the working directory.
    Sqlite(PathBuf),
    /// A `postgres://` URL, including the password.
    Postgres(String),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

/// The location of the database, and its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// The location of the database.
    pub location: Location,
    /// PostgreSQL: maximum number of connections in the pool. Default 16.
    pub pool_size: usize,
    /// SQLite: maximum number of idle connections kept for short reads, and as many for long reads. Also the
    /// maximum number of long reads at a time. Default 8.
    pub reader_limit: usize,
    /// PostgreSQL: time limit for connecting. Default 5 s.
    pub connect_timeout: Duration,
    /// Time limit of the wait for a free connection (PostgreSQL) or for another process's lock (SQLite).
    /// Default 5 s.
    pub wait_timeout: Duration,
    /// PostgreSQL: time limit of one statement, except in migrations. Default 30 s.
    pub statement_timeout: Duration,
    /// PostgreSQL over TLS: certificates (PEM) of authorities that are trusted besides those of the system.
    pub authorities: Vec<u8>,
}

impl DatabaseConfig {
    /// Parses `sqlite:path/to/file.db` or `postgres://user:password@host:port/database`. The rest gets its
    /// defaults.
    ///
    /// # Errors
    /// A message for the author of the URL. It does not repeat the URL.
    pub fn parse(url: &str) -> Result<Self, String> {
        Ok(Self {
            location: parse_location(url)?,
            pool_size: 16,
            reader_limit: 8,
            connect_timeout: Duration::from_secs(5),
            wait_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            authorities: Vec::new(),
        })
    }
}

fn parse_location(url: &str) -> Result<Location, String> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.starts_with(':') || path.contains(['?', '\0']) {
            return Err("a SQLite address is sqlite: and the path of a file, as in sqlite:data/doppel.db; \
                        there is no database in memory and there are no options"
                .to_owned());
        }
        return Ok(Location::Sqlite(PathBuf::from(path)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        // The parser's own message may quote a piece of the password, so it is left out.
        if url.contains("sslmode=verify-ca") || url.contains("sslmode=allow") {
            return Err("sslmode is disable, prefer (which is the same here) or require (TLS, with a \
                        certificate that is checked; verify-full is the same)"
                .to_owned());
        }
        let parsed: Result<tokio_postgres::Config, _> = supported(url).parse();
        parsed.map_err(|_ignored: tokio_postgres::Error| {
            "the PostgreSQL address cannot be read: expected postgres://user:password@host:port/database, \
             with the special characters of the password percent-encoded"
                .to_owned()
        })?;
        return Ok(Location::Postgres(url.to_owned()));
    }
    Err("expected a database address that starts with sqlite: or postgres://".to_owned())
}

/// Returns a PostgreSQL address in the words of the driver, which knows no `verify-full`. With `require`,
/// certificates are checked in the same way here.
pub(crate) fn supported(url: &str) -> String {
    url.replace("sslmode=verify-full", "sslmode=require")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (url, path) in [
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite:/a/b.db", "/a/b.db"),
            ("sqlite://a/b.db", "a/b.db"),
            ("sqlite:///a/b.db", "/a/b.db"),
        ] {
            let config = DatabaseConfig::parse(url).unwrap();
            assert_eq!(config.location, Location::Sqlite(PathBuf::from(path)), "{url}");
        }
        for url in [
            "postgres://u:p@h:5432/d",
            "postgresql://h/d?sslmode=disable&options=-c%20search_path%3Dx",
            "postgres://h/d?sslmode=require",
            "postgres://h/d?sslmode=verify-full",
        ] {
            assert!(matches!(
                DatabaseConfig::parse(url).unwrap().location, Location::Postgres(kept) if kept == url,
            ));
        }
    }

    #[test]
    fn wrong_addresses_are_explained_and_never_repeated() {
        for (url, told) in [
            ("mysql://u:hunter2@h/d", "sqlite: or postgres://"),
            ("sqlite:", "path of a file"),
            ("sqlite::memory:", "in memory"),
            ("sqlite:a.db?mode=rwc", "no options"),
            ("postgres://u:hunter2@h:port/d", "percent-encoded"),
            ("postgres://u:hunter2@h/d?sslmode=verify-ca", "verify-full"),
            ("postgres://u:hunter2@h/d?sslmode=sometimes", "cannot be read"),
        ] {
            let text = DatabaseConfig::parse(url).unwrap_err();
            assert!(text.contains(told), "{url}: {text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        let shown = format!("{:?}", DatabaseConfig::parse("postgres://u:hunter2@h/d").unwrap());
        assert!(shown.contains("Postgres") && !shown.contains("hunter2"), "{shown}");
    }
}
