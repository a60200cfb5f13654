//! The real binary, run as a separate process.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

/// The binary under test, with its data directory and environment.
#[derive(Debug, Clone)]
pub struct Binary {
    path: PathBuf,
    data_dir: PathBuf,
    variables: Vec<(String, String)>,
    /// The largest file that it can write, in blocks of 512 bytes.
    file_blocks: Option<u64>,
}

impl Binary {
    /// Describes the binary at `path` (from `CARGO_BIN_EXE_doppel`), with a data directory.
    pub fn new(path: &str, data_dir: &Path) -> Self {
        Self { path: path.into(), data_dir: data_dir.to_owned(), variables: Vec::new(), file_blocks: None }
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Limits the size of files to `bytes`, a multiple of 512. A larger write fails, as on a full disk.
    #[must_use]
    pub fn with_file_limit(mut self, bytes: u64) -> Self {
        self.file_blocks = Some(bytes / 512);
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.file_blocks {
            None => Command::new(&self.path),
            Some(blocks) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
                shell.arg(&self.path);
                shell
            }
        };
        // The environment of the test run must not influence the result.
        command.env_clear().envs(std::env::var("PATH").map(|path| ("PATH", path)));
        // As in `TestServer`, the built-in embedding model is off unless a test asks for it.
        command.env("DOPPEL_EMBEDDING__BUILT_IN", "false");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(arguments).arg("--data-dir").arg(&self.data_dir);
        command
    }

    /// Runs a subcommand to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, "")
    }

    /// Runs a subcommand to its end with a text on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // A subcommand that does not read its input may have ended already.
        let _gone = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        child.wait_with_output().expect("the binary ends")
    }

    /// Runs a subcommand that must succeed, and returns its standard output.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run_with_input(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a subcommand and kills it when a condition holds. Returns false if it ended before.
    pub fn run_until(&self, arguments: &[&str], mut is_time: impl FnMut() -> bool) -> bool {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        loop {
            if child.try_wait().expect("a child").is_some() {
                return false;
            }
            if is_time() {
                child.kill().expect("it can be killed");
                child.wait().expect("it ends");
                return true;
            }
        }
    }

    /// Starts `serve` on a free port and waits until it listens.
    pub fn serve(&self, arguments: &[&str]) -> Serving {
        let mut all = vec!["serve"];
        if !arguments.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(arguments);
        let mut child = self
            .command(&all)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let log = Arc::new(Mutex::new(String::new()));
        let out = Arc::new(Mutex::new(String::new()));
        let (sender, listening) = std::sync::mpsc::channel();
        let readers = vec![
            collect(child.stdout.take().expect("a pipe"), Arc::clone(&out), None),
            collect(child.stderr.take().expect("a pipe"), Arc::clone(&log), Some(sender)),
        ];
        let base_url = listening.recv().unwrap_or_else(|_ended| panic!("it ended: {}", log.lock().unwrap()));
        Serving { child, base_url, log, out, readers }
    }
}

/// Collects the output of a process in a thread, and sends the address when the line with it comes.
fn collect(
    pipe: impl std::io::Read + Send + 'static,
    into: Arc<Mutex<String>>,
    address: Option<std::sync::mpsc::Sender<String>>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let told = line.split_once("listens on ").and_then(|(_, rest)| rest.split([' ', '"']).next());
            let told = told.map(str::to_owned);
            {
                let mut text = into.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
            }
            if let (Some(sender), Some(url)) = (&address, told) {
                let _nobody_waits = sender.send(url);
            }
        }
    })
}

/// A server process, which is killed when dropped.
pub struct Serving {
    child: Child,
    /// The base URL, `http://127.0.0.1:PORT`.
    pub base_url: String,
    log: Arc<Mutex<String>>,
    out: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Returns the log so far (standard error).
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Returns the standard output so far.
    pub fn printed(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.expect("kill runs").success());
    }

    /// Kills the process with SIGKILL and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it ends");
    }

    /// Waits for the end of the process and of its output.
    pub fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("it ends");
        self.readers.drain(..).for_each(|reader| reader.join().expect("all is read"));
        status
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}
