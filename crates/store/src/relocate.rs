//! Copies a whole database into an empty one, of the same or the other engine.
//!
//! Tables are copied in the order of their references and rows in the order of their primary keys, in batches
//! of bounded size. Both engines order keys alike, so a copy that was interrupted goes on after the highest
//! key of each table. Until all rows are compared, the target holds the table [`MARK`], and nothing else
//! opens it.

mod catalog;
mod rows;

use crate::database::Database;
use crate::error::{Error, Result};
use crate::migrations;
use crate::schema::translate;
use crate::{migrate, params};

use catalog::Table;
use rows::Checksum;

pub(crate) use catalog::MARK;

const CREATE_MARK: &str =
    "CREATE TABLE unfinished_move (id BIGINT PRIMARY KEY, source TEXT NOT NULL, is_cleared BIGINT NOT NULL)";
const SET_MARK: &str = "INSERT INTO unfinished_move (id, source, is_cleared) VALUES (1, $1, 0)";
const READ_MARK: &str = "SELECT source, is_cleared FROM unfinished_move WHERE id = 1";
const SET_CLEARED: &str = "UPDATE unfinished_move SET is_cleared = 1";
const DROP_MARK: &str = "DROP TABLE unfinished_move";
/// The moment when a database was created tells it from others.
const IDENTITY: &str = "SELECT applied_at FROM schema_migration WHERE version = 1";

/// A step of a copy, for a display of the progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'t> {
    /// So many rows of a table were copied by now.
    Copied(&'t str, u64),
    /// All rows of a table are the same in both databases.
    Compared(&'t str, u64),
}

/// The extent of a finished copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relocated {
    /// Tables.
    pub tables: usize,
    /// Rows of all tables.
    pub rows: u64,
}

impl Database {
    /// Copies everything in this database into an empty one, and compares all of it afterwards. A copy that
    /// was interrupted is continued by the same call. This database is not changed.
    ///
    /// # Errors
    /// If another process uses this database, if the target is neither empty nor an unfinished copy of this
    /// database, or if a row changed meanwhile. The text says what to do.
    pub async fn relocate(
        &self,
        target: &Self,
        mut progress: impl FnMut(Progress<'_>) + Send,
    ) -> Result<Relocated> {
        self.refuse_other_processes().await?;
        let tables = catalog::tables(self).await?;
        self.prepare_target(target, &tables).await?;
        for table in &tables {
            self.copy_table(target, table, &mut progress).await?;
        }
        let mut rows = 0;
        for table in &tables {
            let (here, there) = (rows::checksum(self, table).await?, rows::checksum(target, table).await?);
            if here != there {
                return Err(differs(table, here, there));
            }
            progress(Progress::Compared(&table.name, here.rows));
            rows += here.rows;
        }
        self.refuse_other_processes().await?;
        target.write(|tx| Box::pin(async move { tx.batch(DROP_MARK).await })).await?;
        Ok(Relocated { tables: tables.len(), rows })
    }

    async fn refuse_other_processes(&self) -> Result<()> {
        match self.other_processes().await? {
            0 => Ok(()),
            count => Err(Error::other(format!(
                "the database to be copied is in use by {count} other process(es): stop every server on it \
                 (SIGTERM) and wait for its end, so that nothing is written meanwhile"
            ))),
        }
    }

    /// Marks the target, brings its schema up to date and removes the rows that migrations insert.
    async fn prepare_target(&self, target: &Self, tables: &[Table]) -> Result<()> {
        let (created,): (i64,) = self.fetch_one(IDENTITY, &[]).await?;
        let source = format!("{} {created}", self.engine_name());
        if migrate::has_table(target, MARK).await? {
            let (of, _): (String, bool) = target.fetch_one(READ_MARK, &[]).await?;
            if of != source {
                return Err(Error::other(
                    "the target holds an unfinished copy of another database: empty it first",
                ));
            }
        } else {
            if let Some(table) = catalog::names(target).await?.first() {
                return Err(Error::other(format!(
                    "the target is not empty (it has the table {table}): name an empty schema, or a file \
                     that does not \
                     exist"
                )));
            }
            let create = translate(CREATE_MARK, target.dialect())?;
            let mark = target.write(move |tx| {
                Box::pin(async move {
                    tx.batch(&create).await?;
                    tx.execute(SET_MARK, params![&source]).await
                })
            });
            mark.await?;
        }
        // Without code: there are no rows that it could convert.
        migrate::migrate(target, migrations::ALL.to_vec()).await?;
        let (_, is_cleared): (String, bool) = target.fetch_one(READ_MARK, &[]).await?;
        if is_cleared {
            return Ok(());
        }
        let clear: Vec<&'static str> = tables.iter().rev().map(|table| table.clear).collect();
        let clear = target.write(move |tx| {
            Box::pin(async move {
                for sql in clear {
                    tx.send(sql, &[]).await?;
                }
                tx.execute(SET_CLEARED, &[]).await
            })
        });
        clear.await.map(|_rows| ())
    }

    async fn copy_table(
        &self,
        target: &Self,
        table: &Table,
        progress: &mut (impl FnMut(Progress<'_>) + Send),
    ) -> Result<()> {
        let mut pages = rows::Pages::after(rows::last_key(target, table).await?);
        let mut copied = 0;
        loop {
            let page = pages.next(self, table).await?;
            if page.is_empty() {
                return Ok(());
            }
            copied += u64::try_from(page.len()).unwrap_or(u64::MAX);
            let insert = table.insert;
            let write = target.write(move |tx| {
                Box::pin(async move {
                    for row in &page {
                        tx.send(insert, &row.params()).await?;
                    }
                    Ok::<_, Error>(())
                })
            });
            write.await?;
            progress(Progress::Copied(&table.name, copied));
        }
    }
}

fn differs(table: &Table, here: Checksum, there: Checksum) -> Error {
    Error::other(format!(
        "the table {} differs: {} rows here, {} rows in the target. Something was written meanwhile: stop \
         every server on \
         this database, empty the target and begin again",
        table.name, here.rows, there.rows
    ))
}
