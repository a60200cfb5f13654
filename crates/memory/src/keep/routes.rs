//! Rules of what is never kept, over HTTP.

use axum::extract::{Path, State};
use identity::{Scoped, scope::WriteProfile};
use serde::{Deserialize, Serialize};
use store::AccountId;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, ApiResult, Code, Data, Envelope, Json, Nothing, id_in};

use super::{NeverRule, Refused};
use crate::{Memory, RuleId};

pub(crate) fn router(memory: Memory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(add))
        .routes(routes!(numbers))
        .routes(routes!(delete))
        .with_state(memory)
}

/// A rule of what is never kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleResponse {
    /// The id.
    #[schema(value_type = i64, example = 456)]
    rule_id: RuleId,
    /// The topic, person or thing, in plain words.
    #[schema(example = "我的前任")]
    phrase: String,
    /// The time at which it was made, in milliseconds since 1970.
    #[schema(example = 1_705_315_800_000_i64)]
    create_time: i64,
}

/// The number of proposals that were refused for a reason.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedResponse {
    /// `card`, `identity`, `account`, `secret`, `phrase`, `trivial`, `question`, `others` or `momentary`.
    #[schema(example = "card")]
    reason: &'static str,
    /// The number.
    #[schema(example = 3)]
    count: i64,
    /// The time of the last one, in milliseconds since 1970.
    #[schema(example = 1_705_315_800_000_i64)]
    last_time: i64,
}

/// The rules of a person about what is never kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeverKept {
    /// The rules, the newest first.
    rules: Vec<RuleResponse>,
    /// True if numbers of cards, identity numbers, passwords and the like may be kept.
    #[schema(example = false)]
    keeps_numbers: bool,
    /// The numbers of refused proposals. Their texts are kept nowhere.
    refused: Vec<RefusedResponse>,
}

/// A new rule.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RuleRequest {
    /// The topic, person or thing, in plain words; at most 200 characters.
    #[schema(example = "我的前任", max_length = 200)]
    phrase: String,
}

/// The setting about numbers.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NumbersRequest {
    /// True if numbers of cards and the like may be kept.
    #[schema(example = false)]
    keep: bool,
}

async fn state(memory: &Memory, account: AccountId) -> Result<NeverKept, ApiError> {
    let (rules, refused, profile) =
        futures::try_join!(memory.never_rules(account), memory.refused(account), memory.profile(account))?;
    let rule = |rule: NeverRule| RuleResponse {
        rule_id: rule.id,
        phrase: rule.phrase,
        create_time: rule.created_at.as_millis(),
    };
    let count = |refused: Refused| RefusedResponse {
        reason: refused.reason.name(),
        count: refused.count,
        last_time: refused.last_at.as_millis(),
    };
    Ok(NeverKept {
        rules: rules.into_iter().map(rule).collect(),
        keeps_numbers: profile.1.keeps_numbers,
        refused: refused.into_iter().map(count).collect(),
    })
}

/// List what is never kept of what agents and the assistant propose, and how much was refused. A key needs
/// scope *.
#[utoipa::path(
    get,
    path = "/secondme/memory/never",
    operation_id = "listNeverKept",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "Rules, setting and counts", body = Envelope<NeverKept>)),
)]
async fn list(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
) -> ApiResult<NeverKept> {
    Ok(Data(state(&memory, caller.account()).await?))
}

/// Add a rule. The same one again changes nothing. A key needs scope *.
#[utoipa::path(
    post,
    path = "/secondme/memory/never",
    operation_id = "addNeverKept",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    request_body = RuleRequest,
    responses((status = 200, description = "What is never kept now", body = Envelope<NeverKept>)),
)]
async fn add(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Json(RuleRequest { phrase }): Json<RuleRequest>,
) -> ApiResult<NeverKept> {
    memory.add_never_rule(caller.account(), &phrase).await?;
    Ok(Data(state(&memory, caller.account()).await?))
}

/// Set whether numbers of cards and the like may be kept. A key needs scope *.
#[utoipa::path(
    post,
    path = "/secondme/memory/never/numbers",
    operation_id = "setKeepsNumbers",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    request_body = NumbersRequest,
    responses((status = 200, description = "What is never kept now", body = Envelope<NeverKept>)),
)]
async fn numbers(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Json(NumbersRequest { keep }): Json<NumbersRequest>,
) -> ApiResult<NeverKept> {
    memory.set_keeps_numbers(caller.account(), keep).await?;
    Ok(Data(state(&memory, caller.account()).await?))
}

/// Delete a rule. A key needs scope *.
#[utoipa::path(
    post,
    path = "/secondme/memory/never/{id}/delete",
    operation_id = "deleteNeverKept",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The rule's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Path(segment): Path<String>,
) -> ApiResult<Nothing> {
    let id = id_in(&segment, Code::NotFound)?;
    if !memory.delete_never_rule(caller.account(), id).await? {
        return Err(Code::NotFound.into());
    }
    Ok(Data(Nothing))
}
