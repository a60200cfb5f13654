//! `doppel export` and `doppel import`

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use archive::{
    Archive, Manifest,
    runs::{RunId, Runs},
};
use futures::StreamExt;
use identity::{Account, AuditAction, Identity};
use imports::Source;
use indicatif::{ProgressBar, ProgressStyle};
use store::{AccountId, Database, Zone, durable::NewFile};

use super::{
    account_of,
    args::{ExportFormat, ImportArgs},
    out::{Failure, say},
};
use crate::{
    config::Config,
    import::{Choice, Import, Listener, Outcome},
    server,
};

pub(super) async fn export(
    config: &Config,
    email: &str,
    format: ExportFormat,
    file: &Path,
) -> Result<(), Failure> {
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
    let mut stream = match format {
        ExportFormat::Archive => archive.stream(account.id, &about, now).boxed(),
        ExportFormat::Markdown => {
            let memory = server::memory(config, db.clone(), identity.clone(), "");
            let zone =
                memory.zone(account.id).await.map_err(|error| Failure::failed(crate::describe(&error)))?;
            memory.markdown(account.id, zone.unwrap_or_default()).boxed()
        }
    };
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        out.write_all(&chunk).map_err(failed)?;
    }
    let bytes = out.create(file).map_err(failed)?;
    db.close().await?;
    say(&format!("{} ({bytes} bytes)", file.display()))
}

pub(super) async fn import(config: &Config, args: ImportArgs) -> Result<(), Failure> {
    let named = |name: &str| {
        let unknown = || Failure::input(format!("{name} is no IANA time zone, such as Asia/Shanghai"));
        Zone::named(name).ok_or_else(unknown)
    };
    let given = args.zone.as_deref().map(named).transpose()?;
    let source = args.source.as_deref().map(source_of).transpose()?;
    let choice = choice_of(&args.without)?;
    let (db, identity) = super::identity(config).await?;
    let (archive, account) = opened(config, &db, &identity, &args.account).await?;
    let memory = server::memory(config, db.clone(), identity.clone(), "");
    let runs = memory.runs();
    if args.list {
        list(&runs, account.id).await?;
        return Ok(db.close().await?);
    }
    if let Some(run) = args.undo {
        let undone = runs.undo(&archive, account.id, RunId(run)).await;
        let undone = undone.map_err(|error| match error.code() {
            web::Code::NotFound => Failure::not_found(format!("there is no import {run}")),
            _ => Failure::failed(crate::describe(&error)),
        })?;
        db.close().await?;
        return say(&format!("{} removed, {} changed since and left", undone.removed, undone.stayed));
    }
    let Some(from) = args.from else { return Err(Failure::input("no file is given".to_owned())) };
    if !args.dry_run {
        identity.record(identity.audit(AuditAction::DataImported, &account.email)).await?;
    }
    let own = memory.zone(account.id).await;
    let zone = given.or(own.map_err(|error| Failure::failed(crate::describe(&error)))?).unwrap_or_default();
    let mut told = Progress::new();
    let name = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let import = Import::new(&archive, account.id, config.files.max_upload_bytes, &mut told)
        .in_zone(zone)
        .of(source)
        .without(choice)
        .recorded(runs, name);
    let import = if args.dry_run { import.trial() } else { import };
    let outcome = Box::pin(import.run(&from)).await;
    told.bar.finish_and_clear();
    let outcome = outcome.map_err(Failure::failed)?;
    db.close().await?;
    say(&summary(&outcome))?;
    if outcome.refused > 0 { Err(Failure::failed("not everything was taken in; see above")) } else { Ok(()) }
}

/// Returns the result on one line. Counts of zero are left out, but those of every import.
fn summary(outcome: &Outcome) -> String {
    let mut line =
        format!("{} added, {} known already, {} refused", outcome.added, outcome.known, outcome.refused);
    let more = [
        (outcome.changed, "brought up to date"),
        (outcome.kept, "changed here and kept"),
        (outcome.removed, "deleted here before"),
        (outcome.left, "left out"),
    ];
    for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
        line.push_str(&format!(", {count} {what}"));
    }
    if let Some(run) = outcome.run {
        let resumed = if outcome.is_resumed { ", continued" } else { "" };
        line.push_str(&format!(" (import {run}{resumed})"));
    }
    line
}

fn source_of(name: &str) -> Result<Source, Failure> {
    name.parse().map_err(|_unknown| Failure::input(format!("{name} is no source that can be imported")))
}

fn choice_of(without: &[String]) -> Result<Choice, Failure> {
    let mut choice = Choice::default();
    for kind in without {
        let section = match kind.trim() {
            "memories" => "key-memories",
            "notes" => "notes",
            "conversations" => "conversations",
            "proposals" => "review",
            other => {
                let known = "memories, notes, conversations, proposals";
                return Err(Failure::input(format!("{other} is none of: {known}")));
            }
        };
        choice.sections.insert(section.to_owned());
    }
    Ok(choice)
}

async fn list(runs: &Runs, account: AccountId) -> Result<(), Failure> {
    const PART: i64 = 100;
    let mut before = RunId(i64::MAX);
    loop {
        let some = runs.list(account, before, PART).await;
        let some = some.map_err(|error| Failure::failed(crate::describe(&error)))?;
        let Some(last) = some.last() else { return Ok(()) };
        before = last.id;
        for run in &some {
            let counts = &run.counts;
            let time = run.created_at.iso8601();
            say(&format!(
                "{}  {time}  {:10} {:8} {} added, {} known, {} refused  {}",
                run.id, run.source, run.state, counts.added, counts.known, counts.refused, run.file_name
            ))?;
        }
    }
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
