//! The texts of the consent page in both languages.

crate::texts::texts! {
    title: "允许“{}”访问你的第二自我？", "Authorize “{}” to access your second self?";
    by: "由 {} 注册的应用", "An app registered by {}";
    by_host: "经 {} 证明的应用", "Verified: described by {}";
    by_itself: "未验证：这个应用于 {} 自行注册，没有人为它担保", "Unverified: this app registered itself on {}";
    reads: "它想读取", "Read access";
    writes: "它想添加、修改或删除", "Add, change and delete";
    leave_out: "可以去掉不想给的权限，以后随时可以再给。", "Clear what you do not want to grant. You can change it later.";
    new: "新请求的权限", "New";
    refused_before: "上次没有给", "Denied before";
    needed: "必需", "required";
    none: "请至少选择一项权限，或者拒绝。", "Select at least one permission, or deny the request.";
    back: "接下来会回到 {}", "You will be redirected to {}";
    back_local: "接下来会回到这台电脑上的程序（{}）", "You will be redirected to a program on this computer ({})";
    local_warning:
        "这台电脑上的任何程序都能自称是这个应用。请只在您自己刚刚打开它时允许。",
        "Any program on this computer can claim to be this app. Authorize it only if you just started it.";
    http_warning:
        "返回的路上没有加密：同一网络中的人可以看到经过的内容。",
        "The redirect is not encrypted: others on the same network can read it.";
    back_app: "接下来会打开这台设备上处理 {} 链接的程序", "This opens the program on this device that handles {} links";
    allow: "允许", "Authorize";
    deny: "拒绝", "Deny";
    signed_in: "当前登录账号：{}", "Signed in as {}";
    server: "服务器：{}", "Server: {}";
    ending: "可以随时在“账号”页更改权限或撤销授权。", "Change or revoke its access at any time on your account page.";
    leaving: "正在返回 {}", "Redirecting to {}";
    leave_lead: "如果没有自动继续，请点击下面的链接。", "If nothing happens, use the link.";
    leave: "继续", "Continue";
    other_account: "使用其他账号", "Use another account";
}
