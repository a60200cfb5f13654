//! The tables of a database, read from the engine's catalog.

use std::collections::{HashMap, HashSet};

use crate::database::Database;
use crate::error::{Error, Result};
use crate::schema::Dialect;

/// The table that marks a target whose copy has not finished.
pub(crate) const MARK: &str = "unfinished_move";
/// Tables that each database has for itself.
const OWN: [&str; 2] = ["schema_migration", MARK];

/// Table, column, and the column's place in the primary key, counted from 1; 0 if it is not in the key.
const COLUMNS_SQLITE: &str = "SELECT m.name, c.name, c.pk FROM sqlite_schema AS m \
     JOIN pragma_table_info(m.name) AS c \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid";

const COLUMNS_POSTGRES: &str = "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT), \
     CAST(COALESCE(array_position(CAST(i.indkey AS int2[]), a.attnum) + 1, 0) AS BIGINT) \
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
     JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary \
     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum";

/// A table and one that it refers to.
const REFERENCES_SQLITE: &str = "SELECT m.name, f.\"table\" FROM sqlite_schema AS m \
     JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'";

const REFERENCES_POSTGRES: &str = "SELECT CAST(c.relname AS TEXT), CAST(p.relname AS TEXT) \
     FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_class AS p ON p.oid = \
     k.confrelid \
     JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE k.contype = 'f' AND n.nspname = current_schema()";

/// A table and the statements that copy it. Their texts live as long as the process: there are a few of each
/// table.
pub(super) struct Table {
    pub(super) name: String,
    /// The columns of the primary key, as positions in a row.
    pub(super) key: Vec<usize>,
    /// Reads rows in the order of the key; `$1` limits their number.
    pub(super) first_page: &'static str,
    /// The same after a key, which is given from `$2` on.
    pub(super) next_page: &'static str,
    /// Reads the highest key.
    pub(super) last_key: &'static str,
    pub(super) insert: &'static str,
    pub(super) clear: &'static str,
}

impl Table {
    fn new(name: String, columns: &[(String, i64)]) -> Result<Self> {
        let mut key: Vec<usize> = (0..columns.len()).collect();
        key.retain(|at| columns.get(*at).is_some_and(|(_, place)| *place > 0));
        key.sort_by_key(|at| columns.get(*at).map(|(_, place)| *place));
        if key.is_empty() {
            return Err(Error::other(format!("the table {name} has no primary key")));
        }
        let quoted = |text: &str| format!("\"{text}\"");
        let all: Vec<String> = columns.iter().map(|(column, _)| quoted(column)).collect();
        let of_key: Vec<&str> = key.iter().filter_map(|at| all.get(*at).map(String::as_str)).collect();
        let numbers = |from: usize, count: usize| {
            (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
        };
        let (table, list, order) = (quoted(&name), all.join(", "), of_key.join(", "));
        let (values, after) = (numbers(1, all.len()), numbers(2, key.len()));
        let first_page = format!("SELECT {list} FROM {table} ORDER BY {order} LIMIT $1");
        let next_page =
            format!("SELECT {list} FROM {table} WHERE ({order}) > ({after}) ORDER BY {order} LIMIT $1");
        let last_key =
            format!("SELECT {order} FROM {table} ORDER BY {} DESC LIMIT 1", of_key.join(" DESC, "));
        let insert = format!("INSERT INTO {table} ({list}) VALUES ({values})");
        let clear = format!("DELETE FROM {table}");
        Ok(Self {
            name,
            key,
            first_page: first_page.leak(),
            next_page: next_page.leak(),
            last_key: last_key.leak(),
            insert: insert.leak(),
            clear: clear.leak(),
        })
    }
}

/// Returns the names of all tables.
pub(super) async fn names(db: &Database) -> Result<Vec<String>> {
    let mut names: Vec<String> = columns(db).await?.into_iter().map(|(table, ..)| table).collect();
    names.dedup();
    Ok(names)
}

async fn columns(db: &Database) -> Result<Vec<(String, String, i64)>> {
    let sql = match db.dialect() {
        Dialect::Sqlite => COLUMNS_SQLITE,
        Dialect::Postgres => COLUMNS_POSTGRES,
    };
    db.fetch_all(sql, &[]).await
}

/// Returns the tables to copy. Each comes after those that it refers to.
///
/// # Errors
/// If tables refer to each other in a circle, or if a table has no primary key.
pub(super) async fn tables(db: &Database) -> Result<Vec<Table>> {
    let sql = match db.dialect() {
        Dialect::Sqlite => REFERENCES_SQLITE,
        Dialect::Postgres => REFERENCES_POSTGRES,
    };
    let references: Vec<(String, String)> = db.fetch_all(sql, &[]).await?;
    let mut of_table = HashMap::<String, Vec<(String, i64)>>::new();
    let mut waiting = Vec::new();
    for (table, column, place) in columns(db).await? {
        if OWN.contains(&table.as_str()) {
            continue;
        }
        let columns = of_table.entry(table.clone()).or_default();
        if columns.is_empty() {
            waiting.push(table);
        }
        columns.push((column, place));
    }
    let mut ordered = Vec::new();
    let mut done = HashSet::new();
    while !waiting.is_empty() {
        let before = waiting.len();
        let is_ready = |table: &String, done: &HashSet<String>| {
            references
                .iter()
                .filter(|(from, _)| from == table)
                .all(|(_, to)| to == table || done.contains(to))
        };
        waiting.retain(|table| {
            let is_ready = is_ready(table, &done);
            if is_ready {
                done.insert(table.clone());
                ordered.push(table.clone());
            }
            !is_ready
        });
        if waiting.len() == before {
            return Err(Error::other(format!("these tables refer to each other: {}", waiting.join(", "))));
        }
    }
    ordered
        .into_iter()
        .map(|name| Table::new(name.clone(), of_table.get(&name).map_or(&[], Vec::as_slice)))
        .collect()
}
