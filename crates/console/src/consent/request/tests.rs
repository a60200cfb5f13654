//! Tests of authorization requests.

use super::*;
use proptest::prelude::*;

const BASE: &str = "client_id=a&redirect_uri=https://app.example/cb&response_type=code";

fn location(query: &str) -> String {
    let response = redirect(&Request::parse(query, None).allow("lba_ac_x")).unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    response.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

/// Returns the terms of an app with these scopes.
fn terms(registered: ScopeSet, is_public: bool) -> Terms<'static> {
    let mcp_scopes = ScopeSet::parse_list("userinfo memory.read memory.write").unwrap();
    let issuer = "https://me.example";
    Terms { registered, is_self_registered: false, is_public, issuer, mcp_scopes, has_hub: false }
}

#[test]
fn the_way_back_is_literal() {
    assert_eq!(location(BASE), "https://app.example/cb?code=lba_ac_x");
    assert_eq!(
        location(&format!("{BASE}&state=abc123")),
        "https://app.example/cb?code=lba_ac_x&state=abc123"
    );
    assert_eq!(location(&format!("{BASE}&state=")), "https://app.example/cb?code=lba_ac_x&state=");
    let encoded = "client_id=a&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fx%3D1&state=a+b%20c%2B";
    assert_eq!(location(encoded), "https://app.example/cb?x=1&code=lba_ac_x&state=a+b%20c%2B");
    let denied = Request::parse(&format!("{BASE}&state=s"), None).deny(Denied::ByPerson);
    assert_eq!(
        denied,
        "https://app.example/cb?error=access_denied&error_description=User%20denied%20access&state=s"
    );
}

#[test]
fn what_is_there_twice_is_not_there() {
    let request = Request::parse(
        &format!("{BASE}&client_id=b&redirect_uri=https://evil.example&state=1&state=2"),
        None,
    );
    assert_eq!((request.client_id.as_str(), request.redirect_uri.as_str(), request.state), ("", "", None));
}

#[test]
fn whoever_reads_the_standards_is_told_who_answers() {
    let request = Request::parse(&format!("{BASE}&state=s"), Some("https://doppel.example"));
    for (answer, parameters) in [
        (request.allow("lba_ac_x"), "code=lba_ac_x&state=s&iss=https%3A%2F%2Fdoppel.example"),
        (
            request.deny(Denied::ByPerson),
            "error=access_denied&error_description=User%20denied%20access&state=s&\
             iss=https%3A%2F%2Fdoppel.example",
        ),
    ] {
        assert_eq!(answer, format!("https://app.example/cb?{parameters}"));
    }
}

#[test]
fn an_app_without_a_secret_needs_a_challenge() {
    let allowed = ScopeSet::parse_list("chat").unwrap();
    assert_eq!(Request::parse(BASE, None).asked(terms(allowed, true)), Err(Denied::Malformed));
    let challenge = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    assert!(Request::parse(&format!("{BASE}{challenge}"), None).asked(terms(allowed, true)).is_ok());
}

#[test]
fn a_resource_is_one_of_this_server() {
    let all = ScopeSet::parse_list("userinfo memory.read memory.write plaza.read").unwrap();
    let challenge = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let asked = |more: &str| {
        let request = Request::parse(&format!("{BASE}{challenge}{more}"), None);
        request.asked(terms(all, false)).map(|asked| (asked.audience, asked.scopes.to_string()))
    };
    let (server, mcp) =
        ("userinfo memory.read plaza.read".to_owned(), "userinfo memory.read memory.write".to_owned());
    for more in ["", "&resource=", "&resource=https://me.example", "&resource=https%3A%2F%2FME.example%2F"] {
        assert_eq!(asked(more), Ok((Audience::Server, server.clone())), "{more}");
    }
    for more in ["&resource=https://me.example/mcp", "&resource=https%3A%2F%2Fme.example%3A443%2Fmcp%2F"] {
        assert_eq!(asked(more), Ok((Audience::Mcp, mcp.clone())), "{more}");
        assert_eq!(asked(&format!("{more}{more}")), Ok((Audience::Mcp, mcp.clone())), "{more}");
        assert_eq!(
            asked(&format!("{more}&resource=https://me.example")),
            Ok((Audience::Server, server.clone()))
        );
        assert_eq!(asked(&format!("{more}&resource=https://evil.example")), Err(Denied::Target));
        let unproven = Request::parse(&format!("{BASE}{more}"), None).asked(terms(all, false));
        assert_eq!(unproven, Err(Denied::Malformed), "agents always prove the code");
    }
    for more in ["&resource=https://evil.example/mcp", "&resource=https://me.example/api", "&resource=mcp"] {
        assert_eq!(asked(more), Err(Denied::Target), "{more}");
    }
    assert_eq!(asked("&scope=memory.write"), Err(Denied::NoScope), "only at the tools");
}

#[test]
fn what_may_be_asked() {
    let allowed = ScopeSet::parse_list("user.info chat").unwrap();
    let asked = |more: &str| {
        Request::parse(&format!("{BASE}{more}"), None).asked(terms(allowed, false)).map(|asked| asked.scopes)
    };
    assert_eq!(asked(""), Ok(allowed));
    for scope in ["user.info%20chat", "user.info+chat", "user.info,chat", "user.info%2Cchat%20unknown"] {
        assert_eq!(asked(&format!("&scope={scope}")), Ok(allowed), "{scope}");
    }
    assert_eq!(asked("&scope=voice"), Err(Denied::NoScope));
    for nothing in ["", "openid%20offline_access", "nonsense"] {
        assert_eq!(asked(&format!("&scope={nothing}")), Ok(allowed), "{nothing}");
    }
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert!(asked(&format!("&code_challenge={challenge}&code_challenge_method=S256")).is_ok());
    for bad in [
        format!("&code_challenge={challenge}"),
        format!("&code_challenge={challenge}&code_challenge_method=plain"),
        "&code_challenge=short&code_challenge_method=S256".to_owned(),
        "&code_challenge_method=S256".to_owned(),
    ] {
        assert_eq!(asked(&bad), Err(Denied::Malformed), "{bad}");
    }
    let other = |query| Request::parse(query, None).asked(terms(allowed, false));
    assert_eq!(other("response_type=token"), Err(Denied::ResponseType));
    assert_eq!(other(""), Err(Denied::Malformed));
}

#[test]
fn when_the_page_is_shown() {
    for (query, prompt) in [
        ("", Prompt::IfNeeded),
        ("prompt=login", Prompt::IfNeeded),
        ("prompt=select_account", Prompt::IfNeeded),
        ("prompt=none", Prompt::Never),
        ("prompt=consent", Prompt::Always),
        ("prompt=login+consent", Prompt::Always),
        ("prompt=none%20consent", Prompt::Always),
        ("prompt=none&prompt=none", Prompt::IfNeeded),
    ] {
        assert_eq!(Request::parse(query, None).prompt(), prompt, "{query}");
    }
}

#[test]
fn prompt_for_sign_in_is_parsed() {
    for (query, again) in [
        ("", None),
        ("prompt=consent", None),
        ("prompt=login", Some(Again::Prove)),
        ("prompt=select_account", Some(Again::Choose)),
        ("prompt=consent+select_account", Some(Again::Choose)),
        ("prompt=select_account%20login", Some(Again::Prove)),
        ("prompt=login&prompt=login", None),
    ] {
        assert_eq!(Request::parse(query, None).sign_in_again(), again, "{query}");
    }
}

#[test]
fn sign_in_prompt_after_sign_in_is_removed() {
    for (before, after) in [
        ("/oauth/?client_id=a&prompt=login&state=x%2B", "/oauth/?client_id=a&state=x%2B"),
        ("/oauth?prompt=select_account&state=a+b", "/oauth?state=a+b"),
        ("/oauth/authorize?a=b&prompt=login+consent", "/oauth/authorize?a=b&prompt=consent"),
        ("/oauth/?%70rompt=login&a=b", "/oauth/?a=b"),
        ("/oauth/?prompt=consent&a=b", "/oauth/?a=b&prompt=consent"),
        ("/oauth/?a=b", "/oauth/?a=b"),
        ("/keys?prompt=login", "/keys?prompt=login"),
        ("/oauth/evil?prompt=login", "/oauth/evil?prompt=login"),
        ("/", "/"),
    ] {
        assert_eq!(after_sign_in(before), after);
    }
}

#[test]
fn form_sources_of_consent_page_include_own_scheme() {
    for (next, expected) in [
        ("/oauth/?redirect_uri=https://app.example/cb", "https: http:"),
        ("/oauth/?redirect_uri=com.example.app%3A%2Fcb", "https: http: com.example.app:"),
        ("/oauth/?redirect_uri=myapp://cb", "https: http: myapp:"),
        ("/oauth/?redirect_uri=javascript:alert(1)", "https: http:"),
        ("/oauth/?redirect_uri=x;script-src://cb", "https: http:"),
        ("/keys?redirect_uri=myapp://cb", ""),
    ] {
        assert_eq!(form_sources(next), expected, "{next}");
    }
}

#[test]
fn the_policy_names_the_apps_origin_and_nothing_else() {
    let origin = |uri: &str| Request { redirect_uri: uri.into(), ..Request::default() }.origin();
    assert_eq!(origin("https://app.example:8443/cb?x"), "https://app.example:8443");
    assert_eq!(origin("http://[::1]:3000/cb"), "http:");
    assert_eq!(origin("https://a.example;script-src/cb"), "https:");
    assert_eq!(origin("com.example.app:/cb"), "com.example.app:");
    assert_eq!(origin("myapp://cb/x"), "myapp:");
}

proptest! {
    #[test]
    fn a_state_goes_back_byte_for_byte(state in "[!-\"$%'-~]{0,64}") {
        prop_assert_eq!(
            location(&format!("{BASE}&state={state}")),
            format!("https://app.example/cb?code=lba_ac_x&state={state}"),
        );
    }

    #[test]
    fn query_after_sign_in_keeps_other_parameters(query in "[a-z_]{1,8}(=[!-\"$%'-~]{0,8})?(&[a-z_]{1,\
        8}=[a-z+%0-9]{0,8}){0,4}") {
        let next = format!("/oauth/?{query}&prompt=login");
        let after = after_sign_in(&next);
        prop_assert!(after.starts_with("/oauth/?"));
        let request = Request::parse(after.split_once('?').unwrap().1, None);
        prop_assert_eq!(request.sign_in_again(), None);
        let before = Request::parse(&query, None);
        let is_plain = before.prompt.is_none() && !query.contains("prompt");
        prop_assert!(!is_plain || request == before, "{after}");
    }

    #[test]
    fn no_query_breaks_the_redirect(query in ".*") {
        let request = Request::parse(&query, None);
        let _ = request.asked(terms(ScopeSet::EMPTY, false));
        let request = Request { redirect_uri: "https://app.example/cb".into(), ..request };
        let response = redirect(&request.allow("x")).unwrap();
        prop_assert!(
            response.headers()[header::LOCATION].to_str().unwrap().starts_with(
                "https://app.example/cb?code=x",
            ),
        );
    }
}
