//! Problems with forms of the Hub, in the person's language.
//!
//! The Hub describes problems in English, as in responses of the API. The pages use the form's names of the
//! fields, and translate the rest if they are in Chinese.

use hub::call::HubError;
use web::{ApiError, Language, issues::Issue};

use super::{texts, texts::Texts as HubTexts};

/// Texts of the Hub and their translations. The parts that match `{}` are copied. The first matching pattern
/// is used.
const PHRASES: &[(&str, &str)] = &[
    // Fields of any form.
    ("Field required", "必填"),
    ("is missing", "缺失"),
    ("String should have at least 1 character", "不能为空"),
    ("String should have at least 1 visible character", "不能为空"),
    (
        "String should not contain characters that are invisible or change the direction of text",
        "不能含有不可见字符或改变文字方向的字符",
    ),
    ("String should have at most {} characters", "最多 {} 个字符"),
    ("String should not contain {}", "不能含有换行或控制字符"),
    ("List should have at most {} items", "最多 {} 项"),
    ("Input should be a whole number", "应为整数"),
    ("Input should be from {} to {}", "应在 {} 到 {} 之间"),
    ("Input should be at most {}", "最大为 {}"),
    (
        "Line {} should be a name, a colon, and a type as city: string!",
        "第 {} 行应为名称、冒号和类型，例如 city: string!",
    ),
    ("This name is taken", "这个名称已经有了"),
    // Keys.
    ("Input should be a date such as {}", "应为日期，例如 {}"),
    ("Input should be in the future, {}", "应为将来的日期"),
    ("Input should be an address or a network as {} or {}", "应为地址或网段，例如 {} 或 {}"),
    ("Input should be a host as {}, {} or {}", "应为域名，例如 {}、{} 或 {}"),
    ("Input should be an action as {}, {}, {} or *", "应为接口，例如 {}、{}、{} 或 *"),
    ("keys <= {}", "最多 {} 个密钥"),
    // Definitions of APIs.
    ("apis < {}", "API 数量应少于 {}"),
    (
        "Input should be 1 to 64 lower-case letters, digits and hyphens",
        "应为 1 到 64 个小写字母、数字和连字符",
    ),
    ("This code is reserved for the Lab API", "该代码为 Lab API 保留"),
    ("An API should have at most {} actions", "一个 API 最多 {} 个接口"),
    ("An action's name should be lower-case letters, digits and hyphens", "接口名应为小写字母、数字和连字符"),
    ("Input should be an e-mail address or *", "应为邮箱地址或 *"),
    ("Input should be the AK of a key", "应为密钥的 AK"),
    ("There is no account {}", "没有账号 {}"),
    ("Groups should be paths that begin with /", "用户组应为以 / 开头的路径"),
    ("Input should be GET, POST, PUT, PATCH or DELETE", "应为 GET、POST、PUT、PATCH 或 DELETE"),
    ("Input should be a path without ?, # and ..", "应为不含 ?、# 和 .. 的路径"),
    ("Input should be a path without . and ..", "应为不含 . 和 .. 的路径"),
    ("Input should be an http or https address without a query", "应为不带查询参数的 http 或 https 地址"),
    ("Input should be an origin, as {}", "应为来源地址，例如 {}"),
    ("An action should have at most {} headers", "一个接口最多 {} 个请求头"),
    ("a form needs a body", "表单需要请求体"),
    ("the members of a form are texts", "表单的成员应为文本"),
    ("This header cannot be set so", "不能这样设置该请求头"),
    ("{} cannot be passed on", "不能转发 {}"),
    ("a } without its {", "} 缺少对应的 {"),
    ("a { without its }", "{ 缺少对应的 }"),
    ("too many arguments in one text", "同一文本中的参数过多"),
    (
        "a text that begins with $ should be $, $/…, $text /… or $ms /…",
        "以 $ 开头的文本应为 $、$/…、$text /… 或 $ms /…",
    ),
    ("Input should be JSON: {}", "应为 JSON：{}"),
    ("missing field `{}` at line {} column {}", "缺少字段 {}（第 {} 行第 {} 列）"),
    ("missing field `{}`", "缺少字段 {}"),
    ("unknown field `{}`, {}", "没有字段 {}"),
    ("unknown variant `{}`, expected {}", "没有类型 {}，应为 {}"),
    ("{} at line {} column {}", "JSON 有误（第 {1} 行第 {2} 列）：{0}"),
    // Imported OpenAPI documents.
    (
        "expected OpenAPI 3.0 to 3.2 or Swagger 2.0, found {}",
        "应为 OpenAPI 3.0 至 3.2 或 Swagger 2.0，实际为 {}",
    ),
    ("Input should be JSON or YAML: {}", "应为 JSON 或 YAML：{}"),
    ("the document is larger than {} bytes", "文档超过 {} 字节"),
    ("the document is too large once it is converted", "文档转换后过大"),
    ("more than {} paths", "超过 {} 个路径"),
    ("more than {} parameters; left out", "超过 {} 个参数，已略去"),
    ("and {} more", "另有 {} 条"),
    ("this method is not called through the Hub; left out", "Hub 不转发该方法，已略去"),
    (
        "its additionalOperations are not called through the Hub; left out",
        "Hub 不转发 additionalOperations，已略去",
    ),
    ("the path refers to nothing in the document; left out", "路径引用了文档中没有的内容，已略去"),
    ("its path does not begin with /, or is very long; left out", "路径不以 / 开头或过长，已略去"),
    ("its path has a ?, # or \\ in it, and would be another; left out", "路径含有 ?、# 或 \\，已略去"),
    ("its path has a { without its }; left out", "路径中的 { 缺少对应的 }，已略去"),
    ("its path cannot be read; left out", "无法读取路径，已略去"),
    ("an API has at most {} actions; left out", "一个 API 最多 {} 个接口，已略去"),
    ("a parameter has no name, or a very long one; left out", "有参数没有名称或名称过长，已略去"),
    ("{} is not in the path; left out", "{} 不在路径中，已略去"),
    ("{} in the path is not described; taken as a text", "路径中的 {} 没有说明，按文本处理"),
    (
        "the header {} is no parameter, as OpenAPI says; ignored",
        "按 OpenAPI 规定，请求头 {} 不是参数，已忽略",
    ),
    (
        "it needs {} in {}, which the Hub does not send; left out",
        "它需要 {1} 中的 {0}，而 Hub 不发送，已略去",
    ),
    ("its body is neither JSON nor a form ({}); left out", "请求体既不是 JSON 也不是表单（{}），已略去"),
    (
        "its body is neither JSON nor a form ({}) and is not sent",
        "请求体既不是 JSON 也不是表单（{}），不会发送",
    ),
    ("a body is not sent with GET", "GET 不发送请求体"),
    ("its body refers to nothing in the document; left out", "请求体引用了文档中没有的内容，已略去"),
    ("a parameter refers to nothing in the document; left out", "参数引用了文档中没有的内容，已略去"),
    ("{} in {} is not sent", "{1} 中的 {0} 不会发送"),
    (
        "{} has the style {}, which is not written; it is sent as JSON",
        "{0} 的格式 {1} 不受支持，以 JSON 发送",
    ),
    ("a schema is recursive, large or refers to nothing; it is cut", "结构定义递归、过大或引用缺失，已截断"),
    (
        "an expression (pattern) that not every client reads is left out",
        "并非所有客户端都支持的表达式（pattern）已略去",
    ),
    ("{} are in answers only; left out", "{} 只在响应中出现，已略去"),
    ("what it calls back is left out", "回调（callbacks）已略去"),
    ("what the API calls is left out", "webhooks 已略去"),
    (
        "the first of {} is used; give a base address for another",
        "使用 {} 个服务地址中的第一个；要用其他的请填写服务地址",
    ),
    ("the first of its {} servers is used", "使用其 {} 个服务地址中的第一个"),
    (
        "it has a server of its own and is sent to {}, without the API's headers, secrets and callers unless \
         provider.trusted_origins has {}",
        "它有自己的服务地址，发送到 {}；除非 provider.trusted_origins 中有 {}，否则不带该 API 的请求头、机密和调用者信息",
    ),
    ("it has a server of its own and is sent to {}", "它有自己的服务地址，发送到 {}"),
    ("its server's address is too long; left out", "服务地址过长，已略去"),
    ("its server {} has a variable without a default; left out", "服务地址 {} 有没有默认值的变量，已略去"),
    ("its server {} is no {}; left out", "服务地址 {} 不是 http 或 https 地址，已略去"),
    ("no operation can be called through the Hub", "没有可通过 Hub 调用的操作"),
    (
        "the document names no server with a whole address: give a base address",
        "文档中没有完整的服务地址，请填写服务地址",
    ),
    (
        "the document names no server with a whole address: give a base address; left out",
        "文档中没有完整的服务地址，已略去",
    ),
    ("add the secret header {} if the API needs it", "如果 API 需要，请添加机密请求头 {}"),
    ("add the secret query parameter {} if the API needs it", "如果 API 需要，请添加机密查询参数 {}"),
    (
        "{} is not obtained by the Hub: add a secret header if the API needs one",
        "Hub 不会获取 {}：如果 API 需要，请添加机密请求头",
    ),
    // Users of a key.
    ("1 to 64 visible characters, no white space at the ends", "1 到 64 个可见字符，首尾不能有空白"),
    ("a text of at most {} characters", "最多 {} 个字符"),
];

/// Rules that a password can break: the policy's name, Chinese, English.
const LACKS: &[(&str, &str, &str)] = &[
    ("minLength", "太短", "too short"),
    ("maxLength", "太长", "too long"),
    ("requireUpper", "需要大写字母", "needs an upper-case letter"),
    ("requireLower", "需要小写字母", "needs a lower-case letter"),
    ("requireDigit", "需要数字", "needs a digit"),
    ("requireSymbol", "需要符号", "needs a symbol"),
    ("refuseCommon", "过于常见", "too common"),
];

fn lack(name: &str, language: Language) -> &str {
    match (LACKS.iter().find(|(of, ..)| *of == name), language) {
        (Some((_, zh, _)), Language::Zh) => zh,
        (Some((_, _, en)), Language::En) => en,
        (None, _) => name,
    }
}

/// Returns the problems with a form, one for each field.
pub(super) fn problems(error: &ApiError, language: Language) -> Vec<String> {
    let issues = error.list();
    if issues.is_empty() {
        let message = error.message(language);
        return vec![match message.split_once(": ") {
            Some((place, rest)) => format!("{place}: {}", said(rest, language)),
            None => message,
        }];
    }
    issues.iter().map(|issue| problem(issue, language)).collect()
}

fn problem(issue: &Issue, language: Language) -> String {
    let mut place = issue.loc.get(1..).unwrap_or_default().iter();
    let first = place.next().map(String::as_str).unwrap_or_default();
    // A location in a document needs no label.
    let first = first.strip_prefix("document: ").unwrap_or(first);
    let mut label = label(first, texts(language)).unwrap_or(first).to_owned();
    for part in place {
        // Indexes of entries become line numbers, which begin with 1.
        match (part.parse::<usize>(), language) {
            (Ok(at), Language::Zh) => label.push_str(&format!(" 第 {} 行", at + 1)),
            (Ok(at), Language::En) => label.push_str(&format!(", line {}", at + 1)),
            (Err(_name), _) => {
                label.push('.');
                label.push_str(part);
            }
        }
    }
    format!("{label}: {}", said(&issue.msg, language))
}

/// Returns the form's label of a field.
fn label(field: &str, h: &'static HubTexts) -> Option<&'static str> {
    Some(match field {
        "name" => h.name,
        "expiresAt" => h.expires,
        "ips" => h.ips,
        "domains" => h.domains,
        "allow" => h.allow,
        "registeredAllow" => h.registered,
        "perSecond" => h.per_second,
        "perPersonSecond" => h.per_person,
        "perDay" => h.per_day,
        "overlapSeconds" => h.overlap,
        "code" => h.api_code,
        "definition" => h.definition,
        "document" => h.document,
        "trace" => h.trace,
        "minMs" => h.at_least,
        _ => return None,
    })
}

/// Translates a text of the Hub. A text without a translation stays as it is.
pub(super) fn said(text: &str, language: Language) -> String {
    if language == Language::En {
        return text.to_owned();
    }
    let found = PHRASES.iter().find_map(|(english, chinese)| Some((matched(english, text)?, chinese)));
    let Some((parts, chinese)) = found else { return text.to_owned() };
    let mut told = (*chinese).to_owned();
    for (at, part) in parts.into_iter().enumerate() {
        let named = format!("{{{at}}}");
        let place = if told.contains(&named) { named.as_str() } else { "{}" };
        told = told.replacen(place, part, 1);
    }
    told
}

/// Returns the parts of a text that match the `{}` of a pattern, or `None` if the text does not match.
fn matched<'m>(pattern: &str, text: &'m str) -> Option<Vec<&'m str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut parts = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let (part, after) =
            if pieces.peek().is_none() { (rest.strip_suffix(piece)?, "") } else { rest.split_once(piece)? };
        parts.push(part);
        rest = after;
    }
    rest.is_empty().then_some(parts)
}

/// Returns the problem with a form about users of a key.
pub(super) fn of_people(error: &HubError, language: Language) -> String {
    let message = error.code().template(language);
    let detail = match error.detail() {
        None => return message.to_owned(),
        Some(serde_json::Value::String(text)) => match text.split_once(": ") {
            Some((place, rest)) => format!("{place}: {}", said(rest, language)),
            None => said(text, language),
        },
        Some(other) => {
            let failed = other.get("failed").and_then(serde_json::Value::as_array);
            let names = failed.into_iter().flatten().filter_map(serde_json::Value::as_str);
            names.map(|name| lack(name, language)).collect::<Vec<_>>().join(", ")
        }
    };
    format!("{message} ({detail})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use web::Issues;

    #[test]
    fn what_stands_in_place_of_a_pattern_is_taken_over() {
        let zh = |text| said(text, Language::Zh);
        assert_eq!(zh("Input should be from 1 to 1000"), "应在 1 到 1000 之间");
        assert_eq!(zh("missing field `code` at line 2 column 3"), "缺少字段 code（第 2 行第 3 列）");
        assert_eq!(zh("trailing comma at line 2 column 3"), "JSON 有误（第 2 行第 3 列）：trailing comma");
        assert_eq!(zh("X-Key in header is not sent"), "header 中的 X-Key 不会发送");
        assert_eq!(zh("a } without its {"), "} 缺少对应的 {");
        assert_eq!(zh("nobody has translated this"), "nobody has translated this");
        assert_eq!(said("Field required", Language::En), "Field required");
    }

    #[test]
    fn fields_are_named_as_the_form_names_them() {
        let mut issues = Issues::body();
        issues.add(
            "value_error",
            "ips.1",
            "Input should be an address or a network as 203.0.113.7 or 2001:db8::/32",
        );
        issues.add("value_error", "provider.timeout_ms", "Input should be from 1 to 600000");
        let error = issues.finish().unwrap_err();
        assert_eq!(
            problems(&error, Language::Zh),
            [
                "IP 白名单 第 2 行: 应为地址或网段，例如 203.0.113.7 或 2001:db8::/32",
                "provider.timeout_ms: 应在 1 到 600000 之间"
            ]
        );
        assert!(
            problems(&error, Language::En)[0].starts_with("IP allowlist, line 2: Input should be an address")
        );
    }

    #[test]
    fn every_phrase_takes_over_as_much_as_it_finds() {
        for (english, chinese) in PHRASES {
            let holes = |text: &str| text.matches("{}").count();
            let numbered = (0..3).filter(|at| chinese.contains(&format!("{{{at}}}"))).count();
            assert!(holes(chinese) + numbered <= holes(english), "{english}");
            assert!(chinese.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{chinese}");
        }
    }
}
