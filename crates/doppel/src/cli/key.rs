//! `doppel key …`

use identity::{
    ScopeSet,
    key::{ApiKey, NewKey, rules},
};
use serde_json::json;
use store::Timestamp;
use web::{Language, paging::Page};

use super::{
    account_of, args,
    out::{Failure, say, say_json},
};
use crate::config::Config;

/// Number of keys read at a time.
const PAGE: i64 = 100;

pub(super) async fn run(config: &Config, command: args::Key) -> Result<(), Failure> {
    let (db, identity) = super::identity(config).await?;
    match command {
        args::Key::Create { account, name, scopes, expires, json } => {
            let owner = account_of(&identity, &account).await?.id;
            let scopes = ScopeSet::parse_list(&scopes).map_err(unknown_scope)?;
            let lifetime = expires.as_deref().map(seconds).transpose()?;
            let expires_at = lifetime.map(|seconds| db.clock().now().plus_secs(seconds));
            let (key, secret) = identity.create_key(owner, NewKey { name, scopes, expires_at }).await?;
            if json {
                let mut about = as_json(&key);
                if let Some(members) = about.as_object_mut() {
                    members.insert("key".into(), json!(secret.expose()));
                }
                say_json(&about)?;
            } else {
                say(secret.expose())?;
            }
        }
        args::Key::List { account, json } => {
            let owner = account_of(&identity, &account).await?.id;
            let mut offset = 0;
            loop {
                let (keys, _) = identity.keys(owner, Page { limit: PAGE, offset }).await?;
                if keys.is_empty() {
                    break;
                }
                keys.iter()
                    .try_for_each(|key| if json { say_json(&as_json(key)) } else { say(&line(key)) })?;
                offset += PAGE;
            }
        }
        args::Key::Revoke { account, id } => {
            let owner = match account {
                Some(account) => account_of(&identity, &account).await?.id,
                None => identity.key_owner(id).await?,
            };
            identity.delete_key(owner, id).await?;
        }
    }
    db.close().await?;
    Ok(())
}

fn unknown_scope(name: String) -> Failure {
    let message = rules::unknown_scope(name).message(Language::En);
    Failure::input(format!("{message}. The scopes are {}", args::scope_names()))
}

fn as_json(key: &ApiKey) -> serde_json::Value {
    json!({
        "id": key.id,
        "name": key.name,
        "prefix": key.hint,
        "scopes": key.scopes.names(),
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "lastUsedAt": key.last_used_at,
        "lastUsedAddress": key.last_used_address,
    })
}

fn line(key: &ApiKey) -> String {
    let expires = key.expires_at.map_or("never".to_owned(), Timestamp::iso8601);
    let used = key.last_used_at.map_or("never".to_owned(), Timestamp::iso8601);
    format!("{}  {}…  {}  expires {expires}  used {used}  {}", key.id, key.hint, key.scopes, key.name)
}

/// Parses a duration as `45m`, `12h` or `90d`, and returns it in seconds.
pub(super) fn seconds(text: &str) -> Result<i64, Failure> {
    let wrong = || Failure::input(format!("{text:?}: expected a duration as 45m, 12h or 90d"));
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        Some(_) | None => return Err(wrong()),
    };
    let number = text.get(..text.len() - 1).and_then(|digits| digits.parse::<i64>().ok());
    let seconds = number.filter(|number| *number > 0).and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| *seconds <= 3650 * 86_400).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("45m", Some(2700)),
            ("12h", Some(43_200)),
            ("90d", Some(7_776_000)),
            ("0d", None),
            ("d", None),
            ("-1d", None),
            ("9", None),
            ("", None),
            ("9é", None),
            ("99999d", None),
        ] {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
    }
}
