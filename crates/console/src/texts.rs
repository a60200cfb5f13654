//! The texts of the pages, in both languages. A text without its translation does not compile.

macro_rules! texts {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        /// The texts of one language. [`fill`] replaces `{}` by a value.
        #[derive(Debug)]
        pub(crate) struct Texts { $(pub(crate) $name: &'static str,)* }

        static ZH: Texts = Texts { $($name: $zh,)* };
        static EN: Texts = Texts { $($name: $en,)* };

        impl Texts {
            /// Returns the texts of a language.
            pub(crate) fn of(language: web::Language) -> &'static Self {
                match language {
                    web::Language::Zh => &ZH,
                    web::Language::En => &EN,
                }
            }
        }

        /// The name, the Chinese and the English of each text.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $zh, $en),)*];
    };
}

pub(crate) use texts;

/// Replaces the first `{}` of a text by a value.
pub(crate) fn fill(text: &str, value: impl std::fmt::Display) -> String {
    text.replacen("{}", &value.to_string(), 1)
}

/// Puts two values into a text with two places, in their order.
pub(crate) fn fill_both(text: &str, first: impl std::fmt::Display, second: impl std::fmt::Display) -> String {
    let mut parts = text.splitn(3, "{}");
    let mut part = || parts.next().unwrap_or_default();
    format!("{}{first}{}{second}{}", part(), part(), part())
}

/// Formats a number with commas between thousands.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, c) in digits.chars().enumerate() {
        if place > 0 && c.is_ascii_digit() && (digits.len() - place).is_multiple_of(3) && !out.ends_with('-')
        {
            out.push(',');
        }
        out.push(c);
    }
    out
}

texts! {
    // The frame of every page.
    skip: "跳到正文", "Skip to content";
    nav_label: "主导航", "Main";
    menu_label: "账号菜单", "Account menu";
    tabs_label: "常用", "Shortcuts";
    find: "搜索或跳转", "Search or go to";
    nav_group_me: "我", "Me";
    nav_group_connect: "连接", "Connect";
    nav_group_server: "服务器", "Server";
    nav_chat_short: "对话", "Chat";
    nav_memories_short: "记忆", "Memories";
    nav_keys_short: "API Key", "API keys";
    nav_visitors: "访客", "Visitors";
    nav_profile: "资料与兴趣", "Profile";
    nav_admin: "管理", "Administration";
    nav_all: "全部", "All";
    theme: "外观", "Appearance";
    theme_auto: "自动", "Auto";
    theme_light: "浅色", "Light";
    theme_dark: "深色", "Dark";
    nav_home: "首页", "Home";
    nav_keys: "API Key 管理", "API keys";
    nav_agents: "应用与智能体", "Apps and agents";
    nav_apps: "我的应用", "My apps";
    nav_plaza: "广场", "Plaza";
    nav_public: "我的公开主页", "My public page";
    nav_account: "账号与会话", "Account and sessions";
    nav_docs: "开发文档", "Documentation";
    language: "语言", "Language";
    sign_out: "退出登录", "Sign out";
    listen: "说话输入", "Dictate";
    listen_stop: "停止录音", "Stop recording";
    listen_failed: "没能听清，请检查麦克风后再试", "Nothing was heard; check the microphone";
    copy: "复制", "Copy";
    copied: "已复制", "Copied";
    back_home: "返回首页", "Back to home";
    tagline: "你的第二自我，由你掌管。", "Your second self, in your own hands.";
    tagline_more: "记忆存放在你自己的服务器上。谁能读取、读取什么，由你逐项决定。",
        "Your memories stay on your own server. You decide who may read what, permission by permission.";

    // Conversations with the assistant.
    chat_settings: "分身设置", "Double settings";
    chat_saved: "设置已保存。", "Settings saved.";
    chat_limit: "用量", "Usage";
    chat_daily_tokens: "每天最多使用的 token 数", "Daily token limit";
    chat_daily_hint:
        "所有应用和密钥加在一起，按 UTC 日计算。留空表示不另设限制。",
        "Applies to all apps and keys together, per UTC day. Leave empty for no limit of your own.";
    chat_no_limit: "服务器没有设置上限。", "The server sets no limit.";
    chat_house_limit: "服务器的上限是每天 {} 个。", "The server limit is {} tokens per day.";
    chat_remembering: "记住对话中的事实", "Learn from conversations";
    chat_distills: "从我与分身的对话中提炼关于我的新事实", "Extract new facts about me from my conversations with my double";
    chat_distills_hint: "只看你本人说的话，在对话结束几分钟后进行。提炼出的记忆仅自己可见，不会改动已有的记忆。",
        "Only your own messages are read, a few minutes after a conversation ends. New memories are \
         private, and existing memories are not changed.";
    chat_distills_off: "此服务器目前不提炼。", "This is currently turned off on this server.";
    chat_tools: "分身可以使用的工具", "Tools your double may use";
    chat_tools_hint: "勾选的 Hub 接口可由模型在回答你时调用，参数由模型填写，以你最新的 Hub 密钥的名义。默认全部关闭。",
        "While answering you, the model may call the selected Hub actions with arguments it chooses, using \
         your newest Hub key. All are off by default.";
    chat_tools_off: "此服务器的模型不支持工具。", "The current model does not support tools.";
    chat_tools_none: "没有可用的接口。", "No actions are available to you.";
    chat_usage: "最近 30 天", "Last 30 days"; chat_usage_none: "还没有用量。", "No usage yet.";
    chat_day: "日期 (UTC)", "Day (UTC)"; chat_called_with: "来自", "Source"; chat_answers: "回答",
    "Answers"; chat_tokens: "Token 数", "Tokens";

    // Sign-in and sign-up.
    sign_in: "登录", "Sign in";
    sign_in_lead: "回到你的记忆，和分身聊聊。", "Back to your memories and your double.";
    sign_in_other: "使用其他账号", "Use another account";
    sign_in_other_lead:
        "当前登录账号：{}。用其他账号登录后，这个账号会在此浏览器中退出。",
        "You are signed in as {}. Signing in with another account signs this one out in this browser.";
    sign_in_again: "请再次登录", "Sign in again";
    sign_in_again_lead:
        "应用要求确认是你本人。当前登录账号：{}。",
        "The app asks you to confirm your identity. You are signed in as {}.";
    sign_in_continue: "继续使用 {}", "Continue as {}";
    email: "邮箱", "Email";
    password: "密码", "Password";
    name: "名称", "Name";
    your_name: "昵称", "Name";
    no_account: "还没有账号？", "No account yet?";
    sign_up: "注册", "Sign up";
    sign_up_title: "创建账号", "Create an account";
    sign_up_lead: "几秒钟即可完成，之后会直接登录。", "It takes a few seconds; you will be signed in right away.";
    sign_up_submit: "创建账号", "Create account";
    has_account: "已有账号？", "Already have an account?";
    setup_title: "欢迎使用 Doppel", "Welcome to Doppel";
    setup_lead: "创建第一个账号，由它来管理这台服务器。", "Create the first account, which will administer this server.";
    setup_submit: "开始使用", "Get started";
    not_set_up: "这台服务器还没有账号。请打开服务器启动时输出的设置链接来创建第一个账号。",
        "This server has no account yet. Open the setup link that the server printed at startup to create \
         the first one.";
    account_name_hint: "别人看到的名字，最多 50 个字符。", "The name others see, up to 50 characters.";
    password_hint:
        "至少 {} 个字符。一句你记得住的话就很好。",
        "At least {} characters. A sentence you can remember works well.";
    slowed_one: "尝试次数过多，请在 1 秒后重试。", "Too many attempts. Try again in 1 second.";
    slowed: "尝试次数过多，请在 {} 秒后重试。", "Too many attempts. Try again in {} seconds.";

    // Problems with an input.
    check_form: "有内容需要修改，请检查下面标出的地方。", "Please correct the fields marked below.";
    name_missing: "请填写名称。", "Please enter a name.";
    name_too_long: "名称太长了，最多 {} 个字符。", "The name is too long (maximum {} characters).";
    name_control:
        "名称不能包含换行、控制字符、不可见字符或改变文字方向的字符。",
        "A name cannot contain line breaks, control characters, invisible characters, or characters that \
         change the text direction.";
    email_missing: "请填写邮箱。", "Please enter your email address.";
    email_invalid:
        "请输入有效的邮箱，例如 name@example.com。",
        "Please enter a valid email address, such as name@example.com.";
    email_taken: "这个邮箱已经注册过了。", "An account with this email address already exists.";
    password_too_short: "密码太短了，至少 {} 个字符。", "The password is too short (minimum {} characters).";
    password_too_long: "密码太长了，最多 {} 个字符。", "The password is too long (maximum {} characters).";
    password_is_email: "密码不能与邮箱相同。", "The password must not be your email address.";
    scopes_missing: "请至少选择一项权限。", "Select at least one permission.";
    expiry_past: "过期时间必须在将来。", "The expiration date must be in the future.";
    expiry_unreadable: "请选择一个日期。", "Please choose a date.";
    too_many_keys:
        "已达到 {} 个 API Key 的上限，请先删除不再使用的。",
        "You have reached the limit of {} API keys. Delete a key you no longer use first.";

    admin: "管理员", "Administrator";
    route: "主页路径", "Route";

    // Presets of scopes.
    presets: "常用组合", "Presets";
    preset_read: "只读", "Read only";
    preset_read_about: "资料、兴趣和记忆", "Profile, interests and memories";
    preset_write: "写入", "Write";
    preset_write_about: "读写记忆，添加笔记", "Read and write memories, add notes";
    preset_chat: "聊天应用", "Chat app";
    preset_chat_about: "和知道你是谁的分身对话", "Talk to a double that knows you";
    preset_all: "全部", "Everything";
    preset_all_about: "只给你自己的程序", "For your own programs only";
    usage_chart: "每天的调用", "Calls per day";
    usage_times: "次", "calls";
    usage_durations: "每天的平均耗时", "Average duration per day";
    durations_scroll: "耗时图，可以左右滚动", "Chart of durations, scrolls sideways";
    chart_scrolls: "图表，可以左右滚动", "Chart, scrolls sideways";

    // The list of keys.
    keys_lead:
        "应用和脚本用 API Key 以你的名义访问 API。每个 Key 只拥有你选择的权限。",
        "Apps and scripts use API keys to call the API on your behalf. Each key has only the permissions \
         you select.";
    keys_create: "创建 API Key", "Create API key";
    keys_empty: "还没有 API Key", "No API keys yet";
    keys_empty_lead:
        "创建一个 Key，就可以从脚本、后台服务或智能体访问你的第二自我。",
        "Create a key to access your second self from a script, a service or an agent.";
    key_column: "名称与前缀", "Name and prefix";
    scopes: "权限", "Permissions";
    created: "创建时间", "Created";
    expires: "过期时间", "Expires";
    last_used: "最近使用", "Last used";
    state: "状态", "Status";
    never: "永不", "Never";
    never_used: "从未使用", "Never used";
    state_active: "有效", "Active";
    state_soon: "即将过期", "Expires soon";
    state_expired: "已过期", "Expired";
    state_ending: "轮换中", "Rotating out";
    state_replaced: "已被替换", "Replaced";
    newer: "上一页", "Previous";
    older: "下一页", "Next";
    pages: "分页", "Pages";
    page_number: "第 {} 页", "Page {}";

    // Creating a key.
    new_lead: "只勾选需要的权限。创建之后，权限不能再修改。",
        "Select only the permissions that are needed. They cannot be changed later.";
    key_name_hint: "写给自己看的，例如“日记同步脚本”。", "A label for yourself, such as “Diary sync script”.";
    scopes_more: "更多权限（新版命名）", "More permissions (newer names)";
    scopes_more_hint:
        "与上面的权限作用相近、划分更细，供按新版命名接入的应用使用。",
        "Similar to the permissions above but finer-grained, for apps that use the newer names.";
    scope_everything:
        "包括修改资料。只交给你完全信任的程序。",
        "Includes changing your profile. Grant this only to programs you fully trust.";
    expiry_never: "永不过期", "Never";
    expiry_days: "{} 天", "{} days";
    expiry_date: "指定日期", "Custom date";
    expiry_date_label: "最后有效日期", "Last valid day";
    expiry_date_hint: "Key 在这一天结束时（UTC）失效。", "The key stops working at the end of this day (UTC).";
    cancel: "取消", "Cancel";

    // The page that shows a key once.
    shown_title: "API Key 已创建", "API key created";
    shown_rotated_title: "新的 API Key 已生成", "New API key created";
    shown_warning:
        "这个 Key 只显示这一次。请现在复制并妥善保存，离开本页后无法再次查看。",
        "This key is shown only once. Copy it now and store it safely; you cannot view it again after \
         leaving this page.";
    shown_overlap: "旧的 Key 会继续有效至 {}。", "The old key remains valid until {}.";
    shown_no_overlap: "旧的 Key 已经失效。", "The old key no longer works.";
    shown_key: "API Key", "API key";
    shown_try: "试一下", "Try it";
    shown_try_lead:
        "Key 已经在里面，粘贴到终端就能运行。",
        "The key is already in it. Paste it into a terminal and run it.";
    shown_once: "离开后无法再看到它，只能重新创建。", "You cannot view it again later; you would have to create a new one.";
    run_now: "现在运行", "Run it now";
    run_lead: "以你的登录身份调用这台服务器。", "Calls this server with your session.";
    run_ok: "成功", "OK";
    run_bad: "没有成功", "Failed";
    code_language: "语言", "Language";
    shown_done: "我已保存", "I have saved it";

    // The page of a key.
    details: "详情", "Details";
    prefix: "前缀", "Prefix";
    address: "地址", "Address";
    replaced_by: "替换它的 Key", "Replaced by";
    replacement: "查看新的 Key", "View the new key";
    usage: "使用记录", "Usage";
    usage_lead: "最近 {} 天的调用，日期按 UTC 计算。", "Calls in the last {} days (UTC).";
    usage_none: "这段时间没有调用。", "No calls in this period.";
    usage_days: "{} 天", "{} days";
    period: "时间范围", "Period";
    by_day: "按日期", "By day";
    by_endpoint: "按接口", "By endpoint";
    on_day: "{} 的接口调用", "Calls by endpoint on {}";
    all_days: "显示全部日期", "Show all days";
    day: "日期", "Day";
    endpoint: "接口", "Endpoint";
    calls: "调用", "Calls";
    outcome_ok: "成功", "Success";
    outcome_refused: "被拒绝", "Rejected";
    outcome_client: "请求有误", "Client errors";
    outcome_server: "服务错误", "Server errors";
    refusals: "最近被拒绝的调用", "Recently rejected calls";
    refusals_none: "没有被拒绝的调用。", "No rejected calls.";
    time: "时间", "Time";
    reason: "原因", "Reason";
    rotate: "轮换", "Rotate";
    rotate_lead:
        "生成一个名称和权限相同的新 Key。旧的 Key 可以再用一段时间，方便你逐步替换。",
        "Creates a new key with the same name and permissions. The old key can remain valid for a while so \
         that you can switch over.";
    rotate_overlap: "旧 Key 继续有效", "Keep the old key valid for";
    overlap_none: "立即失效", "Revoke immediately";
    overlap_hour: "1 小时", "1 hour";
    overlap_day: "1 天", "1 day";
    overlap_days: "{} 天", "{} days";
    rotate_submit: "生成新 Key", "Create new key";
    delete: "删除", "Delete";
    delete_key: "删除这个 Key…", "Delete this key…";
    delete_lead:
        "删除后，使用这个 Key 的程序立即无法访问，使用记录也一并删除。此操作不能撤销。",
        "Programs that use this key lose access immediately, and its usage history is deleted. This cannot \
         be undone.";
    delete_submit: "确认删除", "Delete";
    key_deleted: "API Key 已删除。", "API key deleted.";

    // Account and sessions.
    profile: "基本信息", "About you";
    member_since: "注册时间", "Member since";
    change_password: "修改密码", "Change password";
    old_password: "当前密码", "Current password";
    new_password: "新密码", "New password";
    new_password_title: "设置新密码", "Set a new password";
    new_password_lead: "管理员给了你这个链接。设置之后，所有会话都会退出，请用新密码登录。",
        "An administrator gave you this link. All sessions end with it; sign in with the new password \
         afterwards.";
    old_password_wrong: "当前密码不正确。", "The current password is incorrect.";
    sessions: "登录会话", "Sessions";
    sessions_lead:
        "在这些设备上登录了你的账号。不认识的会话，请结束它并修改密码。",
        "Devices where your account is signed in. End any session you do not recognize and change your \
         password.";
    device: "设备", "Device";
    signed_in_at: "登录时间", "Signed in";
    this_session: "当前会话", "This session";
    end_session: "结束", "End";
    end_session_label: "结束会话：{}", "End session: {}";
    end_others: "结束其他所有会话", "End all other sessions";
    session_ended: "会话已结束。", "Session ended.";
    sessions_ended: "其他会话已全部结束。", "All other sessions ended.";
    apps: "已授权的应用", "Authorized apps";
    apps_lead:
        "这些应用可以用你允许的权限访问你的数据。撤销后立即失效。",
        "These apps can access your data with the permissions you granted. Revoking access takes effect \
         immediately.";
    app: "应用", "App";
    app_since: "授权时间", "Authorized";
    app_revoke: "撤销授权", "Revoke access";
    app_revoke_label: "撤销授权：{}", "Revoke access: {}";
    app_revoked: "授权已撤销，该应用不能再访问你的数据。", "Access revoked. The app can no longer access your data.";
    programs: "已登录的程序", "Signed-in programs";
    programs_lead:
        "这些命令行工具和智能体由你本人登录，可以用你的身份读写你的数据。",
        "Command-line tools and agents that you signed in. They can read and change your data on your \
         behalf.";
    program: "程序", "Program";
    program_end_label: "退出登录：{}", "Sign out: {}";
    program_ended: "程序已退出登录。", "Program signed out.";
    unknown_device: "未知设备", "Unknown device";

    // Memories and notes.
    memories_key: "记忆", "Memories";
    memories_over: "以前的记忆", "Memory, no longer true";
    memories_note: "笔记", "Notes";
    memories_embedding:
        "语义搜索正在后台准备：已完成 {} 条。",
        "Search by meaning is being prepared in the background: {} done.";
    visible_public: "公开", "Public";
    visible_private: "仅自己", "Only me";
    link_refused: "地址属于内部网络，不能访问", "The address is on a private network";
    link_unreachable: "网站没有回应", "The site does not respond";
    link_timeout: "网站太慢", "The request timed out";
    link_too_large: "网页太大", "The page is too large";
    link_type: "不是文字网页", "Not a text page";
    link_missing: "网页不存在或不公开", "The page does not exist or is not public";
    link_empty: "网页上没有正文", "The page contains no text";
    add: "添加", "Add";
    save: "保存", "Save";
    edit: "修改", "Edit";
    search: "搜索", "Search";
    search_lead: "在记忆、笔记、对话和广场里找。", "Searches memories, notes, conversations and the Plaza.";
    search_none: "没有找到“{}”", "Nothing found for “{}”";
    search_none_lead: "换个说法，或者只输入其中一个词。", "Try other words, or only one of them.";

    // Errors.
    error_not_found: "没有找到这个页面", "Page not found";
    error_not_found_lead:
        "地址可能有误，或者内容已被删除，或者不属于你。",
        "The address may be wrong, or the content was deleted or does not belong to you.";
    error_method: "这个地址不能这样访问", "Method not allowed";
    error_method_lead: "请从页面上的链接或按钮进入。", "Please use the links and buttons on the pages.";
    error_csrf: "页面已过期", "This page has expired";
    error_csrf_lead:
        "为了你的安全，这次提交没有被接受。请返回上一页，刷新后重试。",
        "For your security, this form was not accepted. Go back, reload the page and try again.";
    error_closed: "注册未开放", "Sign-up is closed";
    error_closed_lead:
        "这台服务器不接受自行注册，或者邀请链接已失效。请向管理员要一个新的邀请链接。",
        "This server does not accept sign-ups, or the invitation link is no longer valid. Ask an \
         administrator for a new link.";
    error_sign_in: "请先登录", "Please sign in";
    error_sign_in_lead: "登录之后才能查看这个页面。", "You must be signed in to view this page.";
    error_key: "这里不接受 API Key", "API keys are not accepted here";
    error_key_lead: "管理页面只对登录的本人开放。", "These pages are only available to a signed-in person.";
    error_app: "这个应用不存在", "Unknown app";
    error_app_lead:
        "链接中的应用没有在这台服务器上注册，或者已被删除。",
        "The app in this link is not registered on this server or was deleted.";
    error_redirect: "应用的回调地址不正确", "Invalid redirect URI";
    error_redirect_lead:
        "为了你的安全，没有把你带到应用没有登记过的地址。应用的开发者需要一字不差地登记它：协议、主机、端口、路径和参数都算，localhost 与 127.0.0.1 \
        不同，末尾的斜杠也算。",
        "For your security, you were not redirected to an address that the app has not registered. The \
         developer has to register exactly this address: scheme, host, port, path and query all count, \
         localhost differs from 127.0.0.1, and a trailing slash makes a difference.";
    error_redirect_came: "收到的 redirect_uri：", "Received redirect_uri:";
    error_redirect_none: "请求中没有 redirect_uri，或者不止一个。", "The request has no redirect_uri, or more than one.";
    error_app_status: "这个应用暂时不能使用", "This app is currently unavailable";
    error_app_status_lead: "它正在等待审核，或者未通过审核，或者已被暂停。", "It is awaiting review, was rejected, or is suspended.";
    error_slow: "请求过于频繁", "Too many requests";
    error_slow_lead: "请稍等片刻再试。", "Please wait a moment and try again.";
    error_busy: "服务暂时不可用", "Temporarily unavailable";
    error_busy_lead: "请稍后再试。", "Please try again later.";
    error_internal: "出了点问题", "Something went wrong";
    error_internal_lead:
        "问题出在服务器上，已记入日志。请稍后再试。",
        "An internal error occurred and was logged. Please try again later.";
    error_request: "无法处理这个请求", "The request could not be processed";
    request_id: "请求编号", "Request ID";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!((grouped(0), grouped(1842), grouped(-123)), ("0".into(), "1,842".into(), "-123".into()));
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn texts_are_whole() {
        for all in [
            ALL,
            crate::account::access::texts::ALL,
            crate::account::texts::ALL,
            crate::admin::texts::ALL,
            crate::agents::texts::ALL,
            crate::apps::texts::ALL,
            crate::chat::texts::ALL,
            crate::consent::texts::ALL,
            crate::docs::texts::ALL,
            crate::people::texts::ALL,
            crate::home::texts::ALL,
            crate::hub::texts::ALL,
            crate::memories::import::ALL,
            crate::memories::import::runs::ALL,
            crate::memories::review_texts::ALL,
            crate::memories::never_texts::ALL,
            crate::memories::texts::ALL,
            crate::notes::texts::ALL,
            crate::plaza::texts::ALL,
            crate::profile::texts::ALL,
            crate::visitors::avatars::texts::ALL,
            crate::visitors::texts::ALL,
        ] {
            both_languages_have_the_same_places_for_values(all);
            no_text_is_empty_or_left_untranslated(all);
        }
    }

    fn both_languages_have_the_same_places_for_values(all: &[(&str, &str, &str)]) {
        for (name, zh, en) in all {
            assert_eq!(zh.matches("{}").count(), en.matches("{}").count(), "{name}");
            assert!(zh.matches("{}").count() <= 2, "{name}: fill_both() puts in two values");
        }
    }

    fn no_text_is_empty_or_left_untranslated(all: &[(&str, &str, &str)]) {
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for (name, zh, en) in all {
            assert!(!zh.trim().is_empty() && !en.trim().is_empty(), "{name}");
            assert!(!is_chinese(en), "{name}: {en}");
            assert!(
                is_chinese(zh)
                    || matches!(
                        *name,
                        "key" | "shown_key" | "nav_keys_short" | "client_id" | "client_secret" | "webhook"
                    ),
                "{name}: {zh}"
            );
            assert_eq!(zh.ends_with('。'), en.ends_with('.'), "{name}: both a sentence or neither");
        }
    }

    #[test]
    fn a_value_is_not_a_template() {
        assert_eq!(fill("a {} b", "{}"), "a {} b");
        assert_eq!(fill_both("{} and {} more", "{}", 2), "{} and 2 more");
    }
}
