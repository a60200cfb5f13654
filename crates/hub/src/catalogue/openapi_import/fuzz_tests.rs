//! Fuzz targets: OpenAPI documents and definitions from outside.

use proptest::prelude::*;
use serde_json::Value;

use super::import;

const DOCUMENTS: &[&[u8]] = &[
    br##"{"openapi":"3.0.3","info":{"title":"Pets"},"servers":[{"url":"https://{host}/v1","variables":{"host":{"default":"pets.example"}}}],"paths":{"/pets/{id}":{"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}],"get":{"operationId":"getPet","parameters":[{"$ref":"#/components/parameters/Limit"}]},"put":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Pet"}}}}}}},"components":{"schemas":{"Pet":{"type":"object","properties":{"name":{"type":"string"},"parent":{"$ref":"#/components/schemas/Pet"}}}},"parameters":{"Limit":{"name":"limit","in":"query","schema":{"type":"integer"}}}}}"##,
    br##"{"openapi":"3.1.0","servers":[{"url":"https://a.example"}],"paths":{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":{"allOf":[{"$ref":"#/paths/~1a"},{"type":["object","null"],"properties":{"x|y":{},"{z}":{"enum":[1]}}}]}}}}},"delete":{}}}}"##,
];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn what_is_made_of_a_document_is_a_definition_or_refused(bytes in fuzz::bytes(DOCUMENTS)) {
        let Ok(document) = serde_json::from_slice::<Value>(&bytes) else { return Ok(()) };
        match fuzz::timed(|| import("pets", &document, None)) {
            Ok(made) => {
                prop_assert!(made.spec.actions.len() <= 500 && made.notes.len() <= 10_000);
                let written = serde_json::to_string(&made.spec).unwrap();
                prop_assert!(written.len() <= 20_000 + bytes.len() * 50, "{} bytes of {}", written.len(), bytes.len());
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
        let Ok(spec) = serde_json::from_slice::<crate::catalogue::ApiSpec>(&bytes) else { return Ok(()) };
        if fuzz::timed(|| super::super::rules::check(&spec)).is_ok() {
            let _may_be_refused = crate::provider::make(&spec);
        }
    }
}

const SPECS: &[&[u8]] = &[
    br#"{"code":"pets","provider":{"kind":"http","base_url":"https://a.example/v1","headers":{"x":"y"},"secret_headers":{"authorization":"z"},"forward_headers":["accept-language"]},"actions":{"find":{"method":"GET","path":"/a/{id}","query":{"q":"{q|1}"},"result":{"n":"$/a/b","t":"$ms /c"}},"add":{"body":{"a":"{a}","l":["{b}"]}}}}"#,
    br#"{"code":"echo","anonymous":true,"provider":{"kind":"echo"}}"#,
];
