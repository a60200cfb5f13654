//! `/chat` in a real browser: keys, streams, the end of the page, stopping, editing, joining again.

use fantoccini::{Locator, key::Key};
use testkit::{
    Engine, Fixture, PASSWORD, TestServer,
    model::{Model, STREAM, Step, ending, piece, saying, status},
};

use super::browser::Browser;

const MARKDOWN: &str =
    "## 标题\n\n**注意：**请看 *这里*\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint(1)\n```\n";

async fn signed_in(width: u32, height: u32) -> (TestServer, Model, Browser) {
    let (server, model) = <(TestServer, Model)>::set_up(Engine::Sqlite, "").await;
    server.person("a").await;
    let browser = Browser::start(width, height).await;
    browser.client.goto(&format!("{}/chat", server.base_url())).await.unwrap();
    browser.fill("email", "a@example.com").await;
    browser.fill("password", PASSWORD).await;
    browser.click("form[action='/sign-in'] button[type=submit]").await;
    browser.find("#message").await;
    browser.check_page().await;
    (server, model, browser)
}

async fn say(browser: &Browser, text: &str) {
    let field = browser.find("#message").await;
    field.send_keys(text).await.unwrap();
    field.send_keys(&Key::Enter.to_string()).await.unwrap();
}

/// Runs a script until it returns true.
async fn until(browser: &Browser, script: &str) {
    let began = std::time::Instant::now();
    loop {
        let value = browser.client.execute(&format!("return Boolean({script})"), Vec::new()).await.unwrap();
        if value == true {
            return;
        }
        if began.elapsed().as_secs() > 20 {
            browser.picture("chat-stuck").await;
            panic!("{script}: {}", browser.client.source().await.unwrap());
        }
    }
}

const DONE: &str =
    "document.querySelector('.turn.double[id] .turn-tools') && document.querySelector('.stop').hidden";

async fn markdown_is_rendered(width: u32, height: u32) {
    let (server, model, browser) = signed_in(width, height).await;
    let pieces: Vec<String> = MARKDOWN.chars().map(String::from).collect();
    model.next(saying(&pieces.iter().map(String::as_str).collect::<Vec<_>>()));
    say(&browser, "你好").await;
    until(&browser, DONE).await;
    until(&browser, "location.search.startsWith('?session=')").await;
    let text = browser.find(".turn.double .prose").await.text().await.unwrap();
    for raw in ["**", "##", "```", "|---"] {
        assert!(!text.contains(raw), "{raw}: {text}");
    }
    until(&browser, "document.querySelector('.prose table') && document.querySelector('.prose .code .f')")
        .await;
    until(&browser, "document.querySelector('[data-copy-code]')").await;
    until(&browser, "document.querySelector('.convs-list a[aria-current]').textContent.includes('你好')")
        .await;
    browser.check_page().await;
    browser.picture(&format!("chat-markdown-{width}")).await;
    browser.client.clone().close().await.unwrap();
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn markdown_is_rendered_on_a_desk() {
    markdown_is_rendered(1280, 900).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn markdown_is_rendered_on_a_phone() {
    markdown_is_rendered(360, 740).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shift_enter_breaks_the_line_and_stop_stops() {
    let (_server, model, browser) = signed_in(1280, 900).await;
    model.next(vec![Step::Send(format!("{STREAM}{}", piece("半个")).into_bytes()), Step::Stall]);
    let field = browser.find("#message").await;
    field.send_keys("一").await.unwrap();
    field.send_keys(&format!("{}{}", Key::Shift, Key::Enter)).await.unwrap();
    let typed = field.prop("value").await.unwrap().unwrap();
    assert_eq!(typed, "一\n", "a line break, and nothing was sent");
    say(&browser, "二").await;
    until(&browser, "document.querySelector('.turn.double .prose')?.textContent.includes('半个')").await;
    browser.click(".stop").await;
    model.hung_up().await;
    until(&browser, "document.querySelector('.ending') && document.querySelector('.stop').hidden").await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_followed_only_by_a_reader_who_is_there() {
    let (_server, model, browser) = signed_in(1280, 700).await;
    let long = "一行\n\n".repeat(60);
    let begin = format!("{STREAM}{}", piece(&long));
    let rest = format!("{}{}", piece(&long), ending("stop"));
    model.next(vec![Step::Send(begin.into_bytes()), Step::Wait, Step::Send(rest.into_bytes())]);
    say(&browser, "你好").await;
    let at_end = "(t => t.scrollHeight > 1500 && t.scrollHeight - t.scrollTop - t.clientHeight < 60) \
         (document.querySelector('#thread'))";
    until(&browser, at_end).await;
    browser.client.execute("document.querySelector('#thread').scrollTop = 100", Vec::new()).await.unwrap();
    until(&browser, "!document.querySelector('.to-end').hidden").await;
    model.release();
    until(&browser, DONE).await;
    until(&browser, "document.querySelector('#thread').scrollTop < 200").await;
    browser.click(".to-end").await;
    until(&browser, at_end).await;
    browser.client.refresh().await.unwrap();
    until(&browser, at_end).await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_edited_and_a_running_answer_joined() {
    let (_server, model, browser) = signed_in(1280, 900).await;
    model.next(saying(&["第一"]));
    say(&browser, "一").await;
    until(&browser, DONE).await;
    browser.client.execute("document.querySelector('[data-edit]').click()", Vec::new()).await.unwrap();
    until(&browser, "document.querySelector('#editing')").await;
    let begin = format!("{STREAM}{}", piece("开始"));
    let rest = format!("{}{}", piece("结束"), ending("stop"));
    model.next(vec![Step::Send(begin.into_bytes()), Step::Wait, Step::Send(rest.into_bytes())]);
    say(&browser, "改").await;
    until(&browser, "document.querySelector('.turn.double .prose')?.textContent.includes('开始')").await;
    let turns = "document.querySelectorAll('.turn').length === 2 && \
         document.querySelector('.bubble').textContent === '一改'";
    until(&browser, turns).await;
    browser.client.refresh().await.unwrap();
    until(&browser, "document.querySelector('.turn.double .prose')?.textContent.includes('开始')").await;
    model.release();
    until(&browser, DONE).await;
    until(&browser, "document.querySelector('.turn.double .prose').textContent.includes('开始结束')").await;
    until(&browser, turns).await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_named_and_hostile_texts_do_not_run() {
    let (_server, model, browser) = signed_in(390, 844).await;
    model.next(status("401 Unauthorized", ""));
    say(&browser, "你好").await;
    until(&browser, "document.querySelector('.problem')?.textContent.includes('does not accept the key')")
        .await;
    until(&browser, "!document.querySelector('.turn.double')").await;
    browser.picture("chat-refused-390").await;
    model.next(saying(&[include_str!("hostile.md")]));
    browser.client.execute("window.alert = () => { window.ran = true; }", Vec::new()).await.unwrap();
    browser.client.find(Locator::Css("[data-again]")).await.unwrap().click().await.unwrap();
    until(&browser, DONE).await;
    until(
        &browser,
        "!window.ran && \
         !document.querySelector('.prose :is(script, iframe, svg:not(.icon), form, style, object)')",
    )
    .await;
    until(
        &browser,
        "[...document.querySelectorAll('.prose a')].every((a) => /^(https?|mailto):/.test(a.href))",
    )
    .await;
    browser.check_page().await;
    browser.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_an_answer_are_stepped_through() {
    let (_server, model, browser) = signed_in(1280, 900).await;
    model.next(saying(&["第一版"]));
    say(&browser, "问").await;
    until(&browser, DONE).await;
    let again = async || {
        browser.client.execute("window.kept = true", Vec::new()).await.unwrap();
        browser
            .client
            .find(Locator::Css(".turn:last-child [data-again]"))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
    };
    let shows = |text: &str, place: &str| {
        format!(
            "document.querySelector('.turn.double[id] .prose')?.textContent.includes('{text}') && \
             document.querySelector('.versions .number')?.textContent === '{place}' && \
             document.querySelectorAll('.turn.double').length === 1 && window.kept && \
             document.querySelectorAll('.bubble').length === 1 && document.querySelector('.stop').hidden"
        )
    };
    model.next(saying(&["第二版"]));
    again().await;
    until(&browser, &shows("第二版", "2 / 2")).await;
    browser.check_page().await;
    browser.picture("chat-versions-1280").await;
    browser.click(".versions button:not([disabled])").await;
    until(&browser, &shows("第一版", "1 / 2")).await;
    until(&browser, "document.activeElement.name === 'version'").await;
    browser.click(".versions button:not([disabled])").await;
    until(&browser, &shows("第二版", "2 / 2")).await;
    // A failed one leaves the old one where it was.
    model.next(status("401 Unauthorized", ""));
    again().await;
    until(&browser, "document.querySelector('.problem')?.textContent.includes('does not accept the key')")
        .await;
    until(&browser, &shows("第二版", "2 / 2")).await;
    browser.client.refresh().await.unwrap();
    until(&browser, "document.querySelector('.problem')?.textContent.includes('does not accept the key')")
        .await;
    browser.client.clone().close().await.unwrap();
}
