//! Speech: `POST /api/secondme/tts/generate`, with an endpoint on a real socket.

use std::{io::Write, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const GENERATE: &str = "/api/secondme/tts/generate";

/// An endpoint that speaks a second of silence for every ten characters.
#[derive(Clone, Default)]
struct Speaker(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    asked: Vec<(String, Value)>,
    /// The status of all responses; 0: those of success.
    status: u16,
    refuses_instructions: bool,
    /// The sound of all responses instead of silence.
    sound: Option<Vec<u8>>,
}

/// Returns an MP3 of silence: MPEG-2 layer III, 48 kbit/s, 24 kHz, mono; 24 ms in each frame.
fn silence(frames: usize) -> Vec<u8> {
    let mut frame = vec![0xff, 0xf3, 0x64, 0xc4];
    frame.resize(144, 0);
    frame.repeat(frames)
}

async fn speak(State(speaker): State<Speaker>, headers: HeaderMap, body: Bytes) -> Response {
    let mut inner = speaker.0.lock();
    let key = headers.get("authorization").map_or("", |key| key.to_str().unwrap()).to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap();
    inner.asked.push((key, body.clone()));
    if inner.status > 0 {
        return (StatusCode::from_u16(inner.status).unwrap(), "no credit left").into_response();
    }
    if inner.refuses_instructions && body.get("instructions").is_some() {
        return (StatusCode::BAD_REQUEST, "instructions are not supported").into_response();
    }
    let characters = body["input"].as_str().unwrap().chars().count();
    let sound = inner.sound.clone().unwrap_or_else(|| silence(characters.div_ceil(10) * 125 / 3));
    ([("content-type", "audio/mpeg")], sound).into_response()
}

impl Speaker {
    /// Starts the endpoint, and returns its base URL.
    async fn start(&self) -> String {
        let router = Router::new().route("/v1/audio/speech", post(speak)).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        web::Tasks::default().spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.0.lock().asked.clone()
    }
}

fn lines(url: &str, voice: &str) -> String {
    format!(
        "speech.base_url = {url:?}\nspeech.name = \"tts\"\nspeech.api_key = \"planted-speech-key\"\n\
         speech.voice = {voice:?}\n"
    )
}

async fn sound_at(url: &str) -> (String, Vec<u8>) {
    let response = testkit::http().get(url).send().await.unwrap();
    assert_eq!(response.status(), 200, "{url}");
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (kind, response.bytes().await.unwrap().to_vec())
}

/// Checks an error by its status and code.
async fn fails(actor: &Actor, body: Value, status: u16, code: &str) {
    let answer = actor.post(GENERATE, body).await;
    assert_eq!(answer.status, status, "{}", answer.body);
    if !code.is_empty() {
        assert_eq!(answer.json()["subCode"], code, "{}", answer.body);
    }
}

#[both_engines]
async fn text_is_spoken_stored_and_not_paid_for_twice(mut server: TestServer) {
    let speaker = Speaker::default();
    let url = speaker.start().await;
    server.restart_with(&lines(&url, "alloy")).await;
    let person = server.person("ann").await;
    let actor = person.with_key("voice").await;
    let data = actor.post(GENERATE, json!({"text": "你好，很高兴认识你。"})).await.data();
    assert_eq!(data["format"], "mp3");
    assert_eq!((data["durationMs"].as_i64(), data["sampleRate"].as_i64()), (Some(984), Some(24_000)));
    let sound = data["url"].as_str().unwrap();
    assert_eq!(sound_at(sound).await, ("audio/mpeg".to_owned(), silence(41)), "without credentials");
    let (key, body) = speaker.asked().remove(0);
    assert_eq!(key, "Bearer planted-speech-key");
    let expected = json!({
        "model": "tts", "input": "你好，很高兴认识你。", "voice": "alloy", "response_format": "mp3",
    });
    assert_eq!(body, expected);
    // Again it is the same file, also after a restart. Another emotion is another one.
    assert_eq!(actor.post(GENERATE, json!({"text": "你好，很高兴认识你。"})).await.data(), data);
    server.restart_with(&lines(&url, "alloy")).await;
    assert_eq!(speaker.asked().len(), 1);
    let actor = server.again(&actor);
    let sad = actor.post(GENERATE, json!({"text": "你好，很高兴认识你。", "emotion": "sad"})).await.data();
    assert_ne!(sad["url"], data["url"]);
    assert_eq!(speaker.asked()[1].1["instructions"], "Speak in a sad tone.");
}

#[both_engines]
async fn voice_of_the_profile_comes_first(mut server: TestServer) {
    let speaker = Speaker::default();
    server.restart_with(&lines(&speaker.start().await, "")).await;
    let person = server.person("ann").await;
    let actor = person.with_key("voice,user.info").await;
    fails(&actor, json!({"text": "hello"}), 400, "tts.voice_id.not_set").await;
    let info = actor.get("/api/secondme/user/info").await.data();
    assert_eq!((&info["voiceId"], &info["hasVoice"]), (&Value::Null, &json!(false)));
    let memory = &server.running().memory;
    let change =
        memory::profile::Change { voice_id: Some("ann-1".into()), ..memory::profile::Change::default() };
    memory.update_profile(person.account.id, change).await.unwrap();
    actor.post(GENERATE, json!({"text": "hello"})).await.data();
    assert_eq!(speaker.asked()[0].1["voice"], "ann-1");
    let info = actor.get("/api/secondme/user/info").await.data();
    assert_eq!((&info["voiceId"], &info["hasVoice"]), (&json!("ann-1"), &json!(true)));
}

#[both_engines]
async fn requests_are_checked_and_failures_are_told(mut server: TestServer) {
    let person = server.person("ann").await;
    let (actor, other) = (person.with_key("voice").await, person.with_key("chat").await);
    fails(&actor, json!({"text": "hello"}), 400, "tts.voice_id.not_set").await;
    let speaker = Speaker::default();
    server.restart_with(&lines(&speaker.start().await, "alloy")).await;
    let actor = server.again(&actor);
    fails(&actor, json!({"text": "字".repeat(10_001)}), 400, "tts.text.too_long").await;
    for wrong in [
        json!({}),
        json!({"text": " "}),
        json!({"text": 7}),
        json!({"text": "a", "emotion": "bored"}),
        json!({"text": "a", "emotion": "HAPPY"}),
        json!([]),
    ] {
        fails(&actor, wrong, 422, "").await;
    }
    fails(&server.again(&other), json!({"text": "a"}), 403, "apikey.permission.denied").await;
    assert!(speaker.asked().is_empty());
    // An endpoint that fails or sends something else; its words stay in the log.
    for (status, sound) in [
        (402, None),
        (500, None),
        (0, Some(b"<html>".to_vec())),
        (0, Some(Vec::new())),
        (0, Some(vec![0; 9000])),
    ] {
        {
            let mut inner = speaker.0.lock();
            (inner.status, inner.sound) = (status, sound);
        }
        let answer = actor.post(GENERATE, json!({"text": "hello"})).await;
        assert_eq!((answer.status, answer.json()["subCode"].as_str()), (503, Some("tts.unavailable")));
        assert!(!answer.body.contains("credit") && answer.headers.contains_key("retry-after"));
    }
    *speaker.0.lock() = Inner { refuses_instructions: true, ..Inner::default() };
    actor.post(GENERATE, json!({"text": "hello", "emotion": "happy"})).await.data();
    assert_eq!(speaker.asked().len(), 2, "again without the emotion");
}

#[both_engines]
async fn long_text_is_spoken_in_parts(mut server: TestServer) {
    let speaker = Speaker::default();
    server.restart_with(&lines(&speaker.start().await, "alloy")).await;
    let actor = server.person("ann").await.with_key("voice").await;
    let text = "这是一句话。".repeat(1600);
    let data = actor.post(GENERATE, json!({"text": text})).await.data();
    let inputs: Vec<String> =
        speaker.asked().iter().map(|(_, body)| body["input"].as_str().unwrap().to_owned()).collect();
    assert_eq!(inputs.concat(), text);
    assert_eq!(inputs.len(), 3);
    let (_, sound) = sound_at(data["url"].as_str().unwrap()).await;
    let milliseconds = i64::try_from(sound.len() / 144 * 24).unwrap();
    assert_eq!(data["durationMs"].as_i64(), Some(milliseconds));
}

#[both_engines]
async fn sound_of_a_deleted_file_is_made_again(mut server: TestServer) {
    let speaker = Speaker::default();
    server.restart_with(&lines(&speaker.start().await, "alloy")).await;
    let person = server.person("ann").await;
    let actor = person.with_key("voice").await;
    let first = actor.post(GENERATE, json!({"text": "hello"})).await.data();
    let key = first["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    server.running().memory.delete_file(person.account.id, &key).await.unwrap();
    let second = actor.post(GENERATE, json!({"text": "hello"})).await.data();
    assert_ne!(first["url"], second["url"]);
    assert_eq!(speaker.asked().len(), 2);
}

/// Returns what a real engine says: an MP3 of a text. `None` if the programs are not installed.
fn espeak(text: &str) -> Option<Vec<u8>> {
    let script = r#"espeak-ng --stdout "$1" | lame --quiet - -"#;
    let output = std::process::Command::new("sh").args(["-c", script, "sh", text]).output().ok()?;
    (output.status.success() && !output.stdout.is_empty()).then_some(output.stdout)
}

#[both_engines]
async fn sound_of_a_real_engine_is_measured(mut server: TestServer) {
    let Some(sound) = espeak("I would like to know how long this sentence takes") else {
        let _ = writeln!(std::io::stderr(), "left out: espeak-ng and lame are not installed");
        return;
    };
    let speaker = Speaker::default();
    speaker.0.lock().sound = Some(sound.clone());
    server.restart_with(&lines(&speaker.start().await, "en")).await;
    let actor = server.person("ann").await.with_key("voice").await;
    let data = actor.post(GENERATE, json!({"text": "hello"})).await.data();
    assert_eq!(sound_at(data["url"].as_str().unwrap()).await.1, sound);
    assert_eq!(data["sampleRate"], 22_050);
    let milliseconds = data["durationMs"].as_i64().unwrap();
    assert!((1500..6000).contains(&milliseconds), "{milliseconds}");
}
