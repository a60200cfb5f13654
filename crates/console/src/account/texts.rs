//! Texts about changing the password, in both languages side by side.

use crate::texts::texts;

texts! {
    change_password_lead:
        "修改后，其他设备上的会话和已登录的程序会全部结束。",
        "Every session on other devices and every signed-in program ends when you change it.";
    password_changed:
        "密码已修改，其他会话和程序已结束。",
        "Your password was changed; all other sessions and programs were ended.";
    end_legend: "如果怀疑别人用过你的账号，一并结束：", "If someone else may have used your account, end these as well:";
    end_apps: "对所有应用的授权", "What every app was allowed";
    end_keys:
        "所有 API Key（Hub 的密钥不变，可在 Hub 页面删除）",
        "Every API key (keys of the Hub stay; delete them on its page)";
}
