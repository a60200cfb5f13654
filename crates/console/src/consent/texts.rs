//! The texts of the consent page in both languages.

crate::texts::texts! {
    title: "允许「{}」用你的分身？", "Let “{}” use your double?";
    by: "由 {} 注册的应用", "An app registered by {}";
    by_host: "经 {} 证明的应用", "Verified: described by {}";
    by_itself: "未验证：这个应用于 {} 自行注册，没有人为它担保", "Unverified: this app registered itself on {}";
    sees: "它会看到的你", "What it sees of you";
    how_much: "权限多少", "How much";
    all: "它要的全部", "All it asks for";
    least: "最少", "The least";
    reads: "看到", "See";
    writes: "写下", "Write";
    acts: "以你的名义", "In your name";
    leave_out: "关掉不想给的，以后随时可以再给。", "Turn off what you do not want to grant. You can change it later.";
    new: "新请求的权限", "New";
    refused_before: "上次没有给", "Denied before";
    needed: "必需", "required";
    none: "请至少选择一项权限，或者拒绝。", "Select at least one permission, or deny the request.";
    back: "之后回到 {}。", "You will be redirected to {}.";
    back_local: "之后回到这台电脑上的程序（{}）。", "You will be redirected to a program on this computer ({}).";
    local_warning:
        "这台电脑上的任何程序都能自称是这个应用。请只在您自己刚刚打开它时允许。",
        "Any program on this computer can claim to be this app. Authorize it only if you just started it.";
    http_warning:
        "返回的路上没有加密：同一网络中的人可以看到经过的内容。",
        "The redirect is not encrypted: others on the same network can read it.";
    back_app: "之后打开这台设备上处理 {} 链接的程序。", "This opens the program on this device that handles {} links.";
    allow: "允许", "Authorize";
    deny: "不允许", "Deny";
    signed_in: "你现在是 {}。", "Signed in as {}.";
    server: "这台服务器是 {}。", "This server is {}.";
    ending: "随时可以在「应用与智能体」里收回。", "Revoke its access at any time under Apps & agents.";
    leaving: "正在返回 {}", "Redirecting to {}";
    leave_lead: "如果没有自动继续，请点击下面的链接。", "If nothing happens, use the link.";
    leave: "继续", "Continue";
    other_account: "换个账号", "Use another account";

    profile: "你的资料", "Your profile";
    interests: "你的兴趣", "Your interests";
    soft_memory: "你的公开记忆", "Your public memories";
    profile_interests: "你的资料和兴趣", "Your profile and interests";
    memories: "你的记忆和笔记", "Your memories and notes";
    chats: "你和分身的对话", "Your conversations with your double";
    plaza: "广场", "The Plaza";
    add: "新增笔记和记忆", "Add notes and memories";
    change_memories: "增改删记忆", "Add, change and delete memories";
    change_notes: "管理笔记", "Manage notes";
    agent_memory: "智能体记忆", "Agent memory";
    talk: "和分身对话", "Talk to your double";
    voice: "用你的声音说话", "Speak in your voice";
    post: "在广场发帖和评论", "Post and comment on the Plaza";
    friends: "查看好友", "See your friends";
    change_friends: "邀请好友", "Invite friends";
    discover: "发现别人", "Find people";
    avatars: "查看分身形象", "See your avatars";
    change_avatars: "管理分身形象", "Manage your avatars";
    hub: "调用 Hub 的 API", "Call APIs of the Hub";
    everything: "全部权限", "Everything";
}
