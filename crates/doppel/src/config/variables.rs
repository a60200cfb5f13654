//! The choice of the environment variables that are settings.
//!
//! Other programs use the prefix `DOPPEL_`, too: Kubernetes sets `DOPPEL_PORT`, `DOPPEL_SERVICE_HOST` and
//! others in every container beside a Service called doppel.

use super::default::DEFAULT;

const PREFIX: &str = "DOPPEL_";
/// Names that other parts of the program read.
const OTHERS: &[&str] = &["config"];

/// Environment variables, sorted into settings and others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Variables {
    /// Names without the prefix, in lower case, to be read as settings. An unknown one is an error.
    pub(super) settings: Vec<String>,
    /// Full names that seem not to be meant for this program.
    pub(super) foreign: Vec<String>,
}

impl Variables {
    /// Sorts environment variables by their names.
    ///
    /// # Errors
    /// A message for people if a name is almost that of a setting.
    pub(super) fn sort(names: impl Iterator<Item = String>) -> Result<Self, String> {
        let (known, sections) = known();
        let mut sorted = Self::default();
        for full in names {
            let Some(name) = without_prefix(&full) else { continue };
            if OTHERS.contains(&name.as_str()) {
                continue;
            }
            if name.contains("__") || known.contains(&name) || sections.contains(&name) {
                sorted.settings.push(name);
            } else if let Some(meant) = known.iter().chain(&sections).find(|known| is_near(known, &name)) {
                return Err(format!(
                    "unknown variable {full}: did you mean {PREFIX}{}? (a double underscore stands between \
                     section \
                     and key)",
                    meant.to_uppercase()
                ));
            } else {
                sorted.foreign.push(full);
            }
        }
        sorted.foreign.sort_unstable();
        Ok(sorted)
    }
}

fn without_prefix(full: &str) -> Option<String> {
    let (prefix, name) = full.split_at_checked(PREFIX.len())?;
    (prefix.eq_ignore_ascii_case(PREFIX) && !name.is_empty()).then(|| name.to_ascii_lowercase())
}

/// Returns true if a name looks like a setting with a typing error, or with a single underscore instead of
/// two.
fn is_near(known: &str, name: &str) -> bool {
    let known = known.replace("__", "_");
    let most = if known.len() < 8 { 1 } else { 2 };
    known.len().abs_diff(name.len()) <= most && strsim::damerau_levenshtein(&known, name) <= most
}

/// Returns all keys and all sections, with double underscores.
fn known() -> (Vec<String>, Vec<String>) {
    let (mut keys, mut sections) = (Vec::new(), Vec::new());
    if let Ok(table) = DEFAULT.parse::<toml::Table>() {
        walk(&table, "", &mut keys, &mut sections);
    }
    (keys, sections)
}

fn walk(table: &toml::Table, above: &str, keys: &mut Vec<String>, sections: &mut Vec<String>) {
    for (name, value) in table {
        let full = if above.is_empty() { name.clone() } else { format!("{above}__{name}") };
        match value {
            toml::Value::Table(inside) => {
                walk(inside, &full, keys, sections);
                sections.push(full);
            }
            _ => keys.push(full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sort(names: &[&str]) -> Result<Variables, String> {
        Variables::sort(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn what_kubernetes_sets_is_not_ours() {
        let foreign = [
            "DOPPEL_BIN",
            "DOPPEL_HOME",
            "DOPPEL_PORT",
            "DOPPEL_PORT_8080_TCP",
            "DOPPEL_PORT_8080_TCP_ADDR",
            "DOPPEL_PORT_8080_TCP_PORT",
            "DOPPEL_PORT_8080_TCP_PROTO",
            "DOPPEL_SERVICE_HOST",
            "DOPPEL_SERVICE_PORT",
            "DOPPEL_SERVICE_PORT_HTTP",
        ];
        let sorted = sort(&[foreign.as_slice(), &["DOPPEL_CONFIG", "PATH", "DOPPEL_"]].concat()).unwrap();
        assert_eq!(sorted.foreign, foreign);
        assert!(sorted.settings.is_empty());
    }

    #[test]
    fn settings_are_read_and_typing_errors_refused() {
        let names =
            ["DOPPEL_DATA_DIR", "DOPPEL_SERVER__LISTEN", "doppel_log__filter", "DOPPEL_SERVER__LISSTEN"];
        let sorted = sort(&names).unwrap();
        assert_eq!(sorted.settings, ["data_dir", "server__listen", "log__filter", "server__lissten"]);
        for (name, meant) in [
            ("DOPPEL_SERVER_LISTEN", "DOPPEL_SERVER__LISTEN"),
            ("DOPPEL_DATADIR", "DOPPEL_DATA_DIR"),
            ("DOPPEL_DATABASE_URL", "DOPPEL_DATABASE__URL"),
            ("DOPPEL_HUB_WEATHER_API_KEY", "DOPPEL_HUB__WEATHER__API_KEY"),
        ] {
            let error = sort(&[name]).unwrap_err();
            assert!(error.contains(meant), "{error}");
        }
    }

    proptest! {
        /// Every key with one character changed is an error, or contains a double underscore and is then
        /// refused by figment.
        #[test]
        fn no_typing_error_passes_silently(at in 0_usize..1000, place in 0_usize..40, letter in "[a-z]") {
            let (keys, _) = known();
            let key = &keys[at % keys.len()];
            let mut name = key.clone();
            let place = place % name.len();
            name.replace_range(place..=place, &letter);
            let sorted = sort(&[&format!("DOPPEL_{}", name.to_uppercase())]);
            prop_assert!(sorted.is_err() || sorted.unwrap().foreign.is_empty());
        }
    }
}
