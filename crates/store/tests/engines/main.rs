//! Tests of the store. Each body runs on both engines.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]

mod backup;
mod batch;
mod file;
mod ids;
mod migrations;
mod notices;
mod outage;
mod pool;
mod reads;
mod relocate;
mod seal;
mod values;
mod writes;

use std::time::Duration;

use store::{Clock, Database, DatabaseConfig, Migration, Random, Timestamp};
use tempfile::TempDir;
use testkit::{Engine, Fixture, postgres::Cluster};

/// A database for one test, not yet opened.
struct World {
    dir: TempDir,
    config: DatabaseConfig,
    clock: Clock,
}

impl World {
    fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("test.db").display());
        Self::new(dir, &url)
    }

    fn postgres() -> Self {
        Self::new(tempfile::tempdir().unwrap(), &Cluster::shared().fresh_url())
    }

    fn new(dir: TempDir, url: &str) -> Self {
        let mut config = DatabaseConfig::parse(url).unwrap();
        config.wait_timeout = Duration::from_secs(20);
        config.pool_size = 4;
        Self { dir, config, clock: Clock::manual(Timestamp(1_800_000_000_000)) }
    }

    /// Opens the database. Every call acts as another process.
    async fn open(&self) -> Database {
        let (config, random) = (self.config.clone(), Random::seeded(1));
        Database::open(config, self.dir.path(), self.clock.clone(), random).await.unwrap()
    }

    /// Opens the database with the tables that the tests share.
    async fn open_migrated(&self) -> Database {
        let db = self.open().await;
        db.migrate_with(TABLES).await.unwrap();
        db
    }
}

impl Fixture for World {
    async fn set_up(engine: Engine, _settings: &str) -> Self {
        match engine {
            Engine::Sqlite => Self::sqlite(),
            Engine::Postgres => Self::postgres(),
        }
    }
}

static TABLES: &[Migration] = &[Migration {
    version: 1,
    name: "tables",
    sql: "CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
          CREATE TABLE part (id BIGINT PRIMARY KEY, item BIGINT NOT NULL REFERENCES item (id));
          CREATE TABLE val (id BIGINT PRIMARY KEY, i BIGINT, r DOUBLE PRECISION, t TEXT, b BLOB);
          CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);",
    then: None,
}];

const INSERT_ITEM: &str = "INSERT INTO item (id, name) VALUES ($1, $2)";
const COUNT_ITEMS: &str = "SELECT COUNT(*) FROM item";

async fn count_items(db: &Database) -> i64 {
    db.fetch_one::<(i64,)>(COUNT_ITEMS, &[]).await.unwrap().0
}
