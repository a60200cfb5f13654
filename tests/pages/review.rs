//! The page of the review inbox.

use serde_json::json;
use testkit::{Actor, TestServer, both_engines};

use crate::mcp::support::{call, done};

const SCOPES: &str = "userinfo memory.read memory.write note.write";
const PAGE: &str = "/memories/review";

async fn decide(browser: &Actor, fields: &[(&str, &str)]) -> String {
    let csrf = browser.get(PAGE).await.hidden("csrf");
    let form: Vec<(&str, &str)> =
        [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
    let answer = browser.post_form(PAGE, &form).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").to_owned()
}

/// Returns the ids that the page shows, in its order.
async fn shown(browser: &Actor) -> Vec<String> {
    let page = browser.get(PAGE).await.body;
    let ids = page.split("id=\"waiting-").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    ids.collect()
}

#[both_engines]
async fn people_accept_change_and_refuse(server: TestServer) {
    let person = server.person("ann").await;
    let app = server.person("developer").await.app(SCOPES).await;
    let agent = person.with_mcp_token(&app, SCOPES).await;
    let browser = person.signed_in().await.in_english();
    let page = browser.get(PAGE).await;
    assert!(page.status == 200 && page.body.contains("Nothing is waiting"), "{}", page.body);
    assert!(page.body.contains("kept at once"), "it is off by default: {}", page.body);
    assert_eq!(decide(&browser, &[("do", "on")]).await, "/memories/review?done=on&n=0");
    assert!(browser.get(PAGE).await.body.contains("appears here first"));

    for content in ["Keeps <b>bees</b>", "Keeps wasps", "Keeps hornets"] {
        done(&call(&agent, "add_memory", json!({"content": content})).await);
    }
    done(&call(&agent, "add_note", json!({"content": "All about hives", "title": "Hives"})).await);
    let page = browser.get(PAGE).await.body;
    for text in ["4 waiting for you", "Keeps &#60;b&#62;bees", "Proposed by Example App", "New note", "Hives"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("<b>bees"), "{page}");
    for path in ["/memories", "/memories?q=bees", "/notes", "/search?q=hives"] {
        let page = browser.get(path).await.body;
        assert!(!page.contains("wasps") && !page.contains("All about hives"), "{path}: {page}");
    }
    assert!(browser.get("/memories").await.body.contains("<span class=\"badge apricot\">4</span>"));
    assert!(browser.get("/agents").await.body.contains("4 things they want to write"));
    let link = format!("/agents/one?client=app%3A{}", app.id);
    let detail = browser.get(&link).await.body;
    assert!(detail.contains("Waits for you") && detail.contains("The 4 memories and notes"), "{detail}");

    let [hives, hornets, wasps, bees] = &shown(&browser).await[..] else { panic!("four are shown") };
    let accepted = decide(&browser, &[("do", "accept"), ("id", bees)]).await;
    assert_eq!(accepted, "/memories/review?done=accepted&n=1");
    let edited = [("do", "accept"), ("id", wasps), ("content", "Keeps no wasps"), ("title", "animals")];
    decide(&browser, &edited).await;
    let refused = decide(&browser, &[("do", "refuse"), ("id", hornets)]).await;
    assert!(refused.starts_with("/memories/review?done=refused&n=1&undo="), "{refused}");
    let page = browser.get(&refused).await;
    assert!(page.body.contains("1 refused."), "{}", page.body);
    decide(&browser, &[("do", "accept"), ("id", hives)]).await;
    let list = browser.get("/memories").await.body;
    assert!(list.contains("Keeps no wasps") && list.contains("bees") && !list.contains("hornets"), "{list}");
    assert!(list.contains("Added by Example App"), "{list}");
    assert!(browser.get("/notes").await.body.contains("Hives"));
    // The refusal is taken back.
    let undo = refused.split("undo=").nth(1).unwrap();
    let form = [("csrf", page.hidden("csrf")), ("undo", undo.to_owned()), ("back", PAGE.to_owned())];
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let back = browser.post_form("/memories/actions", &fields).await;
    assert_eq!(back.header("location"), "/memories/review?done=restored&n=1");
    assert!(browser.get("/memories").await.body.contains("hornets"));
    // What is gone is not an error.
    assert!(decide(&browser, &[("do", "accept"), ("id", bees)]).await.contains("done=gone"));
    assert!(decide(&browser, &[("do", "off")]).await.contains("done=off"));
    assert!(done(&call(&agent, "add_memory", json!({"content": "At once"})).await)["state"].is_null());
}

#[both_engines]
async fn changes_are_shown_beside_the_present_text(server: TestServer) {
    let person = server.person("ann").await;
    let app = server.person("developer").await.app(SCOPES).await;
    let agent = person.with_mcp_token(&app, SCOPES).await;
    let browser = person.signed_in().await;
    let added = call(&agent, "add_memory", json!({"content": "每天一杯拿铁"})).await;
    let id = done(&added)["id"].as_str().unwrap().to_owned();
    decide(&browser, &[("do", "on")]).await;
    call(&agent, "update_memory", json!({"id": id, "content": "改喝手冲"})).await;
    call(&agent, "forget", json!({"id": id})).await;
    let page = browser.get(PAGE).await.body;
    for text in ["<del>每天一杯拿铁</del>", "<ins>改喝手冲</ins>", "删除记忆", "移到回收站", "2 条等你确认"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let [deletion, change] = &shown(&browser).await[..] else { panic!("two are shown") };
    decide(&browser, &[("do", "accept"), ("id", change), ("id", deletion)]).await;
    assert!(browser.get("/memories/trash").await.body.contains("改喝手冲"));
    // Others have an inbox of their own, and a form without its token changes nothing.
    let other = server.person("bob").await.signed_in().await;
    call(&agent, "add_memory", json!({"content": "秘密"})).await;
    assert!(!other.get(PAGE).await.body.contains("秘密"));
    let [waiting] = &shown(&browser).await[..] else { panic!("one is shown") };
    assert!(decide(&other, &[("do", "refuse"), ("id", waiting)]).await.contains("n=0"));
    let forged = browser.post_form(PAGE, &[("csrf", "x"), ("do", "refuse"), ("id", waiting)]).await;
    assert_eq!(forged.status, 403);
    assert_eq!(shown(&browser).await.len(), 1);
}
