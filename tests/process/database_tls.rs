//! PostgreSQL over TLS: with a certificate that is checked, or not at all.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};
use testkit::{Actor, postgres::Cluster, process::Binary};

/// Starts a PostgreSQL that accepts TLS, with a certificate for the names. Returns it and the certificate.
fn cluster(names: &[&str]) -> (Cluster, String) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let cluster = Cluster::start();
    for (file, text) in [("server.crt", made.cert.pem()), ("server.key", made.key_pair.serialize_pem())] {
        let text = STANDARD.encode(text);
        cluster.run(&format!("COPY (SELECT '{text}') TO PROGRAM 'umask 077; base64 --decode > {file}'"));
    }
    cluster.run("ALTER SYSTEM SET ssl = on");
    cluster.stop();
    cluster.restart();
    (cluster, made.cert.pem())
}

fn doppel(directory: &Path, url: &str, authority: Option<&str>) -> Binary {
    let mut binary = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory)
        .with("DOPPEL_DATABASE__URL", url)
        .with("DOPPEL_DATABASE__START_SECONDS", "0");
    if let Some(pem) = authority {
        let file = directory.join("authority.pem");
        testkit::write_file(&file, pem);
        binary = binary.with("DOPPEL_OUTGOING__CA_FILE", file.to_str().unwrap());
    }
    binary
}

/// Checks that all connections of a server, of which there are at least two, use TLS or none does.
fn all_use_tls(cluster: &Cluster, name: &str, expected: bool) {
    cluster.run(&format!(
        "DO $$ BEGIN ASSERT (SELECT count(*) >= 2 AND bool_and(ssl) = {expected} FROM pg_stat_ssl \
         JOIN pg_stat_activity USING (pid) WHERE application_name = '{name}'); END $$"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_over_tls_is_used_with_a_checked_certificate() {
    let (cluster, authority) = cluster(&["127.0.0.1"]);
    let plain = cluster.fresh_url();
    for (name, mode, is_encrypted) in [
        ("require", "&sslmode=require", true),
        ("verify", "&sslmode=verify-full", true),
        ("none", "", false),
        ("disable", "&sslmode=disable", false),
        ("prefer", "&sslmode=prefer", false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("{plain}&application_name={name}{mode}");
        let authority = is_encrypted.then_some(authority.as_str());
        let server = doppel(directory.path(), &url, authority).serve(&[]);
        let ready = Actor::new(testkit::http(), &server.base_url).get("/readyz").await;
        assert_eq!(ready.status, 200, "{}", ready.body);
        all_use_tls(&cluster, name, is_encrypted);
    }
}

#[test]
fn database_with_an_untrusted_certificate_or_another_name_is_refused() {
    let (cluster, authority) = cluster(&["db.example"]);
    let url = format!("{}&sslmode=require", cluster.fresh_url());
    for (authority, told) in [(None, "UnknownIssuer"), (Some(authority.as_str()), "not valid for name")] {
        let directory = tempfile::tempdir().unwrap();
        let output = doppel(directory.path(), &url, authority).run(&["migrate"]);
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && why.contains(told), "{why}");
    }
}

#[test]
fn database_without_tls_is_refused_where_tls_is_required() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("{}&sslmode=require", Cluster::shared().fresh_url());
    let output = doppel(directory.path(), &url, None).run(&["migrate"]);
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && why.contains("TLS"), "{why}");
}
