//! `/v1/…`: the assistant with OpenAI's protocol.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    Answer, both_engines,
    model::{Model, Step, ending, events, saying},
    with_model,
};

#[track_caller]
fn refused(answer: &Answer, status: u16, kind: &str) -> Value {
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]["type"]), (status, &json!(kind)), "{}", answer.body);
    assert!(
        body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()) && body.get("code").is_none()
    );
    body
}

with_model! {
    async fn a_completion_is_openais(server, model) {
        let actor = server.person("a").await.with_key("chat").await;
        let said = json!([
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "eins"},
            {"role": "assistant", "content": "one"}, {"role": "user", "content": "zwei"},
        ]);
        let answer = actor.post("/v1/chat/completions", json!({"model": "secondme/nano", "messages": said, "temperature": 0.5})).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["object"]), (200, &json!("chat.completion")));
        assert_eq!(body["choices"], json!([{
            "index": 0, "message": {"role": "assistant", "content": "你好！我是你的 AI 分身"}, "finish_reason": "stop",
        }]));
        assert_eq!(body["usage"], json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}));
        let asked = &model.asked()[0]["messages"];
        let turns: Vec<&str> = asked.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
        assert!(turns[0].ends_with("Be brief."), "one system message: {asked}");
        assert_eq!(turns[1..], ["eins", "one", "zwei"]);
        assert_eq!(model.asked()[0]["temperature"], 0.5);
        let answer = actor.post("/v1/chat/completions", json!({
            "model": "secondme/nano", "messages": said, "stream": true, "stream_options": {"include_usage": true},
        })).await;
        let events: Vec<&str> = answer.body.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).collect();
        let (done, chunks) = events.split_last().unwrap();
        assert_eq!(*done, "[DONE]");
        let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
        assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk["id"] == chunks[0]["id"]));
        let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, "你好！我是你的 AI 分身");
        assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
        assert_eq!(chunks[chunks.len() - 1]["usage"]["total_tokens"], 18);
        let sessions = actor.get("/api/secondme/chat/session/list?appId=openai").await.data();
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "one conversation, one session");
        model.next(testkit::model::status("500 Internal Server Error", ""));
        refused(&actor.post("/v1/chat/completions", json!({"messages": said})).await, 500, "server_error");
    }
}

fn asked(model: &Model) -> Value {
    model.asked().pop().unwrap()
}

with_model! {
    async fn what_a_client_wishes_is_passed_on_or_refused_by_name(server, model: "model.tools = true") {
        let actor = server.person("a").await.with_key("chat").await;
        let ask = async |more: Value| {
            let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            actor.post("/v1/chat/completions", body).await
        };
        for (name, value) in [
            ("temperature", json!(0.5)), ("top_p", json!(0.9)), ("seed", json!(7)), ("stop", json!(["身"])),
            ("frequency_penalty", json!(1)), ("reasoning_effort", json!("low")),
        ] {
            assert_eq!(ask(json!({name: value})).await.status, 200, "{name}");
            assert_eq!(asked(&model)[name], value);
        }
        for (name, value) in [
            ("n", json!(2)), ("temperature", json!("hot")), ("stop", json!(1)), ("logprobs", json!(true)), ("seed", json!("x")),
            ("response_format", json!({"type": "yaml"})), ("tool_choice", json!("required")), ("max_tokens", json!(0)),
        ] {
            let body = refused(&ask(json!({name: value})).await, 400, "invalid_request_error");
            assert_eq!(body["error"]["param"], name, "{body}");
        }
        for (value, sent) in [(json!(32_000), 16_000), (json!(-1), 16_000), (json!(4096.0), 4096), (json!("512"), 512)] {
            assert_eq!(ask(json!({"max_tokens": value})).await.status, 200, "{value}");
            assert_eq!(asked(&model)["max_tokens"], sent);
        }
        // With a response format, the text is JSON, even if the model wrote other text around it.
        let schema = json!({"name": "mood", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": false}});
        for (format, output) in [
            (json!({"type": "json_schema", "json_schema": schema}), "好的：\n```json\n{\"a\": true}\n```"),
            (json!({"type": "json_object"}), "<think>{\"a\": false}</think>{\"a\": true}"),
            (json!({"type": "json_object"}), "{\"a\": true,}"),
        ] {
            model.next(saying(&[output]));
            let answer = ask(json!({"response_format": format})).await.json();
            let content: Value = serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
            assert_eq!(content, json!({"a": true}), "{output}");
            assert_eq!(asked(&model)["response_format"], format);
        }
        let filtered = [saying(&["半"])[..2].to_vec(), vec![Step::Send(ending("content_filter").into_bytes())]].concat();
        model.next(filtered);
        assert_eq!(ask(json!({})).await.json()["choices"][0]["finish_reason"], "content_filter");
    }

    async fn tools_of_a_client_are_its_own(server, model: "model.tools = true") {
        let actor = server.person("a").await.with_key("chat").await;
        let tools = json!([{"type": "function", "function": {"name": "now", "description": "The time", "parameters": {"type": "object"}}}]);
        let call = json!({"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{\"a\":1}"}});
        let part = json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "now", "arguments": "{\"a\":1}"}}]}}]});
        let end = json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]});
        let mut body = json!({"messages": [{"role": "user", "content": "wie spät?"}], "tools": tools, "tool_choice": "required"});
        model.next(events(&[part.clone(), end.clone()]));
        let answer = actor.post("/v1/chat/completions", body.clone()).await.json();
        assert_eq!((&answer["choices"][0]["finish_reason"], &answer["choices"][0]["message"]["tool_calls"]), (&json!("tool_calls"), &json!([call])));
        assert_eq!((&asked(&model)["tool_choice"], &asked(&model)["tools"]), (&json!("required"), &tools));
        body["stream"] = json!(true);
        model.next(events(&[part, end]));
        let streamed = actor.post("/v1/chat/completions", body.clone()).await.body;
        assert!(streamed.contains("\"tool_calls\":[{\"index\":0,\"id\":\"c1\"") && streamed.contains("\"finish_reason\":\"tool_calls\""), "{streamed}");
        // The client sends the results with the history.
        let history = json!([
            {"role": "user", "content": "wie spät?"}, {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "12:00"},
        ]);
        let answer = actor.post("/v1/chat/completions", json!({"messages": history, "tools": tools})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let sent = asked(&model)["messages"].as_array().unwrap().clone();
        assert_eq!(sent[2]["tool_calls"], json!([call]));
        assert_eq!(sent[3], json!({"role": "tool", "content": "12:00", "tool_call_id": "c1"}));
    }

    async fn histories_keep_their_order(server, model: "model.images = true") {
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
        for messages in [json!([{"role": "user", "content": [image]}]), json!([{"role": "user", "content": long}])] {
            let answer = actor.post("/v1/chat/completions", json!({"messages": messages})).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let remote = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]);
        let body = refused(&actor.post("/v1/chat/completions", json!({"messages": remote})).await, 400, "invalid_request_error");
        assert_eq!(body["error"]["param"], "messages.0.content.0");
    }

    async fn models_go_by_their_own_names(server, model: "model.names = { \"secondme/pro\" = \"big\" }") {
        let actor = server.person("a").await.with_key("chat").await;
        let models = actor.get("/v1/models").await.json();
        let names: Vec<&str> = models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
        assert!(names.contains(&"fake") && names.contains(&"big"), "{names:?}");
        for (name, sent) in [("fake", "fake"), ("big", "big"), ("secondme/pro", "big"), ("secondme/nano", "fake")] {
            let body = json!({"model": name, "messages": [{"role": "user", "content": "x"}]});
            assert_eq!(actor.post("/v1/chat/completions", body).await.status, 200);
            assert_eq!(asked(&model)["model"], sent);
        }
        for path in ["/v1/chat/completions/", "/v1//chat/completions"] {
            assert_eq!(actor.post(path, json!({"messages": [{"role": "user", "content": "x"}]})).await.status, 200, "{path}");
        }
        for path in ["/v1/models/", "/v1//models"] {
            assert_eq!(actor.get(path).await.json()["object"], "list", "{path}");
        }
    }
}

both_engines! {
    async fn browsers_may_ask(server: "server.cors_origins = [\"https://a.example\"]") {
        let mcp = "apihub-token,mcp-protocol-version,mcp-session-id";
        for (path, method, headers) in [
            ("/v1/chat/completions", "POST", "authorization,content-type,x-stainless-lang,x-stainless-os"),
            ("/v1/models", "GET", "authorization,openai-beta"), ("/mcp", "POST", mcp), ("/mcp", "DELETE", mcp),
        ] {
            let ask = async |origin: &str| {
                let request = server.anyone().request(Method::OPTIONS, path).header("origin", origin)
                    .header("access-control-request-method", method).header("access-control-request-headers", headers);
                server.anyone().send(request).await
            };
            let answer = ask("https://a.example").await;
            assert_eq!(answer.header("access-control-allow-origin"), "https://a.example", "{path}");
            assert_eq!(answer.header("access-control-allow-headers"), headers);
            assert!(answer.header("access-control-allow-methods").contains(method), "{path}");
            assert_eq!(ask("https://b.example").await.header("access-control-allow-origin"), "");
        }
    }

    async fn errors_are_openais(server) {
        let actor = server.person("a").await.with_key("chat").await;
        refused(&server.anyone().post("/v1/chat/completions", json!({})).await, 401, "authentication_error");
        refused(&server.bearer("sk-nothing").get("/v1/models").await, 401, "authentication_error");
        let other = server.person("b").await.with_key("user.info").await;
        refused(&other.post("/v1/chat/completions", json!({})).await, 403, "permission_error");
        let body = refused(&actor.post("/v1/chat/completions", json!({"model": "secondme/nano"})).await, 400, "invalid_request_error");
        assert_eq!(body["error"]["param"], "messages");
        let unknown = json!({"model": "gpt-4", "messages": [{"role": "user", "content": "x"}]});
        refused(&actor.post("/v1/chat/completions", unknown).await, 404, "invalid_request_error");
        refused(&actor.get("/v1/nothing").await, 404, "invalid_request_error");
        let models = actor.get("/v1/models").await.json();
        assert_eq!((&models["object"], &models["data"][0]["id"]), (&json!("list"), &json!("secondme/nano")));
        assert_eq!(actor.get("/v1/models/secondme/pro").await.json()["id"], "secondme/pro");
        refused(&actor.get("/v1/models/gpt-4").await, 404, "invalid_request_error");
    }
}
