//! The examples of the reference. Each command is run by bash as its page shows it, with values in the places
//! that are written in capitals, and answers as the page shows.
//!
//! After a change of an answer run `UPDATE_EXAMPLES=1 cargo test --workspace --test it examples::`, and
//! review the difference of `crates/console/guides/responses.json`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    process::Command,
};

use serde_json::{Map, Value, json};
use testkit::{
    Engine, Fixture, TestServer, both_engines,
    model::{Model, Step, saying},
};

use super::{
    caller::{Caller, text},
    compare::{Marks, difference},
};
use crate::{matrix::fixtures::PNG, plaza::square};

const RESPONSES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../console/guides/responses.json");
const REQUESTS: &str = include_str!("../../crates/console/guides/requests.json");
/// The address of the model in the examples.
const MODEL: &str = "http://127.0.0.1:11434/v1";
/// The name of the caller in the examples; a number follows, because each example has a caller of its own.
const NAME: &str = "xiaoman";

/// Returns the words in capitals with an underscore, and those that an example needs besides.
fn places(command: &str, request: &Value) -> Vec<String> {
    let given = request["given"].as_array().into_iter().flatten().map(text);
    let words = command.split(|c: char| !(c.is_ascii_uppercase() || c == '_' || c == '$'));
    let in_command = words.filter(|word| {
        (word.contains('_') || ["CIRCLE"].contains(word)) && word.len() > 4 && !word.starts_with('$')
    });
    in_command.map(str::to_owned).chain(given).collect()
}

fn unescaped(html: &str) -> String {
    [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .iter()
        .fold(html.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// Returns the commands on the pages of the reference, by operation.
async fn commands(server: &TestServer) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let index = server.anyone().get("/docs/api").await.body;
    let links = index.split("href=\"/docs/api/").skip(1).filter_map(|part| part.split(['"', '#']).next());
    let groups: BTreeSet<&str> = links.collect();
    for group in groups {
        let page = server.anyone().get(&format!("/docs/api/{group}")).await.body;
        for part in page.split("-request\">").skip(1).zip(page.split("-request\">")) {
            let (code, before) = part;
            let id = before.rsplit("<code id=\"").next().unwrap();
            all.insert(id.to_owned(), unescaped(code.split("</code>").next().unwrap()));
        }
    }
    all
}

/// Runs a command, and returns the status and the body.
fn run(command: &str, directory: &Path, variables: &[(&str, String)]) -> (u16, String) {
    let script = format!("{command} \\\n  -sS -m 60 -w '\\n%{{http_code}}'");
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).current_dir(directory).env("no_proxy", "*");
    bash.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let output = bash.output().expect("bash and curl run");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

struct Example<'e> {
    id: &'e str,
    command: &'e str,
    request: &'e Value,
}

/// Runs an example, and returns its status and its body as they are written down.
async fn answer(world: &World, number: usize, example: &Example<'_>, directory: &Path) -> Value {
    let server = &world.server;
    let name = format!("{NAME}{number}");
    let person = match example.request["as"].as_str() {
        Some("newcomer") => server.person(&name).await,
        _ => square::resident(server, &name).await,
    };
    if example.id.contains("HubApi") || example.id.contains("hubApi") {
        server.running().identity.set_admin(person.account.id, true).await.unwrap();
    }
    let cookie = person.session().await;
    let session = server.anyone().with("cookie", &format!("doppel_session={cookie}"));
    let mut caller = Caller { server, number, person, session, values: HashMap::new() };
    let mut command = example.command.to_owned();
    let mut all = places(&command, example.request);
    for place in &all {
        caller.value(place).await;
    }
    // One place may be a part of another's name.
    all.sort_by_key(|place| std::cmp::Reverse(place.len()));
    for place in all {
        command = command.replace(&place, &caller.values[&place]);
    }
    let (_, key) = caller.person.new_key("*", None).await;
    let variables = [("DOPPEL_API_KEY", key), ("DOPPEL_SESSION", cookie)];
    let (status, body) = tokio::task::block_in_place(|| run(&command, directory, &variables));
    let own = format!("{NAME}{number}");
    let body = body.replace(&own, NAME).replace(&format!("aze{number}"), "aze");
    let socket = server.base_url().replacen("http", "ws", 1);
    let address = [(server.base_url(), "{base}"), (&socket, "{ws}"), (&world.model.url(), MODEL)];
    let body = serde_json::from_str(&body).unwrap_or_else(|_stream| json!(body));
    json!({"status": status, "body": Marks::new(&caller, &address).noted(&body)})
}

/// Says yes to a decision, and something to everything else.
fn model_rule(body: &Value) -> Option<Vec<Step>> {
    let asks = body.to_string();
    Some(if asks.contains("is_liked") {
        saying(&["{\"is_liked\": true}"])
    } else {
        saying(&["去爬山吧，", "带上水。"])
    })
}

/// A server with a model and an endpoint that reads aloud.
struct World {
    server: TestServer,
    model: Model,
}

impl Fixture for World {
    async fn set_up(engine: Engine, settings: &str) -> Self {
        let model = Model::start().await;
        model.by_rule(model_rule);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let speech = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/v1/audio/speech", axum::routing::post(speak));
        web::Tasks::default().spawn(async move { axum::serve(listener, router).await.unwrap() });
        let lines = format!(
            "{settings}\nmodel.base_url = {:?}\nmodel.name = \"example\"\nspeech.base_url = {speech:?}\n\
             speech.name = \"tts\"\nspeech.voice = \"alloy\"\n\
             outgoing.allowed_networks = [\"127.0.0.0/8\"]\n",
            model.url()
        );
        Self { server: TestServer::configured(engine, &lines).await, model }
    }
}

/// Returns a second of silence as MP3.
async fn speak() -> impl axum::response::IntoResponse {
    let mut frame = vec![0xff_u8, 0xf3, 0x64, 0xc4];
    frame.resize(144, 0);
    ([("content-type", "audio/mpeg")], frame.repeat(42))
}

#[both_engines]
async fn every_example_answers_as_shown(world: World) {
    let server = &world.server;
    square::resident(server, "admin").await;
    let directory = tempfile::tempdir().unwrap();
    testkit::write_file(directory.path().join("picture.png"), PNG);
    let requests: Value = serde_json::from_str(REQUESTS).unwrap();
    let shown: Value = serde_json::from_str(&std::fs::read_to_string(RESPONSES).unwrap()).unwrap();
    let commands = commands(server).await;
    let document = server.anyone().get("/openapi.json").await.json();
    let count = document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len());
    assert_eq!(commands.len(), count.sum::<usize>(), "every operation has an example");
    let is_update = std::env::var_os("UPDATE_EXAMPLES").is_some();
    let (mut all, mut wrong) = (Map::new(), Vec::new());
    for (number, (id, command)) in commands.iter().enumerate() {
        let request = &requests[id.as_str()];
        if request.is_null() {
            wrong.push(format!("{id}: write its request into requests.json"));
            continue;
        }
        let got = answer(&world, number, &Example { id, command, request }, directory.path()).await;
        // What this server does not do is shown as it refuses it.
        let is_expected = got["status"] == 200 || got["body"]["subCode"] == "avatar.feature.unavailable";
        if !is_expected {
            wrong.push(format!("{id}: {got} for {command}"));
        }
        match difference(id, &shown[id.as_str()], &got) {
            // Other ids and times are no change.
            None => all.insert(id.clone(), shown[id.as_str()].clone()),
            Some(change) => {
                wrong.push(change);
                all.insert(id.clone(), got)
            }
        };
    }
    if is_update {
        let lines: Vec<String> =
            all.iter().map(|(id, answer)| format!("  {}: {answer}", json!(id))).collect();
        testkit::write_file(RESPONSES, format!("{{\n{}\n}}\n", lines.join(",\n")));
        wrong.retain(|line| line.contains(" for curl"));
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), commands.len(), wrong.join("\n"));
}
