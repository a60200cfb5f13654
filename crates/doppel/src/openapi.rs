//! The parts of the OpenAPI document that describe the API as a whole.

mod answers;

use serde_json::{Value, json};
use utoipa::openapi::{
    Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder,
    schema::{Object, ObjectBuilder, SchemaType, Type},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

const ABOUT: &str = "\
The Lab API of Doppel, a self-hosted server for a person's second self. It is wire-compatible with the \
SecondMe \
API: an app written for that works by changing its base URL.

Every path is served under `/gate/lab` and under `/` alike. A success is HTTP 200 with \
`{\"code\":0,\"data\":…}`. \
An error has its HTTP status as `code`, and the same machine-readable name as `subCode` and `error_code`. \
Messages \
are Chinese, or English on `Accept-Language: en`.

Send an API key as `Authorization: Bearer lba_ak_…`, or an access token that a person's consent gave your \
app as \
`Authorization: Bearer lba_at_…`.

OAuth2 libraries find the standards' endpoints by `/.well-known/oauth-authorization-server`.";

const SESSION: &str = "\
The cookie of a signed-in browser. A POST that rides on it must come from the server's own pages: \
`Sec-Fetch-Site: same-origin`, or an `Origin` that is the server's.";

/// Returns the document without routes.
///
/// `session_cookie` is the name of the cookie that a signed-in browser sends.
pub(crate) fn base(session_cookie: &str) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Doppel")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    let servers = [("/gate/lab", "The original API's base path"), ("/", "The same without a prefix")]
        .map(|(url, about)| ServerBuilder::new().url(url).description(Some(about)).build());
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some(servers))
        .components(Some(components(session_cookie)))
        .build()
}

fn components(session_cookie: &str) -> Components {
    let mut components = Components::new();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, `lba_ak_…`, or an access token, `lba_at_…`"))
        .build();
    let session = ApiKeyValue::with_description(session_cookie, SESSION);
    let token = ApiKeyValue::with_description("token", "An API key, for uploads only");
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    components.add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(token)));
    answers::declare(&mut components);
    components.schemas.insert("Error".into(), error_schema().into());
    components
}

fn error_schema() -> Object {
    let member = |kind: Type, about: &str, example: Value| {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(kind))
            .description(Some(about))
            .examples([example])
            .build()
    };
    ObjectBuilder::new()
        .description(Some("Every error"))
        .property("code", member(Type::Integer, "The HTTP status", json!(403)))
        .property("message", member(Type::String, "For people", json!("缺少必需的权限: chat")))
        .property(
            "subCode",
            member(Type::String, "For programs: module.resource.reason", json!("apikey.permission.denied")),
        )
        .property(
            "error_code",
            member(Type::String, "The same as subCode", json!("apikey.permission.denied")),
        )
        .property(
            "detail",
            ObjectBuilder::new()
                .schema_type(SchemaType::AnyValue)
                .description(Some(
                    "A text where no credential came or no route matched; a list of {type, \
                    loc, msg, input} in a 422",
                ))
                .build(),
        )
        .required("code")
        .required("message")
        .required("subCode")
        .required("error_code")
        .build()
}

/// Completes the document once it has all routes: adds the error responses of each operation.
pub(crate) fn complete(document: &mut OpenApi) {
    answers::add(document);
    if let Some(components) = &mut document.components {
        answers::open_parts(components);
    }
}
