//! Example calls of an API behind the Hub with a key of one's own, in several languages. They run as copied:
//! they need nothing but openssl, or the libraries that their first line names.

use serde_json::Value;

use crate::snippet::Snippet;

/// The variable of the environment that holds the secret key.
const VARIABLE: &str = "HUB_SK";
/// Stands for a secret that the reader has to put in.
const PLACEHOLDER: &str = "your-secret-key";
/// Lifetime of the token that an example signs, in seconds.
const SECONDS: i64 = 300;

/// A call to be shown as an example.
pub(super) struct Example<'a> {
    /// The address, with its query.
    pub(super) url: &'a str,
    /// The body of a POST, which is JSON; `None` for a GET.
    pub(super) body: Option<String>,
    /// The key; `None` for a call without a token.
    pub(super) ak: Option<&'a str>,
    /// The secret, where it is shown; otherwise the examples read it from the environment.
    pub(super) sk: Option<&'a str>,
    /// The person for whom the token speaks; `None` for an app-token.
    pub(super) person: Option<&'a str>,
}

impl Example<'_> {
    fn kind(&self) -> &'static str {
        if self.person.is_some() { "person_token" } else { "app_token" }
    }

    /// Returns the subject as a literal of most languages.
    fn subject(&self) -> String {
        quoted(self.person.or(self.ak).unwrap_or_default())
    }
}

/// Returns a text as a literal with the escapes of JSON, which Python and JavaScript read, too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Returns a text as one word of a shell.
fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns the example in every language.
pub(super) fn snippets(example: &Example<'_>) -> Vec<Snippet> {
    let snippet = |id, name, code| Snippet { id, name, code };
    vec![
        snippet("code-curl", "curl", curl(example)),
        snippet("code-python", "Python", python(example)),
        snippet("code-javascript", "JavaScript", javascript(example)),
        snippet("code-rust", "Rust", rust(example)),
    ]
}

fn curl(example: &Example<'_>) -> String {
    let url = word(example.url);
    let data = example
        .body
        .as_deref()
        .map(|body| format!(" \\\n  -H 'Content-Type: application/json' --data {}", word(body)));
    let data = data.unwrap_or_default();
    let Some(ak) = example.ak else { return format!("curl {url}{data}") };
    let sk = match example.sk {
        Some(sk) => word(sk),
        None => format!("\"${VARIABLE}\""),
    };
    let export =
        if example.sk.is_some() { String::new() } else { format!("export {VARIABLE}='{PLACEHOLDER}'\n") };
    let claims = format!(
        r#"{{"sub":{},"iss":"{ak}","typ":"{}","iat":%d,"exp":%d}}"#,
        example.subject(),
        example.kind()
    );
    format!(
        "{export}SK={sk}\n\
         b64() {{ openssl base64 -A | tr '+/' '-_' | tr -d '='; }}\n\
         now=$(date +%s)\n\
         token=$(printf '{{\"alg\":\"HS256\",\"typ\":\"JWT\"}}' | b64)\n\
         token=$token.$(printf {} \"$now\" \"$((now + {SECONDS}))\" | b64)\n\
         token=$token.$(printf '%s' \"$token\" | openssl dgst -sha256 -hmac \"$SK\" -binary | b64)\n\
         curl {url} \\\n  -H \"Apihub-Token: $token\"{data}",
        word(&claims.replace('\\', "\\\\"))
    )
}

fn python(example: &Example<'_>) -> String {
    let url = quoted(example.url);
    let (data, json) = match &example.body {
        Some(body) => {
            (format!("    data={}.encode(),\n", quoted(body)), "\"Content-Type\": \"application/json\"")
        }
        None => (String::new(), ""),
    };
    let Some(ak) = example.ak else {
        return format!(
            "import json, urllib.request\n\n\
             request = urllib.request.Request(\n    {url},\n{data}    headers={{{json}}},\n)\n\
             print(json.load(urllib.request.urlopen(request)))"
        );
    };
    let sk = example.sk.map_or_else(|| format!("os.environ[\"{VARIABLE}\"]"), quoted);
    let comma = if json.is_empty() { "" } else { ", " };
    format!(
        "import base64, hashlib, hmac, json, os, time, urllib.request\n\n\
         ak = \"{ak}\"\n\
         sk = {sk}\n\
         now = int(time.time())\n\n\
         def b64(data):\n    return base64.urlsafe_b64encode(data).rstrip(b\"=\")\n\n\
         claims = {{\n    \"sub\": {}, \"iss\": ak, \"typ\": \"{}\",\n    \
         \"iat\": now, \"exp\": now + {SECONDS},\n}}\n\
         token = b64(b'{{\"alg\":\"HS256\",\"typ\":\"JWT\"}}') + b\".\" + b64(json.dumps(claims).encode())\n\
         token += b\".\" + b64(hmac.new(sk.encode(), token, hashlib.sha256).digest())\n\
         request = urllib.request.Request(\n    {url},\n{data}    \
         headers={{\"Apihub-Token\": token.decode(){comma}{json}}},\n)\n\
         print(json.load(urllib.request.urlopen(request)))",
        example.subject(),
        example.kind()
    )
}

fn javascript(example: &Example<'_>) -> String {
    let url = quoted(example.url);
    let mut headers: Vec<&str> = Vec::new();
    let mut body = String::new();
    if let Some(json) = &example.body {
        headers.push("\"Content-Type\": \"application/json\"");
        body = format!("  method: \"POST\",\n  body: {},\n", quoted(json));
    }
    let Some(ak) = example.ak else {
        let headers = headers.join(", ");
        return format!(
            "const response = await fetch({url}, {{\n{body}  headers: {{ {headers} }},\n}});\n\
             console.log(await response.json());"
        );
    };
    headers.insert(0, "\"Apihub-Token\": `${head}.${signature}`");
    let sk = example.sk.map_or_else(|| format!("process.env.{VARIABLE}"), quoted);
    format!(
        "import {{ createHmac }} from \"node:crypto\";\n\n\
         const ak = \"{ak}\";\n\
         const sk = {sk};\n\
         const now = Math.floor(Date.now() / 1000);\n\
         const part = (value) => Buffer.from(JSON.stringify(value)).toString(\"base64url\");\n\
         const claims = {{ sub: {}, iss: ak, typ: \"{}\", iat: now, exp: now + {SECONDS} }};\n\
         const head = `${{part({{ alg: \"HS256\", typ: \"JWT\" }})}}.${{part(claims)}}`;\n\
         const signature = createHmac(\"sha256\", sk).update(head).digest(\"base64url\");\n\
         const response = await fetch({url}, {{\n{body}  headers: {{ {} }},\n}});\n\
         console.log(await response.json());",
        example.subject(),
        example.kind(),
        headers.join(", ")
    )
}

/// Returns a text as a raw literal of Rust, with enough marks around it.
fn raw(text: &str) -> String {
    let mut marks = "#".to_owned();
    while text.contains(&format!("\"{marks}")) {
        marks.push('#');
    }
    format!("r{marks}\"{text}\"{marks}")
}

fn rust(example: &Example<'_>) -> String {
    let url = raw(example.url);
    let send = match &example.body {
        Some(body) => format!(
            ".post({url})\n        .header(\"Content-Type\", \"application/json\")\n        .body({})",
            raw(body)
        ),
        None => format!(".get({url})"),
    };
    let first = "// reqwest with the features \"blocking\" and \"json\", serde_json";
    let main = "fn main() -> Result<(), Box<dyn std::error::Error>> {";
    let end = "        .send()?\n        .json()?;\n    println!(\"{answer:#}\");\n    Ok(())\n}";
    let Some(ak) = example.ak else {
        return format!(
            "{first}\n{main}\n    let answer: serde_json::Value = reqwest::blocking::Client::new()\n        \
             {send}\n{end}"
        );
    };
    let sk = match example.sk {
        Some(sk) => format!("\"{sk}\".to_owned()"),
        None => format!("std::env::var(\"{VARIABLE}\")?"),
    };
    format!(
        "{first}, jsonwebtoken 9\n\
         use std::time::{{SystemTime, UNIX_EPOCH}};\n\n\
         use jsonwebtoken::{{EncodingKey, Header, encode}};\n\n\
         {main}\n    let (ak, sk) = (\"{ak}\", {sk});\n    \
         let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();\n    \
         let claims = serde_json::json!({{\n        \"sub\": {}, \"iss\": ak, \"typ\": \"{}\", \
         \"iat\": now, \"exp\": now + {SECONDS},\n    }});\n    \
         let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(sk.as_bytes()))?;\n    \
         let answer: serde_json::Value = reqwest::blocking::Client::new()\n        {send}\n        \
         .header(\"Apihub-Token\", token)\n{end}",
        raw(example.person.or(example.ak).unwrap_or_default()),
        example.kind()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(body: Option<&str>, sk: Option<&'static str>, person: Option<&'static str>) -> Vec<Snippet> {
        snippets(&Example {
            url: "http://127.0.0.1:1/api/a/b?c=d",
            body: body.map(str::to_owned),
            ak: Some("64a1b2c3d4e5f60718293a4b"),
            sk,
            person,
        })
    }

    #[test]
    fn every_language_has_the_key_and_the_address() {
        for snippet in example(Some("{\"a\":\"it's\"}"), Some("secret"), None) {
            for part in ["64a1b2c3d4e5f60718293a4b", "secret", "/api/a/b?c=d", "app_token"] {
                assert!(snippet.code.contains(part), "{part}: {}", snippet.code);
            }
        }
        for snippet in example(None, None, Some("u")) {
            assert!(
                snippet.code.contains("HUB_SK") && snippet.code.contains("person_token"),
                "{}",
                snippet.code
            );
        }
    }

    #[test]
    fn texts_of_people_end_no_literal() {
        assert_eq!(word("a'; rm -rf /"), r"'a'\''; rm -rf /'");
        assert_eq!(raw("a\"#b"), "r##\"a\"#b\"##");
        let curl = example(Some("{\"a\":\"'\"}"), None, Some("' \"")).remove(0).code;
        assert!(curl.contains(r#"'{"a":"'\''"}'"#) && curl.contains(r#""sub":"'\'' \\""#), "{curl}");
    }
}
