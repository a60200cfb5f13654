//! Opening the pool's connections.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::errors::convert;

/// Opens connections, and counts the open ones.
pub(super) struct Connector {
    open: Arc<AtomicUsize>,
}

impl Connector {
    pub(super) const fn new(open: Arc<AtomicUsize>) -> Self {
        Self { open }
    }
}

/// Counts a connection as open as long as the value lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(open: Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::AcqRel);
        Self(open)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

type Opened = Result<(Client, JoinHandle<()>), Error>;

impl Connect for Connector {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Opened> + Send + '_>> {
        let (config, open) = (config.clone(), Arc::clone(&self.open));
        Box::pin(async move {
            let (client, connection) = config.connect(NoTls).await?;
            let counted = Counted::new(open);
            let driver = async move {
                let _counted = counted;
                if let Err(error) = connection.await {
                    tracing::warn!(error = %convert(error), "a connection to PostgreSQL broke");
                }
            };
            #[expect(clippy::disallowed_methods, reason = "ends with its connection, which the pool closes")]
            let task = tokio::spawn(driver);
            Ok((client, task))
        })
    }
}
