//! The connection that is always open: it holds this process's node number and hears the notices of all processes.

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
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use super::errors::convert;
use crate::error::{Error, Result};
use crate::ids::{Ids, NODES};
use crate::notice::Notice;
use crate::random::Random;

/// The second key of the advisory lock for migrations; node numbers are the others.
pub(super) const MIGRATION_LOCK: i32 = -1;
/// How often the connection is tried while nothing comes in.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long an answer to that may take.
const HEARTBEAT_LIMIT: Duration = Duration::from_secs(5);
/// The first pause before connecting again; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// What keeps the locks and notices of two schemas in one database apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Namespace(i32);

impl Namespace {
    /// The first key of advisory locks.
    pub(super) const fn class(self) -> i32 {
        self.0
    }

    /// The channel for notices.
    pub(super) fn channel(self) -> String {
        format!("doppel_{:08x}", self.0)
    }
}

fn of_schema(schema: &str) -> Namespace {
    let digest: [u8; 32] = Sha256::digest(format!("doppel/{schema}")).into();
    let (first, _) = digest.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
    Namespace(i32::from_le_bytes(*first))
}

/// The task that keeps the connection.
pub(super) struct Listener {
    task: Mutex<JoinSet<()>>,
    current: Current,
}

/// The connection, while there is one.
type Current = Arc<parking_lot::Mutex<Option<Arc<Client>>>>;

impl Listener {
    /// Connects, takes a node number for the ids, and stays connected from then on.
    ///
    /// Errors: the server cannot be reached, or all node numbers are taken.
    pub(super) async fn start(
        server: Config,
        notices: broadcast::Sender<Notice>,
        ids: impl FnOnce(i64) -> Ids,
    ) -> Result<(Self, Namespace, Ids)> {
        // A random start makes it unlikely that a number goes at once from one machine to another whose clock is
        // behind, where it would make the same ids again.
        let [start] = Random::system().bytes();
        let session = connect(&server, &notices, i64::from(start) % NODES).await?;
        let space = session.space;
        let ids = ids(session.node);
        let mut tasks = JoinSet::new();
        let current: Current = Arc::new(parking_lot::Mutex::new(Some(Arc::clone(&session.client))));
        tasks.spawn(stay(server, session, notices, ids.clone(), Arc::clone(&current)));
        Ok((Self { task: Mutex::new(tasks), current }, space, ids))
    }

    /// The connection, for short questions that must not wait behind others.
    pub(super) fn client(&self) -> Option<Arc<Client>> {
        self.current.lock().clone()
    }

    /// Ends the connection and with it the hold on the node number.
    pub(super) async fn stop(&self) {
        self.current.lock().take();
        self.task.lock().await.shutdown().await;
    }
}

/// One connection, set up.
struct Session {
    client: Arc<Client>,
    /// Moves the connection's bytes and passes on its notices; ends with the connection.
    driver: BoxFuture<'static, ()>,
    space: Namespace,
    node: i64,
}

async fn connect(server: &Config, notices: &broadcast::Sender<Notice>, node: i64) -> Result<Session> {
    let limit = server.get_connect_timeout().copied().unwrap_or(HEARTBEAT_LIMIT);
    let attempt = async {
        let (client, connection) = server.connect(NoTls).await.map_err(convert)?;
        let mut driver: BoxFuture<'static, ()> = Box::pin(drive(connection, notices.clone()));
        let ready = tokio::select! {
            () = &mut driver => Err(Error::unavailable("the connection to PostgreSQL was lost")),
            ready = prepare(&client, node) => ready,
        };
        ready.map(|(space, node)| Session { client: Arc::new(client), driver, space, node })
    };
    timeout(limit, attempt).await.map_err(|_late| Error::unavailable("PostgreSQL does not answer"))?
}

/// Listens, and takes the node number `node` or the next free one.
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

/// Keeps a session as long as it lasts, and then makes another, for ever.
async fn stay(
    server: Config,
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
        // Closes what is left of the old connection, so that its node number is free again.
        drop(session);
        session = reconnect(&server, &notices, node).await;
        ids.set_node(session.node);
        *current.lock() = Some(Arc::clone(&session.client));
        // Whatever was said in between was missed.
        let _ = notices.send(Notice::resync());
    }
}

async fn reconnect(server: &Config, notices: &broadcast::Sender<Notice>, node: i64) -> Session {
    let mut wait = FIRST_PAUSE;
    loop {
        pause(wait).await;
        match connect(server, notices, node).await {
            Ok(session) => return session,
            Err(error) => tracing::warn!(%error, "PostgreSQL is away; trying again"),
        }
        wait = LAST_PAUSE.min(wait * 2);
    }
}

/// Returns when the server no longer answers.
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
