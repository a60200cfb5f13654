//! The texts of the page with the scopes of an agent in both languages.

crate::texts::texts! {
    lead: "更改后立即对它现有的令牌生效。", "Changes take effect at once, also for its present tokens.";
    by_host: "经 {} 证明", "Verified: described by {}";
    by_itself: "未验证：自行注册", "Unverified: registered itself";
    by_account: "由这台服务器上的账号注册", "Registered by an account of this server";
    since: "授权时间", "Authorized";
    last_used: "上次使用", "Last used";
    never_used: "还没有使用过", "never";
    scopes: "权限", "Permissions";
    needed: "必需", "required";
    save: "保存", "Save";
    end: "撤销授权", "Revoke access";
    end_label: "撤销 {} 的授权", "Revoke the access of {}";
    changed: "权限已更改。", "Permissions changed.";
}
