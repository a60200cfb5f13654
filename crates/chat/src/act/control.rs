//! Validation of `actionControl`, before a model is asked.

use serde_json::json;
use web::{ApiError, Code};

/// Minimum length in characters.
pub const MIN: usize = 20;
/// Maximum length in characters.
pub const MAX: usize = 8000;

const REQUIRED: [&str; 4] =
    ["输出格式约束（仅输出 JSON）", "JSON 字段结构示例（包含花括号）", "判定规则", "兜底规则"];
const SUGGESTIONS: [&str; 3] = [
    "请明确写出 JSON 结构，例如：{\"is_liked\": boolean}",
    "请明确兜底规则，例如：信息不足时返回 {\"is_liked\": false}",
    "请使用 JSON 布尔 true/false，不要使用 \"True\"/\"False\"",
];

/// Checks the text. The first failed check determines the error's code; all failed checks are listed as
/// issues.
///
/// # Errors
/// [`Code::ActControlEmpty`], [`Code::ActControlTooShort`], [`Code::ActControlTooLong`], or
/// [`Code::ActControlFormat`], with `constraints`, `issues`, and `suggestions`.
pub fn check(text: Option<&str>) -> Result<&str, ApiError> {
    let text = text.unwrap_or_default();
    let length = text.chars().count();
    let is_empty = text.trim().is_empty();
    let checks = [
        (is_empty, Code::ActControlEmpty, "empty", "actionControl 不能为空".to_owned()),
        (
            length < MIN,
            Code::ActControlTooShort,
            "too_short",
            format!("长度 {length} 少于最小长度 {MIN} 个字符"),
        ),
        (
            length > MAX,
            Code::ActControlTooLong,
            "too_long",
            format!("长度 {length} 超过最大长度 {MAX} 个字符"),
        ),
        (
            !(text.contains('{') && text.contains('}')),
            Code::ActControlFormat,
            "missing_json_structure",
            "未检测到 JSON 花括号结构示例（如 {\"is_liked\": boolean}）".to_owned(),
        ),
    ];
    let failed = || checks.iter().filter(|(failed, ..)| *failed);
    let Some((_, code, ..)) = failed().next() else { return Ok(text) };
    let issues: Vec<_> =
        failed().map(|(_, _, code, message)| json!({"code": code, "message": message})).collect();
    Err(ApiError::new(*code)
        .member(
            "constraints",
            json!({
                "minLength": MIN, "maxLength": MAX, "requiredElements": REQUIRED, "currentLength": length,
            }),
        )
        .member("issues", json!(issues))
        .member("suggestions", json!(SUGGESTIONS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_its_order() {
        let long = "长".repeat(MAX + 1);
        for (text, code) in [
            (None, Code::ActControlEmpty),
            (Some(" \n\u{3000}"), Code::ActControlEmpty),
            (Some("{\"a\": boolean}"), Code::ActControlTooShort),
            (Some(long.as_str()), Code::ActControlTooLong),
            (Some("仅输出合法的 JSON 对象，不要有任何解释文字"), Code::ActControlFormat),
            (Some("only an opening brace { is not a structure"), Code::ActControlFormat),
        ] {
            assert_eq!(check(text).unwrap_err().code(), code, "{text:?}");
        }
        assert!(check(Some("{\"is_liked\": boolean}")).is_ok(), "21 characters");
        assert!(check(Some(&format!("{{}}{}", "长".repeat(MAX - 2)))).is_ok(), "characters, not bytes");
    }
}
