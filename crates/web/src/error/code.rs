//! The catalog of error codes: for each its HTTP status, its `subCode`, and its messages.

crate::error_codes! {
    /// A kind of error. Its `subCode` is part of the public API and never changes.
    Code:

    /// The request needs a credential and has none.
    AuthMissing = 401 "apikey.auth.missing" "需要认证" "Authentication required";
    /// The API key is unknown, deleted, or expired.
    ApikeyInvalid = 401 "apikey.auth.invalid" "API Key 无效或已过期" "The API key is invalid or has expired";
    /// The credential lacks a scope; `{}` is the scope.
    PermissionDenied = 403 "apikey.permission.denied" "缺少必需的权限: {}" "Missing required scope: {}";
    /// The caller has no such API key.
    ApikeyNotFound = 404 "apikey.fetch.not_found" "API Key 不存在" "No such API key";
    /// The scopes of a new key include an unknown one; `{}` is the scope.
    ApikeyScopeInvalid = 400 "apikey.scope.invalid" "无效的权限: {}" "Unknown scope: {}";
    /// The bearer token is unknown, expired, or revoked.
    TokenInvalid = 401 "auth.token.invalid" "Token 无效或已过期" "The token is invalid or has expired";
    /// The endpoint needs a sign-in session; `{}` is the credential that was sent instead.
    SessionRequired = 403 "auth.session.required" "该操作需要登录,不接受 {}" "This needs a signed-in session, not {}";
    /// The e-mail address is unknown or the password is wrong.
    SignInFailed = 401 "auth.signin.failed" "邮箱或密码不正确" "The e-mail or password is not right";
    /// There were too many attempts to sign in; `Retry-After` says when to try again.
    SignInSlowed = 429 "auth.signin.rate_limited" "尝试次数过多,请稍后再试" "Too many attempts, please try again later";
    /// Sign-up is closed to visitors, or the invitation is not valid.
    SignUpClosed = 403 "auth.signup.closed" "注册未开放或邀请无效" "Sign-up is closed or the invitation is not valid";
    /// The request of a form has no valid CSRF token, or comes from another site.
    CsrfRejected = 403 "auth.csrf.rejected"
        "请求来源校验失败,请刷新页面后重试"
        "The request did not come from this site; reload the page and try again";
    /// The change of the profile is not valid; `{}` is the reason.
    ProfileUpdateFailed = 400 "user.profile.update_failed" "资料更新失败: {}" "The profile was not updated: {}";
    /// There is no such route, or nothing there that the caller may see.
    NotFound = 404 "resource.fetch.not_found" "Not Found" "Not Found";
    /// The route exists, but not with this method.
    MethodNotAllowed = 405 "method.not_allowed" "Method Not Allowed" "Method Not Allowed";
    /// The request was not complete or not answered in time.
    RequestTimeout = 408 "request.timeout" "请求超时" "The request took too long";
    /// The body is larger than the limit; `{}` is the limit in bytes.
    BodyTooLarge = 413 "request.body.too_large"
        "请求体超过 {} 字节的限制"
        "The body is larger than the limit of {} bytes";
    /// The account has reached a storage quota; `{}` names the limit and the present use.
    QuotaExceeded = 413 "quota.exceeded" "存储空间已达上限: {}" "The account's storage is full: {}";
    /// The content type or the content of a file is not accepted; `{}` lists the accepted ones.
    UnsupportedMedia = 415 "request.media.unsupported"
        "不支持的媒体类型,支持: {}"
        "Unsupported media type; supported: {}";
    /// The request does not match the schema; `detail` lists each error and `{}` is the first one.
    Unprocessable = 422 "invalid.param" "{}" "{}";
    /// A parameter is not valid; `{}` says which and why.
    InvalidParam = 400 "invalid.param" "参数错误: {}" "Invalid parameter: {}";
    /// Too many requests; `Retry-After` says when to try again.
    RateLimited = 429 "rate.limited" "请求过于频繁,请稍后再试" "Too many requests, please try again later";
    /// An unexpected failure; the log has the cause with the request id.
    Internal = 500 "internal.error" "服务内部错误" "Internal server error";
    /// The database or another dependency cannot be reached, or the server is at its limit.
    Unavailable = 503 "connection.error"
        "服务暂时不可用,请稍后再试"
        "The service is temporarily unavailable, please try again later";
    /// The token lacks a scope, on the endpoints for which the SecondMe API has this code; `{}` is the scope.
    ScopeMissing = 403 "auth.scope.missing" "缺少必需的权限: {}" "Missing required scope: {}";
    /// A key memory has no content.
    MemoryContentRequired = 400 "memory.content.required" "记忆内容不能为空" "The memory has no content";
    /// The caller has no such key memory.
    MemoryNotFound = 404 "memory.not_found" "记忆不存在" "No such memory";
    /// A text note has no content.
    NoteContentRequired = 400 "note.content.required" "笔记内容不能为空" "The note has no content";
    /// A link note has no links.
    NoteUrlsRequired = 400 "note.urls.required" "链接笔记需要至少一个链接" "A link note needs at least one link";
    /// The change of the note is not valid; `{}` is the reason.
    NoteUpdateFailed = 400 "note.update.failed" "笔记更新失败: {}" "The note was not updated: {}";
    /// The caller has no such note to change.
    NoteUpdateNotFound = 404 "note.update.failed" "笔记不存在" "No such note";
    /// The caller has no such Hub key.
    HubKeyNotFound = 404 "hub.key.not_found" "API Key 不存在" "No such key";
    /// The Hub's catalog has no API with this code.
    HubApiNotFound = 404 "hub.api.not_found" "API 不存在" "No such API";
    /// The endpoint is for administrators.
    AdminRequired = 403 "auth.admin.required" "该操作需要管理员权限" "This is for administrators";
    /// The caller has no such note to delete.
    NoteDeleteNotFound = 404 "note.delete.failed" "笔记不存在" "No such note";
    /// The chat session belongs to somebody else.
    ChatSessionUnauthorized = 403 "secondme.session.unauthorized"
        "无权访问该会话"
        "The session belongs to someone else";
    /// The caller has no such chat session.
    ChatSessionNotFound = 404 "secondme.session.not_found" "会话不存在" "No such session";
    /// The context of the assistant's prompt could not be built.
    ChatContextFailed = 500 "secondme.context.build_failed" "上下文构建失败" "The context could not be built";
    /// The model failed after the stream had begun.
    ChatStreamFailed = 500 "secondme.stream.error" "服务内部错误" "Internal server error";
    /// The model used all tokens of its response, as a rule by thinking, before it wrote any text.
    ChatTokensSpent = 500 "secondme.chat.tokens_spent"
        "模型在作答之前已用完本次回答的 token（通常用于思考），请调大 maxTokens"
        "The model used up the tokens of this answer before it said anything, as a rule by thinking: raise \
         maxTokens";
    /// The person has used up today's tokens; `Retry-After` says when the next day begins.
    ChatUsedUp = 429 "secondme.chat.daily_limit" "今日模型用量已达上限" "Today's limit of model tokens is used up";
    /// There is no model with this name; `{}` is the name.
    ChatModelUnknown = 404 "secondme.model.not_found" "模型不存在: {}" "No such model: {}";
    /// No embedding endpoint is configured. 404, because clients retry after a 5xx.
    EmbeddingMissing = 404 "embedding.not_configured"
        "服务器未配置嵌入模型"
        "No embedding model is configured on this server";
    /// The embedding model refuses the input; `{}` names the parameters.
    EmbeddingRefused = 400 "embedding.input_refused"
        "嵌入模型拒绝了输入: {}"
        "The embedding model refuses the input: {}";
    /// The embedding endpoint cannot be reached, or fails.
    EmbeddingFailed = 503 "embedding.unavailable"
        "嵌入服务暂时不可用,请稍后再试"
        "The embedding service is temporarily unavailable, please try again later";
    /// The person has no voice, or the server no speech.
    TtsVoiceMissing = 400 "tts.voice_id.not_set" "未设置语音" "No voice is set";
    /// The text to be read aloud is too long.
    TtsTextTooLong = 400 "tts.text.too_long"
        "文本过长,最多 10000 个字符"
        "The text is too long: at most 10,000 characters";
    /// The speech endpoint cannot be reached, or fails.
    TtsFailed = 503 "tts.unavailable"
        "语音服务暂时不可用,请稍后再试"
        "The speech service is temporarily unavailable, please try again later";
    /// No avatar has this share code, or it is not shared.
    ChatShareCodeUnknown = 404 "ws_chat.share_code.mind_not_found"
        "分享码对应的分身不存在"
        "No avatar has this share code";

    /// There is no such person, or they are no friend.
    FriendNotFound = 404 "friend.not_found" "没有这位好友" "No such friend";
    /// The person was invited before.
    FriendAlreadySent = 400 "friend.invite.already_sent" "已经发送过邀请" "An invitation was sent already";
    /// The two are friends.
    FriendAlready = 400 "friend.invite.already_friend" "已经是好友" "You are friends already";
    /// The person sent no invitation.
    FriendInviteNotFound = 404 "friend.invite.not_found" "没有这个邀请" "No such invitation";
    /// The invitation was answered before.
    FriendInviteHandled = 400 "friend.invite.already_handled"
        "邀请已经处理过"
        "The invitation was answered already";

    /// The avatar does not exist, or the caller does not own it.
    AvatarNotFound = 404 "avatar.fetch.failed" "分身形象不存在" "No such avatar";
    /// The new avatar is not valid; `{}` is the reason.
    AvatarCreateFailed = 400 "avatar.create.failed" "分身形象创建失败: {}" "The avatar was not created: {}";
    /// The change of the avatar is not valid; `{}` is the reason.
    AvatarUpdateFailed = 400 "avatar.update.failed" "分身形象更新失败: {}" "The avatar was not updated: {}";
    /// The caller has no such avatar to change.
    AvatarUpdateNotFound = 404 "avatar.update.failed" "分身形象不存在" "No such avatar";
    /// The primary avatar cannot be deleted.
    AvatarDeleteFailed = 400 "avatar.delete.failed"
        "主分身不能删除"
        "The primary avatar cannot be deleted";
    /// The caller has no such avatar to delete.
    AvatarDeleteNotFound = 404 "avatar.delete.failed" "分身形象不存在" "No such avatar";
    /// The key of an avatar was not created; `{}` is the reason.
    AvatarKeyFailed = 400 "avatar.apikey.failed" "分身密钥操作失败: {}" "The avatar's key was not created: {}";
    /// The caller has no such key of an avatar, or no such avatar.
    AvatarKeyNotFound = 404 "avatar.apikey.failed" "分身或密钥不存在" "No such avatar or key";
    /// This server does not offer the feature; `{}` names it.
    AvatarFeatureMissing = 400 "avatar.feature.unavailable"
        "此服务器不提供该功能: {}"
        "This server does not offer this feature: {}";
    /// The definition of a skill is not valid; `{}` is the reason.
    AvatarSkillInvalid = 400 "avatar.custom.skill.definition.invalid"
        "技能定义无效: {}"
        "The definition of the skill is not valid: {}";
    /// A skill has no content.
    AvatarSkillEmpty = 400 "avatar.custom.skill.content.required" "技能内容不能为空" "The skill has no content";
    /// A skill is of a kind that is not supported; `{}` is the supported one.
    AvatarSkillUnsupported = 400 "avatar.custom.skill.source.unsupported"
        "不支持的技能来源,应为 {}"
        "The source of the skill is not supported; expected {}";
    /// The owner has paused the avatar.
    AvatarPaused = 403 "avatar.chat.paused" "该分身暂停接待访客" "The avatar does not receive visitors at the moment";
    /// The avatar is not open to apps.
    AvatarApiOff = 403 "avatar.api.disabled" "该分身未开放 API 访问" "The avatar is not open to apps";
    /// The owner has blocked the visitor.
    VisitorBlocked = 403 "visitor_chat.visitor_blocked" "对方已屏蔽你" "The owner has blocked you";
    /// There is no such conversation of the caller with an avatar. Clients look for the word in the message.
    VisitorSessionNotFound = 404 "visitor_chat.session_not_found"
        "会话不存在 (session_not_found)"
        "No such session (session_not_found)";
    /// The conversation with the avatar has ended. Clients look for the word in the message.
    VisitorSessionExpired = 404 "visitor_chat.session_expired"
        "会话已过期 (session_expired)"
        "The session has expired (session_expired)";
    /// The visitor sends too many messages; `Retry-After` says when to try again.
    VisitorSlowed = 429 "visitor_chat.rate_limited"
        "消息过于频繁,请稍后再试"
        "Too many messages, please try again later";
    /// As many visitors as the avatar receives at once are there.
    VisitorsFull = 429 "visitor_chat.too_many_visitors"
        "访客已满,请稍后再试"
        "The avatar has as many visitors as it receives, please try again later";
    /// The avatar has answered as much today as it may; `Retry-After` says when the next day begins.
    AvatarUsedUp = 429 "visitor_chat.daily_limit"
        "该分身今日接待已达上限"
        "The avatar has answered as much today as it may";

    /// The endpoint serves a person, and the token stands for an app only.
    UserRequired = 400 "secondme.user.invalid_id" "该操作需要用户身份" "This needs a token that stands for a person";
    /// The app does not exist, or the caller does not own it.
    OauthApplicationNotFound = 404 "oauth2.application.not_found" "应用不存在" "No such application";
    /// The app may not do this.
    OauthApplicationUnauthorized = 403 "oauth2.application.unauthorized"
        "应用无权执行该操作"
        "The application may not do this";
    /// The app waits for review.
    OauthApplicationPending = 403 "oauth2.application.pending_review"
        "应用正在审核中"
        "The application has not been reviewed yet";
    /// The app was rejected by the review.
    OauthApplicationRejected = 403 "oauth2.application.rejected" "应用未通过审核" "The application was rejected";
    /// The app was suspended.
    OauthApplicationSuspended = 403 "oauth2.application.suspended" "应用已被暂停" "The application is suspended";
    /// The grant type does not exist; `{}` is the expected one.
    OauthGrantTypeInvalid = 400 "oauth2.grant_type.invalid"
        "无效的 grant_type,应为 {}"
        "Invalid grant_type; expected {}";
    /// The grant type belongs to another endpoint; `{}` is the expected one.
    OauthGrantTypeUnsupported = 400 "oauth2.grant_type.unsupported"
        "该接口不支持此 grant_type,应为 {}"
        "This endpoint does not serve that grant_type; expected {}";
    /// No app has this client id.
    OauthClientInvalid = 400 "oauth2.client.invalid" "无效的 Client ID" "Invalid client id";
    /// The document at a client id cannot be had or used; `{}` is the reason.
    OauthDocumentInvalid = 400 "oauth2.client.document_invalid"
        "无法使用应用的说明文件: {}"
        "The app's description cannot be used: {}";
    /// The resource is not one of this server, or not the one that the access is for.
    OauthTargetInvalid = 400 "oauth2.resource.invalid"
        "resource 无效"
        "The resource is not one that this access is for";
    /// The client secret is not the app's.
    OauthSecretMismatch = 401 "oauth2.client.secret_mismatch"
        "Client Secret 不匹配"
        "The client secret does not match";
    /// The authorization code is unknown, belongs to another app, or was sent with a wrong PKCE verifier.
    OauthCodeInvalid = 400 "oauth2.code.invalid"
        "授权码无效或已过期"
        "The authorization code is invalid or has expired";
    /// The authorization code was exchanged before; the tokens that came of it are revoked.
    OauthCodeUsed = 400 "oauth2.code.used" "授权码已被使用" "The authorization code has been used";
    /// The authorization code has expired.
    OauthCodeExpired = 400 "oauth2.code.expired" "授权码已过期" "The authorization code has expired";
    /// The person revoked their consent before the code was exchanged.
    OauthCodeRevoked = 400 "oauth2.code.revoked" "授权码已被撤销" "The authorization code was revoked";
    /// No app may register this redirect URI; `{}` is the URI.
    OauthRedirectInvalid = 400 "oauth2.redirect_uri.invalid"
        "无效的 Redirect URI: {}"
        "Invalid redirect URI: {}";
    /// The redirect URI is not registered, or differs from the one of the authorization request.
    OauthRedirectMismatch = 400 "oauth2.redirect_uri.mismatch"
        "Redirect URI 不匹配"
        "The redirect URI does not match";
    /// The refresh token is unknown or belongs to another app.
    OauthRefreshInvalid = 400 "oauth2.refresh_token.invalid"
        "Refresh Token 无效"
        "The refresh token is invalid";
    /// The refresh token has expired.
    OauthRefreshExpired = 401 "oauth2.refresh_token.expired"
        "Refresh Token 已过期"
        "The refresh token has expired";
    /// The person revoked their consent, or the code behind the token was used twice.
    OauthRefreshRevoked = 401 "oauth2.refresh_token.revoked"
        "Refresh Token 已被撤销"
        "The refresh token was revoked";
    /// A scope does not exist, or there is none; `{}` is the scope.
    OauthScopeInvalid = 400 "oauth2.scope.invalid" "无效的权限: {}" "Unknown scope: {}";
    /// The app may not request this scope; `{}` is the scope.
    OauthScopeDisallowed = 403 "oauth2.scope.disallowed"
        "应用未获准使用的权限: {}"
        "The application may not ask for the scope: {}";

    /// The person has no certificate for the Plaza.
    PlazaGate = 403 "third.party.agent.plaza.invitation.required"
        "需要先激活 Plaza 准入"
        "Redeem an invitation code before reading or writing on the Plaza";
    /// The invitation code does not exist or was withdrawn.
    InvitationNotFound = 404 "invitation.code.not_found" "邀请码不存在" "No such invitation code";
    /// The invitation code has been redeemed.
    InvitationUsed = 400 "invitation.code.already_used" "邀请码已被使用" "The invitation code has been used";
    /// The invitation code is the person's own.
    InvitationSelf = 400 "invitation.code.self_redeem"
        "不能兑换自己的邀请码"
        "You cannot redeem your own invitation code";
    /// There were too many attempts to redeem a code; `Retry-After` says when to try again.
    InvitationSlowed = 429 "invitation.redeem.rate_limited"
        "兑换操作过于频繁,请稍后重试"
        "Too many attempts to redeem a code, please try again later";
    /// A comment is longer than 2000 characters.
    CommentTooLong = 400 "comment.content.too_long"
        "评论内容超过 2000 字符限制"
        "The comment is longer than 2000 characters";
    /// An administrator has banned the person from writing on the Plaza; `{}` is the end and the reason.
    PlazaBanned = 403 "plaza.resident.banned" "你已被禁止在广场发言: {}" "You may not speak on the Plaza: {}";
    /// The author has blocked the person.
    PlazaBlocked = 403 "plaza.resident.blocked" "对方已屏蔽你" "The author has blocked you";
    /// The person has not allowed their assistant to comment.
    PlazaDoubleOff = 403 "plaza.double.disabled"
        "本人未允许分身在广场评论"
        "The person has not allowed their double to comment on the Plaza";
    /// The person is not a member of the circle.
    CircleNotMember = 403 "plaza.circle.not_member" "需要先加入圈子" "Join the circle first";
    /// Another circle has this route.
    CircleTaken = 400 "plaza.circle.route_taken" "圈子路由已被使用" "Another circle has this route";
    /// `actionControl` is missing or blank; `constraints`, `issues`, and `suggestions` say what is expected.
    ActControlEmpty = 400 "secondme.act.action_control.empty"
        "actionControl 存在常见格式问题，请按 issues 和 suggestions 修正后重试"
        "actionControl is not well formed; see issues and suggestions";
    /// `actionControl` is too short.
    ActControlTooShort = 400 "secondme.act.action_control.too_short"
        "actionControl 存在常见格式问题，请按 issues 和 suggestions 修正后重试"
        "actionControl is not well formed; see issues and suggestions";
    /// `actionControl` is too long.
    ActControlTooLong = 400 "secondme.act.action_control.too_long"
        "actionControl 存在常见格式问题，请按 issues 和 suggestions 修正后重试"
        "actionControl is not well formed; see issues and suggestions";
    /// `actionControl` describes no JSON structure.
    ActControlFormat = 400 "secondme.act.action_control.invalid_format"
        "actionControl 存在常见格式问题，请按 issues 和 suggestions 修正后重试"
        "actionControl is not well formed; see issues and suggestions";
}

impl Code {
    /// Returns the `subCode` (and `error_code`) in the body: `module.resource.reason`.
    pub const fn sub_code(self) -> &'static str {
        self.name()
    }

    /// True if the error envelope has a `detail` member beside the message, as in the SecondMe API.
    pub const fn has_detail(self) -> bool {
        matches!(self, Self::AuthMissing | Self::NotFound | Self::MethodNotAllowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_whole() {
        let faults: Vec<String> = Code::ALL.iter().flat_map(|code| code.faults()).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn a_sub_code_with_one_status_is_named_once() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert((code.sub_code(), code.status())), "{code:?} repeats {}", code.sub_code());
        }
    }
}
