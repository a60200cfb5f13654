//! Fuzz targets: OpenAPI documents and definitions from outside.

use proptest::prelude::*;
use serde_json::Value;

use super::{Choice, import, read::read};
use crate::mcp::tools;

const DOCUMENTS: &[&[u8]] = &[
    br##"{"openapi":"3.0.3","info":{"title":"Pets"},"servers":[{"url":"https://{host}/v1",
        "variables":{"host":{"default":"pets.example"}}}],
        "paths":{"/pets/{id}":{"parameters":[{"name":"id","in":"path","required":true,
        "schema":{"type":"string"}}],"get":{"operationId":"getPet",
        "parameters":[{"$ref":"#/components/parameters/Limit"}]},
        "put":{"requestBody":{"content":{"application/json":{"schema":{
        "$ref":"#/components/schemas/Pet"}}}}}}},
        "components":{"schemas":{"Pet":{"type":"object","properties":{"name":{"type":"string"},
        "parent":{"$ref":"#/components/schemas/Pet"}}}},"parameters":{"Limit":{"name":"limit",
        "in":"query","schema":{"type":"integer"}}}}}"##,
    br##"{"openapi":"3.1.0","servers":[{"url":"https://a.example"}],
        "paths":{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":{"allOf":[
        {"$ref":"#/paths/~1a"},
        {"type":["object","null"],"properties":{"x|y":{},"{z}":{"enum":[1]}}}]}}}}},"delete":{}}}}"##,
    br##"{"openapi":"3.0.0","servers":[{"url":"https://a.example"}],
        "paths":{"/a/{b}":{"servers":[{"url":"/v2"}],"get":{"parameters":[{"name":"n","in":"header",
        "required":true,"schema":{"type":"integer","minimum":1,"exclusiveMinimum":true,"enum":[2]}},
        {"name":"l[]","in":"query","style":"pipeDelimited","explode":false,"schema":{"type":"array",
        "items":{"type":"string","nullable":true,"enum":["a"],"pattern":"^[a-z]+$"}}}]},
        "patch":{"requestBody":{"required":true,
        "content":{"application/x-www-form-urlencoded":{"schema":{"allOf":[{"required":["a"],
        "properties":{"a":{"readOnly":true,"minLength":1}}},
        {"properties":{"b":{"oneOf":[{"const":1},{"not":{}}],"nullable":true,"default":[1],
        "multipleOf":0.5}},"additionalProperties":false}]}}}}}}}}"##,
    br##"{"swagger":"2.0","host":"a.example","basePath":"/v1","schemes":["https"],
        "paths":{"/p":{"parameters":[{"name":"x","in":"query","type":"array",
        "items":{"type":"integer","maximum":3},"collectionFormat":"multi"}],
        "post":{"consumes":["application/json"],"parameters":[{"name":"body","in":"body",
        "required":true,"schema":{"$ref":"#/definitions/P"}}]},"put":{"parameters":[{"name":"f",
        "in":"formData","type":"string","required":true}]}}},"definitions":{"P":{"type":"object",
        "properties":{"p":{"$ref":"#/definitions/P"},"q":{"type":"file","minItems":1}}}}}"##,
    b"openapi: 3.1.0\nservers:\n  - url: https://a.example\npaths:\n  /a: &a\n    get:\n      \
        parameters:\n        - {name: q, in: query, schema: {type: [string, 'null'], examples: [x], \
        deprecated: true}}\n  /b: *a\n",
];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn what_is_made_of_a_document_is_a_definition_or_refused(bytes in fuzz::bytes(DOCUMENTS)) {
        let text = String::from_utf8_lossy(&bytes);
        let Ok(document) = fuzz::timed(|| read(&text)) else { return Ok(()) };
        match fuzz::timed(|| import("pets", &document, Choice::default())) {
            Ok(made) => {
                prop_assert!(made.spec.actions.len() <= 500 && made.notes.len() <= 2001);
                let written = serde_json::to_string(&made.spec).unwrap();
                prop_assert!(
                    written.len() <= 20_000 + bytes.len() * 50, "{} bytes of {}", written.len(), bytes.len(),
                );
                // An agent refuses all tools for one that is not valid.
                for (name, action) in &made.spec.actions {
                    let tool = tools::name("pets", name);
                    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                    prop_assert!((1..=64).contains(&tool.len()) && tool.bytes().all(is_name), "{}", tool);
                    let schema = Value::Object(tools::schema(action.parameters.as_ref()));
                    prop_assert!(jsonschema::draft202012::meta::is_valid(&schema), "{}", schema);
                }
                // When saved it is checked as any definition: refused, or served.
                if super::super::rules::check(&made.spec).is_ok() {
                    let _may_be_refused = crate::provider::make(&made.spec);
                }
            }
            Err(notes) => prop_assert!(!notes.is_empty(), "a refusal has its reason"),
        }
    }

    #[test]
    fn any_mutation_of_a_definition_is_refused_or_served(bytes in fuzz::bytes(SPECS)) {
        let Ok(spec) = serde_json::from_slice::<crate::catalog::ApiSpec>(&bytes) else { return Ok(()) };
        if fuzz::timed(|| super::super::rules::check(&spec)).is_ok() {
            let _may_be_refused = crate::provider::make(&spec);
        }
    }
}

const SPECS: &[&[u8]] = &[
    br#"{"code":"pets","provider":{"kind":"http","base_url":"https://a.example/v1",
        "headers":{"x":"y"},"secret_headers":{"authorization":"z"},
        "forward_headers":["accept-language"]},"actions":{"find":{"method":"GET","path":"/a/{id}",
        "query":{"q":"{q|1}"},"result":{"n":"$/a/b","t":"$ms /c"}},"add":{"body":{"a":"{a}",
        "l":["{b}"]}}}}"#,
    br#"{"code":"echo","anonymous":true,"provider":{"kind":"echo"}}"#,
];
