//! `/admin/audit`: who did what, when, and from where.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use identity::{
    AuditAction,
    audit::{Entry, Filter, Kind},
};
use web::{ApiError, Language, Query};

use super::{Admin, texts::Texts};
use crate::{
    Console,
    page::Page,
    texts::fill,
    when::{Exact, When},
};

pub(super) const PATH: &str = "/admin/audit";

/// The name of each action.
const ACTIONS: &[(AuditAction, &str, &str)] = &[
    (AuditAction::AccountCreated, "创建账号", "Account created"),
    (AuditAction::AccountDisabled, "停用账号", "Account disabled"),
    (AuditAction::AccountEnabled, "启用账号", "Account enabled"),
    (AuditAction::AccountDeleted, "删除账号", "Account deleted"),
    (AuditAction::AccountInvited, "创建邀请链接", "Invitation link made"),
    (AuditAction::AccountRoleChanged, "修改角色", "Role changed"),
    (AuditAction::PasswordLinkMade, "创建重设密码链接", "Link for a new password made"),
    (AuditAction::PasswordChanged, "修改密码", "Password changed"),
    (AuditAction::PasswordRefused, "修改密码失败", "Password change refused"),
    (AuditAction::PasswordSet, "重设密码", "Password set anew"),
    (AuditAction::SessionStarted, "登录", "Signed in"),
    (AuditAction::SessionRefused, "登录失败", "Sign-in failed"),
    (AuditAction::SessionEnded, "退出一个会话", "Session ended"),
    (AuditAction::OtherSessionsEnded, "退出其他会话", "Other sessions ended"),
    (AuditAction::ProgramConnected, "连接程序", "Program connected"),
    (AuditAction::ProgramEnded, "断开程序", "Program disconnected"),
    (AuditAction::KeyCreated, "创建密钥", "API key created"),
    (AuditAction::KeyRotated, "轮换密钥", "API key rotated"),
    (AuditAction::KeyDeleted, "删除密钥", "API key deleted"),
    (AuditAction::AppCreated, "创建应用", "App created"),
    (AuditAction::AppRegistered, "应用自行注册", "App registered itself"),
    (AuditAction::AppChanged, "修改应用", "App changed"),
    (AuditAction::AppSecretReplaced, "更换应用密钥", "Client secret replaced"),
    (AuditAction::AppWebhookChanged, "修改应用的回调", "Webhook changed"),
    (AuditAction::AppStatusChanged, "修改应用状态", "App status changed"),
    (AuditAction::AppDeleted, "删除应用", "App deleted"),
    (AuditAction::AccessGranted, "授权应用", "Access granted"),
    (AuditAction::AccessChanged, "修改授权", "Access changed"),
    (AuditAction::AccessRevoked, "收回授权", "Access revoked"),
    (AuditAction::HubKeyCreated, "创建 Hub 密钥", "Hub key created"),
    (AuditAction::HubKeyChanged, "修改 Hub 密钥", "Hub key changed"),
    (AuditAction::AvatarKeyCreated, "创建分身密钥", "Avatar key created"),
    (AuditAction::AvatarKeyDeleted, "删除分身密钥", "Avatar key deleted"),
    (AuditAction::HubKeyRotated, "轮换 Hub 密钥", "Hub key rotated"),
    (AuditAction::HubKeyDeleted, "删除 Hub 密钥", "Hub key deleted"),
    (AuditAction::HubApiSaved, "保存 Hub API", "Hub API saved"),
    (AuditAction::HubApiDeleted, "删除 Hub API", "Hub API deleted"),
    (AuditAction::ModelSaved, "保存模型", "Model saved"),
    (AuditAction::ModelMoved, "调整模型顺序", "Models reordered"),
    (AuditAction::ModelDeleted, "移除模型", "Model removed"),
    (AuditAction::DataExported, "导出数据", "Data exported"),
    (AuditAction::DataImported, "导入数据", "Data imported"),
    (AuditAction::SignUpChanged, "修改注册方式", "Who may sign up changed"),
    (AuditAction::ServerReloaded, "重新载入配置", "Configuration reloaded"),
    (AuditAction::ServerBackedUp, "备份", "Backup made"),
];

/// The query of the page.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    /// The name of a [`Kind`], or [`REFUSED`].
    #[serde(default)]
    kind: String,
    #[serde(default)]
    q: String,
    before: Option<String>,
}

/// The filter that shows what was refused.
const REFUSED: &str = "refused";

struct EntryView {
    when: Exact,
    action: String,
    is_refused: bool,
    who: String,
    subject: String,
    address: String,
}

/// A filter: its value, its name, and true if it is chosen.
type Chip = (&'static str, &'static str, bool);

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    chips: [Chip; 6],
    kind: &'static str,
    q: String,
    entries: Vec<EntryView>,
    days: String,
    none: Option<String>,
    older: Option<String>,
}

/// Shows one page of the log.
pub(crate) async fn show(
    State(console): State<Console>,
    Admin(member): Admin,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let page = member.page.at("admin", PATH);
    let t = Texts::of(page.language);
    let kind: Option<Kind> = params.kind.parse().ok();
    let only_refused = params.kind == REFUSED;
    let q: String = params.q.trim().chars().take(254).collect();
    let before = params.before.as_deref().and_then(|id| id.parse().ok());
    let filter = Filter { kind, only_refused, account: None, text: q.clone(), before };
    let (entries, next) = console.identity.audit_log(&filter).await?;
    let name = if only_refused { REFUSED } else { kind.map_or("", Kind::name) };
    let older = next.map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("kind", name).append_pair("q", &q).append_pair("before", &next.to_string());
        format!("{PATH}?{}", query.finish())
    });
    let chip = |value: &'static str, text| (value, text, value == name);
    let template = AuditPage {
        page: &page,
        t,
        chips: [
            chip("", t.audit_all),
            chip(Kind::SignIn.name(), t.audit_sign_in),
            chip(Kind::Access.name(), t.audit_access),
            chip(Kind::Administration.name(), t.audit_administration),
            chip(Kind::Data.name(), t.audit_data),
            chip(REFUSED, t.audit_refused),
        ],
        kind: name,
        q,
        entries: entries.into_iter().map(|entry| view(entry, page.language)).collect(),
        days: fill(t.audit_days, console.identity.settings().audit_days),
        none: None,
        older,
    };
    page.answer(StatusCode::OK, &template)
}

fn view(entry: Entry, language: Language) -> EntryView {
    let action = ACTIONS.iter().find(|(action, ..)| action.name() == entry.action);
    EntryView {
        when: When(entry.at).exact(),
        // An action of a newer release, which this one does not know.
        action: match (action, language) {
            (Some((_, zh, _)), Language::Zh) => (*zh).to_owned(),
            (Some((_, _, en)), Language::En) => (*en).to_owned(),
            (None, _) => entry.action,
        },
        is_refused: entry.is_refused,
        who: entry.email,
        subject: entry.subject,
        address: entry.address,
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_action_has_a_name() {
        for action in AuditAction::iter() {
            assert_eq!(ACTIONS.iter().filter(|(other, ..)| *other == action).count(), 1, "{action:?}");
        }
    }
}
