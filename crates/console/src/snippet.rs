//! Example requests in several languages. They run as copied.

/// An example in one language.
pub(crate) struct Snippet {
    /// The id of the element with the code.
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) code: String,
}

/// The variable of the environment that holds the key.
const VARIABLE: &str = "DOPPEL_API_KEY";
/// Stands for a key that the reader has to put in.
const PLACEHOLDER: &str = "lba_ak_your_api_key_here";

/// Returns the address of an endpoint of the API.
pub(crate) fn address(public_url: &str, endpoint: &str) -> String {
    format!("{public_url}/gate/lab/api{endpoint}")
}

/// Returns examples that call an address. With a key they run as they are; without one, the reader puts
/// theirs into the first line.
pub(crate) fn snippets(url: &str, key: Option<&str>) -> Vec<Snippet> {
    let snippet = |id, name, code| Snippet { id, name, code };
    let shown = key.unwrap_or(PLACEHOLDER);
    let curl = match key {
        Some(key) => format!("curl \"{url}\" \\\n  -H \"Authorization: Bearer {key}\""),
        None => format!(
            "export {VARIABLE}=\"{PLACEHOLDER}\"\n\
             curl \"{url}\" \\\n  -H \"Authorization: Bearer ${VARIABLE}\""
        ),
    };
    let mut all = vec![
        snippet("code-curl", "curl", curl),
        snippet("code-python", "Python", python(url, shown)),
        snippet("code-javascript", "JavaScript", javascript(url, shown)),
        snippet("code-rust", "Rust", rust(url, shown)),
    ];
    all.extend(key.map(|key| snippet("code-env", ".env", format!("{VARIABLE}={key}"))));
    all
}

fn python(url: &str, key: &str) -> String {
    format!(
        "import json, urllib.request\n\n\
         key = \"{key}\"\n\
         request = urllib.request.Request(\n    \"{url}\",\n    \
         headers={{\"Authorization\": f\"Bearer {{key}}\"}},\n)\n\
         print(json.load(urllib.request.urlopen(request)))"
    )
}

fn javascript(url: &str, key: &str) -> String {
    format!(
        "const key = \"{key}\";\nconst response = await fetch(\"{url}\", {{\n  headers: {{ Authorization: \
         `Bearer ${{key}}` }},\n}});\nconsole.log(await response.json());"
    )
}

fn rust(url: &str, key: &str) -> String {
    format!(
        "// reqwest with the feature \"json\", serde_json, tokio\n\
         let key = \"{key}\";\n\
         let answer: serde_json::Value = reqwest::Client::new()\n    .get(\"{url}\")\n    \
         .bearer_auth(key)\n    .send()\n    .await?\n    .json()\n    .await?;\n\
         println!(\"{{answer:#}}\");"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_hold_the_key_or_a_line_that_sets_it() {
        let code = |key| snippets("http://127.0.0.1:1/a", key).remove(0).code;
        assert_eq!(
            code(Some("lba_ak_x")),
            "curl \"http://127.0.0.1:1/a\" \\\n  -H \"Authorization: Bearer lba_ak_x\""
        );
        assert!(code(None).starts_with("export DOPPEL_API_KEY=\""), "{}", code(None));
        for snippet in snippets("http://127.0.0.1:1/a", Some("lba_ak_x")) {
            assert!(snippet.code.contains("lba_ak_x"), "{}", snippet.name);
        }
    }
}
