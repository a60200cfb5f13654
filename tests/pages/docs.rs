//! `/docs…`: guides, error codes, the reference, and its search.

use testkit::{TestServer, both_engines};

#[both_engines]
async fn the_documentation_has_the_servers_address_in_both_languages(server: TestServer) {
    let person = server.person("a").await.signed_in().await;
    let base = server.base_url().to_owned();
    for path in
        ["/docs", "/docs/keys", "/docs/oauth", "/docs/agents", "/docs/openai", "/docs/webhooks", "/docs/hub"]
    {
        for (reader, word) in [(person.clone(), "目录"), (person.in_english(), "Contents")] {
            let page = reader.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(page.body.contains(word) && !page.body.contains("{base}"), "{path}: {}", page.body);
            assert!(path == "/docs/webhooks" || page.body.contains(&base), "{path}");
        }
    }
    assert_eq!(person.get("/docs/nothing").await.status, 404);
    assert_eq!(person.get("/docs/start").await.status, 404, "the quick start has one address");
    let visitor = server.anyone().in_english().get("/docs").await;
    assert!(visitor.status == 200 && visitor.body.contains("/sign-in?next=%2Fdocs"), "{}", visitor.body);
    assert!(!visitor.body.contains("class=\"rail\"") && !visitor.body.contains("data-run"));
}

/// The reference is made of the OpenAPI document: nothing is left out, and everything has a Chinese title.
#[both_engines]
async fn the_reference_has_every_operation(server: TestServer) {
    let person = server.person("a").await.signed_in().await;
    let document = person.get("/openapi.json").await.json();
    let list = person.get("/docs/api").await.body;
    let mut groups = std::collections::BTreeMap::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            let tag = operation["tags"][0].as_str().unwrap().to_lowercase().replace(' ', "-");
            let link = format!("<a href=\"/docs/api/{tag}#{id}\"><b>");
            let title = list.split_once(&link).unwrap_or_else(|| panic!("{id} is not listed")).1;
            let title = title.split("</b>").next().unwrap();
            let is_chinese = title.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            let names = ["创建 API Key", "OAuth 2"];
            assert!(
                is_chinese || names.contains(&title),
                "{id} has the title {title}: add one to docs/titles.rs"
            );
            if !groups.contains_key(&tag) {
                groups.insert(tag.clone(), person.get(&format!("/docs/api/{tag}")).await.body);
            }
            assert!(groups[&tag].contains(&format!("<section class=\"docs-step\" id=\"{id}\">")), "{id}");
        }
    }
    assert!(groups["notes"].contains("curl") && groups["notes"].contains("/gate/lab/api/secondme/note/add"));
    assert_eq!(person.get("/docs/api/nothing").await.status, 404);
    for (tag, body) in groups {
        assert!(body.len() < 90_000, "{tag} has {} bytes", body.len());
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Descriptions of operations, parameters and members are in the reader's language.
#[both_engines]
async fn the_reference_is_described_in_both_languages(server: TestServer) {
    let reader = server.anyone();
    let list = reader.get("/docs/api").await.body;
    let links: std::collections::BTreeSet<&str> =
        list.split("href=\"/docs/api/").skip(1).filter_map(|part| part.split(['"', '#']).next()).collect();
    let mut wrong = Vec::new();
    for group in links {
        let zh = reader.get(&format!("/docs/api/{group}")).await.body;
        for part in zh.split("class=\"docs-step\" id=\"").skip(1) {
            let id = part.split('"').next().unwrap();
            let about = part.split("<p>").nth(1).unwrap().split("</p>").next().unwrap();
            let fields = part.split("<dd>").skip(1).map(|rest| rest.split("</dd>").next().unwrap());
            // Some values are names alone, such as `md_text`.
            let is_name = |text: &str| text.len() < 40 && !text.contains(' ');
            for text in fields.chain([about]) {
                if !text.is_empty() && !is_chinese(text) && !is_name(text) {
                    wrong.push(format!("{id}: {text}"));
                }
            }
        }
        let en = reader.in_english().get(&format!("/docs/api/{group}")).await.body;
        let about = en.split("</code></p>").nth(1).unwrap_or_default();
        assert!(!is_chinese(about.split("</p>").next().unwrap()), "{group}: {about}");
    }
    assert!(wrong.is_empty(), "add them to guides/operations.zh.txt or fields.zh.txt:\n{}", wrong.join("\n"));
}

/// A request of the reference does what it says when it is sent as it is.
#[both_engines]
async fn an_example_of_the_reference_works(server: TestServer) {
    let person = server.person("a").await;
    let page = person.signed_in().await.get("/docs/api/notes").await.body;
    let code = page.split_once("<code id=\"listNotes-request\">").unwrap().1.split("</code>").next().unwrap();
    let (head, body) = code.split_once("-d &#39;").unwrap();
    assert!(head.contains("/gate/lab/api/secondme/note/list"), "{head}");
    let body = body.trim_end_matches("&#39;").replace("&#34;", "\"");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    person.with_key("*").await.post("/gate/lab/api/secondme/note/list", body).await.data();
}

#[both_engines]
async fn a_search_finds_guides_operations_and_codes(server: TestServer) {
    let reader = server.person("a").await.signed_in().await.in_english();
    for (query, expected) in [
        ("webhook", "href=\"/docs/webhooks\""),
        ("note/add", "href=\"/docs/api/notes#addNote\""),
        ("rate.limited", "href=\"/docs/errors#429-rate.limited\""),
        ("UPSTREAM_TIMEOUT", "href=\"/docs/errors#504-UPSTREAM_TIMEOUT\""),
    ] {
        let page = reader.get(&format!("/docs/search?q={query}")).await;
        assert!(page.body.contains(expected), "{query}: {}", page.body);
    }
    let errors = reader.get("/docs/errors").await.body;
    assert!(errors.contains("id=\"429-rate.limited\"") && errors.contains("id=\"504-UPSTREAM_TIMEOUT\""));
    let none = reader.get("/docs/search?q=%3Cscript%3Exyzzy").await;
    assert!(none.body.contains("Nothing found") && !none.body.contains("<script>xyzzy"));
    assert_eq!(reader.get(&format!("/docs/search?q={}", "x".repeat(5000))).await.status, 200);
}
