//! Tests of the rules of grants.

use super::*;
use proptest::prelude::*;

fn set(list: &str) -> ScopeSet {
    ScopeSet::parse_list(list).unwrap()
}

#[test]
fn pkce_as_in_rfc_7636() {
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    assert!(is_challenge(challenge) && is_proven(Some(challenge), Some(verifier)));
    assert!(!is_proven(Some(challenge), Some(challenge)), "the method plain is refused");
    assert!(!is_proven(Some(challenge), None) && !is_proven(None, Some(verifier)));
    assert!(is_proven(None, None));
    for bad in ["", "short", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", &format!("{challenge}=")] {
        assert!(!is_challenge(bad), "{bad}");
    }
}

#[test]
fn grant_types() {
    assert!(check_grant_type("refresh_token", "refresh_token").is_ok());
    let code = |given| check_grant_type(given, "authorization_code").unwrap_err().code();
    assert_eq!(code("refresh_token"), Code::OauthGrantTypeUnsupported);
    assert_eq!(code("client_credentials"), Code::OauthGrantTypeUnsupported);
    for nonsense in ["", "password", "implicit", "Authorization_Code"] {
        assert_eq!(code(nonsense), Code::OauthGrantTypeInvalid);
    }
}

#[test]
fn a_list_of_scopes_is_read_as_clients_send_it() {
    let allowed = set("user.info chat voice");
    for list in ["user.info chat", "user.info,chat", "user.info+chat", " chat ,user.info  unknown note.add *"]
    {
        assert_eq!(asked(Some(list), allowed), set("user.info chat"), "{list}");
    }
    assert_eq!(asked(Some("userinfo chat.write"), allowed), set("user.info chat.write"));
    assert_eq!(asked(None, allowed), allowed);
    assert!(asked(Some("note.add"), allowed).is_empty() && asked(Some("*"), allowed).is_empty());
    assert_eq!((asked(Some("unknown"), allowed), asked(Some(""), allowed)), (allowed, allowed));
}

#[test]
fn scopes_for_the_tools_are_those_that_tools_use() {
    let (most, usual) = (crate::audience::MCP_SCOPES, set("userinfo memory.read"));
    for (list, expected) in [
        (None, "userinfo memory.read"),
        (Some(""), "userinfo memory.read"),
        (Some("openid email profile"), "userinfo memory.read"),
        (Some("plaza.read offline_access"), "userinfo memory.read"),
        (Some("*"), "userinfo memory.read"),
        (Some("memory.write plaza.write chat.read voice"), "memory.write"),
        (Some("user.info chat"), "user.info chat"),
    ] {
        assert_eq!(asked_for(Audience::Mcp, list, most, usual), set(expected), "{list:?}");
    }
    assert_eq!(asked_for(Audience::Mcp, Some("memory.write"), set("memory.read"), usual), set("memory.read"));
    assert_eq!(asked_for(Audience::Server, Some("voice"), set("chat voice"), usual), set("voice"));
}

#[test]
fn an_application_in_its_own_name() {
    assert_eq!(own_scopes(None, set("chat.write voice")).unwrap(), set("chat.write"));
    assert_eq!(own_scopes(Some("voice"), set("chat.write voice")).unwrap(), set("voice"));
    assert_eq!(
        own_scopes(Some("chat.write"), set("chat")).unwrap(),
        set("chat.write"),
        "the other vocabulary"
    );
    assert_eq!(own_scopes(Some("chat"), set("chat.write")).unwrap_err().code(), Code::OauthScopeDisallowed);
    for (requested, code) in [
        (None, Code::OauthScopeDisallowed),
        (Some("chat.write"), Code::OauthScopeDisallowed),
        (Some("nonsense"), Code::OauthScopeInvalid),
        (Some("*"), Code::OauthScopeInvalid),
        (Some(""), Code::OauthScopeDisallowed),
    ] {
        assert_eq!(own_scopes(requested, set("voice")).unwrap_err().code(), code, "{requested:?}");
    }
}

proptest! {
    #[test]
    fn nobody_gets_more_than_was_allowed(standing: u32, asked_before: u32, requested: u32, choice: u32) {
        let of = |bits: u32| {
            let mut set = ScopeSet::EMPTY;
            for (at, scope) in Scope::ALL.iter().enumerate() {
                if bits >> at & 1 == 1 {
                    set.insert(*scope);
                }
            }
            set
        };
        let scopes = of(standing).and(of(asked_before));
        let id = crate::AuthorizationId(1);
        let before = Standing { id, scopes, asked: of(asked_before), answered_at: Timestamp(0) };
        let (requested, choice) = (of(requested), of(choice));
        let means = |wide: ScopeSet, narrow: ScopeSet| wide.abilities().covers(narrow.abilities());
        if let Some(granted) = stands(&before, requested) {
            prop_assert!(means(requested, granted) && means(before.scopes, granted));
            prop_assert!(means(before.asked, requested));
        }
        let granted = allowed(requested, choice);
        prop_assert!(requested.covers(granted) && granted.covers(requested.and(choice)));
        let after = merge(&before, requested, granted);
        prop_assert!(means(after.asked, after.scopes), "nothing is allowed that was not asked");
        prop_assert!(means(before.scopes.or(granted), after.scopes), "nothing grows by itself");
        let refused = requested.abilities().without(granted.abilities());
        prop_assert!(
            after.scopes.abilities().and(refused).is_empty(), "a refusal holds in both vocabularies",
        );
        prop_assert!(means(after.scopes, granted));
        let is_apart = |scope: &Scope| scope.abilities().and(requested.abilities()).is_empty();
        for scope in before.scopes.iter().filter(is_apart) {
            prop_assert!(after.scopes.contains(scope), "what was not asked about stays");
        }
        if !granted.is_empty() {
            let again = stands(&after, requested).map(ScopeSet::abilities);
            prop_assert_eq!(again, Some(granted.abilities()), "the same is not asked twice");
        }
    }

    #[test]
    fn only_the_verifier_proves(verifier in "[A-Za-z0-9._~-]{43,64}", other in "[A-Za-z0-9._~-]{43,64}") {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        prop_assert!(is_challenge(&challenge) && is_proven(Some(&challenge), Some(&verifier)));
        prop_assert_eq!(is_proven(Some(&challenge), Some(&other)), verifier == other);
    }
}
