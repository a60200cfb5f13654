//! Single requests that prepare a measurement. Measured requests are sent by `wrk` or [`load`](crate::load).

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// A response without the headers that belong to its connection.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    /// Returns the first non-empty cookie of this name that the response sets, as `name=value`.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.headers.iter().filter(|(header, _)| header == "set-cookie").find_map(|(_, value)| {
            let pair = value.split(';').next()?;
            pair.split_once('=')
                .is_some_and(|(given, value)| given == name && !value.is_empty())
                .then(|| pair.to_owned())
        })
    }
}

/// Sends one request on a new connection. `host` is `address:port`.
pub(crate) fn request(
    method: &str,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response> {
    let mut stream = TcpStream::connect(host).with_context(|| format!("cannot connect to {host}"))?;
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    stream.write_all(text.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let answer = parse(&answer).with_context(|| format!("{method} {path}: no answer to understand"))?;
    if !matches!(answer.status, 200..400) {
        bail!("{method} {path}: {} {}", answer.status, answer.body);
    }
    Ok(answer)
}

/// Parses a response that ended with its connection and was not chunked.
fn parse(text: &str) -> Option<Response> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let of_the_connection = ["connection", "content-length", "date", "transfer-encoding"];
    let headers = headers.filter(|(name, _)| !of_the_connection.contains(&name.as_str())).collect();
    Some(Response { status, headers, body: body.to_owned() })
}
