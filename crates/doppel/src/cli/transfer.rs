//! `doppel export` and `doppel import`

use std::{
    io::{IsTerminal, Write},
    path::Path,
    pin::pin,
};

use archive::{Archive, Manifest};
use futures::StreamExt;
use identity::{Account, AuditAction, Identity};
use indicatif::{ProgressBar, ProgressStyle};
use store::{Database, Zone, durable::NewFile};

use super::{
    account_of,
    out::{Failure, say},
};
use crate::{
    config::Config,
    import::{Import, Listener},
    server,
};

pub(super) async fn export(config: &Config, email: &str, file: &Path) -> Result<(), Failure> {
    let (db, identity) = super::identity(config).await?;
    let (archive, account) = opened(config, &db, &identity, email).await?;
    identity.record(identity.audit(AuditAction::DataExported, &account.email)).await?;
    let now = db.clock().now();
    let about = Manifest::new(&account.email, &account.name, now);
    let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", file.display()));
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.symlink_metadata().is_ok() {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
    }
    let mut out = NewFile::create_in(directory).map_err(failed)?;
    let mut stream = pin!(archive.stream(account.id, &about, now));
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        out.write_all(&chunk).map_err(failed)?;
    }
    let bytes = out.create(file).map_err(failed)?;
    db.close().await?;
    say(&format!("{} ({bytes} bytes)", file.display()))
}

pub(super) async fn import(
    config: &Config,
    email: &str,
    zone: Option<&str>,
    from: &Path,
) -> Result<(), Failure> {
    let named = |name: &str| {
        let unknown = || Failure::input(format!("{name} is no IANA time zone, such as Asia/Shanghai"));
        Zone::named(name).ok_or_else(unknown)
    };
    let given = zone.map(named).transpose()?;
    let (db, identity) = super::identity(config).await?;
    let (archive, account) = opened(config, &db, &identity, email).await?;
    identity.record(identity.audit(AuditAction::DataImported, &account.email)).await?;
    let own = server::memory(config, db.clone(), identity, "").zone(account.id).await;
    let zone = given.or(own.map_err(|error| Failure::failed(crate::describe(&error)))?).unwrap_or_default();
    let mut told = Progress::new();
    let import = Import::new(&archive, account.id, config.files.max_upload_bytes, &mut told).in_zone(zone);
    let outcome = Box::pin(import.run(from)).await;
    told.bar.finish_and_clear();
    let outcome = outcome.map_err(Failure::failed)?;
    db.close().await?;
    say(&format!("{} added, {} known already, {} refused", outcome.added, outcome.known, outcome.refused))?;
    if outcome.refused > 0 { Err(Failure::failed("not everything was taken in; see above")) } else { Ok(()) }
}

async fn opened(
    config: &Config,
    db: &Database,
    identity: &Identity,
    email: &str,
) -> Result<(Archive, Account), Failure> {
    let account = account_of(identity, email).await?;
    let base_url = server::base_url(config, None);
    let archive = server::archive(config, db, identity, &base_url).map_err(Failure::failed)?;
    Ok((archive, account))
}

/// Shows a progress bar on a terminal, and prints a line for each refused entry in any case.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new() -> Self {
        let bar =
            if std::io::stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} entries  {per_sec}  {elapsed}")
        {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Listener for Progress {
    fn progress(&mut self, entries: u64) {
        self.bar.inc(entries);
    }

    fn refused(&mut self, place: &str, line: u64, why: &str) {
        self.say(place, line, why);
    }

    fn doubted(&mut self, place: &str, line: u64, what: &str) {
        self.say(place, line, what);
    }
}

impl Progress {
    fn say(&self, place: &str, line: u64, why: &str) {
        let text = if line == 0 { format!("{place}: {why}") } else { format!("{place}:{line}: {why}") };
        self.bar.suspend(|| {
            // If even this cannot be written, nothing is left to try.
            let _unheard = writeln!(std::io::stderr().lock(), "{text}");
        });
    }
}
