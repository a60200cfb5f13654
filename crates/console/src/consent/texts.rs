//! The texts of the consent page in both languages.

crate::texts::texts! {
    title: "允许“{}”访问你的第二自我？", "Authorize “{}” to access your second self?";
    by: "由 {} 注册的应用", "An app registered by {}";
    by_itself: "这个应用自行注册，没有人为它担保", "This app registered itself and is not verified";
    scopes: "它请求以下权限，可以去掉不想给的", "It requests these permissions. Clear the ones you do not want to grant";
    needed: "必需", "required";
    none: "请至少选择一项权限，或者拒绝。", "Select at least one permission, or deny the request.";
    back: "接下来会回到 {}", "You will be redirected to {}";
    back_app: "接下来会打开这台设备上处理 {} 链接的程序", "This opens the program on this device that handles {} links";
    allow: "允许", "Authorize";
    deny: "拒绝", "Deny";
    signed_in: "当前登录账号：{}", "Signed in as {}";
    other_account: "使用其他账号", "Use another account";
}
