//! The texts of the pages about apps and about signing in programs, in both languages.

crate::texts::texts! {
    // The list.
    lead:
        "登记要接入的应用，让别人可以授权它访问自己的第二自我。",
        "Register the apps that ask people for access to their second selves.";
    create: "创建应用", "Create an app";
    empty: "还没有应用", "No apps yet";
    empty_lead:
        "创建一个应用，拿到 Client ID 和 Client Secret，就可以接入 OAuth2 登录。",
        "Create an app to get a client id and a secret, and sign people in with OAuth2.";
    name: "应用名称", "Name";
    kind: "类型", "Kind";
    confidential: "有后端，能保管密钥", "Has a server that keeps a secret";
    public: "无后端（网页、桌面、命令行），使用 PKCE", "Has none (browser, desktop, command line) and uses PKCE";
    confidential_short: "机密", "Confidential";
    public_short: "公开", "Public";
    self_registered: "自行注册", "Registered itself";
    status_approved: "可用", "Works";
    status_pending: "审核中", "In review";
    status_rejected: "未通过", "Rejected";
    status_suspended: "已暂停", "Suspended";
    deleted: "应用已删除。", "The app was deleted.";

    // Creating and changing an app.
    new_lead:
        "用户在授权页面会看到名称、说明和图标。",
        "People see the name, the description and the picture when they are asked.";
    description: "说明", "Description";
    description_hint: "应用是做什么的，最多 1000 个字符。", "What the app is for, up to 1000 characters.";
    uris: "回调地址", "Redirect URIs";
    uris_hint:
        "每行一个。可以是 https，指向本机或内网的 http，例如 http://localhost:3000/callback，或应用自有协议，例如 \
         com.example.app:/callback。服务器设置可能不允许后两种。",
        "One on a line: https; http to this machine or a private network, such as \
         http://localhost:3000/callback; or a scheme of the app's own, such as com.example.app:/callback. \
         The server's settings may rule out private networks and own schemes.";
    icon: "图标地址", "Picture";
    icon_hint:
        "可选，必须是 https 地址。授权页只显示存放在本服务器上的图片。",
        "Optional; an https address. The consent page shows it only where this server keeps it.";
    scopes_hint:
        "只勾选应用会向用户请求的权限。权限有两套名称（例如 user.info 与 userinfo，chat 与 \
         chat.read、chat.write），选一套即可：应用登记一套，也可以用另一套的名称请求同样的权限。",
        "Choose only what the app will ask people for. There are two sets of names (such as user.info and \
         userinfo; chat, and chat.read with chat.write), which are alternatives: choose one. An app \
         registered with one may ask for the same in the names of the other.";
    webhook: "Webhook", "Webhook";
    webhook_url: "撤销通知地址", "Where to send word of revocations";
    webhook_url_hint:
        "用户撤销授权时，我们会向这个 https 地址发送签名的通知。",
        "When a person takes their consent back, signed word of it is sent to this https address.";
    webhook_enabled: "启用撤销通知", "Send word of revocations";
    webhook_secret: "签名密钥", "Signing secret";
    webhook_secret_hint:
        "留空则保留现有密钥；还没有时会自动生成。",
        "Leave empty to keep the present one; without one, one is made.";
    save: "保存修改", "Save";
    saved: "修改已保存。", "Saved.";

    // The page that shows secrets once.
    shown_title: "应用已创建", "Your app is ready";
    shown_secret_title: "新的密钥已生成", "Your new secret is ready";
    shown_warning:
        "密钥只显示这一次。请现在复制并妥善保存，离开本页后无法再次查看。",
        "Secrets are shown only this once. Copy them now and keep them safe; they cannot be shown again.";
    shown_public: "这个应用没有密钥，它用 PKCE 证明自己。", "This app has no secret; it proves itself by PKCE.";
    client_id: "Client ID", "Client id";
    client_secret: "Client Secret", "Client secret";
    shown_done: "继续", "Continue";

    // One app.
    settings: "应用设置", "Settings";
    authorize_lead: "把用户带到这个地址，他们就能授权这个应用：", "Send people here to ask them for access:";
    regenerate: "重新生成密钥", "Regenerate the secret";
    regenerate_lead:
        "旧的 Client Secret 会立即失效，已发出的令牌不受影响。",
        "The old secret stops working at once; tokens that were issued go on.";
    regenerate_submit: "生成新的密钥", "Make a new secret";
    test: "发送测试通知", "Send a trial";
    test_lead: "立即向保存的地址发送一次测试通知。", "Sends a trial to the saved address right away.";
    test_done: "测试通知已送达：{}。", "The trial was taken: {}.";
    test_failed: "测试通知没有送达：{}。", "The trial was not taken: {}.";
    test_not_set: "请先保存通知地址和签名密钥。", "Save an address and a signing secret first.";
    deliveries: "通知记录", "Delivery log";
    deliveries_none: "还没有发送过通知。", "Nothing was sent yet.";
    event: "事件", "Event";
    attempts: "次数", "Tries";
    result: "结果", "Result";
    next_try: "下次重试", "Next try";
    delivery_waiting: "等待重试", "Waiting";
    delivery_delivered: "已送达", "Delivered";
    delivery_given_up: "已放弃", "Given up";
    delete: "删除应用", "Delete the app";
    delete_open: "删除这个应用…", "Delete this app…";
    delete_lead:
        "所有用户的授权和令牌都会立即失效。此操作不能撤销。",
        "All consents and tokens of the app end at once. This cannot be undone.";

    // Problems.
    name_problem: "请填写名称，最多 100 个字符，不能换行。", "Please enter a name of up to 100 characters on one line.";
    description_problem: "说明太长了，最多 1000 个字符。", "The description is too long; the limit is 1000 characters.";
    uris_problem: "请填写 1 到 20 个有效的回调地址。", "Please enter 1 to 20 valid redirect URIs.";
    uri_problem: "不能登记这个地址：{}", "This address cannot be registered: {}";
    scopes_problem: "请至少选择一项权限。", "Choose at least one permission.";
    icon_problem: "图标必须是 https 地址。", "The picture must be an https address.";
    webhook_url_problem: "请填写有效的 https 地址。", "Please enter an https address.";
    webhook_secret_problem:
        "密钥需要 16 到 200 个可见的 ASCII 字符。",
        "A secret has 16 to 200 visible ASCII characters.";
    too_many: "已达到 {} 个应用的上限。", "You have reached the limit of {} apps.";

    // Signing in programs.
    skill_title: "登录你的程序", "Sign in your program";
    skill_lead:
        "一个命令行工具或智能体请求以你的身份登录。它将能读写你的数据，7 天内有效。",
        "A command-line tool or an agent asks to act as you. It will be able to read and change your data \
         for 7 days.";
    skill_warning:
        "只有当你自己刚刚启动了它，才继续。不要把登录码交给任何人。",
        "Go on only if you have just started it yourself. Give the code to nobody.";
    skill_make: "显示登录码", "Show the code";
    skill_code: "登录码", "Sign-in code";
    skill_paste: "把它粘贴到你的程序里。5 分钟内有效，只能用一次。", "Paste it into your program. It is good for 5 minutes, once.";
    device_lead: "你的程序上显示的代码应当与这里一致：", "The code your program shows must be the same as here:";
    device_type: "输入你的程序上显示的代码：", "Enter the code your program shows:";
    device_code: "代码", "Code";
    device_allow: "允许登录", "Let it in";
    device_done: "程序已登录", "Your program is signed in";
    device_done_lead:
        "可以回到你的程序了。随时可以在账号页面让它退出登录。",
        "You can go back to your program. You can sign it out on your account page at any time.";
    device_problem: "没有等待这个代码的程序，或者它已经过期。", "No program waits with this code, or it has expired.";
}
