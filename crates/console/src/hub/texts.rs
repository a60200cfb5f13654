//! The texts of the Hub's pages, in both languages.

use web::Language;

macro_rules! texts {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        /// The texts of one language.
        #[derive(Debug)]
        pub(super) struct HubTexts { $(pub(super) $name: &'static str,)* }

        static ZH: HubTexts = HubTexts { $($name: $zh,)* };
        static EN: HubTexts = HubTexts { $($name: $en,)* };

        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $zh, $en),)*];
    };
}

impl HubTexts {
    /// Returns the texts of a language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Zh => &ZH,
            Language::En => &EN,
        }
    }
}

texts! {
    keys: "API 密钥", "Keys";
    calls: "调用日志", "Calls";
    apis: "API 目录", "APIs";
    lead:
        "密钥由公开的 AK 和保密的 SK 组成，用来签发调用令牌。",
        "A key is a public AK and a secret SK, which signs the tokens of your calls.";
    none: "还没有密钥。", "No keys yet.";
    create: "创建密钥", "Create a key";
    name: "名称", "Name";
    state: "状态", "State";
    on: "启用", "Enabled";
    off: "停用", "Disabled";
    expired: "已过期", "Expired";
    last_used: "最近使用", "Last used";
    never: "从未", "Never";
    limits: "限额", "Limits";
    per_second: "每秒调用次数", "Calls a second";
    per_person: "每人每秒调用次数", "Calls a second of one person";
    per_day: "每天调用次数", "Calls a day";
    limit_hint: "留空则采用服务器默认值。", "Left empty, the server's default holds.";
    expires: "过期日期", "Expires on";
    expires_hint: "留空则永不过期。当天开始时（UTC）失效。", "Left empty, never. It ends when the day begins (UTC).";
    ips: "IP 白名单", "IP allowlist";
    ips_hint: "每行一个地址或网段，用于 app-token。留空则不限制。", "One address or network a line, for app-tokens. Empty: all.";
    domains: "域名白名单", "Domain allowlist";
    domains_hint:
        "每行一个域名，可用 *.example.com，用于 person-token。用户中心登录必须填写。",
        "One host a line, also *.example.com, for person-tokens. Signing in through the user centre \
         needs it.";
    both: "两种令牌都须满足两个白名单", "Both kinds of tokens must satisfy both lists";
    allow: "允许的 API", "Allowed APIs";
    allow_hint:
        "每行一个，例如 weather-basic/now 或 weather-basic/*。留空则不限制。",
        "One a line, such as weather-basic/now or weather-basic/*. Empty: all.";
    registration: "允许在用户中心自行注册", "Anybody may register in the user centre";
    registration_hint:
        "勾选后，能打开本密钥网页的任何人都可以注册。未勾选时由你创建用户，他们仍可登录。",
        "Ticked, whoever can open a page of this key may register. Otherwise you create people, and they can \
         sign in all the same.";
    registered: "自行注册的用户可用的 API", "APIs for people who registered themselves";
    registered_hint:
        "每行一个，写法同上。留空则他们只能管理自己的资料。",
        "One a line, as above. Empty: they can manage their own profile and nothing else.";
    only_admins: "在此服务器上，只有管理员可以创建密钥。", "On this server only administrators make keys.";
    who_may:
        "accounts 和 keys 规定哪些账号和密钥可以使用一个 API（管理员始终可以），roles 和 groups 再规定密钥所有者的用户可以调用什么。",
        "accounts and keys say who may use an API (administrators always may); roles and groups then say \
         what the key owner's people may.";
    self_registered: "自行注册", "Registered themselves";
    accept: "取消限制", "Lift the limit";
    save: "保存", "Save";
    saved: "已保存，下一次调用即生效。", "Saved; in force from the next call on.";
    wrong: "请检查以下内容", "Please look at these";
    settings: "设置", "Settings";
    chart: "调用统计", "Calls over time";
    day: "24 小时", "24 hours";
    month: "30 天", "30 days";
    ok: "成功", "Succeeded";
    refused: "被拒绝", "Refused";
    client_error: "请求有误", "Caller's errors";
    server_error: "服务出错", "Server's errors";
    no_calls: "这段时间没有调用。", "No calls in this time.";
    users: "用户", "People";
    rotate: "更换 SK", "Rotate the SK";
    rotate_lead:
        "生成新的 SK；旧 SK 签发的令牌在重叠期内继续有效。",
        "Makes a new SK; tokens signed with the old one go on working for the overlap.";
    overlap: "重叠期", "Overlap";
    at_once: "立即失效", "None";
    hour: "1 小时", "1 hour";
    one_day: "1 天", "1 day";
    week: "7 天", "7 days";
    old_until: "旧 SK 有效至", "The old SK works until";
    delete: "删除", "Delete";
    delete_lead:
        "删除后立即失效，属于该密钥的用户也会一并删除，无法恢复。",
        "It stops working at once, and the people who belong to it are deleted. This cannot be undone.";
    shown: "请保存 SK", "Keep the SK";
    shown_lead:
        "SK 只显示这一次。请把它存放在只有你的服务器能读取的地方。",
        "The SK is shown this once. Keep it where only your server can read it.";
    copied: "已保存，返回", "I have kept it";
    trace: "追踪号", "Trace";
    key: "密钥", "Key";
    status: "状态码", "Status";
    code: "错误码", "Code";
    since: "开始日期", "From";
    until: "截止日期", "Until";
    time: "时间", "Time";
    took: "耗时", "Took";
    caller: "调用者", "Caller";
    any_action: "任意接口", "Any";
    search: "查询", "Search";
    all: "全部", "All";
    older: "更早", "Older";
    nothing_found: "没有符合条件的记录。", "Nothing found.";
    nothing_so_far: "最近 20000 条调用中没有符合条件的记录。", "Nothing found among the latest 20,000 calls.";
    look_further: "继续向前查找", "Look further back";
    everybody: "所有人的调用", "Everybody's calls";
    provider: "来源", "Provider";
    health: "健康状况", "Health";
    well: "正常", "Well";
    resting: "熔断中", "Left in peace";
    trying: "试探中", "Being tried";
    actions: "接口", "Actions";
    define: "定义 API", "Define an API";
    definition: "定义（JSON）", "Definition (JSON)";
    definition_hint:
        "机密的值显示为空；保存时留空则保持不变。",
        "Values that are secret are shown empty; left empty they stay as they are.";
    import: "从 OpenAPI 导入", "Import from OpenAPI";
    api_code: "API 代码", "API code";
    base_url: "服务地址", "Base address";
    base_url_hint: "留空则采用文档中的地址。", "Left empty, the document's own.";
    document: "OpenAPI 文档（JSON）", "OpenAPI document (JSON)";
    notes: "导入说明", "What to know of the import";
    deleted: "已删除。", "Deleted.";
    built_in: "内置", "Built in";
    from_file: "文件", "File";
    from_store: "页面", "Made here";
    username: "用户名", "User name";
    password: "密码", "Password";
    kind: "类型", "Type";
    member: "成员", "Member";
    admin: "管理员", "Administrator";
    roles: "角色", "Roles";
    groups: "用户组", "Groups";
    per_line: "每行一个", "One a line";
    create_user: "创建用户", "Make a user";
    users_lead:
        "通过用户中心注册的人，只属于这个密钥。",
        "People who registered through the user centre. They belong to this key alone.";
    change: "修改", "Change";
    disable: "停用", "Disable";
    enable: "启用", "Enable";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages() {
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for (name, zh, en) in ALL {
            assert!(is_chinese(zh) && !is_chinese(en) && !en.is_empty(), "{name}");
            assert_eq!(zh.ends_with('。'), en.ends_with('.'), "{name}: both a sentence or neither");
        }
    }
}
