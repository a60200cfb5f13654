//! `doppel doctor`

use store::{AccountId, Database, Rule};

use super::out::{Failure, say};
use crate::{config::Config, permissions, server};

/// Number of accounts read at a time.
const PAGE: i64 = 500;

pub(super) async fn run(config: &Config, repair: bool) -> Result<(), Failure> {
    for warning in permissions::warnings(config) {
        say(&format!("warning: {warning}"))?;
    }
    let (db, identity) = super::identity(config).await?;
    let damage = db.check().await?;
    if !damage.is_empty() {
        damage.iter().try_for_each(|fault| say(&format!("database: {fault}")))?;
        db.close().await?;
        return Err(Failure::failed(
            "the database is damaged: stop the server, keep a copy of the file, and restore a backup",
        ));
    }
    let base_url = server::base_url(config, None);
    let memory = server::memory(config, db.clone(), identity.clone(), &base_url);
    let chat = server::chat(config, &db, &identity, &memory, &server::outgoing(config))
        .map_err(|error| Failure::failed(format!("{error:#}")))?;
    let (mut after, mut checked, mut faults) = (AccountId(0), 0, 0_usize);
    let broken_rules = broken_rules(&db).await?;
    loop {
        let page = identity.accounts(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for account in page {
            let findings = memory.examine(account.id, repair).await?;
            checked += findings.checked;
            faults += findings.faults.len();
            let of_chat = chat.examine(account.id, repair).await?;
            faults += of_chat.len();
            of_chat.iter().try_for_each(|fault| say(&format!("{}: {fault}", account.email)))?;
            findings.faults.iter().try_for_each(|fault| say(&format!("{}: {fault}", account.email)))?;
        }
    }
    for stray in memory.stray_files(memory::file::YOUNG).await? {
        checked += 1;
        faults += 1;
        say(&format!("file {}: nobody's", stray.display()))?;
    }
    if repair {
        memory.sweep_files(memory::file::YOUNG).await?;
    }
    db.close().await?;
    say(&format!(
        "{checked} entries and files checked, {faults} faults{}",
        if repair { " mended" } else { "" }
    ))?;
    if broken_rules > 0 {
        return Err(Failure::failed("some counters are wrong, and are not mended by this release"));
    }
    if faults > 0 && !repair {
        return Err(Failure::failed("run doppel doctor --repair to mend what can be mended"));
    }
    Ok(())
}

/// Prints the rules between rows that are broken, and returns their number.
async fn broken_rules(db: &Database) -> Result<usize, Failure> {
    let mut broken = 0;
    let rules: [&[Rule]; 3] = [plaza::invariants::RULES, chat::invariants::RULES, avatars::invariants::RULES];
    for rule in rules.into_iter().flatten() {
        let rows: Vec<(i64,)> = db.fetch_all_heavy(rule.sql, Vec::new()).await?;
        if let Some((count,)) = rows.first().filter(|(count,)| *count != 0) {
            broken += 1;
            say(&format!("database: {count} {}", rule.broken))?;
        }
    }
    Ok(broken)
}
