//! The temporary PostgreSQL ends with the process that started it.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testkit::postgres::Cluster;

#[test]
fn a_cluster_starts_stops_and_starts_again() {
    let cluster = Cluster::start();
    assert!(cluster.fresh_url().contains("search_path"));
    cluster.stop();
    cluster.restart();
    assert_ne!(cluster.fresh_url(), cluster.fresh_url());
}

/// The environment variable that is set for the process that is going to be killed.
const VICTIM: &str = "TESTKIT_VICTIM";

#[test]
fn nothing_is_left_of_a_killed_process() {
    if std::env::var_os(VICTIM).is_some() {
        let _cluster = Cluster::start();
        println!("\nstarted");
        loop {
            std::thread::park();
        }
    }
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o777)).unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["nothing_is_left_of_a_killed_process", "--exact", "--nocapture"])
        .env(VICTIM, "1")
        .env("TMPDIR", place.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "started"));
    let entries = || fs::read_dir(place.path()).unwrap().count();
    assert_eq!(entries(), 1);
    victim.kill().unwrap();
    victim.wait().unwrap();
    let killed = Instant::now();
    while entries() > 0 {
        assert!(killed.elapsed() < Duration::from_secs(30), "the directory is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}
