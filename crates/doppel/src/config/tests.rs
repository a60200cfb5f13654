//! Tests of the configuration as a whole.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[test]
fn the_defaults_are_valid() {
    let config = Config::from_toml("").unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(toml::from_str::<Config>(&config.shown().unwrap()).is_ok());
}

#[test]
fn what_is_wrong_is_named() {
    for (lines, expected) in [
        ("[server]\nlisten = \"nowhere\"", vec!["server.listen"]),
        ("[server]\nlisten = 5", vec!["server.listen"]),
        ("[server]\nlissten = \"127.0.0.1:1\"", vec!["lissten", "did you mean", "`listen`"]),
        ("[server]\nmax_body_bytes = 1", vec!["server.max_body_bytes", "= 1", "from 1024"]),
        (
            "[accounts]\nsign_up = \"maybe\"",
            vec!["accounts.sign_up", "maybe", "open", "invitation", "closed"],
        ),
        ("[database]\nurl = \"mysql://x\"", vec!["database.url", "postgres://"]),
        (
            "[server]\npublic_url = \"doppel.example\"",
            vec!["server.public_url", "doppel.example", "https://"],
        ),
        ("[metrics]\nlisten = \"9090\"", vec!["metrics.listen", "9090", "127.0.0.1:9090"]),
        ("[nonsense]\na = 1", vec!["nonsense"]),
    ] {
        let error = Config::from_toml(lines).unwrap_err();
        for part in expected {
            assert!(error.contains(part), "{lines}: {error}");
        }
    }
}

#[test]
fn keys_of_models_are_hidden() {
    let lines = "[model]\nbase_url = \"http://h/v1\"\nname = \"m\"\napi_key = \"geheim\"\n\
                 [[model.fallback]]\nbase_url = \"http://i/v1\"\nname = \"n\"\napi_key = \"geheim\"\n\
                 [embedding]\nbase_url = \"http://j/v1\"\nname = \"e\"\napi_key = \"geheim\"";
    let config = Config::from_toml(lines).unwrap();
    assert_eq!(config.model.providers().count(), 2);
    assert!(!config.shown().unwrap().contains("geheim") && !format!("{config:?}").contains("geheim"));
    for (lines, expected) in [
        ("[model]\nbase_url = \"h\"\nname = \"m\"", "model.base_url"),
        ("[model]\nbase_url = \"http://h\"", "model.name"),
        ("[model]\nnmae = \"m\"", "nmae"),
        ("[[model.fallback]]\nbase_url = \"http://h\"\nname = \"m\"", "model.base_url"),
        ("[chat]\nrecall_tokens = 9000", "chat.recall_tokens"),
        ("[embedding]\nbase_url = \"h\"\nname = \"m\"", "embedding.base_url"),
        ("[embedding]\nbase_url = \"http://h\"", "embedding.name"),
        ("[embedding]\nbatch = 0", "embedding.batch"),
        ("[embedding]\ndimensions = 9000", "embedding.dimensions"),
        ("[rerank]\nbase_url = \"h\"", "rerank.base_url"),
        ("[rerank]\nmilliseconds = 0", "rerank.milliseconds"),
    ] {
        let error = Config::from_toml(lines).unwrap_err();
        assert!(error.contains(expected), "{lines}: {error}");
    }
}

/// A secret that is also a key of 64 hexadecimal digits.
fn secret() -> String {
    "5ec2e75ec2e75ec2".repeat(4)
}

#[test]
fn a_configured_secret_is_not_shown() {
    let secret = secret();
    let lines = format!(
        "model.base_url = \"http://h/v1\"\nmodel.name = \"m\"\nmodel.api_key = \"{secret}\"\n\
         embedding.base_url = \"http://j/v1\"\nembedding.name = \"e\"\nembedding.api_key = \"{secret}\"\n\
         rerank.base_url = \"http://k/v1\"\nrerank.api_key = \"{secret}\"\n\
         transcription.base_url = \"http://l/v1\"\ntranscription.api_key = \"{secret}\"\n\
         hub.weather.base_url = \"http://w\"\nhub.weather.api_key = \"{secret}\"\n\
         secrets.key = \"{secret}\"\nsecrets.older_keys = [\"{secret}\"]\n\
         database.url = \"postgres://u:{secret}@h/db\"\n\
         chat.search_url = \"http://u:{secret}@h/?token={secret}\"\n\
         model.fallback = [{{ base_url = \"http://i/v1\", name = \"n\", api_key = \"{secret}\" }}]"
    );
    let config = Config::from_toml(&lines).unwrap();
    let held = [
        config.model.api_key.expose(),
        config.model.fallback[0].api_key.expose(),
        config.embedding.api_key.expose(),
        config.rerank.api_key.expose(),
        config.transcription.api_key.expose(),
        config.hub.weather.api_key.expose(),
        config.secrets.key.expose(),
        config.secrets.older_keys[0].expose(),
        &*config.database.url,
        &*config.chat.search_url,
    ];
    assert!(held.iter().all(|held| held.contains(&secret)), "the settings keep the secret itself");
    for output in outputs(&config) {
        assert!(!output.contains(&secret), "{output}");
    }
}

/// Returns what can be seen of a configuration, and of the settings of crates that are made of it.
fn outputs(config: &Config) -> [String; 8] {
    [
        config.shown().unwrap(),
        format!("{config:?}"),
        format!("{config:#?}"),
        format!("{:?}", config.database_config()),
        format!("{:?}", config.embedding.settings()),
        format!("{:?}", config.rerank.settings()),
        format!("{:?}", config.hub.settings(Duration::ZERO)),
        format!("{:?}", config.model.settings()),
    ]
}

/// Holds for settings that do not exist yet, too.
#[test]
fn a_setting_named_like_a_secret_is_not_shown() {
    const NO_SECRETS: [&str; 2] = ["oauth.webhook_signature_header", "embedding.passage_prefix"];
    let mut names = Vec::new();
    let defaults: toml::Table = toml::from_str(DEFAULT).unwrap();
    let mut tables = vec![(String::new(), defaults)];
    while let Some((place, table)) = tables.pop() {
        for (key, value) in table {
            let name = format!("{place}{key}");
            match value {
                toml::Value::Table(table) => tables.push((format!("{name}."), table)),
                toml::Value::String(_) if web::redact::is_secret_name(&key) => names.push(name),
                _ => {}
            }
        }
    }
    let (secret, mut hidden) = (secret(), 0);
    for name in names.iter().filter(|name| !NO_SECRETS.contains(&name.as_str())) {
        // A setting with certain values only is none that holds a secret.
        let Ok(config) = Config::from_toml(&format!("{name} = \"{secret}\"")) else { continue };
        for output in outputs(&config) {
            assert!(!output.contains(&secret), "{name}: {output}");
        }
        hidden += 1;
    }
    assert_eq!(hidden, 7, "{names:?}");
}

#[test]
fn a_refused_value_with_a_secret_is_not_shown() {
    for lines in [
        "[model]\nbase_url = \"http://u:geheim@h/v1\"\nname = \"m\"",
        "[model]\nbase_url = \"http://h/v1?api_key=geheim\"\nname = \"m\"",
        "[model]\nbase_url = \"http://h/v1\"\nname = \"m\"\n[[model.fallback]]\n\
         base_url = \"http://geheim@h\"",
        "[embedding]\nbase_url = \"http://u:geheim@h\"\nname = \"m\"",
        "[hub.weather]\nbase_url = \"http://u:geheim@h\"",
        "[chat]\nsearch_url = \"ftp://u:geheim@h\"",
        "[server]\npublic_url = \"https://u:geheim@h\"",
        "[server]\ncors_origins = [\"https://u:geheim@h\"]",
        "[database]\nurl = \"mysql://u:geheim@h\"",
        "[model]\napi_key = [\"geheim\"]",
        "[model]\napi_key = \"geheim",
        "[model]\napi_key = \"geheim\" x",
        "[hub.weather]\napi_key = { geheim = 1 }",
    ] {
        let error = Config::from_toml(lines).unwrap_err();
        assert!(!error.contains("geheim"), "{lines}: {error}");
    }
    let number = Config::from_toml("[model]\napi_key = 4711").unwrap_err();
    assert!(number.contains("model.api_key") && !number.contains("4711"), "{number}");
    let config = Config::from_toml("[chat]\nsearch_url = \"http://u:geheim@h/?token=geheim\"").unwrap();
    assert!(!config.shown().unwrap().contains("geheim"));
}

proptest! {
    #[test]
    fn a_file_changes_what_it_names_and_nothing_else(seconds in 1_u64..3600, days in 1_u64..3650) {
        let lines = format!("[server]\nrequest_seconds = {seconds}\n[accounts]\nsession_days = {days}");
        let config = Config::from_toml(&lines).unwrap();
        prop_assert_eq!((config.server.request_seconds, config.accounts.session_days), (seconds, days));
        let mut restored = config;
        let default = Config::from_toml("").unwrap();
        restored.server.request_seconds = default.server.request_seconds;
        restored.accounts.session_days = default.accounts.session_days;
        prop_assert_eq!(restored.shown(), default.shown());
    }

    #[test]
    fn any_text_is_a_configuration_or_an_error(text in ".{0,80}") {
        let _ = Config::from_toml(&text);
    }
}
