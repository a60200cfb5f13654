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
    more_filters: "更多条件", "More filters";
    only_failed: "只看失败的", "Failed calls only";
    at_least: "至少耗时（毫秒）", "Took at least (ms)";
    as_table: "下载 CSV", "Download CSV";
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
    // The overview.
    overview: "概览", "Overview";
    overview_lead: "一个入口，管住所有 API：谁能调、调多少、调得怎样。",
        "One gateway for all APIs: who calls, how much, and how well.";
    of_everybody: "下面是所有人的调用。", "These are the calls of all users.";
    period: "时间范围", "Period";
    seven_days: "7 天", "7 days";
    per_hour: "每小时的调用", "Calls per hour";
    per_six_hours: "每 6 小时的调用", "Calls per 6 hours";
    per_whole_day: "每天的调用", "Calls per day";
    times: "次", "calls";
    average: "平均耗时", "Average duration";
    scrolls: "调用图，可以左右滚动", "Chart of calls, scrolls sideways";
    scrolls_durations: "耗时图，可以左右滚动", "Chart of durations, scrolls sideways";
    calls_total: "调用", "Calls";
    calls_column: "调用", "Calls";
    refused_count: "其中 {} 次被拒绝", "{} of them rejected";
    success_share: "成功率", "Success rate";
    failed_count: "{} 次失败", "{} failed";
    slow: "P95 耗时", "P95 duration";
    median: "P50 是 {}", "P50 is {}";
    live_count: "其中 {} 个启用", "{} of them enabled";
    attention: "需要看一眼", "Needs attention";
    all_well: "没有异常。", "Nothing unusual.";
    resting_why: "连续失败，暂时不再转发", "Failing repeatedly, calls are not forwarded for now";
    trying_why: "正在放行一次调用试探", "One call is let through as a trial";
    many_failures: "出错 {}", "{} failed";
    expires_soon: "快过期了", "Expires soon";
    log: "日志", "Log";
    look: "查看", "Open";
    all_apis: "全部 {} 个", "All {}";
    none_lead: "后端用它签发令牌，前端用令牌调用 API。",
        "Your server signs tokens with it, and your app calls APIs with the tokens.";

    // Trying a call.
    try_it: "试一试", "Try it";
    try_lead: "在页面里签好令牌，发一次真的调用。", "Sign a token on the page and send a real call.";
    action: "接口", "Action";
    choose: "选择", "Choose";
    arguments: "参数", "Arguments";
    no_arguments: "这个接口没有说明参数。", "This action describes no arguments.";
    extra: "更多参数（JSON）", "Further arguments (JSON)";
    extra_wrong: "参数有误：{}", "An argument is wrong: {}";
    identity: "以谁的身份", "Call as";
    anonymous: "匿名", "Anonymous";
    as_app: "应用", "App";
    as_user: "用户", "User";
    no_live_key: "没有启用的 Hub 密钥，只能匿名调用。", "Without an enabled Hub key, calls are anonymous.";
    hub_key: "Hub 密钥", "Hub key";
    life: "令牌有效期", "Token lifetime";
    five_minutes: "5 分钟", "5 minutes";
    two_hours: "2 小时（最长）", "2 hours (maximum)";
    user_id: "用户 id", "User id";
    page_origin: "来源网页", "Page origin";
    page_origin_hint: "须在域名白名单内", "must be on the domain allowlist";
    sk_stays: "SK 留在服务器上，令牌在服务器上签发。", "The SK stays on the server, which signs the token.";
    send: "发送", "Send";
    response: "回答", "Response";
    in_log: "在日志里", "In the log";
    token: "令牌", "Token";
    cut: "太长了，只显示开头。", "Too long, only the beginning is shown.";
    not_sent: "还没有发送", "Not sent yet";
    not_sent_lead: "填好参数，按「发送」，真实的回答会显示在这里。",
        "Fill in the arguments and press Send. The real response appears here.";
    examples: "复制就能跑", "Runs as copied";
    examples_lead: "已经填好你的 AK 和 SK。离开这一页以后，SK 不会再出现。",
        "Your AK and SK are filled in. After you leave this page, the SK is not shown again.";

    // A call of the log.
    outcome: "结果", "Outcome";
    close: "关闭", "Close";
    step_came: "收到请求", "Request received";
    step_token: "核对令牌与密钥", "Token and key checked";
    step_lists: "核对白名单", "Allowlists checked";
    step_limits: "核对额度", "Limits checked";
    step_action: "找到接口，核对权限与参数", "Action found, permission and arguments checked";
    step_upstream: "等待上游", "Upstream called";
    step_sent: "返回结果", "Response sent";
    stopped: "停在这里", "Stopped here";
    from_where: "来源", "Origin";
    size: "大小", "Size";
    copy_trace: "复制追踪号", "Copy trace ID";
    same_kind: "同类调用", "Similar calls";
    pick_call: "选一条，看它走到了哪一步。", "Select a call to see how far it came.";

    // An API as fields.
    way: "编辑方式", "Way of editing";
    as_fields: "表单", "Form";
    basic: "基本", "Basics";
    api_code_hint: "地址里的那一段", "the segment in the address";
    description: "说明", "Description";
    upstream: "上游", "Upstream";
    headers: "发给上游的请求头", "Headers sent upstream";
    secret_headers: "保密的请求头", "Secret headers";
    secret_headers_hint: "加密保存，不再显示；留空则不变", "sealed and never shown again; empty keeps the value";
    header_name: "名称", "Name";
    header_value: "值", "Value";
    stored_value: "已保存", "Stored";
    timing: "超时、重试与熔断", "Timeout, retries and circuit breaker";
    timeout: "超时（毫秒）", "Timeout (ms)";
    retries: "重试次数", "Retries";
    breaker_failures: "连续失败几次后熔断（0 为从不）", "Failures that open the circuit (0 = never)";
    breaker_open: "熔断多久（毫秒）", "Circuit stays open (ms)";
    health_path: "健康检查路径", "Health check path";
    serves_any: "转发没有定义的接口", "Forward undefined actions";
    serves_any_hint: "接口名就是上游路径。", "The action's name is the upstream path.";
    add_action: "加接口", "Add action";
    no_actions: "还没有接口。", "No actions yet.";
    new_action: "新接口", "New action";
    action_name: "接口名", "Action name";
    summary: "一句话说明", "Summary";
    method: "方法", "Method";
    method_same: "与调用者相同", "Same as the caller's";
    path: "上游路径", "Upstream path";
    path_hint: "可以用 {参数}", "may contain arguments in braces";
    parameters: "参数", "Parameters";
    parameters_hint: "每行一个：名称: 类型! 说明，! 表示必填",
        "one per line, name: type! description, where ! means required";
    parameters_json: "参数只能用 JSON 编辑。", "The parameters can only be edited as JSON.";
    who_calls: "谁能调", "Who may call";
    as_api: "与整个 API 相同", "Same as the API";
    everybody_may: "所有人", "Everyone";
    token_only: "带令牌的", "With a token";
    cache_seconds: "缓存（秒）", "Cache (seconds)";
    needed_roles: "需要的角色", "Required roles";
    needed_roles_hint: "每行一个，有其一即可；留空不限。", "One per line, one of them is enough; empty for any.";
    needed_groups: "需要的用户组", "Required groups";
    needed_groups_hint: "每行一个，例如 /sales；留空不限。", "One per line, such as /sales; empty for any.";
    delete_action: "删除这个接口", "Delete this action";
    access: "访问", "Access";
    allow_anonymous: "允许匿名调用", "Allow anonymous calls";
    allow_anonymous_hint: "共用一份额度", "They share one quota";
    accounts: "可以使用的账号", "Accounts";
    accounts_hint: "每行一个邮箱，* 为所有人。管理员始终可以。", "One email per line, * for everyone. Administrators always may.";
    further_keys: "可以使用的密钥", "Keys";
    further_keys_hint: "每行一个 AK。", "One AK per line.";
    tools: "智能体看到的工具", "Tools that agents see";
    tools_lead: "每个接口是一个 MCP 工具。", "Each action is an MCP tool.";
    delete_api: "删除这个 API", "Delete this API";
    delete_api_lead: "只删除这里保存的定义；内置或文件里的同名定义会重新生效。",
        "Only the stored definition is deleted; a built-in one or one in the file with the same code \
         is in force again.";
    delete_api_ask: "删除这个 API 的定义？正在使用它的应用会收到 404。",
        "Delete the definition of this API? Apps that use it will get 404.";
}
