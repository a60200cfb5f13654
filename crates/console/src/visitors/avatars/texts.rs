//! The texts of the pages of avatars, in both languages.

crate::texts::texts! {
    title_list: "分身形象", "Avatars";
    lead: "分身对外的样子：各有自己的开场白、指引、能用的内容和限额。",
        "Faces of your double towards others, each with its own opening, instructions, material and limits.";
    conversations: "对话", "Conversations";
    views_label: "访客", "Visitors";
    skills: "技能", "Skills";
    new: "新建形象", "New avatar";
    visits: "{} 次对话", "Conversations: {}";
    views: "{} 次浏览", "Views: {}";
    paused: "已暂停", "Paused";
    open: "接待中", "Open";
    to_all: "无需账号", "Without an account";
    primary: "主形象", "Primary";
    default: "主页使用", "On your page";
    saved: "已保存。", "Saved.";
    created: "形象已创建。", "Avatar created.";
    key_changed: "密钥已更新。", "Keys updated.";
    check: "请检查：", "Please correct:";

    who: "样子", "Appearance";
    title: "名称", "Title";
    title_hint: "访客看到的名字，最多 100 个字符。", "The name that visitors see, up to 100 characters.";
    cover: "封面地址", "Cover URL";
    cover_hint: "页面只显示存放在这台服务器上的图片；留空则没有封面。",
        "Pages show only pictures that are stored on this server. Empty: no cover.";
    welcome: "介绍", "Introduction";
    welcome_hint: "访客在对话前读到的话。", "What visitors read before they write.";
    opening: "开场白", "Opening";
    opening_hint: "分身说的第一句话。", "The first words of the double.";
    scenario: "指引", "Instructions";
    scenario_hint: "分身怎么和访客说话、该做什么、不该做什么。访客看不到原文，但别在这里写秘密。",
        "How the double talks to visitors, and what it does. Visitors do not see the text, but write no \
         secrets here.";
    knows: "访客能了解什么", "What visitors may learn";
    knows_lead: "除了下面选中的，分身对访客一无所知：仅自己的记忆、笔记和对话从不进入提示词。",
        "The double knows nothing else with visitors: private memories, notes and conversations are never \
         in its prompt.";
    memories: "公开的记忆", "Public memories";
    interests: "兴趣公开的一面", "The public side of interests";
    notes: "笔记", "Notes";
    notes_lead: "选中的笔记全文都可能被说出来，最多 50 篇。", "All of a chosen note may be told. At most 50.";
    notes_none: "还没有笔记。", "No notes yet.";
    nameless: "无标题", "Untitled";
    skills_none: "还没有技能。", "No skills yet.";
    skills_lead: "技能是写给分身的做法，几个形象可以共用。", "Skills are instructions that several avatars can share.";
    ways: "怎么找到它", "How to reach it";
    by_key: "应用可以用密钥接入", "Apps reach it with a key";
    by_web: "任何人无需账号就能聊", "Anybody may talk without an account";
    by_web_hint: "在分享链接、公开主页和网站挂件里。消息按地址限量，用量算在你名下。",
        "With the share link, on your public page and in the widget. Messages are limited per address; their \
         tokens count as yours.";
    origins: "可以放挂件的网站", "Sites that may show the widget";
    origins_hint: "每行一个来源，例如 https://blog.example。没有列出的网站不能显示它。",
        "One origin per line, such as https://blog.example. Other sites cannot show it.";
    limits: "限额", "Limits";
    limits_lead: "留空只受服务器的限额。", "Empty: only the limits of the server apply.";
    messages: "每天的消息", "Messages per day";
    of_visitor: "每位访客每天的消息", "Messages per visitor and day";
    tokens: "每天的 token 数", "Tokens per day";
    at_once: "同时的访客", "Visitors at once";
    create: "创建形象", "Create avatar";

    share: "分享", "Share";
    share_lead: "登录的人用这个链接就能聊；打开“无需账号”后，任何人都能。",
        "Signed-in people talk with this link, and everybody if you allow it without an account.";
    share_link: "分享链接", "Share link";
    share_code: "分享码", "Share code";
    qr: "分享链接的二维码", "QR code of the share link";
    download: "下载二维码", "Download the QR code";
    widget: "网站挂件", "Widget";
    widget_lead: "把这一行放进网页，右下角会出现和分身聊天的按钮。",
        "Put this line into a page: a button to talk to the double appears.";
    widget_off: "先打开“无需账号”，并填上网站的来源。", "First allow talking without an account, and name the site.";
    counts: "最近 30 天", "Last 30 days";
    visitors: "访客", "Visitors";
    writers: "说过话的访客", "Who wrote";
    count_messages: "消息", "Messages";
    chart: "每天的消息", "Messages per day";
    chart_unit: "条", "messages";
    chart_scrolls: "图表，可以左右滚动", "Chart, scrolls sideways";
    keys: "密钥", "Keys";
    keys_lead: "应用用密钥把这个形象放进自己的产品。", "Apps put this avatar into their product with a key.";
    keys_none: "还没有密钥。", "No keys yet.";
    key_name: "密钥名称", "Name of the key";
    key_create: "创建密钥", "Create key";
    key_on: "启用", "Enable";
    key_off: "停用", "Disable";
    key_is_off: "已停用", "Disabled";
    key_delete: "删除", "Delete";
    key_delete_ask: "删除这个密钥？用它打开的对话会立即结束。", "Delete this key? Conversations that it opened end at once.";
    key_title: "密钥已创建", "Key created";
    key_lead: "密钥只显示这一次，请现在复制。", "The key is shown only once. Copy it now.";
    key_done: "我已保存", "I have saved it";
    state: "状态", "State";
    pause: "暂停接待", "Pause";
    resume: "恢复接待", "Receive visitors";
    prefer: "用在我的主页", "Use on my page";
    delete: "删除形象", "Delete avatar";
    delete_ask: "删除这个形象？它的密钥和对话也一并删除，无法恢复。",
        "Delete this avatar? Its keys and conversations are deleted with it, and cannot be restored.";

    skill_new: "新建技能", "New skill";
    skill_title: "名称", "Name";
    skill_description: "说明", "Description";
    skill_when: "什么时候用", "When to use it";
    skill_content: "做法", "Instructions";
    skill_content_hint: "Markdown，最多 20 000 个字符。", "Markdown, up to 20,000 characters.";
    skill_create: "创建技能", "Create skill";
}
