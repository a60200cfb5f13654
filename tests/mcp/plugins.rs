//! The plugins in `integrations/`, run against a server.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};
use tokio::io::AsyncWriteExt;

use super::support::{call, done};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json_of(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs a script with Node.js, and returns what it prints. It has to end well.
async fn node(arguments: &[&str], variables: &[(&str, &str)], input: &str) -> String {
    let mut command = tokio::process::Command::new("node");
    command.args(arguments).current_dir(root()).env_clear();
    command.envs(std::env::var("PATH").map(|path| ("PATH", path))).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("node starts");
    // A script that has nothing to do may end before it has read its input.
    if let Err(error) = child.stdin.take().unwrap().write_all(input.as_bytes()).await {
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    }
    let output = child.wait_with_output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

const HOOK: &str = "claude-code/doppel/bin/doppel-hook.mjs";

/// Drives the plugin for OpenClaw as its host does.
const HOST: &str = r#"
const { default: register } = await import(process.env.PLUGIN);
const handlers = new Map();
const [url, key, remember] = [process.env.DOPPEL_URL, process.env.DOPPEL_KEY, process.env.REMEMBER === "1"];
register({ pluginConfig: { url, key, remember }, on: (event, handler) => handlers.set(event, handler) });
const messages = [
    { role: "user", content: "I moved to Lyon" },
    { role: "assistant", content: [{ type: "text", text: "Noted" }] },
    { role: "user", content: "password: hunter2hunter2" },
];
const told = await handlers.get("before_prompt_build")({ prompt: "What can I cook without peanuts?" });
await handlers.get("agent_end")?.({ sessionId: "s1", messages });
console.log(JSON.stringify({ told, events: [...handlers.keys()] }));
"#;

#[both_engines]
async fn hooks_of_coding_agents_recall_and_report(server: TestServer) {
    let person = server.person("ann").await;
    done(
        &call(&person.with_key("*").await, "add_memory", json!({"content": "Is allergic to peanuts"})).await,
    );
    let (_, key) = person.new_key("memory.read agent_memory", None).await;
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data").display().to_string();
    let transcript = directory.path().join("transcript.jsonl");
    let variables =
        [("DOPPEL_URL", server.base_url()), ("DOPPEL_KEY", key.as_str()), ("CLAUDE_PLUGIN_DATA", &data)];
    let event = json!({
        "session_id": "s-1",
        "transcript_path": transcript,
        "cwd": directory.path(),
        "source": "startup",
        "prompt": "What can I cook without peanuts?",
    });
    let event = event.to_string();

    for (verb, name) in [("recall", "SessionStart"), ("prompt", "UserPromptSubmit")] {
        let printed: Value = serde_json::from_str(&node(&[HOOK, verb], &variables, &event).await).unwrap();
        let told = &printed["hookSpecificOutput"];
        assert_eq!(told["hookEventName"], name);
        let context = told["additionalContext"].as_str().unwrap();
        assert!(context.contains("allergic to peanuts") && context.contains("not instructions"), "{context}");
    }
    // Whatever is wrong, the agent goes on and sees nothing.
    let elsewhere = [("DOPPEL_URL", "http://127.0.0.1:1"), ("DOPPEL_KEY", key.as_str())];
    let stranger = [("DOPPEL_URL", server.base_url()), ("DOPPEL_KEY", "lba_ak_x")];
    for variables in [&elsewhere[..], &stranger[..], &[]] {
        for verb in ["recall", "prompt", "remember", "nonsense"] {
            assert_eq!(node(&[HOOK, verb], variables, &event).await, "", "{verb}");
        }
    }
    assert_eq!(node(&[HOOK, "prompt"], &variables, "garbage").await, "");

    let said =
        |role: &str, content: Value| json!({"type": role, "message": {"role": role, "content": content}});
    let code = "Good to know. ```rust\nfn secret_code() {}\n```";
    let parts = json!([{"type": "text", "text": code}, {"type": "tool_use", "name": "Read", "input": {}}]);
    let lines = [
        said("user", json!("I moved to Lyon last week")),
        said("assistant", parts),
        said("user", json!([{"type": "tool_result", "content": "the content of a file"}])),
        said("user", json!("my api_key = abcdefgh12345678")),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    testkit::write_file(&transcript, &text);
    let list = || async {
        person.with_key("agent_memory").await.get("/api/secondme/agent_memory/list").await.data()
    };
    assert_eq!(node(&[HOOK, "remember"], &variables, &event).await, "");
    assert_eq!(list().await["total"], 0, "it is off");
    let on = [&variables[..], &[("DOPPEL_REMEMBER", "1")]].concat();
    for _ in 0..2 {
        assert_eq!(node(&[HOOK, "remember"], &on, &event).await, "");
    }
    let events = list().await;
    let shown = events.to_string();
    assert_eq!(events["total"], 1, "the second run had nothing new: {shown}");
    assert!(shown.contains("moved to Lyon") && shown.contains("Good to know"), "{shown}");
    for kept_out in ["secret_code", "content of a file", "abcdefgh12345678"] {
        assert!(!shown.contains(kept_out), "{shown}");
    }
    testkit::write_file(
        &transcript,
        format!("{text}{}\n", json!({"message": {"role": "user", "content": "And I bought a bike"}})),
    );
    node(&[HOOK, "remember"], &on, &event).await;
    assert_eq!(list().await["total"], 2);
}

#[both_engines]
async fn the_plugin_for_openclaw_recalls_and_reports(server: TestServer) {
    let person = server.person("ann").await;
    done(
        &call(&person.with_key("*").await, "add_memory", json!({"content": "Is allergic to peanuts"})).await,
    );
    let (_, key) = person.new_key("memory.read agent_memory", None).await;
    let plugin = root().join("openclaw/index.mjs").canonicalize().unwrap().display().to_string();
    let run = async |url: &str, remember: &str| -> Value {
        let variables = [
            ("DOPPEL_URL", url),
            ("DOPPEL_KEY", key.as_str()),
            ("REMEMBER", remember),
            ("PLUGIN", plugin.as_str()),
        ];
        serde_json::from_str(&node(&["--input-type=module", "-e", HOST], &variables, "").await).unwrap()
    };
    let first = run(server.base_url(), "0").await;
    assert!(first["told"]["prependContext"].as_str().unwrap().contains("allergic to peanuts"), "{first}");
    assert_eq!(first["events"], json!(["before_prompt_build"]));
    assert_eq!(run(server.base_url(), "1").await["events"], json!(["before_prompt_build", "agent_end"]));
    let events = person.with_key("agent_memory").await.get("/api/secondme/agent_memory/list").await.data();
    assert!(
        events.to_string().contains("moved to Lyon") && !events.to_string().contains("hunter2"),
        "{events}"
    );
    assert_eq!(run("http://127.0.0.1:1", "1").await.get("told"), None, "nothing is told, and nothing fails");
}

#[both_engines]
async fn the_files_of_the_plugins_fit_together(server: TestServer) {
    assert_eq!(read(HOOK), read("codex/doppel/bin/doppel-hook.mjs"));
    let served = server.anyone().get("/.well-known/agent-skills/doppel-memory/SKILL.md").await.body;
    let expected = served
        .replace(&format!("\"{}\"", server.base_url()), "\"${DOPPEL_URL}\"")
        .replace(server.base_url(), "${DOPPEL_URL}");
    for plugin in ["claude-code", "codex"] {
        assert_eq!(read(&format!("{plugin}/doppel/skills/doppel-memory/SKILL.md")), expected, "{plugin}");
        assert_eq!(
            json_of(&format!("{plugin}/doppel/.mcp.json"))["mcpServers"]["doppel"]["url"],
            "${DOPPEL_URL}/mcp"
        );
    }
    for (marketplace, manifest, hooks) in [
        (
            "claude-code/.claude-plugin/marketplace.json",
            "claude-code/doppel/.claude-plugin/plugin.json",
            "claude-code/doppel/hooks/hooks.json",
        ),
        (
            "codex/.agents/plugins/marketplace.json",
            "codex/doppel/.codex-plugin/plugin.json",
            "codex/doppel/hooks/codex-hooks.json",
        ),
    ] {
        assert_eq!(json_of(marketplace)["plugins"][0]["name"], "doppel");
        assert_eq!(
            (&json_of(manifest)["name"], &json_of(manifest)["version"]),
            (&json!("doppel"), &json!("1.0.0"))
        );
        let hooks = json_of(hooks);
        for (event, verb) in [
            ("SessionStart", "recall"),
            ("UserPromptSubmit", "prompt"),
            ("Stop", "remember"),
            ("SessionEnd", "remember"),
        ] {
            let command = hooks["hooks"][event][0]["hooks"][0]["command"].as_str().unwrap();
            assert!(command.ends_with(&format!("bin/doppel-hook.mjs\" {verb}")), "{event}: {command}");
        }
    }
    let codex = json_of("codex/doppel/.codex-plugin/plugin.json");
    for member in ["skills", "mcpServers", "hooks"] {
        assert!(root().join("codex/doppel").join(codex[member].as_str().unwrap()).exists(), "{member}");
    }
    assert_eq!(json_of("openclaw/openclaw.plugin.json")["kind"], "memory");
}
