//! Texts about changing the password, in both languages side by side.

use crate::texts::texts;

texts! {
    change_password_lead:
        "修改后，其他设备上的会话和已登录的程序会全部结束。",
        "Changing your password ends all sessions on other devices and all signed-in programs.";
    password_changed: "密码已修改，其他会话和程序已结束。", "Password changed. Other sessions and programs were signed out.";
    end_legend: "如果怀疑别人用过你的账号，一并结束：", "If someone else may have used your account, also revoke:";
    end_apps: "对所有应用的授权", "Access of all apps";
    end_keys:
        "所有 API Key（Hub 的密钥不变，可在 Hub 页面删除）",
        "All API keys (Hub keys are kept; delete them on the Hub page)";
}
