//! The texts of the Hub's pages, in both languages.

crate::texts::texts! {
    keys: "Hub 密钥", "Hub keys";
    calls: "调用日志", "Call log";
    apis: "API 目录", "APIs";
    lead:
        "密钥由公开的 AK 和保密的 SK 组成，用来签发调用令牌。",
        "A Hub key consists of a public AK and a secret SK, which signs call tokens.";
    none: "还没有 Hub 密钥。", "No Hub keys yet.";
    create: "创建 Hub 密钥", "Create a Hub key";
    name: "名称", "Name";
    state: "状态", "Status";
    on: "启用", "Enabled";
    off: "停用", "Disabled";
    expired: "已过期", "Expired";
    last_used: "最近使用", "Last used";
    never: "从未", "Never";
    limits: "限额", "Limits";
    per_second: "每秒调用次数", "Requests per second";
    per_person: "每人每秒调用次数", "Requests per second per user";
    per_day: "每天调用次数", "Requests per day";
    limit_hint: "留空则采用服务器默认值。", "Leave empty to use the server default.";
    expires: "过期日期", "Expires on";
    expires_hint: "留空则永不过期。密钥在这一天结束时（UTC）失效。",
        "Leave empty for no expiration. The key stops working at the end of this day (UTC).";
    ips: "IP 白名单", "IP allowlist";
    ips_hint: "每行一个地址或网段，用于 app-token。留空则不限制。",
        "One address or CIDR block per line; applies to app tokens. Leave empty to allow all.";
    domains: "域名白名单", "Domain allowlist";
    domains_hint:
        "每行一个域名，可用 *.example.com，用于 person-token。用户中心登录必须填写。",
        "One domain per line, wildcards such as *.example.com allowed; applies to person tokens. Required \
         for signing in through the user center.";
    both: "两种令牌都须满足两个白名单", "Both token types must match both allowlists";
    allow: "允许的 API", "Allowed APIs";
    allow_hint:
        "每行一个，例如 weather-basic/now 或 weather-basic/*。留空则不限制。",
        "One per line, such as weather-basic/now or weather-basic/*. Leave empty to allow all.";
    registration: "允许在用户中心自行注册", "Allow self-registration in the user center";
    registration_hint:
        "勾选后，能打开本密钥网页的任何人都可以注册。未勾选时由你创建用户，他们仍可登录。",
        "If selected, anyone who can open a page of this key may register. Otherwise you create the users; \
         they can still sign in.";
    registered: "自行注册的用户可用的 API", "APIs available to self-registered users";
    registered_hint:
        "每行一个，写法同上。留空则他们只能管理自己的资料。",
        "One per line, same format as above. Leave empty to let them manage only their own profile.";
    only_admins: "在此服务器上，只有管理员可以创建密钥。", "Only administrators can create keys on this server.";
    who_may:
        "accounts 和 keys 规定哪些账号和密钥可以使用一个 API（管理员始终可以），roles 和 groups 再规定密钥所有者的用户可以调用什么。",
        "accounts and keys define which accounts and keys may use an API (administrators always may); roles \
         and groups further restrict what the users of a key may call.";
    self_registered: "自行注册", "Self-registered";
    accept: "取消限制", "Remove restriction";
    save: "保存", "Save";
    saved: "已保存，下一次调用即生效。", "Saved. Takes effect with the next call.";
    wrong: "请检查以下内容", "Please check the following";
    settings: "设置", "Settings";
    chart: "调用统计", "Call statistics";
    day: "24 小时", "24 hours";
    month: "30 天", "30 days";
    ok: "成功", "Success";
    refused: "被拒绝", "Rejected";
    client_error: "请求有误", "Client errors";
    server_error: "服务出错", "Server errors";
    no_calls: "这段时间没有调用。", "No calls in this period.";
    users: "用户", "Users";
    rotate: "更换 SK", "Rotate SK";
    rotate_lead:
        "生成新的 SK；旧 SK 签发的令牌在重叠期内继续有效。",
        "Creates a new SK. Tokens signed with the old SK remain valid during the overlap period.";
    overlap: "重叠期", "Overlap period";
    at_once: "立即失效", "Revoke immediately";
    hour: "1 小时", "1 hour";
    one_day: "1 天", "1 day";
    week: "7 天", "7 days";
    old_until: "旧 SK 有效至", "Old SK valid until";
    delete: "删除", "Delete";
    delete_user_ask: "删除这个用户？不能恢复。", "Delete this user? This cannot be undone.";
    delete_lead:
        "删除后立即失效，属于该密钥的用户也会一并删除，无法恢复。",
        "The key stops working immediately, and its users are deleted. This cannot be undone.";
    shown: "请保存 SK", "Save your secret key";
    shown_lead:
        "SK 只显示这一次。请把它存放在只有你的服务器能读取的地方。",
        "The SK is shown only once. Store it where only your server can read it.";
    copied: "已保存，返回", "I have saved it";
    trace: "追踪号", "Trace ID";
    key: "密钥", "Key";
    status: "状态码", "Status code";
    code: "错误码", "Error code";
    since: "开始日期", "From";
    until: "截止日期", "Until";
    time: "时间", "Time";
    took: "耗时", "Duration";
    caller: "调用者", "Caller";
    any_action: "任意接口", "Any";
    search: "查询", "Search";
    all: "全部", "All";
    older: "更早", "Older";
    nothing_found: "没有符合条件的记录。", "No matching records.";
    nothing_so_far: "最近 20000 条调用中没有符合条件的记录。", "No matching records among the latest 20,000 calls.";
    look_further: "继续向前查找", "Search older calls";
    everybody: "所有人的调用", "Calls of all users";
    provider: "来源", "Provider";
    health: "健康状况", "Health";
    well: "正常", "Healthy";
    resting: "熔断中", "Circuit open";
    trying: "试探中", "Half-open";
    actions: "接口", "Actions";
    define: "定义 API", "Define an API";
    definition: "定义（JSON）", "Definition (JSON)";
    definition_hint:
        "机密的值显示为空；保存时留空则保持不变。",
        "Secret values are shown empty; leave them empty to keep the stored value.";
    import: "从 OpenAPI 导入", "Import from OpenAPI";
    api_code: "API 代码", "API code";
    base_url: "服务地址", "Base URL";
    base_url_hint: "留空则采用文档中的地址。", "Leave empty to use the address in the document.";
    document: "OpenAPI 文档（JSON）", "OpenAPI document (JSON)";
    notes: "导入说明", "Import report";
    deleted: "已删除。", "Deleted.";
    built_in: "内置", "Built in";
    from_file: "文件", "File";
    from_store: "页面", "Console";
    username: "用户名", "Username";
    password: "密码", "Password";
    kind: "类型", "Type";
    member: "成员", "Member";
    admin: "管理员", "Administrator";
    roles: "角色", "Roles";
    groups: "用户组", "Groups";
    per_line: "每行一个", "One per line";
    create_user: "创建用户", "Create user";
    users_lead:
        "通过用户中心注册的人，只属于这个密钥。",
        "People who registered through the user center. They belong to this key only.";
    change: "修改", "Edit";
    disable: "停用", "Disable";
    enable: "启用", "Enable";
}
