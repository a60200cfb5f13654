//! Tests of redirect URIs.

use super::*;
use proptest::prelude::*;

/// The policy that allows most.
const OPEN: Policy = Policy { app_schemes: true, private_networks: true };

#[test]
fn web_uris_are_checked() {
    for good in [
        "https://example.com/oauth/callback",
        "https://example.com",
        "https://example.com:8443/cb?fixed=1",
        "http://localhost:3000/api/auth/callback",
        "http://127.0.0.1/cb",
        "http://[::1]:8000/cb",
    ] {
        assert_eq!(check(good, Policy::STRICT), Ok(()), "{good}");
    }
    for (bad, reason) in [
        ("", Refused::NoScheme),
        ("https://", Refused::Host),
        ("https:example.com", Refused::Host),
        ("example.com/cb", Refused::NoScheme),
        ("/cb", Refused::NoScheme),
        ("http://example.com/cb", Refused::PublicHttp),
        ("http://localhost.example.com/cb", Refused::PublicHttp),
        ("http://127.0.0.1.example.com/cb", Refused::PublicHttp),
        ("http://8.8.8.8/cb", Refused::PublicHttp),
        ("http://localhost@example.com/cb", Refused::Host),
        ("http://127.0.0.1:80cb", Refused::Host),
        ("http://localhost:/cb", Refused::Host),
        ("https://2130706433/cb", Refused::Host),
        ("https://0x7f.1/cb", Refused::Host),
        ("http://010.0.0.1/cb", Refused::Host),
        ("https://ex%61mple.com/cb", Refused::Host),
        ("https://example.com:65536/cb", Refused::Host),
        ("https://user:password@example.com/cb", Refused::Host),
        ("https://example.com/cb#fragment", Refused::Fragment),
        ("https://*.example.com/cb", Refused::Character('*')),
        ("https://example.com/*", Refused::Character('*')),
        ("https://example.com\\@evil.example/cb", Refused::Character('\\')),
        ("https://example.com/a b", Refused::Character(' ')),
        ("https://example.com/\r\nSet-Cookie:a=b", Refused::Character('\r')),
        ("https://例子.example/cb", Refused::Character('例')),
        ("HTTP://example.com/cb", Refused::NoScheme),
    ] {
        assert_eq!(check(bad, OPEN), Err(reason), "{bad}");
    }
    assert_eq!(
        check(&format!("https://a.example/{}", "a".repeat(MAX_REDIRECT_URI)), OPEN),
        Err(Refused::Long)
    );
}

#[test]
fn agents_are_redirected_to_https_this_machine_or_their_own_schemes() {
    let hosts = ["openwebui.lan".to_owned(), "192.168.1.5".to_owned()];
    for good in [
        "https://claude.ai/api/mcp/auth_callback",
        "https://chat.example/oauth/clients/mcp:doppel/callback",
        "http://localhost/callback",
        "http://127.0.0.1:33418/",
        "http://[::1]:1/cb",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://dynamicauthprovider/x",
        "com.example.app:/cb",
        "http://openwebui.lan/oauth/clients/mcp:x/callback",
        "http://192.168.1.5:3000/cb",
    ] {
        assert!(is_usable(good, &hosts), "{good}");
    }
    for bad in [
        "http://other.lan/cb",
        "http://example.com/cb",
        "myapp://cb",
        "javascript:alert(1)",
        "https://a.example/#x",
        "",
    ] {
        assert!(!is_usable(bad, &hosts), "{bad}");
    }
    assert!(!is_usable("http://openwebui.lan/cb", &[]));
    for (uri, local) in [
        ("http://localhost/cb", true),
        ("http://127.0.0.1:1/cb", true),
        ("cursor://x/cb", true),
        ("https://localhost/cb", false),
        ("https://a.example/cb", false),
        ("http://openwebui.lan/cb", false),
    ] {
        assert_eq!(is_local(uri), local, "{uri}");
    }
    let published = ["http://localhost/callback".to_owned()];
    for given in ["http://localhost/callback", "http://localhost:54212/callback"] {
        assert!(is_registered(&published, given), "{given}");
    }
    for given in
        ["http://localhost:54212/callback?x", "http://127.0.0.1:54212/callback", "https://localhost/callback"]
    {
        assert!(!is_registered(&published, given), "{given}");
    }
}

#[test]
fn app_schemes_are_checked() {
    for good in [
        "myapp://cb",
        "com.example.app:/cb",
        "com.example.app://oauth/callback?x=1",
        "cursor://anysphere.cursor-deeplink/mcp/auth",
        "vscode://vscode.github-authentication/did-authenticate",
        "myapp:///cb",
    ] {
        assert_eq!(check(good, OPEN), Ok(()), "{good}");
        assert_eq!(check(good, Policy::STRICT), Err(Refused::AppScheme), "{good}");
        assert!(app_scheme(good).is_some_and(|scheme| good.starts_with(scheme)));
    }
    for taken in [
        "javascript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "JavaScript://app.example/",
        "data:text/html,hello",
        "data://x/",
        "file:///etc/passwd",
        "vbscript:x",
        "blob:https://example.com/x",
        "filesystem:https://example.com/x",
        "view-source:https://example.com/",
        "about:blank",
        "ms-msdt:/id",
        "search-ms:query=x",
        "chrome-extension://x/",
        "intent://x/",
        "web+app://x",
        "mailto:/a",
        "ftp://example.com/",
        "wss://example.com/",
    ] {
        let refused = check(taken, OPEN).unwrap_err();
        assert!(matches!(refused, Refused::TakenScheme(_)), "{taken}: {refused:?}");
        assert!(app_scheme(taken).is_none(), "{taken}");
    }
    for (bad, reason) in [
        ("myapp:cb", Refused::NoPath),
        ("myapp:", Refused::NoPath),
        ("c:/windows", Refused::NoScheme),
        ("MyApp://cb", Refused::NoScheme),
        ("my_app://cb", Refused::NoScheme),
        ("1app://cb", Refused::NoScheme),
        ("myapp://user@cb", Refused::Host),
        ("myapp://cb\\evil", Refused::Character('\\')),
        ("myapp://cb\n", Refused::Character('\n')),
    ] {
        assert_eq!(check(bad, OPEN), Err(reason), "{bad}");
    }
}

#[test]
fn private_hosts_are_told_from_public_ones() {
    for good in [
        "http://192.168.1.10:3000/cb",
        "http://10.0.0.1/cb",
        "http://172.16.0.1/cb",
        "http://172.31.255.255/cb",
        "http://host.docker.internal:3000/cb",
        "http://myapp.test/cb",
        "http://nas.local/cb",
        "http://app.localhost:3000/cb",
        "http://printer.home.arpa/cb",
        "http://nas:3000/cb",
        "http://[fd12:3456::1]/cb",
    ] {
        assert_eq!(check(good, OPEN), Ok(()), "{good}");
        assert_eq!(check(good, Policy::STRICT), Err(Refused::PrivateHttp), "{good}");
        assert_eq!(check(&good.replacen("http:", "https:", 1), Policy::STRICT), Ok(()), "{good}");
    }
    for bad in [
        "http://172.15.0.1/cb",
        "http://172.32.0.1/cb",
        "http://193.168.1.10/cb",
        "http://169.254.169.254/cb",
        "http://100.64.0.1/cb",
        "http://127.0.0.2/cb",
        "http://0.0.0.0/cb",
        "http://[::ffff:10.0.0.1]/cb",
        "http://[fe80::1]/cb",
        "http://[2001:db8::1]/cb",
        "http://example.local.evil.example/cb",
        "http://10.0.0.1.evil.example/cb",
        "http://a.testing/cb",
        "http://.local/cb",
        "http://nas./cb",
        "http://a..local/cb",
    ] {
        assert_eq!(check(bad, OPEN), Err(Refused::PublicHttp), "{bad}");
    }
}

#[test]
fn refusal_names_reason_in_both_languages() {
    let error = Refused::PublicHttp.of("http://example.com/cb");
    assert_eq!(
        error.message(Language::En),
        "Invalid redirect URI: http://example.com/cb (http is only for this machine and private networks; \
         public \
         hosts need https)"
    );
    assert_eq!(
        error.message(Language::Zh),
        "无效的 Redirect URI: http://example.com/cb（公网地址必须用 https，http 只能用于本机和内网）"
    );
    let scheme = check("javascript:alert(1)", OPEN).unwrap_err().of("javascript:alert(1)");
    assert!(scheme.message(Language::En).ends_with("(the scheme javascript: is not allowed)"));
    assert!(Refused::Character('\n').reason(Language::En).is_ascii());
}

#[test]
fn registered_uri_is_compared_exactly() {
    let registered = [
        "https://example.com/cb".to_owned(),
        "http://localhost:3000/cb?a=1".to_owned(),
        "http://nas:3000/cb".to_owned(),
        "com.example.app:/cb".to_owned(),
    ];
    for good in [
        "https://example.com/cb",
        "http://localhost:3000/cb?a=1",
        "http://localhost:61234/cb?a=1",
        "http://localhost/cb?a=1",
        "com.example.app:/cb",
    ] {
        assert!(is_registered(&registered, good), "{good}");
    }
    for bad in [
        "",
        "https://example.com/cb/",
        "https://example.com/CB",
        "https://example.com/cb?x=1",
        "https://example.com:443/cb",
        "https://example.com/cb/../evil",
        "https://evil.example/cb",
        "http://example.com/cb",
        "http://localhost:3000/cb",
        "http://localhost:3000/cb?a=1#x",
        "http://127.0.0.1:3000/cb?a=1",
        "http://localhost:3000@evil.example/cb?a=1",
        "http://localhost:x/cb?a=1",
        "https://localhost:3000/cb?a=1",
        "http://nas:3001/cb",
        "com.example.app://cb",
        "com.example.app:/cb/x",
    ] {
        assert!(!is_registered(&registered, bad), "{bad}");
    }
}

proptest! {
    #[test]
    fn registrable_uri_equals_itself_and_fits_a_header(
        uri in "(https?|[a-z.]{1,8})://?(localhost|127\\.0\\.0\\.1|[a-z.]{1,12})(:[0-9]{1,4})?[/\
            ?#@a-z\\\\*]{0,10}",
    ) {
        if check(&uri, OPEN).is_ok() {
            prop_assert!(is_registered(std::slice::from_ref(&uri), &uri));
            prop_assert!(http::HeaderValue::from_str(&uri).is_ok());
        }
    }

    #[test]
    fn policy_only_adds_uris(uri in "(http|myapp)://[a-z0-9.:\\[\\]]{0,16}/[a-z]{0,4}") {
        if check(&uri, Policy::STRICT).is_ok() {
            prop_assert!(check(&uri, OPEN).is_ok());
        }
        prop_assert_eq!(is_web_address(&uri), check(&uri, Policy::STRICT).is_ok());
    }

    #[test]
    fn any_text_is_checked_without_panic(a in ".*", b in ".*") {
        if let Err(refused) = check(&a, OPEN) {
            let _ = refused.of(&a).message(Language::Zh);
        }
        let _ = is_registered(&[a], &b);
    }
}
