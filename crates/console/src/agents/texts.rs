//! Texts about agents, in both languages side by side.

use crate::texts::texts;

texts! {
    title: "应用与智能体", "Apps and agents";
    lead: "一个地址，让你常用的 AI 认识你。每一个能看什么，由你定，随时收回。",
        "One address, and the AI you use knows you. You decide what each may see, and take it back any time.";
    address: "你的连接地址", "Your address";
    address_lead: "粘贴到任何支持 MCP 的地方，第一次连接时会请你确认权限。",
        "Paste it wherever MCP is supported. You are asked what is allowed when it connects.";
    state_waiting: "等待第一次调用", "Waiting for the first call";
    state_connected: "已连接，最近是 {}", "Connected, lately {}";
    local: "这个地址只有本机或家里的网络能访问。本机上的程序可以用；网页和手机上的 Claude、ChatGPT 要从外面访问，需要一个公开的 https 地址（server.public_url）。",
        "Only this computer or your own network reaches this address. Programs here can use it; Claude \
            and ChatGPT on the web and on phones come from outside and need a public https address \
            (server.public_url).";
    how: "怎么连", "How to connect";
    terminal: "一行命令", "One command";
    claude_about: "网页、桌面与手机", "Web, desktop and phone";
    claude_1: "打开 Claude 的设置，进入连接器，点添加自定义连接器。", "Open Settings in Claude, then Connectors, and Add \
        custom connector.";
    claude_2: "名称写 Doppel，地址粘贴上面那一行。", "Name it Doppel and paste the address above.";
    claude_3: "点连接，在弹出的页面里勾选权限，点允许。", "Choose Connect, tick what it may do, and allow it.";
    chatgpt_about: "需要开启开发者模式", "Needs developer mode";
    chatgpt_1: "打开设置，进入应用与连接器，在高级里开启开发者模式。", "Open Settings, then Apps and connectors, and turn on \
        developer mode under Advanced.";
    chatgpt_2: "点创建，地址粘贴上面那一行，认证选 OAuth。", "Choose Create, paste the address above, and choose OAuth.";
    chatgpt_3: "在弹出的页面里点允许。", "Allow it on the page that opens.";
    other: "其他客户端", "Other clients";
    other_about: "能填远程地址的直接填；只能启动程序的用这一行", "Paste the address where one can be entered; for clients that \
        only start programs:";
    connected: "已经连上的", "Connected";
    connected_none: "还没有应用或智能体。", "No app or agent yet.";
    review_waiting: "它们写入的 {} 条内容在等你确认", "{} things they want to write are waiting for you";
    review_none: "想先看一眼它们写入的内容？", "See what they write before it is kept?";
    waits: "等你确认", "Waits for you";
    agent: "名称", "Name";
    kind_app: "应用", "App";
    kind_key: "API 密钥", "API key";
    kind_program: "程序", "Program";
    last_call: "最近调用", "Last call";
    reads: "读取（30 天）", "Reads (30 days)";
    writes: "写入（30 天）", "Writes (30 days)";
    never: "还没有", "Not yet";
    did: "它做过什么", "What it did";
    did_none: "还没有调用。", "No calls yet.";
    time: "时间", "Time";
    action: "做了什么", "Action";
    entries: "涉及的条目", "Entries";
    outcome: "结果", "Outcome";
    wrote: "写入", "Wrote";
    read: "读取", "Read";
    refused: "你未允许", "Not allowed by you";
    failed: "未成功", "Did not succeed";
    change: "修改权限", "Change what it may do";
    end: "收回权限", "End access";
    end_lead: "收回后立即生效，它的下一次调用会被拒绝。", "It takes effect at once: the next call is refused.";
    end_key: "管理这个 API Key", "Manage this API key";
    forget: "忘掉它写入的内容", "Forget what it added";
    forget_question: "它写入的 {} 条记忆和笔记会被永久删除，无法恢复。确定吗？",
        "The {} memories and notes that it added are deleted permanently. Are you sure?";
    forget_confirm: "永久删除", "Delete permanently";
    forgotten: "它写入的内容已删除。", "What it added was deleted.";
    tool_search: "搜索记忆", "Searched your memory";
    tool_fetch: "打开一条记忆或笔记", "Opened a memory or note";
    tool_recall: "回想与你有关的内容", "Recalled what matters";
    tool_list: "列出记忆", "Listed memories";
    tool_recent: "查看最近的变化", "Looked at recent changes";
    tool_whoami: "查看你的资料", "Looked at your profile";
    tool_add_memory: "记住一件事", "Saved a memory";
    tool_add_note: "保存笔记", "Saved a note";
    tool_update: "更正一条记忆", "Corrected a memory";
    tool_forget: "删除一条记忆", "Deleted a memory";
    tool_ask: "向分身提问", "Asked your double";
    tool_hub: "调用 Hub 的 API", "Called an API of the Hub";
    tool_resource: "读取资源", "Read a resource";
}

impl Texts {
    /// Returns the steps that connect Claude.
    pub(crate) fn claude_steps(&self) -> Vec<&'static str> {
        vec![self.claude_1, self.claude_2, self.claude_3]
    }

    /// Returns the steps that connect ChatGPT.
    pub(crate) fn chatgpt_steps(&self) -> Vec<&'static str> {
        vec![self.chatgpt_1, self.chatgpt_2, self.chatgpt_3]
    }
}
