//! Streams of the assistant compared with those of the model itself: the latency that Doppel adds.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::future::try_join_all;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use super::{Bench, Site, recall, until_idle};
use crate::{
    http as single, mock, process, progress,
    report::{Budget, Line, figure, median},
};

/// Streams that are open at the same time.
const OPEN: usize = 5000;
/// Streams that the client closes, one after another, to measure when the model's connection closes.
const LEFT: usize = 200;
/// Chunks of a long response, for measuring latency.
const LONG: usize = 100;
/// Chunks of a short response, for counting streams.
const SHORT: usize = 10;
/// Key memories of an account in use.
const MEMORIES: usize = 200;
/// Notes of an account in use.
const NOTES: usize = 20;
/// The words of its memories and notes.
const WORDS: &str = "plan weekend garden dog boat summer Berlin coffee piano river train marathon Alice Bob \
    cooking winter \
     museum book chess hiking sister birthday letter doctor concert Paris bread market football painting \
     dream morning car \
     house window music teacher the a of with and to";
/// Bytes that every event with text contains.
const TEXT: &[u8] = b"\"content\"";

/// A source of streams: the assistant, or the model itself.
#[derive(Clone, Copy)]
struct Peer<'p> {
    host: &'p str,
    path: &'static str,
    key: &'p str,
    /// Returns the request body for a model of the mock.
    body: fn(&str) -> String,
}

/// Times to the first chunk and to the end of each stream, and streams per second.
struct Streams {
    first: Vec<Duration>,
    whole: Vec<Duration>,
    rate: f64,
}

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    progress("chat streams, compared with those of the model");
    let mock = process::mock()?;
    let config = bench.fresh()?.join("doppel.toml");
    let (short, long, slow) = (mock::pieces(SHORT), mock::pieces(LONG), mock::thoughtful(LONG));
    let names = [&short, &long, &slow, mock::STALL].map(|name| format!("{name:?} = {name:?}")).join(", ");
    let text = format!(
        "[model]\nbase_url = \"http://{}/v1\"\nname = \"{short}\"\nnames = {{ {names} }}\n\
         total_seconds = 3600\nidle_seconds = 3600\n\
         [chat]\nmax_streams = 100000\n[server]\nmax_connections = 100000\nmax_in_flight = 100000\n",
        mock.host
    );
    std::fs::write(&config, text)?;
    let site = Site::new(bench, 2, &[("DOPPEL_CONFIG", config.display().to_string())])?;
    let key = site.key_for(bench, "chat")?;
    let path = "/api/secondme/chat/stream";
    let double = Peer { host: &site.server.host, path, key: &key, body: to_double };
    let key = recall::key(bench, &site, 1)?;
    note(&site.server.host, &key)?;
    progress("waiting for the vectors of its memories");
    until_idle(&site.server)?;
    let knowing = Peer { key: &key, ..double };
    let model = Peer { host: &mock.host, path: "/v1/chat/completions", key: "none", body: to_model };
    let measure = |double: &Peer<'_>, model_name: &str, clients: usize| {
        let mut pairs = bench.pairs(
            || double.streams(model_name, clients, bench.time),
            || model.streams(model_name, clients, bench.time),
        )?;
        for (double, model) in &mut pairs {
            for times in [&mut double.first, &mut double.whole, &mut model.first, &mut model.whole] {
                times.sort_unstable();
            }
        }
        Ok::<_, anyhow::Error>(pairs)
    };
    double.streams(&short, 8, bench.time)?;
    let one = measure(&double, &long, 1)?;
    let thinking = measure(&double, &slow, 1)?;
    let with_memories = measure(&knowing, &long, 1)?;
    let mut lines = vec![
        added("time to first chunk, added latency, p50", Budget::AtMost(0.5), &one, |streams| {
            within(&streams.first, 0.5)
        }),
        added("same, p99", Budget::None, &one, |streams| within(&streams.first, 0.99)),
        added(
            "time to first chunk, model with 20 ms latency, added latency, p50",
            Budget::AtMost(0.5),
            &thinking,
            |streams| within(&streams.first, 0.5),
        ),
        added("same, p99", Budget::None, &thinking, |streams| within(&streams.first, 0.99)),
        added("time to end of 100 chunks, added latency, p50", Budget::AtMost(3.0), &one, |streams| {
            within(&streams.whole, 0.5)
        }),
        added("same, p99", Budget::None, &one, |streams| within(&streams.whole, 0.99)),
        added(
            &format!("time to first chunk, {MEMORIES} key memories and {NOTES} notes, added latency, p50"),
            Budget::None,
            &with_memories,
            |streams| within(&streams.first, 0.5),
        ),
    ];
    for (clients, budget) in [(32, Budget::AtLeast(2000.0)), (512, Budget::None)] {
        let pairs = measure(&double, &short, clients)?;
        let p99 = |side: fn(&(Streams, Streams)) -> &Streams| {
            figure(median(pairs.iter().map(|pair| within(&side(pair).first, 0.99))))
        };
        lines.push(Line {
            what: format!("streams of {SHORT} chunks, {clients} clients"),
            unit: "per second",
            baseline: "the model, called directly",
            budget,
            notes: format!("first chunk p99 {} ms; directly {} ms", p99(|pair| &pair.0), p99(|pair| &pair.1)),
            pairs: pairs.iter().map(|(double, model)| (double.rate, model.rate)).collect(),
        });
    }
    lines.push(left(&double, &model, &mock.host)?);
    lines.push(open(&double, &site.server, &mock)?);
    Ok(lines)
}

/// Adds the memories and notes of an account in use.
fn note(host: &str, key: &str) -> Result<()> {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    // Varied steps through the list, so that each word stands beside many others.
    let text = |number: usize, count: usize| {
        let word = |place: usize| words.get((number * 7 + place * (number % 40 + 1)) % words.len()).copied();
        let words: Vec<&str> = (0..count).filter_map(word).collect();
        format!("{number} {}", words.join(" "))
    };
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let post = |path: &str, body: serde_json::Value| {
        let answer = single::request("POST", host, path, &headers, &body.to_string())?;
        anyhow::ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
        Ok(())
    };
    for first in (0..MEMORIES).step_by(100) {
        let items: Vec<_> = (first..first + 100).map(|number| json!({"content": text(number, 12)})).collect();
        post(recall::BATCH, json!({"items": items}))?;
    }
    (0..NOTES).try_for_each(|number| {
        post(recall::NOTE, json!({"title": format!("note {number}"), "content": text(number, 120)}))
    })
}

/// Returns the body of a request to the assistant.
fn to_double(model: &str) -> String {
    json!({"message": "What did I plan for the weekend?", "model": model}).to_string()
}

/// Returns the body of a request to the model.
fn to_model(model: &str) -> String {
    let said = json!([{"role": "user", "content": "What did I plan for the weekend?"}]);
    json!({"model": model, "messages": said, "stream": true}).to_string()
}

fn within(times: &[Duration], share: f64) -> f64 {
    let last = times.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length is an index"
    )]
    let at = (last as f64 * share).round() as usize;
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

fn added(what: &str, budget: Budget, pairs: &[(Streams, Streams)], of: impl Fn(&Streams) -> f64) -> Line {
    let through = figure(median(pairs.iter().map(|(double, _)| of(double))));
    Line {
        what: what.to_owned(),
        unit: "ms",
        baseline: "the model, called directly",
        budget,
        notes: format!("one client, a new conversation per request; through Doppel {through} ms"),
        pairs: pairs.iter().map(|(double, model)| (of(double) - of(model), of(model))).collect(),
    }
}

impl Peer<'_> {
    fn request(&self, model: &str) -> Result<Request<Full<Bytes>>> {
        let request = Request::post(self.path)
            .header("host", self.host)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        Ok(request.body(Full::new((self.body)(model).into()))?)
    }

    async fn connect(&self) -> Result<(SendRequest<Full<Bytes>>, impl Future<Output = hyper::Result<()>>)> {
        let stream = TcpStream::connect(self.host).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(http1::handshake(TokioIo::new(stream)).await?)
    }

    /// Requests streams with all clients for a time. Each client reads one stream after another.
    fn streams(&self, model: &str, clients: usize, time: Duration) -> Result<Streams> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let start = Instant::now();
            let all = try_join_all((0..clients).map(|_| self.client(model, start + time))).await?;
            let took = start.elapsed().as_secs_f64();
            let (first, whole): (Vec<_>, Vec<_>) = all.into_iter().flatten().unzip();
            let rate = whole.len() as f64 / took;
            Ok(Streams { first, whole, rate })
        })
    }

    async fn client(&self, model: &str, end: Instant) -> Result<Vec<(Duration, Duration)>> {
        let (mut sender, connection) = self.connect().await?;
        let work = async {
            let mut times = Vec::new();
            while Instant::now() < end {
                sender.ready().await?;
                let sent = Instant::now();
                let mut body = begin(&mut sender, self.request(model)?).await?;
                let first = sent.elapsed();
                let mut last = Bytes::new();
                while let Some(frame) = body.frame().await {
                    last = frame?.into_data().unwrap_or_default();
                }
                if !last.ends_with(b"data: [DONE]\n\n") {
                    bail!("a stream did not end: {}", String::from_utf8_lossy(&last));
                }
                times.push((first, sent.elapsed()));
            }
            Ok(times)
        };
        tokio::select! {
            times = work => times,
            ended = connection => {
                ended?;
                bail!("a connection was closed")
            }
        }
    }

    /// Requests a stream that stops after its first chunk, and returns it after this chunk.
    async fn stalled(&self) -> Result<(Incoming, impl Future<Output = hyper::Result<()>>)> {
        let (mut sender, connection) = self.connect().await?;
        let mut connection = Box::pin(connection);
        let request = self.request(mock::STALL)?;
        let body = tokio::select! {
            body = begin(&mut sender, request) => body?,
            _ended = &mut connection => bail!("a connection was closed"),
        };
        Ok((body, connection))
    }
}

/// Sends a request, and reads the response up to the first chunk of text.
async fn begin(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<Incoming> {
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        let bytes = frame?.into_data().unwrap_or_default();
        if !status.is_success() {
            bail!("{status}: {}", String::from_utf8_lossy(&bytes));
        }
        if bytes.windows(TEXT.len()).any(|window| window == TEXT) {
            return Ok(body);
        }
    }
    bail!("a stream without text")
}

/// Measures the time from a client's disconnect until the model's connection closes.
fn left(double: &Peer<'_>, model: &Peer<'_>, mock: &str) -> Result<Line> {
    progress("disconnecting clients");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = || -> Result<Vec<i64>> {
        Ok(serde_json::from_str(&single::request("GET", mock, "/left", &[], "")?.body)?)
    };
    let noticed = |peer: &Peer<'_>| -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        for _ in 0..LEFT {
            let before = seen()?.len();
            let hung_up = runtime.block_on(async {
                let stream = peer.stalled().await?;
                let hung_up = mock::now();
                drop(stream);
                Ok::<_, anyhow::Error>(hung_up)
            })?;
            let start = Instant::now();
            let closed = loop {
                if let Some(closed) = seen()?.get(before) {
                    break *closed;
                }
                if start.elapsed() > Duration::from_secs(10) {
                    bail!("a client's disconnect was not noticed");
                }
            };
            times.push(Duration::from_micros(u64::try_from(closed - hung_up).unwrap_or_default()));
        }
        times.sort_unstable();
        Ok(times)
    };
    let (through, directly) = (noticed(double)?, noticed(model)?);
    Ok(Line {
        what: "from a client's disconnect to the close of the model's connection, p99".to_owned(),
        unit: "ms",
        baseline: "disconnecting from the model, called directly",
        budget: Budget::AtMost(100.0),
        notes: format!(
            "{LEFT} clients, p50 {:.2} ms; directly {:.2} ms",
            within(&through, 0.5),
            within(&directly, 0.5)
        ),
        pairs: vec![(within(&through, 0.99), within(&directly, 0.99))],
    })
}

/// Measures the memory of open streams without traffic.
fn open(double: &Peer<'_>, server: &process::Server, mock: &process::Server) -> Result<Line> {
    progress("open streams");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (before, model_before) = (server.memory()?.resident, mock.memory()?.resident);
    let (after, model_after) = runtime.block_on(async {
        let mut streams = Vec::with_capacity(OPEN);
        while streams.len() < OPEN {
            let more = (0..50).map(|_| double.stalled());
            streams.extend(try_join_all(more).await?);
        }
        Ok::<_, anyhow::Error>((server.memory()?.resident, mock.memory()?.resident))
    })?;
    let each = |before: f64, after: f64| (after - before) * 1024.0 / OPEN as f64;
    Ok(Line {
        what: format!("memory (RSS) per open stream, {OPEN} streams"),
        unit: "KiB",
        baseline: "the mock model (bare axum)",
        budget: Budget::None,
        pairs: vec![(each(before, after), each(model_before, model_after))],
        notes: format!("{after:.0} MiB in total; two connections per stream, one for the mock model"),
    })
}
