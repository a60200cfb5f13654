//! What the OpenAPI document says about the API as a whole.

use serde_json::{Value, json};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr,
    ResponseBuilder, ServerBuilder,
    path::Operation,
    schema::{Object, ObjectBuilder, SchemaType, Type},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

const ABOUT: &str = "\
The Lab API of Doppel, a self-hosted server for a person's second self. It is wire-compatible with the SecondMe \
API: an app written for that works by changing its base URL.

Every path is served under `/gate/lab` and under `/` alike. A success is HTTP 200 with `{\"code\":0,\"data\":…}`. \
An error has its HTTP status as `code`, and the same machine-readable name as `subCode` and `error_code`. Messages \
are Chinese, or English on `Accept-Language: en`.

Send an API key as `Authorization: Bearer lba_ak_…`, or an access token that a person's consent gave your app as \
`Authorization: Bearer lba_at_…`.

OAuth2 libraries find the standards' endpoints by `/.well-known/oauth-authorization-server`.";

/// The document before the routes are in it.
pub(crate) fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Doppel")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    let servers = [("/gate/lab", "The original API's base path"), ("/", "The same without a prefix")]
        .map(|(url, about)| ServerBuilder::new().url(url).description(Some(about)).build());
    OpenApiBuilder::new().info(info.build()).servers(Some(servers)).components(Some(components())).build()
}

fn components() -> Components {
    let mut components = Components::new();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, `lba_ak_…`, or an access token, `lba_at_…`"))
        .build();
    let session = ApiKeyValue::with_description("doppel_session", "The console's cookie, from signing in");
    let token = ApiKeyValue::with_description("token", "An API key, for uploads alone");
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    components.add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(token)));
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
        .property("subCode", member(Type::String, "For programs: module.resource.reason", json!("apikey.permission.denied")))
        .property("error_code", member(Type::String, "The same as subCode", json!("apikey.permission.denied")))
        .property(
            "detail",
            ObjectBuilder::new()
                .schema_type(SchemaType::AnyValue)
                .description(Some("A text where no credential came or no route matched; a list of {type, loc, msg, input} in a 422"))
                .build(),
        )
        .required("code")
        .required("message")
        .required("subCode")
        .required("error_code")
        .build()
}

/// Adds to every operation that it may answer with an error.
pub(crate) fn complete(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let error =
                ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Error")))).build();
            let response =
                ResponseBuilder::new().description("An error").content("application/json", error).build();
            operation.responses.responses.insert("default".into(), response.into());
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post].into_iter().filter_map(Option::as_mut)
}
