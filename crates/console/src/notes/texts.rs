//! The texts of the pages about notes, in both languages.

crate::texts::texts! {
    title: "笔记", "Notes";
    write: "写笔记", "New note";
    search: "搜索笔记", "Search notes";
    all: "全部", "All";
    tags: "标签", "Tags";
    list: "笔记列表", "List of notes";
    more: "再看一些", "Show more";
    untitled: "无标题", "Untitled";
    none_title: "还没有笔记", "No notes yet";
    none_lead: "长一点的内容放在这里：读书笔记、清单、链接。分身会读。",
        "For longer things: reading notes, lists, links. Your double reads them.";
    no_hit: "没有找到「{}」", "Nothing found for “{}”";
    show_all: "看全部笔记", "Show all notes";
    pick: "在左边选一篇来读", "Choose a note to read";

    back: "全部笔记", "All notes";
    only_me: "仅自己", "Only me";
    words: "{} 字", "{} words";
    edit: "修改", "Edit";
    edit_title: "修改笔记", "Edit the note";
    actions: "更多操作", "More actions";
    to_trash: "移到回收站", "Move to trash";
    history: "历史版本", "Version history";
    history_none: "还没有修改过。", "No earlier versions.";
    written: "写于", "Written";
    links: "链接", "Links";
    link_pending: "正在读取", "Being read";
    link_failed: "读不到", "Could not be read";
    readers: "谁读过", "Who read it";
    told_app: "应用「{}」写入", "Added by {}";
    saved: "已保存。", "Saved.";
    added: "已添加。", "Added.";

    heading: "标题", "Title";
    text: "正文，支持 Markdown", "Text, in Markdown";
    text_hint: "写点什么。# 标题，- 列表，#标签", "Write something. # heading, - list, #tag";
    urls: "链接，每行一个", "Links, one per line";
    urls_hint: "网页的正文会被读取，之后可以搜索。", "The text of these pages is read and can be searched.";
    preview: "预览", "Preview";
    done: "完成", "Done";
    cancel: "返回", "Back";
    picture: "添加图片", "Add a picture";
    toolbar: "格式", "Format";
    bold: "加粗", "Bold";
    bullets: "列表", "List";
    todo: "待办", "To do";
    quote: "引用", "Quote";
    code: "代码", "Code";
    link: "链接", "Link";

    state_saving: "正在保存…", "Saving…";
    state_saved: "已自动保存", "Saved";
    state_changed: "还没保存", "Not saved yet";
    state_failed: "没有保存成功，会再试", "Could not be saved; trying again";
    state_empty: "正文是空的，没有保存", "The text is empty and was not saved";
    state_conflict: "这篇笔记在别处改过", "This note was changed elsewhere";
    picture_failed: "图片没有上传成功", "The picture could not be uploaded";
    conflict: "这篇笔记在别处改过。你写的还在下面，没有丢失。",
        "This note was changed elsewhere. What you wrote is still below; nothing is lost.";
    conflict_other: "现在保存着的版本", "The version that is saved now";
    conflict_keep: "再按一次“完成”会用你的版本替换它，旧的留在历史里。",
        "Choose Done again to replace it by yours. The other one stays in the history.";
}
