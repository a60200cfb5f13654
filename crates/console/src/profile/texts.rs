//! The texts of the profile's pages, in both languages.

crate::texts::texts! {
    title: "关于我", "About me";
    lead:
        "分身以此介绍你。名字、简介和自我介绍会被你授权的应用看到。",
        "How your double introduces you. Apps you authorize can see your name, bio and introduction.";
    bio: "简介", "Bio";
    bio_hint: "一句话，最多 500 个字符。", "One sentence, up to 500 characters.";
    words: "自我介绍", "About me";
    avatar: "头像地址", "Avatar URL";
    avatar_hint: "可选，http 或 https 地址。", "Optional; an http or https URL.";
    zone: "时区", "Time zone";
    zone_hint:
        "搜索里的“昨天”、分身知道的今天都按它算，例如 Asia/Shanghai。留空为 UTC。",
        "Determines what “yesterday” means in searches and what day it is for your double, for example \
         Europe/Berlin. UTC if empty.";
    saved: "已保存。", "Saved.";
    interests: "兴趣", "Interests";
    interests_lead:
        "每个兴趣有两面：你自己的，和你授权的应用看到的。",
        "Each interest has two sides: your own, and the one that apps you authorize can see.";
    interests_none: "还没有兴趣。", "No interests yet.";
    add: "添加兴趣", "Add an interest";
    interest: "兴趣", "Interest";
    name: "名称", "Name";
    description: "说明", "Description";
    content: "具体内容", "Details";
    public_side: "应用看到的一面", "Visible to apps";
    public_hint: "三项都留空，应用就看不到这个兴趣。", "Leave all three empty to hide this interest from apps.";
    added: "兴趣已添加。", "Interest added.";
    deleted: "兴趣已删除。", "Interest deleted.";
    delete: "删除这个兴趣…", "Delete this interest…";
    delete_lead: "此操作不能撤销。", "This cannot be undone.";
}
