//! The attribute that runs a test on both database engines.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Runs an `async fn` as a test on SQLite and as a test on PostgreSQL.
///
/// The parameters are what the test starts with: their types, as a tuple if there are several, implement
/// `testkit::Fixture`. The argument of the attribute is lines of settings in TOML.
///
/// ```text
/// #[both_engines]
/// async fn valid_key_is_accepted(server: TestServer) { … }
///
/// #[both_engines("accounts.max_keys = 2")]
/// async fn third_key_is_refused(server: TestServer, model: Model) { … }
/// ```
///
/// The tests are called `valid_key_is_accepted::sqlite` and `valid_key_is_accepted::postgres`.
#[proc_macro_attribute]
pub fn both_engines(settings: TokenStream, function: TokenStream) -> TokenStream {
    tests(settings, function).unwrap_or_else(|problem| {
        let problem = format!("compile_error!({problem:?});");
        problem.parse().unwrap_or_default()
    })
}

/// Returns the function as it is, and a module of the same name with a test for each engine.
fn tests(settings: TokenStream, function: TokenStream) -> Result<TokenStream, &'static str> {
    let (name, parameters) =
        signature(function.clone()).ok_or("expected a function without type parameters")?;
    let types = types(parameters).ok_or("expected parameters with a name and a type")?;
    let names: Vec<_> = (0..types.len()).map(|index| format!("fixture_{index}")).collect();
    let names = names.join(", ");
    let fixture = match types.as_slice() {
        [] => return Err("expected a parameter, such as `server: TestServer`"),
        [only] => only.clone(),
        several => format!("({})", several.join(", ")),
    };
    let pattern = if types.len() == 1 { names.clone() } else { format!("({names})") };
    let settings = if settings.is_empty() { "\"\"".to_owned() } else { settings.to_string() };
    let module = format!(
        "mod {name} {{
            #[allow(unused_imports)]
            use super::*;

            async fn on(engine: ::testkit::Engine) {{
                let {pattern} = <{fixture} as ::testkit::Fixture>::set_up(engine, {settings}).await;
                super::{name}({names}).await;
            }}

            #[::tokio::test(flavor = \"multi_thread\", worker_threads = 2)]
            async fn sqlite() {{
                ::std::boxed::Box::pin(on(::testkit::Engine::Sqlite)).await;
            }}

            #[::tokio::test(flavor = \"multi_thread\", worker_threads = 2)]
            async fn postgres() {{
                ::std::boxed::Box::pin(on(::testkit::Engine::Postgres)).await;
            }}
        }}"
    );
    let module: TokenStream =
        module.parse().map_err(|_not_tokens| "expected settings in TOML as a string")?;
    Ok(function.into_iter().chain(module).collect())
}

/// Returns the name and the parameter list of a function.
fn signature(function: TokenStream) -> Option<(String, Group)> {
    let mut tokens = function.into_iter();
    tokens.find(|token| matches!(token, TokenTree::Ident(word) if word.to_string() == "fn"))?;
    let name = tokens.next()?.to_string();
    match tokens.next()? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some((name, group)),
        _ => None,
    }
}

/// Returns the types in a parameter list.
fn types(parameters: Group) -> Option<Vec<String>> {
    let tokens: Vec<_> = parameters.stream().into_iter().collect();
    let parameters = tokens.split(|token| is_punctuation(token, ',')).filter(|tokens| !tokens.is_empty());
    parameters
        .map(|tokens| {
            let colon = tokens.iter().position(|token| is_punctuation(token, ':'))?;
            let of_type = tokens.get(colon + 1..)?;
            Some(of_type.iter().cloned().collect::<TokenStream>().to_string())
        })
        .collect()
}

fn is_punctuation(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == character)
}
