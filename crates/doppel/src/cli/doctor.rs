//! `doppel doctor`

use super::out::{Failure, say};
use crate::{config::Config, server};

/// Accounts read at a time.
const PAGE: i64 = 500;

pub(super) async fn run(config: &Config, repair: bool) -> Result<(), Failure> {
    let (db, identity) = super::identity(config).await?;
    let base_url = server::base_url(config, config.server.listen);
    let memory = server::memory(config, db.clone(), identity.clone(), &base_url);
    let chat = server::chat(config, &db, &memory, &server::outgoing(config))
        .map_err(|error| Failure::failed(format!("{error:#}")))?;
    let (mut after, mut checked, mut faults) = (0, 0, 0_usize);
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
    if faults > 0 && !repair {
        return Err(Failure::failed("run doppel doctor --repair to mend what can be mended"));
    }
    Ok(())
}
