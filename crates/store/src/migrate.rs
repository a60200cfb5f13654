//! Application of pending migrations.

use crate::database::Database;
use crate::error::{Error, Result};
use crate::migrations::Migration;
use crate::params;
use crate::relocate::MARK;
use crate::schema::{Dialect, translate};

const TABLE: &str = "CREATE TABLE schema_migration (
    version BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)";
const APPLIED: &str = "SELECT version, name, checksum FROM schema_migration ORDER BY version";
const INSERT: &str =
    "INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// The name of the migration table.
const NAME: &str = "schema_migration";

/// Returns the query that counts tables of a name. The engines have different catalogs.
const fn table_exists(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
        Dialect::Postgres => {
            "SELECT COUNT(*) FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_name = CAST($1 AS TEXT)"
        }
    }
}

/// Returns true if the database has a table of a name.
pub(crate) async fn has_table(db: &Database, name: &str) -> Result<bool> {
    let (tables,): (i64,) = db.fetch_one(table_exists(db.dialect()), params![name]).await?;
    Ok(tables > 0)
}

/// Refuses a database that is a copy which has not finished.
///
/// # Errors
/// [`Error::Migration`].
pub(crate) async fn refuse_unfinished_move(db: &Database) -> Result<()> {
    if !has_table(db, MARK).await? {
        return Ok(());
    }
    Err(Error::Migration(
        "this database is the target of a `doppel move` that has not finished: run the same move again, or \
         empty it"
            .to_owned(),
    ))
}

/// The version, name and checksum of an applied migration.
type Applied = (i64, String, String);

pub(crate) async fn migrate(db: &Database, all: Vec<Migration>) -> Result<Vec<&'static str>> {
    let (dialect, now) = (db.dialect(), db.clock().now());
    let run = db.write(move |tx| {
        Box::pin(async move {
            tx.lock_migrations().await?;
            let (tables,): (i64,) = tx.fetch_one(table_exists(dialect), params![NAME]).await?;
            if tables == 0 {
                tx.batch(&translate(TABLE, dialect)?).await?;
            }
            let applied: Vec<Applied> = tx.fetch_all(APPLIED, &[]).await?;
            let mut names = Vec::new();
            for migration in compare(&applied, &all)? {
                let sql = translate(migration.sql, dialect).map_err(|error| within(migration, &error))?;
                tx.batch(&sql).await.map_err(|error| within(migration, &error))?;
                if let Some(then) = migration.then {
                    then(tx).await.map_err(|error| within(migration, &error))?;
                }
                let checksum = migration.checksum();
                tx.execute(INSERT, params![migration.version, migration.name, &checksum, now]).await?;
                names.push(migration.name);
            }
            Ok(names)
        })
    });
    run.await
}

/// Returns true if no migration was ever applied.
pub(crate) async fn is_new(db: &Database) -> Result<bool> {
    Ok(!has_table(db, NAME).await?)
}

pub(crate) async fn pending(db: &Database, all: &[Migration]) -> Result<Vec<&'static str>> {
    let applied: Vec<Applied> =
        if has_table(db, NAME).await? { db.fetch_all(APPLIED, &[]).await? } else { Vec::new() };
    Ok(compare(&applied, all)?.iter().map(|migration| migration.name).collect())
}

/// Adds the migration's name to an error. [`Error::Unavailable`] is kept as it is, because a retry may
/// succeed.
fn within(migration: &Migration, error: &Error) -> Error {
    match error {
        Error::Unavailable(_) => error.clone(),
        _ => Error::Migration(format!("migration {} {}: {error}", migration.version, migration.name)),
    }
}

/// Returns the migrations that are still to be applied.
///
/// # Errors
/// [`Error::Migration`] if the applied ones are not the beginning of the list.
fn compare<'m>(applied: &[Applied], all: &'m [Migration]) -> Result<&'m [Migration]> {
    for (expected, migration) in (1..).zip(all) {
        if migration.version != expected {
            return Err(Error::Migration(format!(
                "this program has no migration {expected}: it goes on with {} {}; install a complete release",
                migration.version, migration.name
            )));
        }
    }
    for (expected, (version, name, checksum)) in (1..).zip(applied) {
        if *version != expected {
            return Err(Error::Migration(format!(
                "migration {expected} is missing in the database, which goes on with {version} {name}; \
                 restore a backup"
            )));
        }
        let known = usize::try_from(*version - 1).ok().and_then(|at| all.get(at));
        let Some(known) = known else {
            return Err(Error::Migration(format!(
                "the database has migration {version} {name}, which this program does not know; \
                 use the newer release that applied it, or restore a backup from before"
            )));
        };
        if known.checksum() != *checksum {
            return Err(Error::Migration(format!(
                "migration {version} {name} was changed after it had been applied; \
                 use the release that applied it, and make the change a new migration"
            )));
        }
    }
    all.get(applied.len()..)
        .ok_or_else(|| Error::Migration("the database has more migrations than this program".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    static ALL: &[Migration] = &[
        Migration { version: 1, name: "one", sql: "SELECT 1", then: None },
        Migration { version: 2, name: "two", sql: "SELECT\r\n2", then: None },
    ];
    static GAP: &[Migration] = &[Migration { version: 2, name: "two", sql: "SELECT 2", then: None }];

    fn applied(versions: &[i64]) -> Vec<Applied> {
        let sum = |v: i64| usize::try_from(v - 1).ok().and_then(|at| ALL.get(at)).map(Migration::checksum);
        versions.iter().map(|v| (*v, format!("n{v}"), sum(*v).unwrap_or_default())).collect()
    }

    fn refusal(applied: &[Applied], all: &'static [Migration]) -> String {
        match compare(applied, all) {
            Err(Error::Migration(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_applied_is_pending() {
        assert_eq!(compare(&[], ALL).unwrap().len(), 2);
        assert_eq!(compare(&applied(&[1]), ALL).unwrap()[0].name, "two");
        assert!(compare(&applied(&[1, 2]), ALL).unwrap().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert!(refusal(&applied(&[2]), ALL).contains("migration 1 is missing"));
        assert!(refusal(&applied(&[1, 2, 3]), ALL).contains("migration 3 n3"));
        assert!(refusal(&[], GAP).contains("no migration 1"));
        let mut changed = applied(&[1, 2]);
        changed[1].2 = "other".to_owned();
        assert!(refusal(&changed, ALL).contains("migration 2 n2 was changed"));
    }

    #[test]
    fn line_ends_do_not_change_the_checksum() {
        let unix = Migration { version: 2, name: "two", sql: "SELECT\n2", then: None };
        assert_eq!(ALL[1].checksum(), unix.checksum());
    }
}
