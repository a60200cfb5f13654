//! The Hub's error codes, and the error that is sent to callers.
//!
//! The Hub has a wire format of its own, in which `code` is a word and not a number. So its codes are not
//! part of the Lab API's catalog.

use serde_json::Value;
use web::{ApiError, Code, Language};

web::error_codes! {
    /// A kind of error. Its code is part of the public API and never changes.
    HubCode:

    /// An argument is missing or invalid, or the body is not a JSON object.
    InvalidParams = 400 "INVALID_PARAMS" "参数异常" "Invalid parameters";
    /// An internal error. The log has the cause under the trace.
    Unknown = 500 "UNKNOWN" "未知异常" "Unknown error";
    /// The call needs a token, or the token is empty.
    TokenMissing = 401 "TOKEN_MISSING" "缺少 Apihub-Token" "The Apihub-Token is missing";
    /// The token is not a well-formed HS256 token, or its signature or a claim is invalid.
    TokenInvalid = 401 "TOKEN_INVALID" "Token 无效" "The token is invalid";
    /// The token has expired.
    TokenExpired = 401 "TOKEN_EXPIRED" "Token 已过期" "The token has expired";
    /// The token's lifetime exceeds two hours.
    TokenLifetimeTooLong = 401 "TOKEN_LIFETIME_TOO_LONG"
        "Token 有效期最长 2 小时"
        "A token may live at most 2 hours";
    /// No key has this AK.
    KeyNotFound = 401 "KEY_NOT_FOUND" "API Key 不存在" "No such API key";
    /// The key is disabled or has expired.
    KeyDisabled = 403 "KEY_DISABLED" "API Key 已停用或已过期" "The API key is disabled or has expired";
    /// The client's address is not on the key's allowlist.
    IpNotAllowed = 403 "IP_NOT_ALLOWED" "IP 不在白名单内" "The address is not on the key's allowlist";
    /// The page's origin is not on the key's allowlist.
    DomainNotAllowed = 403 "DOMAIN_NOT_ALLOWED" "域名不在白名单内" "The domain is not on the key's allowlist";
    /// The key, the token, or the person may not call this action.
    PermissionDenied = 403 "PERMISSION_DENIED" "没有权限" "Permission denied";
    /// No API has this code.
    ApiNotFound = 404 "API_NOT_FOUND" "API 不存在" "No such API";
    /// The API has no such action.
    ActionNotFound = 404 "ACTION_NOT_FOUND" "接口不存在" "No such action";
    /// The upstream does not have what the arguments name.
    NotFound = 404 "NOT_FOUND" "没有找到" "Not found";
    /// The upstream refuses because of its current state.
    Conflict = 409 "CONFLICT" "与当前状态冲突" "Conflicts with the current state";
    /// The method is not GET or POST.
    MethodNotAllowed = 405 "METHOD_NOT_ALLOWED" "请求方法不支持" "Method not allowed";
    /// The request was not received and served in time.
    RequestTimeout = 408 "REQUEST_TIMEOUT" "请求超时" "The request took too long";
    /// The body is larger than the limit.
    BodyTooLarge = 413 "BODY_TOO_LARGE" "请求体过大" "The request body is too large";
    /// Too many calls within a short time.
    RateLimited = 429 "RATE_LIMITED" "请求过于频繁" "Too many requests";
    /// Too many calls on this day.
    QuotaExceeded = 429 "QUOTA_EXCEEDED" "今日调用次数已用完" "The quota of the day is used up";
    /// The upstream failed.
    UpstreamError = 502 "UPSTREAM_ERROR" "上游服务异常" "The upstream service failed";
    /// The upstream refuses the Hub's own access: the definition or its credentials need attention.
    UpstreamRefused = 502 "UPSTREAM_REFUSED"
        "上游服务拒绝了 Hub 的访问"
        "The upstream service refused the Hub's access";
    /// The server is overloaded or cannot reach its store.
    Unavailable = 503 "UNAVAILABLE" "服务暂时不可用" "The service is temporarily unavailable";
    /// The upstream did not respond in time.
    UpstreamTimeout = 504 "UPSTREAM_TIMEOUT" "上游服务超时" "The upstream service did not answer in time";
    /// The password does not satisfy the policy.
    PasswordTooWeak = 400 "PASSWORD_TOO_WEAK" "密码不符合要求" "The password does not satisfy the policy";
    /// The user name is taken.
    UserExists = 409 "USER_EXISTS" "用户已存在" "The user exists already";
    /// The user name or the password is wrong.
    LoginFailed = 401 "LOGIN_FAILED" "用户名或密码错误" "The user name or the password is wrong";
    /// No such user.
    UserNotFound = 404 "USER_NOT_FOUND" "用户不存在" "No such user";
}

/// An error for a caller: a code, a detail for the caller's developers, and a cause for the log alone.
#[derive(Debug, Clone)]
pub struct HubError {
    pub(crate) code: HubCode,
    pub(crate) detail: Value,
    pub(crate) retry_after: Option<i64>,
    pub(crate) cause: Option<String>,
}

impl HubError {
    /// Creates an error without a detail.
    pub fn new(code: HubCode) -> Self {
        Self { code, detail: Value::Null, retry_after: None, cause: None }
    }

    /// Sets the detail for developers. It is sent to the caller.
    #[must_use]
    pub fn with(mut self, detail: impl Into<Value>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Sets `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// Returns the seconds of `Retry-After`. Errors with status 429 or 503 always have them.
    pub(crate) fn wait(&self) -> Option<i64> {
        self.retry_after.or_else(|| self.code.usual_wait().map(i64::from))
    }

    /// Sets the cause for the log. It is never sent.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Creates the error for a missing or invalid argument.
    pub fn argument(name: &str, expected: &str) -> Self {
        Self::new(HubCode::InvalidParams).with(format!("{name}: {expected}"))
    }

    /// Returns the detail for developers.
    pub fn detail(&self) -> Option<&Value> {
        Some(&self.detail).filter(|detail| !detail.is_null())
    }

    /// Converts the error for endpoints of the Lab API, such as those for keys.
    pub fn into_api(self) -> ApiError {
        let code = match self.code {
            HubCode::KeyNotFound | HubCode::UserNotFound => Code::HubKeyNotFound,
            HubCode::Unavailable => Code::Unavailable,
            HubCode::RateLimited => Code::RateLimited,
            _ => Code::Internal,
        };
        let error = ApiError::new(code);
        match self.cause {
            Some(cause) => error.because(cause),
            None => error,
        }
    }

    /// Returns the kind of error.
    pub fn code(&self) -> HubCode {
        self.code
    }
}

impl From<HubCode> for HubError {
    fn from(code: HubCode) -> Self {
        Self::new(code)
    }
}

/// Errors of other crates and of the store: internal, or a temporary condition.
impl From<ApiError> for HubError {
    fn from(error: ApiError) -> Self {
        let code = match error.code() {
            Code::Unavailable => HubCode::Unavailable,
            Code::RateLimited => HubCode::RateLimited,
            _ => HubCode::Unknown,
        };
        let cause = error.cause().map_or_else(|| error.message(Language::En), str::to_owned);
        Self { retry_after: error.wait().map(i64::from), ..Self::new(code).because(cause) }
    }
}

impl From<store::Error> for HubError {
    fn from(error: store::Error) -> Self {
        ApiError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_whole() {
        let mut seen = HashSet::new();
        for code in HubCode::ALL {
            assert!(seen.insert(code.name()));
            assert_eq!(code.faults(), Vec::<String>::new());
        }
    }
}
