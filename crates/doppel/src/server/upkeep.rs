//! The settings in force and the backups, for the pages of administrators.

use console::upkeep::{BackupState, Origin, Setting, Upkeep};
use futures::future::BoxFuture;
use store::Database;
use toml::{Table, Value};

use super::backups::Backups;
use crate::config::{Config, DEFAULT};

/// The configuration and the database of a server.
pub(crate) struct ServerUpkeep {
    config: Config,
    backups: Option<Backups>,
}

impl ServerUpkeep {
    pub(crate) fn new(config: &Config, db: &Database) -> Self {
        Self { config: config.clone(), backups: Backups::of(config, db) }
    }

    fn is_sqlite(&self) -> bool {
        let config = self.config.database_config();
        config.is_ok_and(|config| matches!(config.location, store::Location::Sqlite(_)))
    }
}

impl Upkeep for ServerUpkeep {
    fn settings(&self) -> Vec<Setting> {
        // Serialization hides secrets.
        let shown = self.config.shown().unwrap_or_default();
        let (config, defaults): (Table, Table) = match (shown.parse(), DEFAULT.parse()) {
            (Ok(config), Ok(defaults)) => (config, defaults),
            _ => return Vec::new(),
        };
        let is_set = |name: &str| std::env::var_os(name).is_some();
        settings(&config, &defaults, is_set)
    }

    fn backups(&self) -> Result<BackupState, String> {
        if !self.is_sqlite() {
            return Ok(BackupState::Elsewhere);
        }
        let Some(backups) = &self.backups else { return Ok(BackupState::Off) };
        let backup = &self.config.backup;
        Ok(BackupState::On {
            directory: backup.directory(&self.config.data_dir).display().to_string(),
            every_hours: backup.every_hours,
            keep: backup.keep,
            made: backups.made()?,
        })
    }

    fn back_up(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let backups = self.backups.as_ref().ok_or("backup.dir is not set")?;
            backups.run_now().await
        })
    }
}

/// Returns the settings of a configuration with their sources.
fn settings(config: &Table, defaults: &Table, is_set: impl Fn(&str) -> bool) -> Vec<Setting> {
    let mut all = Vec::new();
    collect("", config, Some(defaults), &is_set, &mut all);
    // Keys outside of sections come first.
    all.sort_by_key(|setting: &Setting| !setting.section.is_empty());
    all
}

fn collect(
    section: &str,
    table: &Table,
    defaults: Option<&Table>,
    is_set: &impl Fn(&str) -> bool,
    all: &mut Vec<Setting>,
) {
    for (key, value) in table {
        let default = defaults.and_then(|defaults| defaults.get(key));
        if let Value::Table(inner) = value {
            let name = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
            collect(&name, inner, default.and_then(Value::as_table), is_set, all);
            continue;
        }
        let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let variable = format!("DOPPEL_{}", path.to_uppercase().replace('.', "__"));
        let origin = if is_set(&variable) {
            Origin::Environment(variable)
        } else if default == Some(value) {
            Origin::Default
        } else {
            Origin::File
        };
        all.push(Setting { section: section.to_owned(), key: key.clone(), value: value.to_string(), origin });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_say_where_they_are_set() {
        let config: Table = "a = 1\n[s]\nb = \"x\"\nc = [1]\n[s.t]\nd = true".parse().unwrap();
        let defaults: Table = "a = 1\n[s]\nb = \"y\"\nc = [2]\n[s.t]\nd = true".parse().unwrap();
        let all = settings(&config, &defaults, |name| name == "DOPPEL_S__C");
        let found: Vec<(String, &str, &Origin)> = all
            .iter()
            .map(|setting| {
                (format!("{} {}", setting.section, setting.key), setting.value.as_str(), &setting.origin)
            })
            .collect();
        let environment = Origin::Environment("DOPPEL_S__C".into());
        assert_eq!(
            found,
            [
                (" a".into(), "1", &Origin::Default),
                ("s b".into(), "\"x\"", &Origin::File),
                ("s c".into(), "[1]", &environment),
                ("s.t d".into(), "true", &Origin::Default),
            ]
        );
    }

    #[test]
    fn the_default_configuration_has_defaults_only() {
        let config = Config::from_toml("").unwrap();
        let shown: Table = config.shown().unwrap().parse().unwrap();
        let all = settings(&shown, &DEFAULT.parse().unwrap(), |_| false);
        assert!(all.len() > 100);
        let changed: Vec<&Setting> = all.iter().filter(|setting| setting.origin != Origin::Default).collect();
        assert!(changed.is_empty(), "{changed:?}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = Config::from_toml(
            "[model]\napi_key = \"sk-very-secret\"\nname = \"m\"\nbase_url = \"http://a/v1\"",
        );
        let shown = config.unwrap().shown().unwrap();
        assert!(!shown.contains("very-secret"), "{shown}");
    }
}
