//! A load balancer for tests: passes each connection on to a server that is ready.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The interval of readiness checks.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// A server behind the balancer.
#[derive(Debug, Clone)]
struct Backend {
    url: String,
    is_ready: bool,
}

/// A balancer that ends with the test.
pub struct Balancer {
    address: SocketAddr,
    backends: Arc<Mutex<Vec<Backend>>>,
    _tasks: JoinSet<()>,
}

impl Balancer {
    /// Starts a balancer in front of servers that are ready.
    pub async fn start(urls: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let backends = urls.into_iter().map(|url| Backend { url, is_ready: true }).collect();
        let backends: Arc<Mutex<Vec<Backend>>> = Arc::new(Mutex::new(backends));
        let mut tasks = JoinSet::new();
        tasks.spawn(check(Arc::clone(&backends)));
        tasks.spawn(accept(listener, Arc::clone(&backends)));
        Self { address, backends, _tasks: tasks }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts a new server in the place of one that has ended. It gets connections once it is ready.
    pub fn replace(&self, place: usize, url: String) {
        self.backends.lock().unwrap()[place] = Backend { url, is_ready: false };
    }
}

async fn check(backends: Arc<Mutex<Vec<Backend>>>) {
    let http = testkit::http();
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    loop {
        ticks.tick().await;
        let urls: Vec<String> = backends.lock().unwrap().iter().map(|backend| backend.url.clone()).collect();
        for (place, url) in urls.into_iter().enumerate() {
            let answer = http.get(format!("{url}/readyz")).header("connection", "close").send().await;
            let is_ready = answer.is_ok_and(|answer| answer.status() == 200);
            let mut backends = backends.lock().unwrap();
            if let Some(backend) = backends.get_mut(place).filter(|backend| backend.url == url) {
                backend.is_ready = is_ready;
            }
        }
    }
}

async fn accept(listener: TcpListener, backends: Arc<Mutex<Vec<Backend>>>) {
    let mut connections = JoinSet::new();
    let turn = AtomicUsize::new(0);
    while let Ok((mut client, _)) = listener.accept().await {
        let ready: Vec<String> = {
            let backends = backends.lock().unwrap();
            backends.iter().filter(|backend| backend.is_ready).map(|backend| backend.url.clone()).collect()
        };
        let next = turn.fetch_add(1, Ordering::AcqRel);
        let Some(url) = ready.get(next % ready.len().max(1)).cloned() else { continue };
        connections.spawn(async move {
            let address = url.strip_prefix("http://").unwrap_or(&url);
            let Ok(mut server) = TcpStream::connect(address).await else { return };
            let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        });
    }
}
