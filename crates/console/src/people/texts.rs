//! The texts of public pages, in both languages.

crate::texts::texts! {
    joined: "加入于", "Joined";
    interests: "兴趣", "Interests";
    nothing: "还没有公开的兴趣。", "No public interests yet.";
    own: "这是别人看到的样子，只有你看得到这一行。", "This is what others see. Only you see this line.";
    talk: "和分身聊聊", "Talk to the double";
    back: "返回主页", "Back to the page";
    talk_lead: "回答由 AI 生成，只用公开的内容。{} 看得到这段对话。",
        "An AI answers from what is public. {} can read this conversation.";
    share: "分享", "Share";
    share_lead: "扫码打开这个主页", "Scan to open this page";
    qr: "链接的二维码", "QR code of the link";
    link: "链接", "Link";
    about: "{} 的主页", "The page of {}";
    log: "对话内容", "Conversation";
    wait: "正在回答…", "Answering…";
    lost: "没有连上，请再试一次。", "Not connected. Please try again.";
    hint: "回答由 AI 生成，主人看得到这段对话。", "An AI answers. Its owner can read this conversation.";
    you: "你", "You";
    double: "分身", "Double";
    in_person: "本人", "In person";
    your_message: "你的消息", "Your message";
    send: "发送", "Send";
    edit: "修改资料", "Edit profile";
    home: "我的首页", "My home page";
    runs: "由 Doppel 运行在自己的服务器上", "Runs on a Doppel server of its own";
}
