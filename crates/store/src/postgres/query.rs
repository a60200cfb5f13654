//! Running single statements, on a connection or in a transaction.

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::errors::convert;
use super::listener::{MIGRATION_LOCK, Namespace};
use super::values;
use crate::error::Result;
use crate::notice::Notice;
use crate::param::Param;
use crate::row::{Each, Row, Source};

async fn prepare<C: GenericClient>(client: &C, sql: &'static str, params: &[Param<'_>]) -> Result<Statement> {
    let statement = client.prepare_cached(sql).await.map_err(convert)?;
    values::check(params, statement.params())?;
    Ok(statement)
}

fn dynamic<'p>(params: &'p [Param<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|param| -> &(dyn ToSql + Sync) { param }).collect()
}

/// Runs a statement, and passes its rows to `each`.
pub(crate) async fn visit(
    client: &impl GenericClient,
    sql: &'static str,
    params: &[Param<'_>],
    each: Each<'_>,
) -> Result<()> {
    let statement = prepare(client, sql, params).await?;
    let rows = client.query(&statement, &dynamic(params)).await.map_err(convert)?;
    for row in &rows {
        if !each(&Row(Source::Postgres(row)))? {
            break;
        }
    }
    Ok(())
}

/// Runs a statement, and returns the number of rows it changed.
pub(crate) async fn execute(
    client: &impl GenericClient,
    sql: &'static str,
    params: &[Param<'_>],
) -> Result<u64> {
    let statement = prepare(client, sql, params).await?;
    client.execute(&statement, &dynamic(params)).await.map_err(convert)
}

/// Runs any number of statements without parameters.
pub(crate) async fn batch(client: &impl GenericClient, sql: &str) -> Result<()> {
    client.batch_execute(sql).await.map_err(convert)
}

/// Sends a notice when the transaction commits.
pub(crate) async fn notify(transaction: &Transaction<'_>, space: Namespace, notice: &Notice) -> Result<()> {
    let (channel, text) = (space.channel(), notice.encode());
    let params = [Param::Text(&channel), Param::Text(&text)];
    execute(transaction, "SELECT pg_notify($1, $2)", &params).await.map(|_rows| ())
}

/// Waits until no other process migrates the same schema, and lifts the time limit of statements.
pub(crate) async fn lock_migrations(transaction: &Transaction<'_>, space: Namespace) -> Result<()> {
    batch(transaction, "SET LOCAL statement_timeout = 0").await?;
    let params = [Param::Int(space.class().into()), Param::Int(MIGRATION_LOCK.into())];
    execute(transaction, "SELECT pg_advisory_xact_lock($1::int, $2::int)", &params).await.map(|_rows| ())
}
