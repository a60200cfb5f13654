//! `/v1/…`: the assistant with OpenAI's protocol.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    Engine, Response, TestServer, both_engines,
    embedding::{Embeddings, Fault},
    model::{Model, Step, ending, events, saying},
};

#[track_caller]
fn refused(answer: &Response, status: u16, kind: &str) -> Value {
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]["type"]), (status, &json!(kind)), "{}", answer.body);
    assert!(
        body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()) && body.get("code").is_none()
    );
    body
}

#[both_engines]
async fn a_completion_is_openais(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let said = json!([
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "eins"},
        {"role": "assistant", "content": "one"}, {"role": "user", "content": "zwei"},
    ]);
    let answer = actor
        .post("/v1/chat/completions", json!({"model": "secondme/nano", "messages": said, "temperature": 0.5}))
        .await;
    let body = answer.json();
    assert_eq!((answer.status, &body["object"]), (200, &json!("chat.completion")));
    assert_eq!(
        body["choices"],
        json!([{
            "index": 0, "message": {"role": "assistant", "content": "你好！我是你的 AI 分身"}, "finish_reason": "stop",
        }])
    );
    assert_eq!(body["usage"], json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}));
    let asked = &model.asked()[0]["messages"];
    let turns: Vec<&str> = asked.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
    assert!(turns[0].ends_with("Be brief."), "one system message: {asked}");
    assert_eq!(turns[1..], ["eins", "one", "zwei"]);
    assert_eq!(model.asked()[0]["temperature"], 0.5);
    let answer = actor.post("/v1/chat/completions", json!({
        "model": "secondme/nano", "messages": said, "stream": true, "stream_options": {"include_usage": true},
    })).await;
    let events: Vec<&str> =
        answer.body.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).collect();
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(*done, "[DONE]");
    let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk["id"] == chunks[0]["id"])
    );
    let text: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "你好！我是你的 AI 分身");
    assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks[chunks.len() - 1]["usage"]["total_tokens"], 18);
    let sessions = actor.get("/api/secondme/chat/session/list?appId=openai").await.data();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "one conversation, one session");
    model.next(testkit::model::status("500 Internal Server Error", ""));
    refused(&actor.post("/v1/chat/completions", json!({"messages": said})).await, 500, "server_error");
}

fn asked(model: &Model) -> Value {
    model.asked().pop().unwrap()
}

#[both_engines("model.tools = true")]
async fn what_a_client_wishes_is_passed_on_or_refused_by_name(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let ask = async |more: Value| {
        let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        actor.post("/v1/chat/completions", body).await
    };
    for (name, value) in [
        ("temperature", json!(0.5)),
        ("top_p", json!(0.9)),
        ("seed", json!(7)),
        ("stop", json!(["身"])),
        ("frequency_penalty", json!(1)),
        ("reasoning_effort", json!("low")),
    ] {
        assert_eq!(ask(json!({name: value})).await.status, 200, "{name}");
        assert_eq!(asked(&model)[name], value);
    }
    for (name, value) in [
        ("n", json!(2)),
        ("temperature", json!("hot")),
        ("stop", json!(1)),
        ("logprobs", json!(true)),
        ("seed", json!("x")),
        ("response_format", json!({"type": "yaml"})),
        ("tool_choice", json!("required")),
        ("max_tokens", json!(0)),
    ] {
        let body = refused(&ask(json!({name: value})).await, 400, "invalid_request_error");
        assert_eq!(body["error"]["param"], name, "{body}");
    }
    for (value, sent) in
        [(json!(32_000), 16_000), (json!(-1), 16_000), (json!(4096.0), 4096), (json!("512"), 512)]
    {
        assert_eq!(ask(json!({"max_tokens": value})).await.status, 200, "{value}");
        assert_eq!(asked(&model)["max_tokens"], sent);
    }
    // With a response format, the text is JSON, even if the model wrote other text around it.
    let schema = json!({
        "name": "mood",
        "strict": true,
        "schema": {
            "type": "object",
            "properties": {"a": {"type": "boolean"}},
            "required": ["a"],
            "additionalProperties": false,
        },
    });
    for (format, output) in [
        (json!({"type": "json_schema", "json_schema": schema}), "好的：\n```json\n{\"a\": true}\n```"),
        (json!({"type": "json_object"}), "<think>{\"a\": false}</think>{\"a\": true}"),
        (json!({"type": "json_object"}), "{\"a\": true,}"),
    ] {
        model.next(saying(&[output]));
        let answer = ask(json!({"response_format": format})).await.json();
        let content: Value =
            serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
        assert_eq!(content, json!({"a": true}), "{output}");
        assert_eq!(asked(&model)["response_format"], format);
    }
    let filtered =
        [saying(&["半"])[..2].to_vec(), vec![Step::Send(ending("content_filter").into_bytes())]].concat();
    model.next(filtered);
    assert_eq!(ask(json!({})).await.json()["choices"][0]["finish_reason"], "content_filter");
}

#[both_engines("model.tools = true")]
async fn tools_of_a_client_are_its_own(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let tools = json!([{
        "type": "function",
        "function": {"name": "now", "description": "The time", "parameters": {"type": "object"}},
    }]);
    let call = json!({"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{\"a\":1}"}});
    let part = json!({
        "choices": [{
            "delta": {
                "tool_calls": [{
                    "index": 0, "id": "c1", "function": {"name": "now", "arguments": "{\"a\":1}"},
                }],
            },
        }],
    });
    let end = json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]});
    let mut body = json!({
        "messages": [{"role": "user", "content": "wie spät?"}], "tools": tools, "tool_choice": "required",
    });
    model.next(events(&[part.clone(), end.clone()]));
    let answer = actor.post("/v1/chat/completions", body.clone()).await.json();
    assert_eq!(
        (&answer["choices"][0]["finish_reason"], &answer["choices"][0]["message"]["tool_calls"]),
        (&json!("tool_calls"), &json!([call]))
    );
    assert_eq!((&asked(&model)["tool_choice"], &asked(&model)["tools"]), (&json!("required"), &tools));
    body["stream"] = json!(true);
    model.next(events(&[part, end]));
    let streamed = actor.post("/v1/chat/completions", body.clone()).await.body;
    assert!(
        streamed.contains("\"tool_calls\":[{\"index\":0,\"id\":\"c1\"")
            && streamed.contains("\"finish_reason\":\"tool_calls\""),
        "{streamed}"
    );
    // The client sends the results with the history.
    let history = json!([
        {"role": "user", "content": "wie spät?"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "12:00"},
    ]);
    let answer = actor.post("/v1/chat/completions", json!({"messages": history, "tools": tools})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let sent = asked(&model)["messages"].as_array().unwrap().clone();
    assert_eq!(sent[2]["tool_calls"], json!([call]));
    assert_eq!(sent[3], json!({"role": "tool", "content": "12:00", "tool_call_id": "c1"}));
}

#[both_engines("model.images = true")]
async fn histories_keep_their_order(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/jpg;base64,AAAA"}});
    let sent_image = json!({"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}});
    let text = |text: &str| json!({"type": "text", "text": text});
    let long = "字".repeat(60_000);
    let turns = json!([
        {"role": "user", "content": [image, text("one"), text("two"), image, text("three")]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"role": "user", "content": [{"type": "input_text", "text": "four"}]},
    ]);
    let answer = actor.post("/v1/chat/completions", json!({"messages": turns})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let sent = asked(&model)["messages"].as_array().unwrap().clone();
    assert_eq!(sent[1]["content"], json!([sent_image, text("one\ntwo"), sent_image, text("\nthree")]));
    assert_eq!((&sent[2]["content"], &sent[3]["content"]), (&json!("no"), &json!("four")));
    for messages in
        [json!([{"role": "user", "content": [image]}]), json!([{"role": "user", "content": long}])]
    {
        let answer = actor.post("/v1/chat/completions", json!({"messages": messages})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let remote = json!([{
        "role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}],
    }]);
    let body = refused(
        &actor.post("/v1/chat/completions", json!({"messages": remote})).await,
        400,
        "invalid_request_error",
    );
    assert_eq!(body["error"]["param"], "messages.0.content.0");
}

#[both_engines("model.names = { \"secondme/pro\" = \"big\" }")]
async fn models_go_by_their_own_names(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let models = actor.get("/v1/models").await.json();
    let names: Vec<&str> =
        models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(names.contains(&"fake") && names.contains(&"big"), "{names:?}");
    for (name, sent) in [("fake", "fake"), ("big", "big"), ("secondme/pro", "big"), ("secondme/nano", "fake")]
    {
        let body = json!({"model": name, "messages": [{"role": "user", "content": "x"}]});
        assert_eq!(actor.post("/v1/chat/completions", body).await.status, 200);
        assert_eq!(asked(&model)["model"], sent);
    }
    for path in ["/v1/chat/completions/", "/v1//chat/completions"] {
        assert_eq!(
            actor.post(path, json!({"messages": [{"role": "user", "content": "x"}]})).await.status,
            200,
            "{path}"
        );
    }
    for path in ["/v1/models/", "/v1//models"] {
        assert_eq!(actor.get(path).await.json()["object"], "list", "{path}");
    }
}

#[both_engines("model.tools = true")]
async fn a_response_is_openais(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let ask = async |body: Value| actor.post("/v1/responses", body).await;
    let whole = ask(json!({
        "model": "secondme/nano",
        "input": "eins",
        "instructions": "Be brief.",
        "max_output_tokens": 50,
        "temperature": 0.5,
        "metadata": {"a": "b"},
    }))
    .await;
    let body = whole.json();
    assert_eq!(
        (whole.status, &body["object"], &body["status"]),
        (200, &json!("response"), &json!("completed")),
        "{body}"
    );
    assert_eq!(
        body["output"][0]["content"],
        json!([{"type": "output_text", "text": "你好！我是你的 AI 分身", "annotations": [], "logprobs": []}])
    );
    assert_eq!(body["usage"]["input_tokens"], 11);
    assert_eq!(
        (&body["store"], &body["metadata"], &body["max_output_tokens"]),
        (&json!(false), &json!({"a": "b"}), &json!(50))
    );
    let sent = asked(&model);
    assert_eq!((&sent["max_tokens"], &sent["temperature"]), (&json!(50), &json!(0.5)));
    assert!(sent["messages"][0]["content"].as_str().unwrap().ends_with("Be brief."), "{sent}");
    // The stored answer can be referred to, by its own person alone.
    let id = body["output"][0]["id"].as_str().unwrap().to_owned();
    let refers = json!({
        "input": [
            {"role": "user", "content": "eins"},
            {"type": "item_reference", "id": id},
            {"role": "user", "content": "zwei"},
        ],
    });
    assert_eq!(ask(refers.clone()).await.status, 200);
    assert_eq!(asked(&model)["messages"][2]["content"], "你好！我是你的 AI 分身");
    let other = server.person("b").await.with_key("chat").await;
    let unknown = refused(&other.post("/v1/responses", refers).await, 400, "invalid_request_error");
    assert_eq!(unknown["error"]["param"], "input.1");
    for id in ["msg_1", "msg_x", "", "fc_1"] {
        refused(
            &ask(json!({"input": [{"type": "item_reference", "id": id}, {"role": "user", "content": "x"}]}))
                .await,
            400,
            "invalid_request_error",
        );
    }
    for (name, value) in [
        ("previous_response_id", json!("resp_1")),
        ("store", json!(true)),
        ("conversation", json!("c")),
        ("background", json!(true)),
        ("temperature", json!(3)),
        ("max_output_tokens", json!(0)),
        ("tools", json!([{"type": "file_search"}])),
    ] {
        let mut body = json!({"input": "x"});
        body[name] = value;
        let error = refused(&ask(body).await, 400, "invalid_request_error");
        assert!(error["error"]["param"].as_str().unwrap().starts_with(name), "{error}");
    }
    refused(&ask(json!({"model": "gpt-4", "input": "x"})).await, 404, "invalid_request_error");
    refused(&server.anyone().post("/v1/responses", json!({"input": "x"})).await, 401, "authentication_error");
    let less = server.person("c").await.with_key("user.info").await;
    refused(&less.post("/v1/responses", json!({"input": "x"})).await, 403, "permission_error");
    model.next(testkit::model::status("500 Internal Server Error", ""));
    refused(&ask(json!({"input": "x"})).await, 500, "server_error");
    model.next(saying(&["{\"a\": true}"]));
    let format = json!({
        "format": {"type": "json_schema", "name": "mood", "strict": true, "schema": {"type": "object"}},
    });
    let formed = ask(json!({"input": "x", "text": format})).await.json();
    assert_eq!(formed["output"][0]["content"][0]["text"], "{\"a\": true}");
    assert_eq!(asked(&model)["response_format"]["json_schema"]["name"], "mood");
}

#[both_engines("model.tools = true")]
async fn a_response_streams_its_events(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let events_of = |body: &str| -> Vec<Value> {
        body.split_terminator("\n\n")
            .filter_map(|event| {
                let (kind, data) = event.strip_prefix("event: ")?.split_once("\ndata: ")?;
                let data: Value = serde_json::from_str(data).unwrap();
                assert_eq!(data["type"], kind);
                Some(data)
            })
            .collect()
    };
    let kinds = |events: &[Value]| {
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let answer = actor.post("/v1/responses", json!({"input": "x", "stream": true})).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let events = events_of(&answer.body);
    let kinds_of_text = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(kinds(&events), kinds_of_text);
    assert!(events.iter().enumerate().all(|(at, event)| event["sequence_number"] == at));
    assert_eq!(events[9]["response"]["usage"]["total_tokens"], 18);
    let call = json!({
        "choices": [{
            "delta": {
                "tool_calls": [{
                    "index": 0, "id": "c1", "function": {"name": "now", "arguments": "{\"a\":1}"},
                }],
            },
        }],
    });
    model.next(testkit::model::events(&[
        call,
        json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
    ]));
    let tools = json!([{"type": "function", "name": "now", "parameters": {"type": "object"}}]);
    let events = events_of(
        &actor
            .post(
                "/v1/responses",
                json!({"input": "x", "stream": true, "tools": tools, "tool_choice": "required"}),
            )
            .await
            .body,
    );
    let kinds_of_call = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(kinds(&events), kinds_of_call);
    assert_eq!(events[5]["item"]["arguments"], "{\"a\":1}");
    let history = json!([
        {"role": "user", "content": "x"}, events[5]["item"],
        {"type": "function_call_output", "call_id": "c1", "output": "12:00"},
    ]);
    assert_eq!(actor.post("/v1/responses", json!({"input": history, "tools": tools})).await.status, 200);
    let sent = asked(&model)["messages"].as_array().unwrap().clone();
    assert_eq!((&sent[2]["tool_calls"][0]["id"], &sent[3]["content"]), (&json!("c1"), &json!("12:00")));
    model.next(testkit::model::status("500 Internal Server Error", ""));
    let events = events_of(&actor.post("/v1/responses", json!({"input": "x", "stream": true})).await.body);
    assert_eq!(kinds(&events)[2..], ["response.failed", "error"]);
    assert!(events[3]["error"]["message"].is_string());
    model.next([saying(&["半"])[..2].to_vec(), vec![Step::Send(ending("length").into_bytes())]].concat());
    let cut = actor.post("/v1/responses", json!({"input": "x"})).await.json();
    assert_eq!(
        (&cut["status"], &cut["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
}

/// Starts a server with a mock embedding endpoint.
async fn with_embeddings(engine: Engine, more: &str) -> (TestServer, Embeddings) {
    let endpoint = Embeddings::start().await;
    let lines = format!("{more}\n{}", endpoint.lines("bge"));
    (TestServer::configured(engine, &lines).await, endpoint)
}

async fn embeddings_are_openais(engine: Engine) {
    let (server, endpoint) = with_embeddings(engine, "embedding.batch = 2\nchat.daily_tokens = 1000").await;
    let actor = server.person("a").await.with_key("chat").await;
    let ask = async |body: Value| actor.post("/v1/embeddings", body).await;
    let body = ask(json!({"model": "bge", "input": ["tea", "walks", "cats"]})).await.json();
    assert_eq!((&body["object"], &body["model"]), (&json!("list"), &json!("bge")), "{body}");
    let data = body["data"].as_array().unwrap();
    assert_eq!(data.len(), 3);
    assert!(
        data.iter().enumerate().all(|(at, entry)| entry["index"] == at && entry["object"] == "embedding")
    );
    assert!(body["usage"]["total_tokens"].as_i64().unwrap() > 0);
    assert_eq!(
        endpoint.asked().iter().map(|(_, texts)| texts.len()).collect::<Vec<_>>(),
        [2, 1],
        "in batches"
    );
    let one = ask(json!({"model": "bge", "input": "tea", "encoding_format": "base64"})).await.json();
    let text = one["data"][0]["embedding"].as_str().unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
    let values: Vec<f64> =
        bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()).into()).collect();
    let floats: Vec<f64> =
        data[0]["embedding"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    assert_eq!(values, floats);
    assert_eq!(ask(json!({"input": "tea", "dimensions": floats.len()})).await.status, 200);
    for (more, param) in [
        (json!({"dimensions": 7}), Value::Null),
        (json!({"input": []}), json!("input")),
        (json!({"input": [1, 2]}), json!("input.0")),
        (json!({"encoding_format": "int8"}), json!("encoding_format")),
        (json!({"input": "a".repeat(32_001)}), json!("input.0")),
        (json!({"input": vec!["a"; 2049]}), json!("input")),
    ] {
        let mut body = json!({"model": "bge", "input": "tea"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let error = refused(&ask(body).await, 400, "invalid_request_error");
        assert_eq!(error["error"]["param"], param, "{error}");
    }
    refused(&ask(json!({"model": "gpt-4", "input": "x"})).await, 404, "invalid_request_error");
    refused(
        &server.anyone().post("/v1/embeddings", json!({"input": "x"})).await,
        401,
        "authentication_error",
    );
    let less = server.person("b").await.with_key("user.info").await;
    refused(&less.post("/v1/embeddings", json!({"input": "x"})).await, 403, "permission_error");
    endpoint.next(Fault::Status("500 Internal Server Error"));
    let failed = refused(&ask(json!({"input": "x"})).await, 503, "server_error");
    assert_eq!(failed["error"]["code"], "embedding.unavailable");
    endpoint.next(Fault::Status("400 Bad Request"));
    let failed = refused(&ask(json!({"input": "x"})).await, 400, "invalid_request_error");
    assert_eq!(failed["error"]["code"], "embedding.input_refused");
    assert!(!failed.to_string().contains("planted"));
    let models = actor.get("/v1/models").await.json();
    assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "bge"));
    // They count into the tokens of the day.
    while ask(json!({"input": "tea ".repeat(300)})).await.status == 200 {}
    let spent = refused(&ask(json!({"input": "tea"})).await, 429, "rate_limit_error");
    assert_eq!(spent["error"]["code"], "secondme.chat.daily_limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embeddings_on_sqlite() {
    embeddings_are_openais(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embeddings_on_postgres() {
    embeddings_are_openais(Engine::Postgres).await;
}

#[both_engines]
async fn embeddings_need_a_model(server: TestServer) {
    let actor = server.person("a").await.with_key("chat").await;
    let error = refused(
        &actor.post("/v1/embeddings", json!({"model": "x", "input": "x"})).await,
        404,
        "invalid_request_error",
    );
    assert_eq!(error["error"]["code"], "embedding.not_configured");
}

#[both_engines("server.cors_origins = [\"https://a.example\"]")]
async fn browsers_may_ask(server: TestServer) {
    let mcp = "apihub-token,mcp-protocol-version,mcp-session-id";
    for (path, method, headers) in [
        ("/v1/chat/completions", "POST", "authorization,content-type,x-stainless-lang,x-stainless-os"),
        ("/v1/models", "GET", "authorization,openai-beta"),
        ("/mcp", "POST", mcp),
        ("/mcp", "DELETE", mcp),
    ] {
        let ask = async |origin: &str| {
            let request = server
                .anyone()
                .request(Method::OPTIONS, path)
                .header("origin", origin)
                .header("access-control-request-method", method)
                .header("access-control-request-headers", headers);
            server.anyone().send(request).await
        };
        let answer = ask("https://a.example").await;
        assert_eq!(answer.header("access-control-allow-origin"), "https://a.example", "{path}");
        assert_eq!(answer.header("access-control-allow-headers"), headers);
        assert!(answer.header("access-control-allow-methods").contains(method), "{path}");
        assert_eq!(ask("https://b.example").await.header("access-control-allow-origin"), "");
    }
}

#[both_engines]
async fn errors_are_openais(server: TestServer) {
    let actor = server.person("a").await.with_key("chat").await;
    refused(&server.anyone().post("/v1/chat/completions", json!({})).await, 401, "authentication_error");
    refused(&server.bearer("sk-nothing").get("/v1/models").await, 401, "authentication_error");
    let other = server.person("b").await.with_key("user.info").await;
    refused(&other.post("/v1/chat/completions", json!({})).await, 403, "permission_error");
    let body = refused(
        &actor.post("/v1/chat/completions", json!({"model": "secondme/nano"})).await,
        400,
        "invalid_request_error",
    );
    assert_eq!(body["error"]["param"], "messages");
    let unknown = json!({"model": "gpt-4", "messages": [{"role": "user", "content": "x"}]});
    refused(&actor.post("/v1/chat/completions", unknown).await, 404, "invalid_request_error");
    refused(&actor.get("/v1/nothing").await, 404, "invalid_request_error");
    let models = actor.get("/v1/models").await.json();
    assert_eq!((&models["object"], &models["data"][0]["id"]), (&json!("list"), &json!("secondme/nano")));
    assert_eq!(actor.get("/v1/models/secondme/pro").await.json()["id"], "secondme/pro");
    refused(&actor.get("/v1/models/gpt-4").await, 404, "invalid_request_error");
}
