//! Consistency checks of a person's data: the index against the rows, and the files against their rows.

use search::{Document, Entry, Expected, Index};
use store::{AccountId, params};
use web::ApiError;

use crate::{
    Memory,
    file::queries as files,
    key::{self, KeyMemory},
    note::{self, Note},
};

/// Number of rows compared in one transaction.
const ROWS: i64 = 500;

/// The findings of an examination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The number of rows and files examined.
    pub checked: u64,
    /// A sentence for each fault.
    pub faults: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Rows {
    Keys,
    Notes,
}

impl Rows {
    const fn index(self, account: AccountId) -> Index {
        match self {
            Self::Keys => Index::new(account, key::KIND),
            Self::Notes => Index::new(account, note::KIND),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Keys => "key memory",
            Self::Notes => "note",
        }
    }
}

impl Memory {
    /// Examines all data of a person. With `mend`, repairs what can be repaired.
    ///
    /// # Errors
    /// If the store or the disk fails.
    pub async fn examine(&self, account: AccountId, mend: bool) -> Result<Findings, ApiError> {
        let mut findings = Findings::default();
        for rows in [Rows::Keys, Rows::Notes] {
            self.examine_index(account, rows, mend, &mut findings).await?;
        }
        self.examine_files(account, mend, &mut findings).await?;
        findings.faults.extend(self.examine_room(account, mend).await?);
        Ok(findings)
    }

    async fn examine_index(
        &self,
        account: AccountId,
        rows: Rows,
        mend: bool,
        findings: &mut Findings,
    ) -> Result<(), ApiError> {
        let mut after = 0;
        loop {
            let (next, count, faults) = self
                .db()
                .write(move |tx| {
                    Box::pin(async move {
                        let index = rows.index(account);
                        index.lock(tx).await?;
                        let expected = expected(tx, account, rows, after).await?;
                        let full = expected.len() >= usize::try_from(ROWS).unwrap_or(usize::MAX);
                        let next = expected.last().filter(|_| full).map(|last| last.entry.id.0);
                        let range = (after, next.unwrap_or(i64::MAX));
                        let mut faults = index.check(tx, range, &expected, mend).await?;
                        if next.is_none() {
                            faults.extend(index.check_runs(tx, mend).await?);
                            faults.extend(index.check_size(tx, mend).await?);
                            faults.extend(index.check_vectors(tx, mend).await?);
                        }
                        Ok::<_, ApiError>((next, expected.len(), faults))
                    })
                })
                .await?;
            findings.checked += u64::try_from(count).unwrap_or(0);
            findings.faults.extend(faults.into_iter().map(|fault| format!("{} {fault}", rows.name())));
            match next {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }

    /// Compares the files with their rows. A missing file cannot be restored: with `mend`, its row is
    /// deleted.
    async fn examine_files(
        &self,
        account: AccountId,
        mend: bool,
        findings: &mut Findings,
    ) -> Result<(), ApiError> {
        let known: Vec<(String, String, i64, store::Timestamp)> =
            self.db().fetch_all(files::ALL, params![account]).await?;
        let mut sum = 0;
        for (key, _, bytes, _) in known {
            findings.checked += 1;
            let on_disk = tokio::fs::metadata(self.path(&key)).await.ok().map(|about| about.len());
            if on_disk == u64::try_from(bytes).ok() {
                sum += bytes;
                continue;
            }
            findings.faults.push(format!(
                "file {key}: {}",
                match on_disk {
                    None => "missing",
                    Some(_) => "of another size than it should have",
                }
            ));
            if mend {
                self.db().execute(files::FORGET, params![&key]).await?;
            } else {
                sum += bytes;
            }
        }
        let used: Option<(i64,)> = self.db().fetch_optional(files::USED, params![account]).await?;
        if used.map_or(0, |(used,)| used) != sum {
            findings.faults.push("files: the sum of their sizes is wrong".to_owned());
            if mend {
                self.db().execute(files::SET_ROOM, params![account, sum]).await?;
            }
        }
        let wrong: Vec<(String, i64)> = self.db().fetch_all(files::WRONG_SHARES, params![account]).await?;
        for (client, sum) in wrong {
            findings
                .faults
                .push(format!("files of the application {client}: the sum of their sizes is wrong"));
            if mend {
                self.db().execute(files::SET_SHARE, params![account, &client, sum]).await?;
            }
        }
        Ok(())
    }
}

async fn expected(
    tx: &mut store::Tx<'_>,
    account: AccountId,
    rows: Rows,
    after: i64,
) -> Result<Vec<Expected>, store::Error> {
    let page = params![account, after, ROWS];
    let mut expected = Vec::new();
    match rows {
        Rows::Keys => {
            let memories: Vec<KeyMemory> = tx.fetch_all(key::queries::AFTER, page).await?;
            for memory in memories {
                let text = key::rules::indexed(&memory.fact_actor, &memory.fact_object, &memory.fact_content);
                let public = key::rules::is_public(memory.visibility);
                let entry = Entry { id: memory.id.into(), public, noted: memory.create_time };
                expected.push(Expected { entry, document: Document::new(&text) });
            }
        }
        Rows::Notes => {
            let notes: Vec<Note> = tx.fetch_all(note::queries::AFTER, page).await?;
            for note in notes {
                let document = Document::new(&note::page::indexed(tx, &note).await?);
                let entry = Entry { id: note.id.into(), public: false, noted: note.created_at };
                expected.push(Expected { entry, document });
            }
        }
    }
    Ok(expected)
}
