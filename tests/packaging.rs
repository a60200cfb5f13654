//! The files of `packaging/`: each is read by the program it is for, where that is installed, and names only
//! metrics that exist.

use std::{path::Path, process::Command};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Runs a program on the files. Says so and returns `None` if it is not installed.
#[expect(clippy::print_stdout, reason = "says which check was left out")]
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = match Command::new(program).args(arguments).current_dir(root()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("left out: {program} is not installed");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    Some(said)
}

#[test]
fn proxies_accept_their_configuration() {
    run("haproxy", &["-c", "-f", "packaging/proxies/haproxy.cfg"]);
    for file in ["packaging/proxies/Caddyfile", "packaging/compose/Caddyfile"] {
        let directory = tempfile::tempdir().unwrap();
        // The host comes from the environment in the composed set-up.
        let named = directory.path().join("Caddyfile");
        testkit::write_file(&named, text(file).replace("{$DOPPEL_HOST}", "me.example"));
        run("caddy", &["validate", "--adapter", "caddyfile", "--config", named.to_str().unwrap()]);
    }
}

#[test]
fn nginx_accepts_its_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (key, certificate) = (path("privkey.pem"), path("fullchain.pem"));
    let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=me.example"];
    let files = ["-keyout", &key, "-out", &certificate];
    if run("openssl", &[&made[..], &files].concat()).is_none() {
        return;
    }
    let site = text("packaging/proxies/nginx.conf");
    let site = site.replace("/etc/ssl/me.example", directory.path().to_str().unwrap());
    // The check opens what it listens on, which needs rights that a test may not have: sockets instead of
    // ports.
    let mut site = site.replace("[::]:443", "SECOND").replace("[::]:80", "THIRD");
    for (number, port) in ["443", "80", "SECOND", "THIRD"].into_iter().enumerate() {
        site = site.replace(&format!("listen {port}"), &format!("listen unix:{}", path(&number.to_string())));
    }
    testkit::write_file(Path::new(&path("site.conf")), &site);
    let (pid, site) = (path("pid"), path("site.conf"));
    let main =
        format!("pid {pid};\nerror_log stderr;\nevents {{}}\nhttp {{ access_log off; include {site}; }}\n");
    testkit::write_file(Path::new(&path("nginx.conf")), &main);
    run("nginx", &["-t", "-c", &path("nginx.conf")]);
}

/// systemd's own measure of a unit: 10 is a service with all rights.
#[test]
fn the_service_is_exposed_at_most_2_of_10() {
    let unit = "packaging/debian/doppel.service";
    // Older versions know no units outside of a running system.
    let offline = Command::new("systemd-analyze").args(["security", "--offline=true", "--help"]).output();
    if !offline.is_ok_and(|output| output.status.success()) {
        println!("left out: systemd-analyze is not installed");
        return;
    }
    run("systemd-analyze", &["security", "--offline=true", "--threshold=20", unit]);
}

#[test]
fn dashboards_and_alerts_name_metrics_that_exist() {
    let known = text("docs/metrics.md");
    let mut missing = Vec::new();
    for file in ["packaging/monitoring/grafana.json", "packaging/monitoring/alerts.yml"] {
        let text = text(file);
        let names = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let names = names.filter(|name| name.starts_with("doppel_") || name.starts_with("process_"));
        for name in names {
            let name = name.trim_end_matches("_bucket");
            if !known.contains(&format!("`{name}`")) {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "not in docs/metrics.md: {missing:#?}");
    let dashboard: serde_json::Value =
        serde_json::from_str(&text("packaging/monitoring/grafana.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}

#[test]
fn release_scripts_are_valid_shell() {
    for script in ["scripts/release", "scripts/check-packages", "packaging/debian/postinst"] {
        run("bash", &["-n", script]);
    }
}
