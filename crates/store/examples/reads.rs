//! A benchmark of SQLite through this crate: `cargo run --release --example reads`.
//!
//! Prints the point reads per second of one task and of several, and the durable writes per second of one
//! task and of 64.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::Path;
use std::time::{Duration, Instant};

use store::{Clock, Database, DatabaseConfig, Error, Migration, Random, owned_params, params};
use tokio::task::JoinSet;

static TABLES: &[Migration] = &[Migration {
    version: 1,
    name: "bench",
    sql:
        "CREATE TABLE item (id BIGINT PRIMARY KEY, owner BIGINT NOT NULL, name TEXT NOT NULL, at BIGINT NOT \
        NULL);
          CREATE TABLE log (id BIGINT PRIMARY KEY, text TEXT NOT NULL);",
    then: None,
}];

const ROWS: i64 = 100_000;
const TIME: Duration = Duration::from_secs(3);
const READ: &str = "SELECT owner, name, at FROM item WHERE id = $1";
const WRITE: &str = "INSERT INTO log (id, text) VALUES ($1, $2)";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The location of the file decides the cost of a durable write.
    let place = std::env::args().nth(1).unwrap_or_else(|| "/tmp".to_owned());
    let dir = tempfile::tempdir_in(place)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(dir.path()))
}

async fn run(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let config = DatabaseConfig::parse(&format!("sqlite:{}", dir.join("bench.db").display()))?;
    let db = Database::open(config, dir, Clock::system(), Random::system()).await?;
    db.migrate_with(TABLES).await?;
    let fill = db.write(|tx| {
        Box::pin(async move {
            for id in 0..ROWS {
                let insert = "INSERT INTO item (id, owner, name, at) VALUES ($1, $2, $3, $1)";
                tx.execute(insert, params![id, id % 40, "a name of ordinary length"]).await?;
            }
            Ok::<_, Error>(())
        })
    });
    fill.await?;
    for tasks in [1, 2, 16] {
        println!("point reads, {tasks:2} tasks: {:8.0}/s", rate(&db, tasks, Work::Read).await);
    }
    println!("the same on a blocking thread: {:.0}/s", rate(&db, 1, Work::Heavy).await);
    for tasks in [1, 64] {
        println!("durable writes, {tasks:2} tasks: {:8.0}/s", rate(&db, tasks, Work::Execute).await);
    }
    println!("durable transactions of 2 statements, 64 tasks: {:.0}/s", rate(&db, 64, Work::Write).await);
    db.close().await?;
    Ok(())
}

#[derive(Clone, Copy)]
enum Work {
    Read,
    Heavy,
    Execute,
    Write,
}

/// Returns the operations per second of a number of tasks.
async fn rate(db: &Database, tasks: usize, work: Work) -> f64 {
    let mut running = JoinSet::new();
    let start = Instant::now();
    for task in 0..tasks {
        let db = db.clone();
        running.spawn(async move {
            let mut count = 0_u32;
            let mut key = i64::try_from(task).unwrap_or_default();
            while start.elapsed() < TIME {
                key = (key + 7919) % ROWS;
                if once(&db, work, key).await.is_ok() {
                    count += 1;
                }
            }
            count
        });
    }
    let total: u32 = running.join_all().await.into_iter().sum();
    f64::from(total) / start.elapsed().as_secs_f64()
}

async fn once(db: &Database, work: Work, row: i64) -> Result<(), Error> {
    match work {
        Work::Read => db.fetch_one::<(i64, String, i64)>(READ, params![row]).await.map(|_row| ()),
        Work::Heavy => {
            db.fetch_all_heavy::<(i64, String, i64)>(READ, owned_params![row]).await.map(|_rows| ())
        }
        Work::Execute => {
            db.execute(WRITE, params![db.ids().next(), "a line of ordinary length"]).await.map(|_changed| ())
        }
        Work::Write => {
            let id = db.ids().next();
            let run = db.write(move |tx| {
                Box::pin(async move {
                    tx.fetch_optional::<(i64, String, i64)>(READ, params![row]).await?;
                    tx.execute(WRITE, params![id, "a line of ordinary length"]).await
                })
            });
            run.await.map(|_changed| ())
        }
    }
}
