//! The texts of the profile's pages, in both languages.

crate::texts::texts! {
    title: "资料与兴趣", "Profile and interests";
    lead: "分身怎么介绍你，别人看到什么，都在这里定。", "How your double introduces you, and what others see.";
    bio: "一句话简介", "Bio";
    bio_hint: "一句话，最多 500 个字符。", "One sentence, up to 500 characters.";
    words: "自我介绍", "About me";
    words_hint: "分身会照着这段话介绍你。", "Your double introduces you with these words.";
    own_page: "公开主页", "Public page";
    own_page_hint: "打开后，谁都能看到你的名字、头像、封面、简介和兴趣公开的一面。",
        "Everybody can see your name, picture, cover, bio, and the public side of your interests.";
    listed: "让搜索引擎收录", "Let search engines list it";
    listed_hint: "关闭时，公开主页会请搜索引擎不要收录。", "If off, your public page asks search engines not to list it.";
    own_page_open: "看公开主页", "Open your public page";
    pictures: "封面与头像", "Cover and picture";
    avatar: "头像", "Picture";
    cover: "封面", "Cover";
    change_avatar: "换头像", "Change picture";
    change_cover: "换封面", "Change cover";
    upload: "上传", "Upload";
    remove_avatar: "去掉头像", "Remove picture";
    remove_cover: "去掉封面", "Remove cover";
    picture_hint: "PNG、JPEG、GIF 或 WebP，最大 8 MB。知道地址的人都能看到图片。",
        "PNG, JPEG, GIF or WebP, up to 8 MB. Anyone who knows its address can see the picture.";
    crop: "裁剪", "Crop";
    zoom: "缩放", "Zoom";
    completeness: "资料完整度 {}%", "Profile completeness {}%";
    completeness_title: "资料完整度", "Completeness";
    complete: "文字和头像都有了。", "Your words and picture are there.";
    incomplete: "再补几样就完整了。", "A few more things and it is complete.";
    add_avatar: "加一张头像", "Add a picture";
    add_bio: "写一句话简介", "Write a bio";
    add_words: "写几句自我介绍", "Introduce yourself";
    seen: "应用看到的你", "What apps see";
    seen_by: "权限", "Permission";
    seen_info: "读资料", "Profile";
    seen_interests: "读兴趣", "Interests";
    seen_memories: "读记忆", "Memories";
    sees_info: "名字、头像、简介、自我介绍", "Name, picture, bio and introduction";
    sees_no_more: "看不到兴趣、记忆、笔记和对话", "Not your interests, memories, notes or conversations";

    sees_only_interests: "只有兴趣公开的一面", "Only the public side of interests";
    sees_memories: "{} 条公开的记忆", "{} public memories";
    sees_no_private: "看不到仅自己的记忆", "Not your private memories";
    own_side: "只有你和分身", "Only you and your double";
    everyone: "所有人", "Everyone";
    not_public: "没有公开的内容，应用看不到这个兴趣。", "Nothing public; apps cannot see this interest.";
    nothing_here: "还没有写。", "Nothing yet.";
    publish: "复制到公开的一面", "Copy to the public side";
    publish_ask: "用左边的内容替换公开的一面？", "Replace the public side with the private one?";
    published: "已复制到公开的一面。", "Copied to the public side.";
    zone: "时区", "Time zone";
    voice: "声音", "Voice";
    voice_hint: "朗读服务里的声音编号；留空用默认的声音。", "The id of a voice at the speech server; empty: the default one.";
    zone_hint:
        "搜索里的“昨天”、分身知道的今天都按它算，例如 Asia/Shanghai。留空为 UTC。",
        "Determines what “yesterday” means in searches and what day it is for your double, for example \
         Europe/Berlin. UTC if empty.";
    saved: "已保存。", "Saved.";
    interests: "兴趣", "Interests";
    interests_lead:
        "每个兴趣有两面：一面只有你和分身知道，一面所有人看得到。",
        "Each interest has two sides: one for you and your double, and one for everyone.";
    interests_none: "还没有兴趣。", "No interests yet.";
    add: "添加兴趣", "Add an interest";
    interest: "兴趣", "Interest";
    name: "名称", "Name";
    description: "说明", "Description";
    content: "具体内容", "Details";

    public_hint: "三项都留空，应用就看不到这个兴趣。", "Leave all three empty to hide this interest from apps.";
    added: "兴趣已添加。", "Interest added.";
    deleted: "兴趣已删除。", "Interest deleted.";
    delete: "删除这个兴趣…", "Delete this interest…";
    delete_lead: "此操作不能撤销。", "This cannot be undone.";
}
