//! Running single statements on a connection.

use std::collections::HashMap;
use std::sync::LazyLock;

use parking_lot::RwLock;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};

use super::errors::convert;
use crate::access::Access;
use crate::error::{Error, Result};
use crate::param::Param;
use crate::row::{Each, Row, Source};
use crate::sql;

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(value),
            Self::Real(value) => ValueRef::Real(value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Translated statements, by the address and length of their static text.
static TRANSLATED: LazyLock<RwLock<HashMap<(usize, usize), &'static str>>> = LazyLock::new(RwLock::default);

fn translated(sql: &'static str) -> &'static str {
    let key = (sql.as_ptr().addr(), sql.len());
    if let Some(text) = TRANSLATED.read().get(&key) {
        return text;
    }
    // Never freed: there are only as many as statements in the program.
    TRANSLATED.write().entry(key).or_insert_with(|| match sql::numbered(sql) {
        std::borrow::Cow::Borrowed(text) => text,
        std::borrow::Cow::Owned(text) => text.leak(),
    })
}

fn prepare<'c>(connection: &'c Connection, sql: &'static str) -> Result<CachedStatement<'c>> {
    connection.prepare_cached(translated(sql)).map_err(convert)
}

fn bind(statement: &mut CachedStatement<'_>, params: &[Param<'_>]) -> Result<()> {
    if statement.parameter_count() != params.len() {
        return Err(Error::other(format!(
            "the statement has {} parameters, {} were given",
            statement.parameter_count(),
            params.len()
        )));
    }
    for (number, param) in (1..).zip(params) {
        param.check(number)?;
        statement.raw_bind_parameter(number, param).map_err(convert)?;
    }
    Ok(())
}

/// Prepares a statement that returns rows, and binds its parameters.
fn select<'c>(
    connection: &'c Connection,
    access: Access,
    sql: &'static str,
    params: &[Param<'_>],
) -> Result<CachedStatement<'c>> {
    let mut statement = prepare(connection, sql)?;
    if access == Access::Read && !statement.readonly() {
        return Err(Error::other("the statement writes: use execute or write"));
    }
    bind(&mut statement, params)?;
    Ok(statement)
}

/// Runs a statement, and passes its rows to `each`.
pub(crate) fn visit(
    connection: &Connection,
    access: Access,
    sql: &'static str,
    params: &[Param<'_>],
    each: Each<'_>,
) -> Result<()> {
    let mut statement = select(connection, access, sql, params)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(convert)? {
        if !each(&Row(Source::Sqlite(row)))? {
            break;
        }
    }
    Ok(())
}

/// Runs a statement that returns no rows, and returns the number of rows it changed.
pub(crate) fn execute(connection: &Connection, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
    let mut statement = prepare(connection, sql)?;
    bind(&mut statement, params)?;
    let changed = statement.raw_execute().map_err(convert)?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

/// Runs any number of statements without parameters.
pub(crate) fn batch(connection: &Connection, sql: &str) -> Result<()> {
    connection.execute_batch(sql).map_err(convert)
}

/// Returns the value of a column, or a description of what is there instead.
pub(crate) fn column<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> Result<Param<'r>, &'static str> {
    match row.get_ref(index) {
        Ok(ValueRef::Null) => Ok(Param::Null),
        Ok(ValueRef::Integer(value)) => Ok(Param::Int(value)),
        Ok(ValueRef::Real(value)) => Ok(Param::Real(value)),
        Ok(ValueRef::Text(bytes)) => {
            std::str::from_utf8(bytes).map(Param::Text).or(Err("TEXT that is not UTF-8"))
        }
        Ok(ValueRef::Blob(bytes)) => Ok(Param::Blob(bytes)),
        Err(_) => Err("no such column"),
    }
}
