//! The texts of public pages, in both languages.

crate::texts::texts! {
    joined: "加入于", "Joined";
    interests: "兴趣", "Interests";
    nothing: "还没有公开的兴趣。", "No public interests yet.";
    own: "这是别人看到的样子，只有你看得到这一行。", "This is what others see. Only you see this line.";
    edit: "修改资料", "Edit profile";
    home: "我的首页", "My home page";
    runs: "由 Doppel 运行在自己的服务器上", "Runs on a Doppel server of its own";
}
