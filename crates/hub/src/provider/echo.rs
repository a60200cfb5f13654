//! The provider `echo`, which returns its input. For trying out the Hub, and for showing what an upstream
//! would receive.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use store::BoxFuture;

use super::{Builtin, Needs};
use crate::{
    Services,
    call::{Call, CallerHeaders, HubError, Outcome},
    catalog::{ApiSpec, EVERY_ACCOUNT, ProviderSpec},
};

pub(super) struct Echo;

/// The result of a call.
#[derive(Serialize)]
struct EchoResponse<'c> {
    method: &'c str,
    action: &'c str,
    arguments: &'c Map<String, Value>,
    identity: CallerHeaders<'c>,
}

impl Builtin for Echo {
    fn find(&self, _any: &str) -> Option<Needs> {
        Some(Needs::default())
    }

    fn call<'c>(&'c self, _: &'c Services, call: &'c Call<'c>) -> BoxFuture<'c, Result<Outcome, HubError>> {
        let answer = Outcome::of(&EchoResponse {
            method: call.method.as_str(),
            action: call.action,
            arguments: &call.arguments,
            identity: call.caller.told(call.trace()),
        });
        Box::pin(std::future::ready(answer))
    }
}

/// Returns the definition of `echo`, which exists unless it is disabled in the settings.
pub(super) fn spec() -> ApiSpec {
    ApiSpec {
        code: "echo".into(),
        name: "Echo".into(),
        description: "Answers with the method, the action, the merged arguments and the identity that an \
            upstream would see."
            .into(),
        enabled: true,
        anonymous: true,
        accounts: vec![EVERY_ACCOUNT.to_owned()],
        keys: Vec::new(),
        roles: Vec::new(),
        groups: Vec::new(),
        provider: ProviderSpec::Echo,
        actions: BTreeMap::new(),
    }
}
