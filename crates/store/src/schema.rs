//! The common dialect of schema statements, and its translation.
//!
//! Column types are `BIGINT`, `TEXT`, `DOUBLE PRECISION` and `BLOB`, and a table may be `WITHOUT ROWID`:
//!
//! | here | SQLite | PostgreSQL |
//! |---|---|---|
//! | `BIGINT` | `INTEGER` | `BIGINT` |
//! | `TEXT` | `TEXT` | `TEXT COLLATE "C"` |
//! | `DOUBLE PRECISION` | `REAL` | `DOUBLE PRECISION` |
//! | `BLOB` | `BLOB` | `BYTEA` |
//! | `WITHOUT ROWID` | kept | left out |
//! | every table | `STRICT` | |

use crate::error::{Error, Result};
use crate::sql::{Kind, Token, tokens};

/// The SQL dialect of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// Words that start a table constraint in place of a column's name.
const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
/// Words that only one engine knows, or that would let one transaction fail the commit of others.
const REFUSED: [&str; 6] = ["AUTOINCREMENT", "DEFERRABLE", "DEFERRED", "SERIAL", "BIGSERIAL", "TRIGGER"];

/// Translates the statements of a migration.
///
/// # Errors
/// [`Error::Migration`] if they use something that is not in the common dialect.
pub(crate) fn translate(sql: &str, dialect: Dialect) -> Result<String> {
    let mut all: Vec<Token<'_>> = tokens(sql).collect();
    for statement in all.split_inclusive_mut(|token| token.text == ";") {
        // The translation changes the texts of tokens and then joins them; a text may be empty or hold
        // several words.
        let mut code: Vec<&mut Token<'_>> =
            statement.iter_mut().filter(|token| token.kind != Kind::Blank).collect();
        if let Some(word) = code.iter().find(|token| REFUSED.iter().any(|word| is(token, word))) {
            return Err(Error::Migration(format!("{} is not in the common dialect", word.text)));
        }
        match code.as_mut_slice() {
            [create, table, rest @ ..] if is(create, "CREATE") && is(table, "TABLE") => {
                create_table(rest, dialect)?;
            }
            [alter, table, rest @ ..] if is(alter, "ALTER") && is(table, "TABLE") => {
                alter_table(rest, dialect)?;
            }
            _ => {}
        }
    }
    Ok(all.iter().map(|token| token.text).collect())
}

fn is(token: &Token<'_>, word: &str) -> bool {
    token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
}

/// Translates the columns and options of a table. `code` begins after `CREATE TABLE`.
fn create_table(code: &mut [&mut Token<'_>], dialect: Dialect) -> Result<()> {
    let mut depth = 0_usize;
    // The end of the column list; the table's options follow.
    let mut end = 0;
    let mut starts = Vec::new();
    for (at, token) in code.iter().enumerate() {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 1 && matches!(token.text, "(" | ",") && (token.text == "," || starts.is_empty()) {
            starts.push(at + 1);
        }
        if depth == 0 && token.text == ")" {
            end = at;
        }
    }
    for start in starts {
        let Some(column) = code.get_mut(start..) else { continue };
        if !column.first().is_some_and(|name| CONSTRAINTS.iter().any(|word| is(name, word))) {
            column_type(column, dialect)?;
        }
    }
    if let Some(options) = code.get_mut(end..) {
        table_options(options, dialect);
    }
    Ok(())
}

/// Translates the type of an added column. `code` begins after `ALTER TABLE`.
fn alter_table(code: &mut [&mut Token<'_>], dialect: Dialect) -> Result<()> {
    let Some(add) = code.iter().position(|token| is(token, "ADD")) else { return Ok(()) };
    match code.get_mut(add + 1..) {
        Some([column, rest @ ..]) if is(column, "COLUMN") => column_type(rest, dialect),
        _ => Err(Error::Migration("ALTER TABLE … ADD needs the word COLUMN".to_owned())),
    }
}

/// Translates the type of a column. `column` begins with the column's name.
fn column_type(column: &mut [&mut Token<'_>], dialect: Dialect) -> Result<()> {
    let sqlite = dialect == Dialect::Sqlite;
    match column {
        [_, ty, ..] if is(ty, "BIGINT") => ty.text = if sqlite { "INTEGER" } else { "BIGINT" },
        [_, ty, ..] if is(ty, "TEXT") => ty.text = if sqlite { "TEXT" } else { "TEXT COLLATE \"C\"" },
        [_, ty, ..] if is(ty, "BLOB") => ty.text = if sqlite { "BLOB" } else { "BYTEA" },
        [_, double, precision, ..] if is(double, "DOUBLE") && is(precision, "PRECISION") => {
            if sqlite {
                double.text = "REAL";
                precision.text = "";
            }
        }
        [name, rest @ ..] => {
            return Err(Error::Migration(format!(
                "the column {} has the type {}; the common dialect has BIGINT, TEXT, DOUBLE PRECISION and \
                 BLOB",
                name.text,
                rest.first().map_or("(none)", |ty| ty.text)
            )));
        }
        [] => {}
    }
    Ok(())
}

/// Translates the options of a table. `options` begins with the `)` of the column list.
fn table_options(options: &mut [&mut Token<'_>], dialect: Dialect) {
    match (options, dialect) {
        ([_, without, rowid, ..], Dialect::Sqlite) if is(without, "WITHOUT") => rowid.text = "ROWID, STRICT",
        ([close, ..], Dialect::Sqlite) => close.text = ") STRICT",
        ([_, without, rowid, ..], Dialect::Postgres) if is(without, "WITHOUT") => {
            without.text = "";
            rowid.text = "";
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(sql: &str) -> (String, String) {
        (translate(sql, Dialect::Sqlite).unwrap(), translate(sql, Dialect::Postgres).unwrap())
    }

    #[test]
    fn tables_are_translated_by_place_and_not_by_word() {
        let sql = r#"CREATE TABLE IF NOT EXISTS note ( -- TEXT
            id BIGINT PRIMARY KEY, text TEXT NOT NULL DEFAULT 'BLOB, TEXT', "blob" blob,
            score DOUBLE PRECISION CHECK (score > 0 AND text <> 'x'),
            UNIQUE (text, id), CONSTRAINT text CHECK (length(text) < 9));
            CREATE INDEX text ON note (text, "blob");"#;
        let (sqlite, postgres) = both(sql);
        assert_eq!(
            sqlite,
            sql.replace("id BIGINT", "id INTEGER")
                .replace("\"blob\" blob", "\"blob\" BLOB")
                .replace("DOUBLE PRECISION", "REAL ")
                .replace("< 9));", "< 9)) STRICT;")
        );
        assert_eq!(
            postgres,
            sql.replace("text TEXT", "text TEXT COLLATE \"C\"").replace("\"blob\" blob", "\"blob\" BYTEA")
        );
    }

    #[test]
    fn tables_without_rowid() {
        let (sqlite, postgres) = both("create table t (a BIGINT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID");
        assert_eq!(sqlite, "create table t (a INTEGER, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID, STRICT");
        assert_eq!(
            postgres.trim_end(),
            "create table t (a BIGINT, b TEXT COLLATE \"C\", PRIMARY KEY (a, b))"
        );
    }

    #[test]
    fn added_columns_are_translated() {
        let (sqlite, postgres) = both("ALTER TABLE t ADD COLUMN text TEXT; ALTER TABLE t RENAME TO u");
        assert_eq!(sqlite, "ALTER TABLE t ADD COLUMN text TEXT; ALTER TABLE t RENAME TO u");
        assert_eq!(postgres, "ALTER TABLE t ADD COLUMN text TEXT COLLATE \"C\"; ALTER TABLE t RENAME TO u");
    }

    #[test]
    fn other_statements_stay_as_they_are() {
        let sql =
            "INSERT INTO t SELECT CAST(a AS TEXT) FROM u; UPDATE t SET text = 'CREATE TABLE x (a TEXT)';";
        assert_eq!(both(sql), (sql.to_owned(), sql.to_owned()));
    }

    #[test]
    fn what_one_engine_only_knows_is_refused() {
        for (sql, named) in [
            ("CREATE TABLE t (a INTEGER)", "INTEGER"),
            ("CREATE TABLE t (a BOOLEAN)", "BOOLEAN"),
            ("CREATE TABLE t (a)", "a has the type )"),
            ("CREATE TABLE t (a DOUBLE)", "DOUBLE"),
            ("CREATE TABLE t (a BIGINT REFERENCES u DEFERRABLE)", "DEFERRABLE"),
            ("ALTER TABLE t ADD a TEXT", "COLUMN"),
        ] {
            let error = translate(sql, Dialect::Postgres).unwrap_err();
            assert!(matches!(&error, Error::Migration(text) if text.contains(named)), "{error}");
        }
    }
}
