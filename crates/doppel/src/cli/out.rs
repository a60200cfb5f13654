//! The output of commands, and their failures.

use std::{io::Write, process::ExitCode};

use serde::Serialize;

/// A failure of a command: its exit code and message.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    pub(super) fn failed(cause: impl Into<Cause>) -> Self {
        Self { code: 1, message: cause.into().0 }
    }

    pub(super) fn input(cause: impl Into<Cause>) -> Self {
        Self { code: 2, message: cause.into().0 }
    }

    pub(super) fn not_found(cause: impl Into<Cause>) -> Self {
        Self { code: 3, message: cause.into().0 }
    }
}

/// A message, converted from an error or a text.
pub(super) struct Cause(String);

impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Cause {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<anyhow::Error> for Cause {
    fn from(error: anyhow::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Cause {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<store::Error> for Cause {
    fn from(error: store::Error) -> Self {
        Self(error.to_string())
    }
}

/// Prints a failure on standard error.
pub(super) fn fail(failure: &Failure) -> ExitCode {
    // If even this cannot be written, nothing is left to try.
    let _unheard = writeln!(std::io::stderr().lock(), "doppel: {}", failure.message);
    ExitCode::from(failure.code)
}

/// Prints a text and a line end on standard output.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()) {
        // The reader has closed the pipe, so it has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Failure::failed),
    }
}

/// Prints a value as JSON on one line.
pub(super) fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    say(&serde_json::to_string(value).map_err(|error| Failure::failed(error.to_string()))?)
}
