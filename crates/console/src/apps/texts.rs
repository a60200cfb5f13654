//! The texts of the pages about apps and about signing in programs, in both languages.

crate::texts::texts! {
    // The list.
    lead:
        "登记要接入的应用，让别人可以授权它访问自己的第二自我。",
        "Register the apps that people can authorize to access their second selves.";
    create: "创建应用", "Create an app";
    empty: "还没有应用", "No apps yet";
    empty_lead:
        "创建一个应用，拿到 Client ID 和 Client Secret，就可以接入 OAuth2 登录。",
        "Create an app to get a client ID and a client secret for signing people in with OAuth2.";
    name: "应用名称", "Name";
    kind: "类型", "Kind";
    confidential: "有后端，能保管密钥", "Has a backend that keeps a secret";
    public: "无后端（网页、桌面、命令行），使用 PKCE", "No backend (web, desktop, command line); uses PKCE";
    confidential_short: "有服务端密钥", "Confidential";
    public_short: "无密钥（PKCE）", "Public (PKCE)";
    self_registered: "自行注册", "Self-registered";
    status_approved: "可用", "Active";
    status_pending: "审核中", "In review";
    status_rejected: "未通过", "Rejected";
    status_suspended: "已暂停", "Suspended";
    deleted: "应用已删除。", "App deleted.";

    // Creating and changing an app.
    new_lead: "用户在授权页面会看到名称、说明和图标。", "People see the name, description and icon on the consent page.";
    description: "说明", "Description";
    description_hint: "应用是做什么的，最多 1000 个字符。", "What the app is for, up to 1000 characters.";
    uris: "回调地址", "Redirect URIs";
    uris_hint:
        "每行一个。可以是 https，指向本机或内网的 http，例如 http://localhost:3000/callback，或应用自有协议，例如 \
         com.example.app:/callback。服务器设置可能不允许后两种。",
        "One per line: https; http to localhost or a private network, such as \
         http://localhost:3000/callback; or a private-use scheme, such as com.example.app:/callback. The \
         server may disallow the latter two.";
    icon: "图标地址", "Icon URL";
    icon_hint:
        "可选，必须是 https 地址。授权页只显示存放在本服务器上的图片。",
        "Optional; an https URL. The consent page shows only images that are stored on this server.";
    scopes_hint:
        "只勾选应用会向用户请求的权限。权限有两套名称（例如 user.info 与 userinfo，chat 与 \
         chat.read、chat.write），选一套即可：应用登记一套，也可以用另一套的名称请求同样的权限。",
        "Select only what the app will request. There are two alternative sets of permission names (such as \
         user.info and userinfo, or chat and chat.read with chat.write): choose one. An app registered with \
         one set can also request the same permissions by the names of the other.";
    webhook: "Webhook", "Webhook";
    webhook_url: "撤销通知地址", "Revocation webhook URL";
    webhook_url_hint:
        "用户撤销授权时，我们会向这个 https 地址发送签名的通知。",
        "When a person revokes access, a signed notification is sent to this https URL.";
    webhook_enabled: "启用撤销通知", "Enable revocation webhook";
    webhook_secret: "签名密钥", "Signing secret";
    webhook_secret_hint:
        "留空则保留现有密钥；还没有时会自动生成。",
        "Leave empty to keep the current secret; one is generated if there is none.";
    save: "保存修改", "Save changes";
    saved: "修改已保存。", "Changes saved.";

    // The page that shows secrets once.
    shown_title: "应用已创建", "App created";
    shown_secret_title: "新的密钥已生成", "New secret created";
    shown_warning:
        "密钥只显示这一次。请现在复制并妥善保存，离开本页后无法再次查看。",
        "Secrets are shown only once. Copy them now and store them safely; you cannot view them again.";
    shown_public: "这个应用没有密钥，它用 PKCE 证明自己。", "This app has no secret; it authenticates with PKCE.";
    client_id: "Client ID", "Client ID";
    client_secret: "Client Secret", "Client secret";
    snippet_lead:
        "保存为 app.mjs，用 node 运行，再打开回调地址所在的网站：它会请你授权，然后显示你的资料。",
        "Save it as app.mjs, run it with node, and open the site of your redirect URI: it asks for your \
         consent and shows your profile.";
    shown_done: "继续", "Continue";

    // One app.
    settings: "应用设置", "App settings";
    authorize_lead: "把用户带到这个地址，他们就能授权这个应用：", "Send people to this URL to authorize the app:";
    regenerate: "重新生成密钥", "Regenerate secret";
    regenerate_lead:
        "旧的 Client Secret 会立即失效，已发出的令牌不受影响。",
        "The old client secret stops working immediately. Issued tokens are not affected.";
    regenerate_submit: "生成新的密钥", "Create new secret";
    test: "发送测试通知", "Send test notification";
    test_lead: "立即向保存的地址发送一次测试通知。", "Sends a test notification to the saved URL now.";
    test_done: "测试通知已送达：{}。", "Test notification delivered: {}.";
    test_failed: "测试通知没有送达：{}。", "Test notification not delivered: {}.";
    test_not_set: "请先保存通知地址和签名密钥。", "Save a webhook URL and a signing secret first.";
    deliveries: "通知记录", "Delivery log";
    deliveries_none: "还没有发送过通知。", "No notifications sent yet.";
    event: "事件", "Event";
    attempts: "次数", "Attempts";
    result: "结果", "Result";
    next_try: "下次重试", "Next retry";
    delivery_waiting: "等待重试", "Waiting for retry";
    delivery_delivered: "已送达", "Delivered";
    delivery_given_up: "已放弃", "Given up";
    delete: "删除应用", "Delete app";
    delete_open: "删除这个应用…", "Delete this app…";
    delete_lead:
        "所有用户的授权和令牌都会立即失效。此操作不能撤销。",
        "All authorizations and tokens of the app are revoked immediately. This cannot be undone.";

    // Problems.
    name_problem: "请填写名称，最多 100 个字符，不能换行。",
        "Please enter a name of up to 100 characters without line breaks.";
    description_problem: "说明太长了，最多 1000 个字符。", "The description is too long (maximum 1000 characters).";
    uris_problem: "请填写 1 到 20 个有效的回调地址。", "Please enter 1 to 20 valid redirect URIs.";
    uri_problem: "不能登记这个地址：{}", "This address cannot be registered: {}";
    scopes_problem: "请至少选择一项权限。", "Select at least one permission.";
    icon_problem: "图标必须是 https 地址。", "The icon must be an https URL.";
    webhook_url_problem: "请填写有效的 https 地址。", "Please enter a valid https URL.";
    webhook_secret_problem:
        "密钥需要 16 到 200 个可见的 ASCII 字符。",
        "The secret must have 16 to 200 printable ASCII characters.";
    too_many: "已达到 {} 个应用的上限。", "You have reached the limit of {} apps.";

    // Signing in programs.
    skill_title: "登录你的程序", "Sign in your program";
    skill_lead:
        "一个命令行工具或智能体请求以你的身份登录。它将能读写你的数据，7 天内有效。",
        "A command-line tool or agent wants to sign in as you. It will be able to read and change your data \
         for 7 days.";
    skill_warning:
        "只有当你自己刚刚启动了它，才继续。不要把登录码交给任何人。",
        "Continue only if you have just started it yourself. Do not share the code with anyone.";
    skill_make: "显示登录码", "Show sign-in code";
    skill_code: "登录码", "Sign-in code";
    skill_paste: "把它粘贴到你的程序里。5 分钟内有效，只能用一次。",
        "Paste it into your program. It is valid for 5 minutes and can be used once.";
    device_lead: "你的程序上显示的代码应当与这里一致：", "The code shown by your program must match this one:";
    device_type: "输入你的程序上显示的代码：", "Enter the code shown by your program:";
    device_code: "代码", "Code";
    device_allow: "允许登录", "Authorize";
    device_done: "程序已登录", "Your program is signed in";
    device_done_lead:
        "可以回到你的程序了。随时可以在账号页面让它退出登录。",
        "You can return to your program. You can sign it out at any time on the account page.";
    device_problem: "没有等待这个代码的程序，或者它已经过期。", "No program is waiting for this code, or the code has expired.";
}
