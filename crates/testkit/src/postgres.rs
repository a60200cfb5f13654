//! A temporary PostgreSQL for tests.
#![expect(clippy::panic, reason = "a test without its database can only fail, and must say why")]

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The environment variable with the address of a server to use instead of starting one.
const SERVER: &str = "DOPPEL_TEST_POSTGRES";
/// The script that runs the cluster; its first lines describe it.
const SCRIPT: &str = include_str!("postgres.sh");

/// A PostgreSQL server with its data in a temporary directory.
///
/// The server stops and the directory is removed when this value is dropped, or when this process ends in any
/// way, including `SIGKILL`.
#[derive(Debug)]
pub struct Cluster {
    /// The address of the database `postgres`, without options.
    url: String,
    /// `None` if [`SERVER`] names the server.
    keeper: Option<Mutex<Keeper>>,
}

/// The shell that runs the cluster. It stops the cluster when its standard input ends.
#[derive(Debug)]
struct Keeper {
    shell: Child,
    /// `None` during the drop.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Cluster {
    /// Returns the server that all tests of this process share: the one that `DOPPEL_TEST_POSTGRES` names, or
    /// a temporary one.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start; the message says what to do.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var(SERVER) {
            Ok(url) => Self { url, keeper: None },
            Err(_) => Self::start(),
        })
    }

    /// Starts a server for the caller alone, which may stop it.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start; the message says what to do.
    #[must_use]
    pub fn start() -> Self {
        let programs = programs();
        // Another process may take the free port before the server does.
        for _attempt in 0..5 {
            let port = free_port();
            if let Some(keeper) = Keeper::start(&programs, port) {
                let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
                return Self { url, keeper: Some(Mutex::new(keeper)) };
            }
        }
        panic!("PostgreSQL was found in {} but does not start", programs.display());
    }

    /// Creates an empty schema, and returns an address that selects it.
    ///
    /// # Panics
    /// If the server cannot be reached.
    #[must_use]
    pub fn fresh_url(&self) -> String {
        let schema = format!("test_{:016x}", RandomState::new().build_hasher().finish());
        self.run(&format!("CREATE SCHEMA {schema}"));
        let separator = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{separator}options=-c%20search_path%3D{schema}", self.url)
    }

    /// Runs statements on the server, outside any test's schema. Blocks.
    ///
    /// # Panics
    /// If the server cannot be reached or refuses a statement.
    pub fn run(&self, sql: &str) {
        // A separate thread, because the caller may already be in a runtime.
        let ran = std::thread::scope(|scope| scope.spawn(|| run(&self.url, sql)).join());
        match ran {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the PostgreSQL for tests refuses: {error}"),
            Err(_panic) => panic!("the PostgreSQL for tests cannot be reached"),
        }
    }

    /// Stops the server and closes its connections. The data stays.
    ///
    /// # Panics
    /// If it does not stop, or this process did not start it.
    pub fn stop(&self) {
        self.command("stop");
    }

    /// Starts the server again after [`stop`](Self::stop), under the same address.
    ///
    /// # Panics
    /// If it does not start, or this process did not start it.
    pub fn restart(&self) {
        self.command("start");
    }

    fn command(&self, word: &str) {
        let Some(keeper) = &self.keeper else { panic!("{SERVER} names a server that tests must not {word}") };
        let mut keeper = keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = keeper.commands.as_mut().is_some_and(|commands| writeln!(commands, "{word}").is_ok());
        assert!(sent && keeper.succeeded(), "the PostgreSQL for tests does not {word}");
    }
}

impl Keeper {
    fn start(programs: &Path, port: u16) -> Option<Self> {
        let directory = match tempfile::Builder::new().prefix("doppel-postgres-").tempdir() {
            Ok(directory) => directory.keep(),
            Err(error) => panic!("no temporary directory for PostgreSQL: {error}"),
        };
        // The directory's owner is the user of this process. PostgreSQL refuses to run as root.
        let root = fs::metadata(&directory).is_ok_and(|about| about.uid() == 0);
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "postgres"])
            .args([&directory, programs])
            .args([port.to_string().as_str(), if root { "postgres" } else { "" }])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C must not reach the shell, which still has to remove the directory.
            .process_group(0)
            .spawn();
        let mut shell = match shell {
            Ok(shell) => shell,
            Err(error) => panic!("no shell for PostgreSQL: {error}"),
        };
        let commands = shell.stdin.take();
        let answers = BufReader::new(shell.stdout.take()?);
        let mut keeper = Self { shell, commands, answers };
        keeper.succeeded().then_some(keeper)
    }

    /// Waits for the result of a command. Returns true if it succeeded.
    fn succeeded(&mut self) -> bool {
        let mut line = String::new();
        self.answers.read_line(&mut line).is_ok() && line == "ok\n"
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.commands.take());
        // The shell ends when its input ends, after it has removed the directory.
        let _ = self.shell.wait();
    }
}

fn run(url: &str, sql: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
        let (client, connection) = connected.map_err(|error| error.to_string())?;
        let work = async move { client.batch_execute(sql).await };
        // The connection ends when the client is dropped at the end of `work`.
        let (done, _closed) = tokio::join!(work, connection);
        done.map_err(|error| error.to_string())
    })
}

fn free_port() -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    match port {
        Ok(address) => address.port(),
        Err(error) => panic!("no free port for PostgreSQL: {error}"),
    }
}

/// Returns the directory of `initdb` and `pg_ctl`: from PATH, or the newest version where Debian and Ubuntu
/// install them.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for version in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let number = version.file_name().to_string_lossy().parse().unwrap_or(0);
        found.push((number, version.path().join("bin")));
    }
    found.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
    std::env::split_paths(&path)
        .chain(found.into_iter().map(|(_, directory)| directory))
        .find(|directory| directory.join("initdb").is_file())
        .unwrap_or_else(|| {
            panic!(
                "these tests need PostgreSQL: install it (Debian, Ubuntu: apt-get install postgresql), \
                 or set {SERVER} to the address of a server, as in postgres://postgres@127.0.0.1/postgres"
            )
        })
}
