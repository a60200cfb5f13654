//! Visitors of an avatar: the memory of their open sockets, the time that Doppel adds to the first frame of
//! an answer, and what a flood by one visitor changes for the others.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures::{StreamExt, future::try_join_all};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use super::{Bench, Site};
use crate::{
    http as single, mock, process, progress,
    report::{Budget, Line},
};

/// Conversations in which something is said while the other sockets are silent.
const TALKING: usize = 50;
/// The time from one message of a conversation to the next.
const PACE: Duration = Duration::from_secs(1);
/// Chunks of an answer.
const CHUNKS: usize = 10;

const AUTH: &str = "/gate/in/rest/open/avatar/auth";
const SOCKET: &str = "/gate/in/rest/general/ws/create";
const SEND: &str = "/gate/in/rest/general/message/send";

/// A visitor with a conversation.
struct Visitor {
    token: String,
    /// The URL of the socket.
    address: String,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) fn run(bench: &Bench) -> Result<Vec<Line>> {
    progress("visitors: open sockets, answers, a flood");
    let mock = process::mock()?;
    let config = bench.fresh()?.join("doppel.toml");
    let text = format!(
        "[model]\nbase_url = \"http://{}/v1\"\nname = \"{}\"\n[chat]\nmax_streams = 1000\n\
         [avatars]\nmax_sockets = 100000\nvisitors_at_once = 100000\nmessages_per_day = 1000000000\n\
         visitor_messages_per_hour = 1000000\n[server]\nmax_connections = 100000\nmax_in_flight = 100000\n",
        mock.host,
        mock::pieces(CHUNKS)
    );
    std::fs::write(&config, text)?;
    let site = Site::new(bench, 1, &[("DOPPEL_CONFIG", config.display().to_string())])?;
    let key = avatar_key(&site.server.host, &site.key_for(bench, "*")?)?;
    let host = &*site.server.host;
    let visitors: Vec<Visitor> =
        (0..bench.visitors).map(|number| visitor(host, &key, number)).collect::<Result<_>>()?;
    let talking = visitors.get(..TALKING.min(visitors.len())).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = site.server.memory()?.resident;
    let sockets = runtime.block_on(async {
        let mut open: Vec<Socket> = Vec::new();
        for part in visitors.chunks(50) {
            let sockets = try_join_all(part.iter().map(|visitor| connect_async(&visitor.address))).await?;
            open.extend(sockets.into_iter().map(|(socket, _)| socket));
        }
        Ok::<_, anyhow::Error>(open)
    })?;
    let after = site.server.memory()?.resident;
    let memory = Line {
        what: format!("memory (RSS) per open socket of a visitor, {} sockets", visitors.len()),
        unit: "KiB",
        baseline: "none",
        budget: Budget::AtMost(60.0),
        pairs: vec![((after - before) * 1024.0 / visitors.len().max(1) as f64, 1.0)],
        notes: format!("{after:.0} MiB in total; one conversation each"),
    };
    let quiet = bench.pairs(
        || runtime.block_on(talk(host, talking, bench.time, None)),
        || runtime.block_on(directly(&mock.host, talking.len(), bench.time)),
    )?;
    let flooder = visitor(host, &key, bench.visitors)?;
    let refused = Cell::new(0);
    let flooded = bench.pairs(
        || runtime.block_on(talk(host, talking, bench.time, Some((&flooder, &refused)))),
        || runtime.block_on(directly(&mock.host, talking.len(), bench.time)),
    )?;
    drop(sockets);
    let what = |more: &str| format!("time to first frame, {TALKING} conversations{more}, added latency, p95");
    Ok(vec![
        memory,
        added(what(""), &quiet, format!("{} sockets are open; a message a second in each", visitors.len())),
        added(
            what(", one visitor floods"),
            &flooded,
            format!("the flood: one message after another, {} in all", refused.get()),
        ),
    ])
}

fn added(what: String, pairs: &[(f64, f64)], notes: String) -> Line {
    Line {
        what,
        unit: "ms",
        baseline: "the model, called directly, to its last chunk",
        budget: Budget::AtMost(2.0),
        notes,
        pairs: pairs.iter().map(|(through, directly)| (through - directly, *directly)).collect(),
    }
}

fn post(host: &str, path: &str, header: (&str, &str), body: &Value) -> Result<Value> {
    let headers = [header, ("content-type", "application/json")];
    let answer = single::request("POST", host, path, &headers, &body.to_string())?;
    ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.body);
    Ok(serde_json::from_str(&answer.body)?)
}

fn member(answer: &Value, name: &str) -> Result<String> {
    let found = answer.pointer(&format!("/data/{name}")).and_then(Value::as_str);
    Ok(found.with_context(|| format!("no {name}: {answer}"))?.to_owned())
}

/// Creates a key of the primary avatar.
fn avatar_key(host: &str, key: &str) -> Result<String> {
    let bearer = format!("Bearer {key}");
    let list = single::request("GET", host, "/api/secondme/avatar/list", &[("authorization", &bearer)], "")?;
    let list: Value = serde_json::from_str(&list.body)?;
    let avatar = list.pointer("/data/list/0/avatarId").context("no avatar")?;
    let body = json!({"avatarId": avatar, "name": "bench"});
    let made = post(host, "/api/secondme/avatar/api-key/create", ("authorization", &bearer), &body)?;
    member(&made, "secretKey")
}

/// Opens a conversation.
fn visitor(host: &str, key: &str, number: usize) -> Result<Visitor> {
    let body = json!({"visitorId": format!("bench_{number}"), "visitorName": "Bench"});
    let token =
        member(&post(host, AUTH, ("authorization", &format!("Bearer {key}")), &body)?, "visitorToken")?;
    let address = member(&post(host, SOCKET, ("token", &token), &json!({}))?, "address")?;
    Ok(Visitor { token, address })
}

/// Returns the time in milliseconds within which 95 of 100 came.
fn p95(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let at = (times.len() * 95).div_ceil(100).saturating_sub(1);
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

async fn connect(host: &str) -> Result<(SendRequest<Full<Bytes>>, impl Future<Output = hyper::Result<()>>)> {
    let stream = TcpStream::connect(host).await.context("cannot connect")?;
    stream.set_nodelay(true)?;
    Ok(http1::handshake(TokioIo::new(stream)).await?)
}

/// Runs conversations for a time, and a flood by another visitor if there is one. Returns the time to the
/// first frame, p95.
async fn talk(
    host: &str,
    visitors: &[Visitor],
    time: Duration,
    flood: Option<(&Visitor, &Cell<usize>)>,
) -> Result<f64> {
    let end = Instant::now() + time.max(PACE * 3);
    let each = PACE / u32::try_from(visitors.len().max(1))?;
    let all =
        visitors.iter().zip(0_u32..).map(|(visitor, number)| conversation(host, visitor, each * number, end));
    let talks = try_join_all(all);
    let times = match flood {
        None => talks.await?,
        Some((visitor, sent)) => {
            let (times, ()) = futures::try_join!(talks, storm(host, visitor, sent, end))?;
            times
        }
    };
    Ok(p95(times.into_iter().flatten().collect()))
}

fn message(host: &str, token: &str, text: &str) -> Result<Request<Full<Bytes>>> {
    let body = json!({"data": {"content": text}}).to_string();
    let request = Request::post(SEND).header("host", host).header("token", token);
    Ok(request.header("content-type", "application/json").body(Full::new(body.into()))?)
}

async fn conversation(host: &str, visitor: &Visitor, wait: Duration, end: Instant) -> Result<Vec<Duration>> {
    let (mut socket, _) = connect_async(&visitor.address).await?;
    let (mut sender, connection) = connect(host).await?;
    let work = async {
        let (mut times, mut next) = (Vec::new(), Instant::now() + wait);
        while next < end {
            tokio::time::sleep_until(next.into()).await;
            let sent = Instant::now();
            let answer = sender.send_request(message(host, &visitor.token, "What do you do?")?).await?;
            ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
            answer.into_body().collect().await?;
            let mut first = None;
            while index(&mut socket).await? >= 0 {
                first.get_or_insert_with(|| sent.elapsed());
            }
            times.push(first.context("an empty answer")?);
            next += PACE;
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

/// Returns the index of the next frame of an answer.
async fn index(socket: &mut Socket) -> Result<i64> {
    loop {
        if let Message::Text(text) = socket.next().await.context("a socket was closed")?? {
            let frame: Value = serde_json::from_str(&text)?;
            if let Some(index) = frame.get("index").and_then(Value::as_i64) {
                return Ok(index);
            }
        }
    }
}

/// Sends messages without a pause, whatever the responses are.
async fn storm(host: &str, visitor: &Visitor, sent: &Cell<usize>, end: Instant) -> Result<()> {
    let (mut sender, connection) = connect(host).await?;
    let work = async {
        while Instant::now() < end {
            sender.ready().await?;
            let answer = sender.send_request(message(host, &visitor.token, "flood")?).await?;
            answer.into_body().collect().await?;
            sent.set(sent.get() + 1);
        }
        Ok(())
    };
    tokio::select! {
        ended = work => ended,
        ended = connection => Ok(ended?),
    }
}

/// Asks the model itself at the same pace. Returns the time to the end of its answer, p95.
async fn directly(host: &str, clients: usize, time: Duration) -> Result<f64> {
    let end = Instant::now() + time.max(PACE * 3);
    let each = PACE / u32::try_from(clients.max(1))?;
    let body = json!({
        "model": mock::pieces(CHUNKS), "stream": true,
        "messages": [{"role": "user", "content": "What do you do?"}],
    });
    let body = Bytes::from(body.to_string());
    let client = async |wait: Duration| {
        let (mut sender, connection) = connect(host).await?;
        let work = async {
            let (mut times, mut next) = (Vec::new(), Instant::now() + wait);
            while next < end {
                tokio::time::sleep_until(next.into()).await;
                let sent = Instant::now();
                let request = Request::post("/v1/chat/completions").header("host", host);
                let request = request.header("content-type", "application/json");
                let answer = sender.send_request(request.body(Full::new(body.clone()))?).await?;
                answer.into_body().collect().await?;
                times.push(sent.elapsed());
                next += PACE;
            }
            Ok::<_, anyhow::Error>(times)
        };
        tokio::select! {
            times = work => times,
            ended = connection => {
                ended?;
                bail!("a connection was closed")
            }
        }
    };
    let times = try_join_all((0..u32::try_from(clients)?).map(|number| client(each * number))).await?;
    Ok(p95(times.into_iter().flatten().collect()))
}
