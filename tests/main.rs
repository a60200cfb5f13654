//! The integration suite: black-box tests over real sockets, each on SQLite and on PostgreSQL.
//!
//! Directories mirror the URLs. Others are:
//!
//! - `boundary`: rules for every request.
//! - `clients`: the real binary with clients in other languages.
//! - `matrix`: rules for every operation of the OpenAPI document.
//! - `process`: behavior that only the real binary shows.
//! - `seeds`: the examples of the API's documentation.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, missing_docs)]

mod api {
    mod act;
    mod agent_memory;
    mod apikey;
    mod applications;
    mod archive;
    mod auth;
    pub mod avatars;
    mod cdn;
    pub mod chat;
    pub mod chat_distill;
    mod chat_faults;
    mod chat_keeping;
    mod chat_providers;
    mod chat_rights;
    mod chat_search;
    mod chat_summary;
    mod chat_tools;
    mod current_facts;
    pub mod doctor;
    mod dream;
    mod friends;
    mod import_runs;
    mod imports;
    mod memory;
    pub mod model_encodings;
    mod model_forms;
    mod model_streams;
    mod never;
    mod note;
    mod note_pages;
    mod oauth;
    mod older;
    mod quota;
    mod speech;
    mod user;
    mod visitors;
    mod webhook;
}
mod authorization;
mod boundary {
    mod addresses;
    mod crowds;
    mod errors;
    mod limits;
    mod names;
    pub mod raw;
    mod round_trips;
}
mod changed;
mod clients {
    mod conformance;
    mod hub;
    mod openai;
    mod pages;
    mod rust;
    mod seed;
    mod small_model;
    mod standard;
    mod visitor;
    mod widget;

    /// Waits for `demo.json`, and returns its content.
    fn demo(data_dir: &std::path::Path) -> serde_json::Value {
        let start = std::time::Instant::now();
        loop {
            if let Ok(text) = std::fs::read_to_string(data_dir.join("demo.json")) {
                return serde_json::from_str(&text).unwrap();
            }
            assert!(start.elapsed().as_secs() < 60, "no demo");
            std::thread::yield_now();
        }
    }
}
mod oauth {
    mod audience;
    mod best_practice;
    mod client_documents;
    mod client_keys;
    mod client_rows;
    mod clients;
    mod field_bugs;
    pub mod flow;
    pub mod host;
    mod introspect;
    mod metadata;
    mod private_networks;
    mod register;
    mod revoke;
    mod token;

    use serde_json::Value;
    use testkit::Response;

    /// Checks an error in the format of RFC 6749 §5.2.
    #[track_caller]
    fn refused(answer: &Response, status: u16, error: &str) -> Value {
        let body = answer.json();
        assert_eq!((answer.status, &body["error"]), (status, &Value::from(error)), "{}", answer.body);
        assert!(body["error_description"].as_str().is_some_and(str::is_ascii), "{body}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("www-authenticate").starts_with("Basic"), status == 401);
        body
    }
}
mod documents;
mod examples {
    mod caller;
    mod compare;
    mod shown;
}
mod faults {
    mod balancer;
    mod clock;
    mod cluster;
    mod disk;
    mod kills;
    mod ledger;
    mod load;
    mod world;
}
mod fuzz;
mod hub {
    mod access;
    mod calls;
    mod catalog;
    mod encodings;
    mod faults;
    mod import;
    mod import_calls;
    mod keys;
    mod limits;
    mod log;
    mod mcp;
    mod overview_pages;
    mod pages;
    mod registration;
    pub mod support;
    mod tokens;
    mod upstream;
    mod user_center;
    mod weather;
}
mod matrix {
    mod credentials;
    pub mod document;
    pub mod fixtures;
    mod ids;
}
mod mcp {
    mod clients;
    mod credentials;
    mod field_bugs;
    mod hub_tools;
    mod plugins;
    mod review;
    mod rmcp_client;
    mod security;
    mod skill;
    pub mod support;
    mod tools;
    mod transport;
}
mod meaning;
mod openai;
mod openapi;
mod operations;
mod packaging;
mod pages {
    mod agent_scopes;
    mod agents;
    mod apps;
    mod audit;
    mod audit_list;
    mod avatars;
    pub mod browser;
    mod chat;
    mod chat_browser;
    pub mod chat_sessions;
    mod chat_versions;
    pub mod consent;
    mod consent_accounts;
    mod consent_scopes;
    mod docs;
    mod facts;
    mod frame;
    mod guests;
    mod keys;
    mod listen;
    mod memories;
    mod models;
    mod notes;
    mod people;
    mod plaza;
    mod plaza_people;
    mod profile;
    mod programs;
    mod review;
    mod settings;
    pub mod sign_in;
    mod sign_up;
    mod visitors;
}
mod plaza {
    mod comments;
    mod feed;
    mod model;
    mod moderation;
    mod posts;
    mod residents;
    mod social;
    pub mod square;
}
mod process {
    mod cli;
    mod database_tls;
    mod durable;
    mod import;
    mod kill;
    mod listen;
    mod relocate;
    mod secrets;
    mod serve;
    mod streams;
    mod traces;
}
mod quality;
mod recall;
mod seeds;
