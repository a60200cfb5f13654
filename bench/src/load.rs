//! A load generator for requests with different bodies, whose responses are kept, which `wrk` cannot do.
//!
//! It is a closed loop: each client sends its next request when it has the response to the last one.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::future::try_join_all;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The result of a load.
pub(crate) struct Load {
    /// Responses per second.
    pub(crate) rate: f64,
    /// Time of each response, shortest first.
    took: Vec<Duration>,
    /// The bodies of the responses.
    pub(crate) bodies: Vec<Bytes>,
}

impl Load {
    /// Returns the time in milliseconds within which a share of the responses came. The share is from 0 to 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length is an index"
    )]
    pub(crate) fn within(&self, share: f64) -> f64 {
        let last = self.took.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    }
}

/// Sends requests over `clients` connections for a time. `request` makes them from the connection's number.
///
/// It runs on the calling thread alone, as `wrk -t1` does.
pub(crate) fn run(
    host: &str,
    clients: u32,
    time: Duration,
    request: impl Fn(usize) -> Result<Request<Full<Bytes>>>,
) -> Result<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let start = Instant::now();
        let request = &request;
        let all = (0..clients).map(|number| client(host, start + time, move || request(number as usize)));
        let answers: Vec<(Duration, Bytes)> = try_join_all(all).await?.into_iter().flatten().collect();
        let rate = answers.len() as f64 / start.elapsed().as_secs_f64();
        let (mut took, bodies): (Vec<_>, _) = answers.into_iter().unzip();
        took.sort_unstable();
        Ok(Load { rate, took, bodies })
    })
}

/// Sends requests over one connection until the end.
async fn client(
    host: &str,
    end: Instant,
    request: impl Fn() -> Result<Request<Full<Bytes>>>,
) -> Result<Vec<(Duration, Bytes)>> {
    let stream = TcpStream::connect(host).await.with_context(|| format!("cannot connect to {host}"))?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let work = async {
        let mut answers = Vec::new();
        while Instant::now() < end {
            let request = request()?;
            let sent = Instant::now();
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            if !status.is_success() {
                bail!("{status}: {}", String::from_utf8_lossy(&body));
            }
            answers.push((sent.elapsed(), body));
        }
        Ok(answers)
    };
    tokio::select! {
        answers = work => answers,
        ended = connection => {
            ended?;
            bail!("the server closed a connection")
        }
    }
}
