//! A small app with the values of a new one. It runs as copied.

use identity::Application;

use crate::snippet::Snippet;

/// Returns a command that exchanges a code, and an app that signs people in.
pub(super) fn snippets(public_url: &str, app: &Application, secret: &str) -> Vec<Snippet> {
    let redirect = app.redirect_uris.first().map_or("", String::as_str);
    let snippet = |id, name, code| Snippet { id, name, code };
    vec![
        snippet("code-javascript", "JavaScript", javascript(public_url, app, secret, redirect)),
        snippet("code-curl", "curl", curl(public_url, app, secret, redirect)),
    ]
}

/// Returns a text between quotation marks of JavaScript.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn javascript(public_url: &str, app: &Application, secret: &str, redirect: &str) -> String {
    let [base, id, secret, redirect] = [public_url, &app.id, secret, redirect].map(quoted);
    format!(
        r#"// node app.mjs
import {{ randomUUID }} from "node:crypto";
import {{ createServer }} from "node:http";

const base = {base};
const client_id = {id};
const client_secret = {secret};
const redirect_uri = {redirect};
const state = randomUUID();

async function signedIn(code) {{
  const grant_type = "authorization_code";
  const body = new URLSearchParams({{ grant_type, code, redirect_uri, client_id, client_secret }});
  const tokens = await fetch(`${{base}}/gate/lab/api/oauth/token/code`, {{ method: "POST", body }});
  const {{ accessToken }} = (await tokens.json()).data;
  const headers = {{ authorization: `Bearer ${{accessToken}}` }};
  const me = await fetch(`${{base}}/gate/lab/api/secondme/user/info`, {{ headers }});
  return me.text();
}}

createServer(async (request, response) => {{
  const {{ searchParams }} = new URL(request.url, redirect_uri);
  if (searchParams.get("state") === state) {{
    response.end(await signedIn(searchParams.get("code")));
    return;
  }}
  const query = new URLSearchParams({{ client_id, redirect_uri, response_type: "code", state }});
  response.writeHead(302, {{ location: `${{base}}/oauth/?${{query}}` }}).end();
}}).listen(new URL(redirect_uri).port || 3000);"#
    )
}

fn curl(public_url: &str, app: &Application, secret: &str, redirect: &str) -> String {
    let lines = [
        format!("curl \"{public_url}/gate/lab/api/oauth/token/code\""),
        "-d grant_type=authorization_code -d code=\"$CODE\"".to_owned(),
        format!("-d client_id={} -d client_secret={secret}", app.id),
        format!("--data-urlencode redirect_uri='{}'", redirect.replace('\'', r"'\''")),
    ];
    format!("CODE=\"…\"\n{}", lines.join(" \\\n  "))
}
