//! The providers of the user center's two APIs.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::BoxFuture;

use crate::{
    Services,
    call::{Call, HubCode, HubError, Outcome},
    catalog::{ActionSpec, ApiSpec, EVERY_ACCOUNT, ProviderSpec},
    provider::{Builtin, Needs},
};

/// The provider of `user-center`.
pub(crate) struct UserCenter;

/// The provider of `user-center-admin`.
pub(crate) struct Admin;

/// Name, summary, and schema of the arguments of an action.
type About = (&'static str, &'static str, fn() -> Value);

const OWN: &[About] = &[
    (
        "gen-auth-session",
        "A token, good for 5 minutes, for the noauth actions. Needs a key with a domain allowlist.",
        || schema(&[("ak", text())], &["ak"]),
    ),
    ("noauth-get-password-policy", "What a password must be.", || schema(&[], &[])),
    ("noauth-register", "Register and sign in, where the key's registration is open.", sign_in),
    ("noauth-login", "Sign in.", sign_in),
    ("refresh-token", "Another pair of tokens for a refresh token, which is good once.", refresh),
    ("logout", "End the sign-in of a refresh token.", refresh),
    ("get-my-profile", "The person who calls.", || schema(&[], &[])),
    ("update-my-profile", "Set entries of one's attrs; null removes one.", || {
        schema(&[("attrs", object())], &[])
    }),
    ("change-my-password", "Change one's password; ends every sign-in.", || {
        schema(&[("old_password", text()), ("new_password", text())], &["old_password", "new_password"])
    }),
];

const ADMIN: &[About] = &[
    ("create-user", "Make a user.", || {
        let arguments = [
            ("username", text()),
            ("password", text()),
            ("user_type", kind()),
            ("attrs", object()),
            ("sys_attrs", object()),
        ];
        schema(&arguments, &["username", "password"])
    }),
    ("list-users", "Users, newest first.", || {
        let page = |max: i64| json!({ "type": "integer", "minimum": 0, "maximum": max });
        schema(
            &[("user_type", kind()), ("search", text()), ("skip", page(1_000_000)), ("limit", page(100))],
            &[],
        )
    }),
    ("get-user", "A user.", || schema(&[("user_id", text())], &["user_id"])),
    ("update-user", "Change a user's name, type or attributes.", || {
        let arguments = [
            ("user_id", text()),
            ("username", text()),
            ("user_type", kind()),
            ("attrs", object()),
            ("sys_attrs", object()),
            ("self_registered", json!({ "type": "boolean" })),
        ];
        schema(&arguments, &["user_id"])
    }),
    ("enable-user", "Switch a user on or off.", || {
        schema(&[("user_id", text()), ("enable", json!({ "type": "boolean" }))], &["user_id", "enable"])
    }),
    ("set-roles", "Set all roles of a user besides the type.", || {
        schema(&[("user_id", text()), ("roles", texts())], &["user_id", "roles"])
    }),
    ("set-groups", "Set all groups of a user, as paths.", || {
        schema(&[("user_id", text()), ("groups", texts())], &["user_id", "groups"])
    }),
    ("set-password", "Set a user's password; ends every sign-in.", || {
        schema(&[("user_id", text()), ("password", text())], &["user_id", "password"])
    }),
    ("delete-user", "Delete a user.", || schema(&[("user_id", text())], &["user_id"])),
    ("get-password-policy", "What passwords must be.", || schema(&[], &[])),
    ("set-password-policy", "Change what passwords must be. With an app-token.", || {
        let number = || json!({ "type": "integer" });
        let truth = || json!({ "type": "boolean" });
        let arguments = [
            ("minLength", number()),
            ("maxLength", number()),
            ("requireUpper", truth()),
            ("requireLower", truth()),
            ("requireDigit", truth()),
            ("requireSymbol", truth()),
            ("refuseCommon", truth()),
        ];
        schema(&arguments, &[])
    }),
];

fn text() -> Value {
    json!({ "type": "string" })
}

fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

fn object() -> Value {
    json!({ "type": "object" })
}

fn kind() -> Value {
    json!({ "type": "string", "enum": ["ADMIN", "MEMBER"] })
}

fn sign_in() -> Value {
    schema(&[("username", text()), ("password", text())], &["username", "password"])
}

fn refresh() -> Value {
    schema(&[("refresh_token", text())], &["refresh_token"])
}

fn schema(properties: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn actions(all: &[About]) -> BTreeMap<String, ActionSpec> {
    let action = |(name, summary, parameters): &About| {
        let spec = ActionSpec {
            summary: (*summary).to_owned(),
            parameters: Some(parameters()),
            ..ActionSpec::default()
        };
        ((*name).to_owned(), spec)
    };
    all.iter().map(action).collect()
}

fn has(all: &[About], action: &str) -> bool {
    all.iter().any(|(name, ..)| name.replace('-', "_") == action)
}

/// Returns the built-in definition of `user-center`.
pub(crate) fn spec() -> ApiSpec {
    ApiSpec {
        code: "user-center".into(),
        name: "User centre".into(),
        description: "People of an application register, sign in and look after themselves.".into(),
        enabled: true,
        anonymous: false,
        accounts: vec![EVERY_ACCOUNT.to_owned()],
        keys: Vec::new(),
        roles: Vec::new(),
        groups: Vec::new(),
        provider: ProviderSpec::UserCenter,
        actions: actions(OWN),
    }
}

/// Returns the built-in definition of `user-center-admin`.
pub(crate) fn admin_spec() -> ApiSpec {
    ApiSpec {
        code: "user-center-admin".into(),
        name: "User centre: administration".into(),
        description: "An application, or a person with the role ADMIN, looks after the application's people."
            .into(),
        provider: ProviderSpec::UserCenterAdmin,
        actions: actions(ADMIN),
        ..spec()
    }
}

impl Builtin for UserCenter {
    fn find(&self, action: &str) -> Option<Needs> {
        // These actions find the key in their arguments and check it themselves.
        let finds_key = matches!(action, "gen_auth_session" | "refresh_token" | "logout");
        has(OWN, action).then_some(Needs { anonymous: Some(finds_key), finds_key })
    }

    fn call<'c>(
        &'c self,
        services: &'c Services,
        call: &'c Call<'c>,
    ) -> BoxFuture<'c, Result<Outcome, HubError>> {
        Box::pin(async move {
            match &*call.action_name {
                "gen_auth_session" => services.gen_auth_session(call).await,
                "noauth_get_password_policy" => services.noauth_policy(call).await,
                "noauth_register" => services.register(call).await,
                "noauth_login" => services.login(call).await,
                "refresh_token" => services.refresh(call).await,
                "logout" => services.logout(call).await,
                "get_my_profile" => services.my_profile(call).await,
                "update_my_profile" => services.update_my_profile(call).await,
                "change_my_password" => services.change_my_password(call).await,
                _ => Err(HubCode::ActionNotFound.into()),
            }
        })
    }
}

impl Builtin for Admin {
    fn find(&self, action: &str) -> Option<Needs> {
        has(ADMIN, action).then_some(Needs { anonymous: Some(false), finds_key: false })
    }

    fn call<'c>(
        &'c self,
        services: &'c Services,
        call: &'c Call<'c>,
    ) -> BoxFuture<'c, Result<Outcome, HubError>> {
        Box::pin(async move {
            match &*call.action_name {
                "create_user" => services.admin_create(call).await,
                "list_users" => services.admin_list(call).await,
                "get_user" => services.admin_get(call).await,
                "update_user" => services.admin_update(call).await,
                "enable_user" => services.admin_enable(call).await,
                "set_roles" => services.admin_roles(call).await,
                "set_groups" => services.admin_groups(call).await,
                "set_password" => services.admin_password(call).await,
                "delete_user" => services.admin_delete(call).await,
                "get_password_policy" => services.admin_policy(call).await,
                "set_password_policy" => services.admin_set_policy(call).await,
                _ => Err(HubCode::ActionNotFound.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_schema_and_a_name() {
        for (spec, provider) in [(spec(), &UserCenter as &dyn Builtin), (admin_spec(), &Admin)] {
            for (name, action) in &spec.actions {
                assert!(provider.find(&name.replace('-', "_")).is_some());
                assert!(!action.summary.is_empty());
                assert_eq!(action.parameters.as_ref().unwrap()["type"], "object");
            }
            assert!(provider.find("drop_all").is_none());
        }
        assert!(!Admin.find("create_user").unwrap().anonymous.unwrap());
        assert!(UserCenter.find("gen_auth_session").unwrap().anonymous.unwrap());
        assert!(!UserCenter.find("noauth_login").unwrap().anonymous.unwrap());
    }
}
