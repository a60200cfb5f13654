//! A server as a process, people who use it, and the checks that follow a fault.

use std::{collections::HashSet, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    Engine,
    process::{Binary, Serving},
};

use super::{
    ledger::{Kind, Ledger},
    load::Load,
};

const PASSWORD: &str = "a good password";
/// Limits of people that would get in the way of a load.
const FREE: &[(&str, &str)] = &[
    ("DOPPEL_PLAZA__POSTS_PER_HOUR", "1000000"),
    ("DOPPEL_PLAZA__COMMENTS_PER_HOUR", "1000000"),
    ("DOPPEL_PLAZA__LIKES_PER_HOUR", "1000000"),
    ("DOPPEL_PLAZA__CODES_PER_RESIDENT", "40"),
    ("DOPPEL_ACCOUNTS__MAX_KEYS", "1000000"),
    ("DOPPEL_CHAT__MAX_STREAMS", "1000"),
    ("DOPPEL_QUOTA__ADDITIONS_PER_HOUR", "1000000"),
    ("DOPPEL_QUOTA__UPLOADS_PER_HOUR", "1000000"),
    ("DOPPEL_QUOTA__BYTES", "0"),
    ("DOPPEL_FILES__MAX_STORED_BYTES", "1000000000000"),
];

/// Returns the number in an environment variable, or the default of the short form.
///
/// # Panics
/// If the variable is no number.
pub fn number<N: std::str::FromStr>(name: &str, default: N) -> N {
    std::env::var(name).map_or(default, |text| text.parse().ok().expect("a number"))
}

/// People on a database, and what they have written.
pub struct World {
    directory: TempDir,
    variables: Vec<(String, String)>,
    emails: Vec<String>,
    pub keys: Vec<String>,
    pub cookie: String,
    pub ledger: Ledger,
}

impl World {
    /// Makes people with certificates on a fresh database.
    pub async fn on(url: &str, people: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut variables = vec![("DOPPEL_DATABASE__URL".to_owned(), url.to_owned())];
        variables.push(("DOPPEL_FILES__DIR".into(), directory.path().join("files").to_str().unwrap().into()));
        variables.push(("DOPPEL_SECRETS__KEY".into(), "ab".repeat(32)));
        variables.extend(FREE.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut world = Self {
            directory,
            variables,
            emails: Vec::new(),
            keys: Vec::new(),
            cookie: String::new(),
            ledger: Ledger::default(),
        };
        let doppel = world.binary(0);
        let mut server = doppel.serve(&["--demo"]);
        let demo = world.demo();
        for number in 0..people {
            world.add_person(&server, &demo, number).await;
        }
        let email = demo["email"].as_str().unwrap();
        world.cookie = sign_in(&server.base_url, email, demo["password"].as_str().unwrap()).await;
        world.emails.push(email.to_owned());
        server.signal("TERM");
        assert!(server.wait().success(), "{}", server.log());
        world
    }

    /// The same on a fresh database of an engine.
    pub async fn fresh(engine: Engine, people: usize) -> Self {
        Self::on(&engine.fresh_url(), people).await
    }

    /// The binary as one of several processes. Each has a data directory; the first has that of the SQLite
    /// file.
    pub fn binary(&self, process: usize) -> Binary {
        let directory = self.directory.path().join(format!("process{process}"));
        let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), &directory);
        self.variables.iter().fold(doppel, |doppel, (name, value)| doppel.with(name, value))
    }

    fn demo(&self) -> Value {
        let path = self.directory.path().join("process0/demo.json");
        loop {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            match serde_json::from_str(&text) {
                Ok(demo) => return demo,
                Err(_not_yet) => std::thread::yield_now(),
            }
        }
    }

    async fn add_person(&mut self, server: &Serving, demo: &Value, number: usize) {
        let doppel = self.binary(0);
        let email = format!("p{number}@example.com");
        let name = format!("p{number}");
        doppel.ok(&["account", "add", "--email", &email, "--name", &name, "--password-stdin"], PASSWORD);
        let key = doppel.ok(&["key", "create", "--account", &email, "--name", "k", "--scopes", "*"], "");
        let key = key.trim().to_owned();
        let code = &demo["invitation_codes"][number];
        let redeem = testkit::http().post(format!("{}/gate/lab/api/invitation/redeem", server.base_url));
        let answer = redeem.bearer_auth(&key).json(&json!({"code": code})).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        self.emails.push(email);
        self.keys.push(key);
    }

    /// Load on servers until `end`.
    pub async fn load(&self, servers: &[String], workers: usize, end: impl Future<Output = ()>) {
        let [a, b] = store::Random::system().bytes::<2>();
        let prefix = format!("{:x}a{a:x}{b:x}", self.ledger.acknowledged());
        Load::new(servers, &self.keys, &self.cookie, &self.ledger, &prefix).run(workers, end).await;
    }

    /// Checks that rows and files fit together, that everything acknowledged is there and that nothing
    /// removed is. No server needs to run.
    pub fn check_rows(&self) {
        let doctor = self.binary(0).run(&["doctor"]);
        let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(doctor.status.success() && told.contains(" 0 faults"), "{told} {}", self.ledger.summary());
        let all: String = (0..self.emails.len()).map(|person| self.archive(person)).collect();
        let kinds = [Kind::Memory, Kind::Note, Kind::AgentEvent, Kind::Message, Kind::Post, Kind::Comment];
        // Texts between quotes; a quote inside a text is escaped, so what an answer quotes is never whole.
        let texts: HashSet<&str> = all.split('"').filter(|text| text.starts_with("mark-")).collect();
        let differences: Vec<String> =
            kinds.into_iter().flat_map(|kind| self.ledger.differences(kind, &texts)).collect();
        assert!(differences.is_empty(), "{} differences: {:?}", differences.len(), &differences[..1]);
    }

    /// Everything that a person has, as text.
    pub fn archive(&self, person: usize) -> String {
        let file = self.directory.path().join(format!("archive{person}.tar"));
        self.binary(0).ok(&["export", "--account", &self.emails[person], file.to_str().unwrap()], "");
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        std::fs::remove_file(file).unwrap();
        text
    }

    /// Checks keys and files over HTTP.
    pub async fn check_served(&self, server: &str) {
        let http = testkit::http();
        for (key, is_good) in self.ledger.known(Kind::Key) {
            let status =
                status(http.get(format!("{server}/gate/lab/api/secondme/user/info")).bearer_auth(key)).await;
            assert_eq!(status, if is_good { 200 } else { 401 }, "a key of the ledger");
        }
        for (name, _) in self.ledger.known(Kind::File) {
            assert_eq!(status(http.get(format!("{server}/cdn/{name}"))).await, 200, "file {name}");
        }
    }
}

/// Sends a request, again while too many are sent.
async fn status(request: reqwest::RequestBuilder) -> u16 {
    loop {
        let answer = request.try_clone().unwrap().send().await.unwrap();
        if answer.status() != 429 {
            return answer.status().as_u16();
        }
        pause(Duration::from_millis(200)).await;
    }
}

/// Waits for real time to pass: faults happen at moments that the server does not know.
pub async fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the moment of a fault is what is tested")]
    tokio::time::sleep(time).await;
}

/// A random time up to a longest one.
pub fn up_to(longest: Duration) -> Duration {
    let random = u16::from_le_bytes(store::Random::system().bytes());
    longest * u32::from(random) / u32::from(u16::MAX)
}

async fn sign_in(base_url: &str, email: &str, password: &str) -> String {
    let http = testkit::http();
    let page = http.get(format!("{base_url}/sign-in")).send().await.unwrap();
    let visitor = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let body = page.text().await.unwrap();
    let csrf = body.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let fields = [("csrf", csrf.as_str()), ("email", email), ("password", password), ("next", "")];
    let request = http.post(format!("{base_url}/sign-in")).header("cookie", visitor).form(&fields);
    let answer = request.send().await.unwrap();
    let mut cookies = answer.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let session = cookies.rfind(|line| line.starts_with("doppel_session=")).expect("a session");
    session.split(';').next().unwrap().to_owned()
}
