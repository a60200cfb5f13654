//! The texts of public pages, in both languages.

crate::texts::texts! {
    joined: "加入于", "Joined";
    interests: "兴趣", "Interests";
    nothing: "还没有公开的兴趣。", "No public interests yet.";
    own: "这是别人看到的样子，只有你看得到这一行。", "This is what others see. Only you see this line.";
    talk: "和分身聊聊", "Talk to the double";
    back: "返回主页", "Back to the page";
    talk_lead: "分身只知道公开的内容。分身的主人能看到你写的消息。",
        "The double knows only what is public. Its owner can read what you write.";
    you: "你", "You";
    double: "分身", "Double";
    in_person: "本人", "In person";
    your_message: "你的消息", "Your message";
    send: "发送", "Send";
    edit: "修改资料", "Edit profile";
    home: "我的首页", "My home page";
    runs: "由 Doppel 运行在自己的服务器上", "Runs on a Doppel server of its own";
}
