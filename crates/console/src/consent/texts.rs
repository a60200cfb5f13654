//! The texts of the consent page in both languages.

crate::texts::texts! {
    title: "允许“{}”访问你的第二自我？", "Let “{}” reach your second self?";
    by: "由 {} 注册的应用", "An app registered by {}";
    by_itself: "这个应用自行注册，没有人为它担保", "This app registered itself; nobody vouches for it";
    scopes: "它请求以下权限，可以去掉不想给的", "It asks for these permissions; leave out what you would rather not give";
    needed: "必需", "required";
    none: "请至少选择一项权限，或者拒绝。", "Choose at least one permission, or refuse.";
    back: "接下来会回到 {}", "You will then go back to {}";
    back_app: "接下来会打开这台设备上处理 {} 链接的程序", "A program on this device that handles {} links will then be opened";
    allow: "允许", "Allow";
    deny: "拒绝", "Refuse";
    signed_in: "当前登录账号：{}", "Signed in as {}";
    other_account: "使用其他账号", "Use another account";
}
