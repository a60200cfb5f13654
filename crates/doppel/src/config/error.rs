//! Messages about errors in the configuration, for people and without secrets.

use figment::error::Kind;
use web::redact;

/// Describes one of figment's errors: the key, the problem, and the place where it was set. A value is shown
/// unless its key is the name of a secret. Lines of a file that cannot be parsed are not quoted, because they
/// may contain a secret.
pub(super) fn describe(error: figment::Error) -> String {
    let key = error.path.join(".");
    let is_secret = error.path.last().is_some_and(|name| redact::is_secret_name(name));
    let what = match &error.kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) if is_secret => {
            format!("invalid value, expected {expected}")
        }
        Kind::UnknownField(name, known) => unknown(name, known),
        kind => unquoted(&kind.to_string()),
    };
    let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
    let source = error.metadata.as_ref().map(|metadata| {
        // A place in this program's own code is of no use to users. Only flags come from there.
        let place = match &metadata.source {
            Some(figment::Source::Code(_)) if metadata.name.contains("Flags") => {
                return " (a flag)".to_owned();
            }
            Some(figment::Source::Code(_)) | None => String::new(),
            Some(source) => format!(" {source}"),
        };
        format!(" (in {}{place})", metadata.name)
    });
    format!("{key}{what}{}", source.unwrap_or_default())
}

/// Describes an unknown key. Names the known one that it may stand for, or else all.
fn unknown(name: &str, known: &[&str]) -> String {
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, name);
    match known.iter().min_by_key(distance).filter(|known| distance(known) <= 1 + known.len() / 4) {
        Some(meant) => format!("unknown key; did you mean `{meant}`?"),
        None => format!("unknown key; the keys are {}", known.join(", ")),
    }
}

/// Removes the quoted lines from a parser's message.
fn unquoted(message: &str) -> String {
    let is_quote = |line: &str| {
        let number = line.split_once('|').map(|(number, _)| number.trim());
        number.is_some_and(|number| number.is_empty() || number.parse::<u32>().is_ok())
    };
    message.lines().filter(|line| !is_quote(line)).map(str::trim).collect::<Vec<_>>().join(" ")
}
