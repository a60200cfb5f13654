//! The permanent connection. It holds this process's node number, and receives the notices of all processes.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, broadcast};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use super::errors::convert;
use super::tls::Server;
use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crate::ids::{Ids, NODES};
use crate::notice::Notice;
use crate::random::Random;

/// The second key of the advisory lock for migrations. The locks for node numbers have the number as their
/// second key.
pub(super) const MIGRATION_LOCK: i32 = -1;
/// Interval between checks of the connection.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Time limit of such a check, and of connecting if the configuration has none.
const HEARTBEAT_LIMIT: Duration = Duration::from_secs(5);
/// The pauses before a reconnect.
const BACKOFF: Backoff = Backoff::doubling(100, 5_000);

/// Separates the locks and notices of two schemas in one database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Namespace(i32);

impl Namespace {
    /// Returns the first key of advisory locks.
    pub(super) const fn class(self) -> i32 {
        self.0
    }

    /// Returns the name of the channel for notices.
    pub(super) fn channel(self) -> String {
        format!("doppel_{:08x}", self.0)
    }
}

fn of_schema(schema: &str) -> Namespace {
    let digest: [u8; 32] = Sha256::digest(format!("doppel/{schema}")).into();
    let (first, _) = digest.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
    Namespace(i32::from_le_bytes(*first))
}

/// The task that keeps the connection open.
pub(super) struct Listener {
    task: Mutex<JoinSet<()>>,
    current: Current,
}

/// The connection, while it is open.
type Current = Arc<parking_lot::Mutex<Option<Arc<Client>>>>;

impl Listener {
    /// Connects, takes a node number for the ids, and stays connected.
    ///
    /// # Errors
    /// If the server cannot be reached, or if all node numbers are taken.
    pub(super) async fn start(
        server: Server,
        notices: broadcast::Sender<Notice>,
        ids: impl FnOnce(i64) -> Ids,
    ) -> Result<(Self, Namespace, Ids)> {
        // A random start makes it unlikely that a number passes directly from one machine to another whose
        // clock is behind, which would then generate the same ids again.
        let [start] = Random::system().bytes();
        let session = connect(&server, &notices, i64::from(start) % NODES).await?;
        let space = session.space;
        let ids = ids(session.node);
        let mut tasks = JoinSet::new();
        let current: Current = Arc::new(parking_lot::Mutex::new(Some(Arc::clone(&session.client))));
        tasks.spawn(stay(server, session, notices, ids.clone(), Arc::clone(&current)));
        Ok((Self { task: Mutex::new(tasks), current }, space, ids))
    }

    /// Returns the connection, for short queries that must not wait behind others.
    pub(super) fn client(&self) -> Option<Arc<Client>> {
        self.current.lock().clone()
    }

    /// Closes the connection, which also releases the node number.
    pub(super) async fn stop(&self) {
        self.current.lock().take();
        self.task.lock().await.shutdown().await;
    }
}

/// An established connection.
struct Session {
    client: Arc<Client>,
    /// Moves the connection's bytes and forwards its notices. Completes when the connection ends.
    driver: BoxFuture<'static, ()>,
    space: Namespace,
    node: i64,
}

async fn connect(server: &Server, notices: &broadcast::Sender<Notice>, node: i64) -> Result<Session> {
    let limit = server.config.get_connect_timeout().copied().unwrap_or(HEARTBEAT_LIMIT);
    let attempt = async {
        let (client, mut driver): (_, BoxFuture<'static, ()>) = match server.encryption.clone() {
            None => {
                let (client, connection) = server.config.connect(NoTls).await.map_err(convert)?;
                (client, Box::pin(drive(connection, notices.clone())))
            }
            Some(tls) => {
                let (client, connection) = server.config.connect(tls).await.map_err(convert)?;
                (client, Box::pin(drive(connection, notices.clone())))
            }
        };
        let ready = tokio::select! {
            () = &mut driver => Err(Error::unavailable("the connection to PostgreSQL was lost")),
            ready = prepare(&client, node) => ready,
        };
        ready.map(|(space, node)| Session { client: Arc::new(client), driver, space, node })
    };
    timeout(limit, attempt).await.map_err(|_late| Error::unavailable("PostgreSQL does not answer"))?
}

/// Subscribes to the notices, and takes the node number `node` or the next free one.
async fn prepare(client: &Client, node: i64) -> Result<(Namespace, i64)> {
    let row = client.query_one("SELECT current_schema()::text", &[]).await.map_err(convert)?;
    let space = of_schema(row.try_get::<_, Option<&str>>(0).map_err(convert)?.unwrap_or_default());
    client.batch_execute(&format!("LISTEN {}", space.channel())).await.map_err(convert)?;
    let lock = "SELECT pg_try_advisory_lock($1::int8::int4, $2::int8::int4)";
    for number in (node..NODES).chain(0..node) {
        let params: [&(dyn ToSql + Sync); 2] = [&i64::from(space.class()), &number];
        let row = client.query_one(lock, &params).await.map_err(convert)?;
        if row.try_get(0).map_err(convert)? {
            return Ok((space, number));
        }
    }
    Err(Error::unavailable(format!("{NODES} processes use this database already; stop one of them")))
}

async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, notices: broadcast::Sender<Notice>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(message))) => {
                if let Some(notice) = Notice::decode(message.payload()) {
                    // Nobody may be listening.
                    let _ = notices.send(notice);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                return tracing::warn!(error = %convert(error), "the listening connection broke");
            }
            None => return,
        }
    }
}

/// Keeps a session until it ends, then creates another, forever.
async fn stay(
    server: Server,
    mut session: Session,
    notices: broadcast::Sender<Notice>,
    ids: Ids,
    current: Current,
) {
    loop {
        tokio::select! {
            () = &mut session.driver => {}
            () = heartbeat(&session.client) => tracing::warn!("the listening connection does not answer"),
        }
        let node = session.node;
        current.lock().take();
        // Closes the rest of the old connection, so that its node number is free again.
        drop(session);
        session = reconnect(&server, &notices, node).await;
        ids.set_node(session.node);
        *current.lock() = Some(Arc::clone(&session.client));
        // The notices sent in between were missed.
        let _ = notices.send(Notice::resync());
    }
}

async fn reconnect(server: &Server, notices: &broadcast::Sender<Notice>, node: i64) -> Session {
    let mut failures = 1;
    loop {
        pause(BACKOFF.wait(failures)).await;
        match connect(server, notices, node).await {
            Ok(session) => return session,
            Err(error) => tracing::warn!(%error, "PostgreSQL is away; trying again"),
        }
        failures += 1;
    }
}

/// Returns once the server no longer responds.
async fn heartbeat(client: &Client) {
    loop {
        pause(HEARTBEAT).await;
        if !matches!(timeout(HEARTBEAT_LIMIT, client.simple_query("SELECT 1")).await, Ok(Ok(_))) {
            return;
        }
    }
}

async fn pause(duration: Duration) {
    interval_at(Instant::now() + duration, duration).tick().await;
}
