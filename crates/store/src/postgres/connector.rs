//! Opening the pool's connections.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deadpool_postgres::Connect;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Connection, Error, NoTls};

use super::errors::convert;
use super::tls::Encryption;

/// Opens connections, and counts the open ones.
pub(super) struct Connector {
    open: Arc<AtomicUsize>,
    encryption: Encryption,
}

impl Connector {
    pub(super) const fn new(open: Arc<AtomicUsize>, encryption: Encryption) -> Self {
        Self { open, encryption }
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
        let encryption = self.encryption.clone();
        Box::pin(async move {
            Ok(match encryption {
                None => {
                    let (client, connection) = config.connect(NoTls).await?;
                    (client, drive(connection, Counted::new(open)))
                }
                Some(tls) => {
                    let (client, connection) = config.connect(tls).await?;
                    (client, drive(connection, Counted::new(open)))
                }
            })
        })
    }
}

/// Moves the bytes of a connection until it ends.
fn drive<S, T>(connection: Connection<S, T>, counted: Counted) -> JoinHandle<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let driver = async move {
        let _counted = counted;
        if let Err(error) = connection.await {
            tracing::warn!(error = %convert(error), "a connection to PostgreSQL broke");
        }
    };
    #[expect(clippy::disallowed_methods, reason = "ends with its connection, which the pool closes")]
    tokio::spawn(driver)
}
