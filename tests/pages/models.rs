//! `/admin…`: the pages for administrators

use serde_json::{Value, json};
use testkit::{
    Actor, Response, TestServer, both_engines,
    embedding::Embeddings,
    model::{Model, Step, raw, refusing, saying},
};

const PAGE: &str = "/admin/models";
/// A key that must be in no response, and its end, which may.
const KEY: &str = "sk-planted-model-key-7777";
const END: &str = "····7777";

/// Makes the first account, which is an administrator's.
async fn admin(server: &TestServer) -> Actor {
    server.person("admin").await.signed_in().await.in_english()
}

/// Sends a form of the page.
async fn submit(browser: &Actor, action: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = browser.get("/admin").await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    let answer = browser.post_form(action, &all).await;
    assert!(!answer.body.contains(KEY), "the key is in a response: {}", answer.body);
    answer
}

/// The fields of a model, with short time limits.
fn fields<'a>(url: &'a str, name: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    let times = [("connect_seconds", "2"), ("first_token_seconds", "1"), ("idle_seconds", "1")];
    let mut all = vec![("base_url", url), ("name", name), ("api_key", key), ("total_seconds", "5")];
    all.extend(times);
    all.extend([("stream_options", "yes"), ("strict_turns", "yes"), ("system_role", "yes")]);
    all
}

async fn add(browser: &Actor, url: &str, name: &str, key: &str) {
    let saved = submit(browser, PAGE, &fields(url, name, key)).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/admin/models?done=saved"), "{}", saved.body);
}

/// Returns the ids of the models on the page, in order.
async fn ids(browser: &Actor) -> Vec<String> {
    let body = browser.get(PAGE).await.body;
    assert!(!body.contains(KEY));
    let parts = body.split("id=\"model-").skip(1);
    parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

async fn say(browser: &Actor) -> String {
    let said = browser.post("/api/secondme/ws-chat/send", json!({"message": "hello"})).await.data();
    said["replyText"].as_str().unwrap().to_owned()
}

#[both_engines]
async fn a_model_is_added_edited_ordered_and_removed_without_a_restart(server: TestServer) {
    let (first, second) = (Model::start().await, Model::start().await);
    let browser = admin(&server).await;
    assert!(say(&browser).await.contains("No model is configured"));
    assert!(browser.get("/admin").await.body.contains("No model connected"));

    add(&browser, &format!("{}/chat/completions", first.url()), "alpha", KEY).await;
    assert!(say(&browser).await.contains("AI 分身"), "it answers with the next message");
    assert!(first.heads()[0].contains(&format!("Bearer {KEY}")));
    assert_eq!(first.asked()[0]["model"], "alpha");
    let page = browser.get(PAGE).await.body;
    assert!(page.contains(END) && page.contains("alpha") && page.contains("On this machine"), "{page}");

    add(&browser, &second.url(), "beta", "").await;
    let before = ids(&browser).await;
    let moved = submit(&browser, "/admin/models/move", &[("id", &before[1]), ("to", "up")]).await;
    assert_eq!(moved.header("location"), "/admin/models?done=moved");
    assert_eq!(ids(&browser).await, [before[1].clone(), before[0].clone()]);
    second.next(saying(&["from the second"]));
    assert!(say(&browser).await.contains("from the second"));

    // An empty key stays; the form does not show it.
    let form = browser.get(&format!("{PAGE}?edit={}", before[0])).await.body;
    assert!(form.contains(END) && !form.contains(KEY) && form.contains(&first.url()));
    let url = first.url();
    let mut edited = fields(&url, "gamma", "");
    edited.push(("id", &before[0]));
    assert_eq!(submit(&browser, PAGE, &edited).await.status, 303);
    submit(&browser, "/admin/models/move", &[("id", &before[0]), ("to", "up")]).await;
    say(&browser).await;
    let count = first.asked().len();
    assert_eq!(first.asked()[count - 1]["model"], "gamma");
    assert!(first.heads()[count - 1].contains(KEY), "the key stays");

    // At another address the key must be entered again.
    let elsewhere = second.url();
    let mut moved = fields(&elsewhere, "gamma", "");
    moved.push(("id", &before[0]));
    let refused = submit(&browser, PAGE, &moved).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("enter the key again") && refused.body.contains(&elsewhere));
    let removed = [edited.as_slice(), &[("removes_key", "yes")]].concat();
    assert_eq!(submit(&browser, PAGE, &removed).await.status, 303);
    say(&browser).await;
    assert!(!first.heads().last().unwrap().contains("authorization"));

    for id in &before {
        let gone = submit(&browser, "/admin/models/delete", &[("id", id)]).await;
        assert_eq!(gone.header("location"), "/admin/models?done=removed");
    }
    assert!(say(&browser).await.contains("No model is configured"));
    assert_eq!(submit(&browser, "/admin/models/delete", &[("id", &before[0])]).await.status, 404);
}

#[both_engines]
async fn a_test_shows_the_answer_or_the_real_error(server: TestServer) {
    let model = Model::start().await;
    let browser = admin(&server).await;
    add(&browser, &model.url(), "alpha", KEY).await;
    let id = ids(&browser).await.remove(0);
    let echo = format!("no such key {KEY} <b>");
    for (script, expected) in [
        (saying(&["I am ", "alpha"]), vec!["Success", "I am alpha", "first piece", "total"]),
        (
            refusing("401 Unauthorized", &json!({"error": {"message": echo}})),
            vec!["401 Failed", "no such key *** &#60;b&#62;", "does not accept this key"],
        ),
        (
            refusing("404 Not Found", &json!({"error": {"message": "model 'alpha' not found"}})),
            vec!["404 Failed", "not found", "does not have this model"],
        ),
        (refusing("404 Not Found", &json!("page")), vec!["404 Failed", "The /v1", "/v1 at the end"]),
        (refusing("503 Busy", &json!({"error": "overloaded"})), vec!["503 Failed", "overloaded"]),
        (vec![Step::Stall], vec!["Failed", "It took too long"]),
        (
            raw(&[b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>hello</html>"]),
            vec!["Failed", "&#60;html&#62;hello", "another format"],
        ),
    ] {
        model.next(script);
        let shown = submit(&browser, "/admin/models/test", &[("id", &id)]).await;
        assert_eq!(shown.status, 200);
        for text in expected.into_iter().filter(|text| *text != "The /v1") {
            assert!(shown.body.contains(text), "{text}: {}", shown.body);
        }
    }
    let closed = "http://127.0.0.1:9/v1";
    let mut fields = fields(closed, "beta", KEY);
    fields.push(("then", "test"));
    let shown = submit(&browser, PAGE, &fields).await;
    assert!(
        shown.body.contains("Nothing is running there") && shown.body.contains("refused"),
        "{}",
        shown.body
    );
    assert!(shown.body.contains("value=\"beta\""), "the form stays open");
    assert_eq!(submit(&browser, "/admin/models/test", &[("id", "17")]).await.status, 404);
    assert_eq!(submit(&browser, "/admin/models/test", &[("id", "setting-0")]).await.status, 404);
}

#[both_engines]
async fn models_of_a_server_are_listed_and_servers_of_this_machine_found(mut server: TestServer) {
    let model = Model::start().await;
    let list = |names: &[&str]| {
        let data: Vec<Value> = names.iter().map(|name| json!({"id": name})).collect();
        let body = json!({"object": "list", "data": data}).to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        raw(&[head.as_bytes(), body.as_bytes()])
    };
    let browser = admin(&server).await;
    model.next(list(&["alpha", "beta<b>"]));
    let url = model.url();
    let mut asked = fields(&url, "", KEY);
    asked.push(("then", "list"));
    let listed = submit(&browser, PAGE, &asked).await;
    assert!(listed.body.contains("<option value=\"alpha\">") && listed.body.contains("beta&#60;b&#62;"));
    assert!(listed.body.contains("Found 2 models") && listed.body.contains("enter it again"));
    assert!(model.heads()[0].starts_with("GET /v1/models") && model.heads()[0].contains(KEY));
    assert!(ids(&browser).await.is_empty(), "nothing is saved yet");

    server
        .restart_with(&format!("chat.look_for_models = [{:?}, \"http://127.0.0.1:9/v1\"]", model.url()))
        .await;
    let browser = server.again(&browser);
    assert!(!browser.get(PAGE).await.body.contains("2 models"), "the page does not wait for it");
    model.next(list(&["nomic-embed-text", "alpha", "beta"]));
    let found = browser.get(&format!("{PAGE}?look=1")).await.body;
    assert!(found.contains("3 models") && found.contains("<option>alpha"), "{found}");
    model.next(list(&["nomic-embed-text", "alpha", "beta"]));
    let added = submit(&browser, "/admin/models/found", &[("base_url", &url), ("name", "")]).await;
    assert_eq!(added.status, 303, "{}", added.body);
    assert_eq!(server.running().chat.model_state().name.as_deref(), Some("alpha"));
    let names = browser.get("/v1/models").await.body;
    assert!(names.contains("\"beta\"") && !names.contains("nomic"), "{names}");
    let other = submit(&browser, "/admin/models/found", &[("base_url", "http://10.0.0.1/v1")]).await;
    assert_eq!(other.status, 404, "only what was found can be connected");
}

#[both_engines]
async fn nobody_else_sees_or_changes_models(server: TestServer) {
    let browser = admin(&server).await;
    let model = Model::start().await;
    add(&browser, &model.url(), "alpha", KEY).await;
    let id = ids(&browser).await.remove(0);
    let other = server.person("other").await;
    let (guest, with_key) = (other.signed_in().await.in_english(), other.with_key("*").await);
    let csrf = guest.get("/").await.hidden("csrf");
    let csrf_of_admin = browser.get("/admin").await.hidden("csrf");
    for path in ["/admin", PAGE, "/admin/models?look=1"] {
        assert_eq!(guest.get(path).await.status, 404, "{path}");
        assert_eq!(server.anyone().with("accept", "text/html").get(path).await.status, 303, "{path}");
        assert!(with_key.get(path).await.status >= 400, "{path}");
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    for path in [
        PAGE,
        "/admin/models/test",
        "/admin/models/move",
        "/admin/models/delete",
        "/admin/models/found",
        "/admin/models/search",
    ] {
        let sent = [("csrf", csrf.as_str()), ("id", &id), ("to", "down"), ("purpose", "embedding")];
        assert_eq!(guest.post_form(path, &sent).await.status, 404, "{path}");
        for wrong in ["", csrf.as_str()] {
            let sent = [("csrf", wrong), ("id", id.as_str())];
            assert_eq!(browser.post_form(path, &sent).await.status, 403, "{path}");
        }
        let sent = [("csrf", csrf_of_admin.as_str()), ("id", id.as_str())];
        assert!(server.anyone().post_form(path, &sent).await.status >= 300, "{path}");
    }
    assert_eq!(ids(&browser).await, [id]);
    assert!(model.asked().is_empty());
}

#[both_engines]
async fn wrong_settings_and_forbidden_addresses_are_refused(server: TestServer) {
    let browser = admin(&server).await;
    for (url, name, key, expected) in [
        ("", "m", "", "Fill this in"),
        ("ftp://127.0.0.1/v1", "m", "", "Enter an address"),
        ("http://u:p@127.0.0.1/v1", "m", "", "Enter an address"),
        ("http://127.0.0.1/v1?a=b", "m", "", "Enter an address"),
        ("http://169.254.169.254/latest", "m", "", "must not be called"),
        ("http://[::ffff:169.254.169.254]/v1", "m", "", "must not be called"),
        ("http://127.0.0.1/v1", "", "", "Fill this in"),
        ("http://127.0.0.1/v1", "m", "a b", "only ASCII"),
    ] {
        let refused = submit(&browser, PAGE, &fields(url, name, key)).await;
        assert_eq!(refused.status, 422, "{url}");
        assert!(refused.body.contains(expected), "{url}: {}", refused.body);
        assert!(url.is_empty() || refused.body.contains(&format!("value=\"{url}\"")), "what was typed stays");
        let mut search = fields(url, name, key);
        search.push(("purpose", "embedding"));
        assert_eq!(submit(&browser, "/admin/models/search", &search).await.status, 422, "{url}");
    }
    let mut slow = fields("http://127.0.0.1/v1", "m", "");
    slow.extend([("total_seconds", "9")]);
    let endless: Vec<_> = slow
        .iter()
        .map(|(name, value)| (*name, if *name == "idle_seconds" { "601" } else { value }))
        .collect();
    assert!(submit(&browser, PAGE, &endless).await.body.contains("Not within the allowed range"));
    let mut list = fields("http://169.254.169.254/latest", "m", "");
    list.push(("then", "list"));
    assert!(submit(&browser, PAGE, &list).await.body.contains("must not be called"));
    assert!(ids(&browser).await.is_empty());
}

#[both_engines]
async fn settings_of_the_configuration_win_and_cannot_be_changed((server, model): (TestServer, Model)) {
    let browser = admin(&server).await;
    let other = Model::start().await;
    add(&browser, &other.url(), "beta", "").await;
    let page = browser.get(PAGE).await.body;
    assert!(page.contains("Set by model.base_url") && !page.contains("planted-provider-key"), "{page}");
    assert_eq!(ids(&browser).await[0], "setting-0");
    say(&browser).await;
    assert_eq!((model.asked().len(), other.asked().len()), (1, 0), "the configuration goes first");
    assert!(browser.get(&format!("{PAGE}?edit=setting-0")).await.status == 404);
    for path in ["/admin/models/move", "/admin/models/delete"] {
        assert_eq!(submit(&browser, path, &[("id", "setting-0"), ("to", "down")]).await.status, 404);
    }
    let shown = submit(&browser, "/admin/models/test", &[("id", "setting-0")]).await;
    assert!(shown.body.contains("Success"));
    model.next(refusing("500 No", &json!({})));
    say(&browser).await;
    assert_eq!(other.asked().len(), 1, "the page's models are fallbacks");
}

#[both_engines]
async fn a_change_reaches_other_processes_and_survives_a_restart(mut server: TestServer) {
    let model = Model::start().await;
    let browser = admin(&server).await;
    let is_postgres = server.running().identity.overview().await.unwrap().engine == "PostgreSQL";
    let sibling = if is_postgres { Some(server.sibling().await) } else { None };
    add(&browser, &model.url(), "alpha", KEY).await;
    if let Some(sibling) = sibling {
        let start = std::time::Instant::now();
        while !sibling.chat.model_state().is_connected() {
            assert!(start.elapsed().as_secs() < 10, "the sibling does not notice");
            tokio::task::yield_now().await;
        }
        assert!(
            say(&server.anyone_at(&sibling.base_url).with("cookie", &cookie(&server).await))
                .await
                .contains("分身")
        );
        sibling.stop().await.unwrap();
    }
    server.restart().await;
    let browser = server.again(&browser);
    say(&browser).await;
    assert!(model.heads().last().unwrap().contains(KEY));
}

/// Returns the cookie of a new session.
async fn cookie(server: &TestServer) -> String {
    format!("doppel_session={}", server.person("second").await.session().await)
}

#[both_engines]
async fn a_running_answer_keeps_its_model(server: TestServer) {
    let model = Model::start().await;
    let browser = admin(&server).await;
    add(&browser, &model.url(), "alpha", "").await;
    let id = ids(&browser).await.remove(0);
    let mut script = saying(&["one ", "two"]);
    script.insert(2, Step::Wait);
    model.next(script);
    let removing = async {
        model.has_been_asked(1).await;
        submit(&browser, "/admin/models/delete", &[("id", &id)]).await;
        model.release();
    };
    let (said, ()) = tokio::join!(say(&browser), removing);
    assert_eq!(said, "one two");
    assert!(say(&browser).await.contains("No model is configured"));
}

#[both_engines]
async fn a_lost_sealing_key_names_the_model_whose_key_is_lost(mut server: TestServer) {
    let model = Model::start().await;
    let browser = admin(&server).await;
    add(&browser, &model.url(), "alpha", KEY).await;
    std::fs::remove_file(server.data_dir().join("seal.key")).unwrap();
    let why = server.refuses_to_start().await;
    let id = why.split_once("to secrets.lost_keys").unwrap().0.rsplit('"').nth(1).unwrap().to_owned();
    server.restart_with(&format!("secrets.lost_keys = [\"{id}\"]")).await;
    let browser = server.again(&browser);
    let page = browser.get(PAGE).await.body;
    assert!(page.contains("alpha") && page.contains("The key cannot be opened"), "{page}");
    assert!(say(&browser).await.contains("No model is configured") && model.asked().is_empty());
    let endpoint = ids(&browser).await.remove(0);
    let shown = submit(&browser, "/admin/models/test", &[("id", &endpoint)]).await;
    assert!(shown.body.contains("enter this key again"));
    let url = model.url();
    let mut again = fields(&url, "alpha", KEY);
    again.push(("id", &endpoint));
    assert_eq!(submit(&browser, PAGE, &again).await.status, 303);
    say(&browser).await;
    assert!(model.heads()[0].contains(KEY));
}

#[both_engines]
async fn an_embedding_model_is_connected_and_removed(server: TestServer) {
    let embeddings = Embeddings::start().await;
    let lines = embeddings.lines("m");
    let url = lines.split_once("base_url = \"").unwrap().1.split('"').next().unwrap().to_owned();
    let browser = admin(&server).await;
    assert!(server.running().memory.embedding_in_use().is_none());
    let search = [("purpose", "embedding"), ("base_url", &url), ("name", "m"), ("api_key", KEY)];
    let saved = submit(&browser, "/admin/models/search", &search).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let page = browser.get(PAGE).await.body;
    assert!(page.contains(END) && !page.contains(KEY), "{page}");
    let shown = submit(&browser, "/admin/models/test", &[("id", "embedding")]).await;
    assert!(shown.body.contains("A vector with"), "{}", shown.body);
    assert!(embeddings.heads().iter().all(|head| head.contains(KEY)));
    assert_eq!(server.running().memory.embedding_model().as_deref(), Some("m"));
    assert!(browser.get("/admin").await.body.contains("Semantic search m"));
    let vectors = browser.post("/v1/embeddings", json!({"input": "hello"})).await;
    assert_eq!(vectors.status, 200, "{}", vectors.body);
    let remove = [("purpose", "embedding"), ("then", "remove")];
    assert_eq!(submit(&browser, "/admin/models/search", &remove).await.status, 303);
    assert!(server.running().memory.embedding_in_use().is_none());
}
