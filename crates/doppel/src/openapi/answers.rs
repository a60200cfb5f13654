//! The error responses of every operation, derived from its parameters, body and security.

use std::collections::BTreeSet;

use serde_json::json;
use utoipa::openapi::{
    Components, ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Response,
    ResponseBuilder,
    path::{Operation, Parameter, ParameterIn},
    schema::{AdditionalProperties, ArrayItems, Schema, SchemaType, Type},
};

/// Every status other than 200 that an operation of the API may return, with its description.
const ERRORS: &[(u16, &str)] = &[
    (400, "The request cannot be carried out: `subCode` and `message` say why"),
    (401, "No credential, or one that is invalid, expired or revoked"),
    (
        403,
        "The credential may not do this: a missing scope, another kind of credential, or a form from another \
         site",
    ),
    (404, "No such resource, or none that the caller may know of"),
    (408, "The request did not arrive, or was not finished, in time"),
    (413, "The body is larger than the limit"),
    (415, "The content of the file is not of an accepted type"),
    (422, "The request does not fit the schema; `detail` lists each place"),
    (429, "Too many requests, or a quota is used up; `Retry-After` says when to try again"),
    (500, "An error of the server; its log has the request id"),
    (503, "The server is at its limit or cannot reach its database; try again later"),
];

/// Statuses of single operations that do not follow from their parameters, by operation id.
const MORE: &[(&str, &[u16])] = &[
    // Clients that authenticate in the form, and grants that have ended.
    ("exchangeCode", &[401, 403]),
    ("refreshToken", &[401, 403]),
    ("clientToken", &[401, 403]),
    ("skillToken", &[401]),
    // Resources that are named in the body or the query.
    ("authorizeDeviceByCode", &[404]),
    ("authorizeExternal", &[404]),
    ("addKeyMemory", &[404]),
    ("addKeyMemories", &[404]),
    ("chatStream", &[404]),
    ("actStream", &[404]),
    ("chatSend", &[404]),
    ("readChatUsage", &[404]),
    ("redeemInvitation", &[404]),
    ("createPost", &[404]),
    ("createComment", &[404]),
    ("report", &[404]),
    ("getFeed", &[404]),
    ("inviteFriend", &[404]),
    ("answerFriend", &[404]),
    ("breakIce", &[404]),
    ("getAvatar", &[404]),
    ("updateAvatar", &[404]),
    ("deleteAvatar", &[404]),
    ("createAvatarKey", &[404]),
    ("listAvatarKeys", &[404]),
    ("updateAvatarKey", &[404]),
    ("deleteAvatarKey", &[404]),
    ("avatarDashboard", &[404]),
    ("exportAvatarConversations", &[404]),
    ("avatarMiniProgramCode", &[404]),
    ("sendVisitorMessage", &[404]),
    ("searchHubCalls", &[404]),
    ("uploadFile", &[415]),
];

/// Adds the responses that operations refer to.
pub(super) fn declare(components: &mut Components) {
    for (status, about) in ERRORS {
        components.responses.insert(name(*status), response(*status, about).into());
    }
}

/// Adds to every operation the error statuses that it may return, unless its annotation has them already.
pub(super) fn add(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            for status in statuses(path, operation) {
                let responses = &mut operation.responses.responses;
                responses
                    .entry(status.to_string())
                    .or_insert_with(|| RefOr::Ref(Ref::from_response_name(name(status))));
            }
        }
    }
}

/// Returns the error statuses of an operation.
fn statuses(path: &str, operation: &Operation) -> BTreeSet<u16> {
    let mut all = BTreeSet::from([400, 408, 429, 500, 503]);
    let needs_credential = operation.security.as_ref().is_none_or(|security| !security.is_empty());
    if needs_credential {
        all.extend([401, 403]);
    }
    if path.contains('{') {
        all.insert(404);
    }
    let is_query = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => false,
    };
    if operation.parameters.iter().flatten().any(is_query) {
        all.insert(422);
    }
    if operation.request_body.is_some() {
        all.extend([413, 422]);
    }
    let id = operation.operation_id.as_deref().unwrap_or_default();
    all.extend(MORE.iter().filter(|(of, _)| *of == id).flat_map(|(_, more)| more.iter()));
    all
}

fn name(status: u16) -> String {
    format!("Error{status}")
}

fn response(status: u16, about: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Error"))));
    let response = ResponseBuilder::new().description(about).content("application/json", content.build());
    match status {
        401 => response.header("WWW-Authenticate", text_header("`Bearer`", json!("Bearer"))).build(),
        429 | 503 => response.header("Retry-After", seconds_header()).build(),
        _ => response.build(),
    }
}

fn text_header(about: &str, example: serde_json::Value) -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    HeaderBuilder::new().schema(Some(schema)).description(Some(about)).example(Some(example)).build()
}

fn seconds_header() -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).minimum(Some(0));
    HeaderBuilder::new().schema(Some(schema)).description(Some("Seconds to wait, where known")).build()
}

/// Returns the operations of a path, for all methods.
pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
        &mut item.patch,
        &mut item.trace,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

/// Opens closed schemas (`additionalProperties: false`) that are parts of an `allOf`.
///
/// A closed part forbids the members of the other parts, so no value would be valid. This happens for
/// flattened structs that refuse unknown members.
pub(super) fn open_parts(components: &mut Components) {
    let closed: Vec<(String, Schema)> = components
        .schemas
        .iter()
        .filter_map(|(name, schema)| match schema {
            RefOr::T(Schema::Object(object)) if is_closed(object.additional_properties.as_deref()) => {
                let mut open = object.clone();
                open.additional_properties = None;
                Some((Ref::from_schema_name(name).ref_location, Schema::Object(open)))
            }
            RefOr::T(_) | RefOr::Ref(_) => None,
        })
        .collect();
    for schema in components.schemas.values_mut() {
        open_parts_of(schema, &closed);
    }
}

/// Opens the parts in one schema, at any depth. `closed` has the closed schemas by reference, already opened.
fn open_parts_of(schema: &mut RefOr<Schema>, closed: &[(String, Schema)]) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::AllOf(all) => {
            for part in &mut all.items {
                let opened = match &*part {
                    RefOr::Ref(reference) => {
                        closed.iter().find(|(location, _)| *location == reference.ref_location)
                    }
                    RefOr::T(_) => None,
                };
                match opened {
                    Some((_, open)) => *part = RefOr::T(open.clone()),
                    None => open_parts_of(part, closed),
                }
            }
        }
        Schema::Object(object) => {
            for member in object.properties.values_mut() {
                open_parts_of(member, closed);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(item) = &mut array.items {
                open_parts_of(item, closed);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(|item| open_parts_of(item, closed)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|item| open_parts_of(item, closed)),
        _ => {}
    }
}

fn is_closed(additional: Option<&AdditionalProperties<Schema>>) -> bool {
    matches!(additional, Some(AdditionalProperties::FreeForm(false)))
}
