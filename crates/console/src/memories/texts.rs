//! The texts of the pages about memories, in both languages.

crate::texts::texts! {
    title: "记忆", "Memories";
    lead: "分身从这里了解你。没有标为公开的，只有你和分身看得到。",
        "This is how your double knows you. Only you and your double can see what is not marked public.";
    import: "导入", "Import";
    export: "导出", "Export";
    export_all: "导出全部数据", "Export all data";
    views: "记忆的视图", "Views";
    all: "全部", "All";
    trash: "回收站", "Trash";
    review: "待确认", "Review";
    never: "不要记", "Never keep";

    new_label: "新的记忆", "New memory";
    new_hint: "记一件关于你的事，例如「对花生过敏」", "Note something about you, such as “allergic to peanuts”";
    remember: "记住", "Remember";
    category: "分类", "Category";
    category_hint: "分类，可不填", "Category, optional";
    visibility: "谁能看到", "Who can see it";
    only_me: "仅自己", "Only me";
    public: "公开", "Public";
    any: "不限", "Any";

    list_label: "记忆列表", "Entries";
    search: "搜索记忆", "Search memories";
    search_submit: "搜索", "Search";
    sort: "排序", "Sort";
    sort_best: "最相关", "Best match";
    sort_new: "最新添加", "Newest";
    sort_changed: "最近修改", "Last changed";
    sort_old: "最早添加", "Oldest";
    kinds: "类型", "Type";
    kind_all: "全部类型", "All types";
    kind_fact: "事实", "Facts";
    kind_note: "笔记", "Notes";
    kind_event: "智能体记录", "Agent memory";
    more_filters: "更多筛选", "More filters";
    source: "来源", "Source";
    source_me: "我添加的", "Added by me";
    source_chat: "对话", "Conversations";
    source_app: "应用与智能体", "Apps and agents";
    source_import: "导入", "Imports";
    from: "从", "From";
    to: "到", "To";
    apply: "应用筛选", "Apply";
    reset: "清除筛选", "Clear filters";
    found: "找到 {} 条，包括意思相近的", "{} found, including similar ones";
    clear_search: "清除搜索", "Clear search";
    more: "再看一些", "Show more";
    to_start: "回到开头", "Back to the start";

    none_title: "还没有记忆", "No memories yet";
    none_lead: "写下第一件关于你的事，或者导入以前写的。分身会在回答里用到它们。",
        "Write down a first thing about you, or import what you wrote before. Your double uses them in \
         its answers.";
    no_hit: "没有找到「{}」", "Nothing found for “{}”";
    no_hit_lead: "换一个词试试，或者去掉筛选条件。", "Try another word, or remove the filters.";
    no_match: "没有符合筛选的条目", "Nothing matches the filters";
    show_all: "看全部记忆", "Show all memories";
    remember_it: "记下这句话", "Remember this";

    select: "选择：{}", "Select: {}";
    edit: "修改", "Edit";
    edit_label: "修改记忆", "Edit the memory";
    save: "保存", "Save";
    keeps_history: "之前的版本会留在历史里", "The previous version stays in the history";
    make_public: "设为公开", "Make public";
    make_private: "设为仅自己", "Make private";
    to_trash: "移到回收站", "Move to trash";
    history_link: "历史与来源", "History and source";
    entry_menu: "更多操作", "More actions";
    open_note: "打开笔记", "Open the note";
    bulk: "批量操作", "Selected entries";
    selected: "已选", "Selected";
    bulk_hint: "先在左边勾选，再选操作", "Tick entries on the left, then choose an action";

    told_chat: "来自对话", "From a conversation";
    told_app: "应用「{}」写入", "Added by {}";
    told_some_app: "应用写入", "Added by an app";
    told_import: "导入", "Imported";
    told_agent: "{} 上的记录", "Recorded on {}";
    link_problem: "有链接读不到", "A link could not be read";

    added: "已记住。", "Remembered.";
    saved: "已保存，之前的版本在历史里。", "Saved. The previous version is in the history.";
    shown_public: "{} 条已设为公开。", "{} made public.";
    shown_private: "{} 条已设为仅自己可见。", "{} made private.";
    trashed: "{} 条已移到回收站。", "{} moved to the trash.";
    undo: "撤销", "Undo";
    restored: "{} 条已恢复。", "{} restored.";
    nothing_selected: "没有选中任何条目。", "Nothing was selected.";
    gone: "已彻底删除。", "Deleted for good.";

    overview: "概览", "Overview";
    categories: "分类", "Categories";
    public_count: "{} 条公开，应用与访客看得到", "{} public; apps and visitors can see them";
    elsewhere: "也在这里", "Also about you";
    interests: "兴趣", "Interests";
    notes: "笔记", "Notes";
    agents: "智能体读了什么", "What agents read";

    trash_title: "回收站", "Trash";
    trash_lead: "删除的记忆和笔记在这里保留 30 天，之后彻底删除。应用和分身已经看不到它们。",
        "Deleted memories and notes stay here for 30 days and are then deleted for good. Apps and your \
         double \
         no longer see them.";
    trash_none: "回收站是空的", "The trash is empty";
    trash_none_lead: "移到回收站的记忆和笔记会出现在这里。", "Memories and notes you delete appear here.";
    restore: "恢复", "Restore";
    delete_for_good: "彻底删除", "Delete for good";
    empty_trash: "清空回收站…", "Empty the trash…";
    empty_trash_lead: "回收站里的全部内容会彻底删除，不能恢复。",
        "Everything in the trash is deleted for good. This cannot be undone.";
    deleted_at: "删除于", "Deleted";

    fact: "记忆", "Memory";
    history: "历史版本", "Version history";
    history_none: "还没有修改过。", "No earlier versions.";
    history_from: "写于", "Written";
    history_to: "替换于", "Replaced";
    ties: "来源与关联", "Source and related memories";
    ties_none: "你自己添加的，没有关联的记忆。", "You added it yourself. No related memories.";
    said: "来自与分身的对话", "Learned from a conversation with your double";
    again: "后来的对话中又说到了一次", "Mentioned again in a later conversation";
    against: "与更早的记忆不同：", "Differs from an older memory:";
    newer: "有更新的记忆与此不同：", "A newer memory differs:";
    supersedes: "取代了更早的记忆：", "Takes the place of an older memory:";
    superseded: "已被更新的记忆取代：", "A newer memory took its place:";
    over: "以前的事", "No longer true";
    over_lead: "这条已经是以前的事。分身只在问到过去时才会用到它。",
        "This is how things were before. Your double uses it only when asked about the past.";
    see_newer: "看现在的那条", "See what is true now";
    holds_again: "现在仍然是这样", "It is still true";
    valid_from: "从哪天起", "True from";
    valid_until: "到哪天为止", "True until";
    replace: "情况变了？", "Has it changed?";
    replace_lead: "写下现在是怎样的。这一条会留作以前的事，不会删除。",
        "Write down how it is now. This memory is kept as how things were before, and is not deleted.";
    replace_label: "现在是", "How it is now";
    replace_since: "从哪天起，可不填", "Since, optional";
    replace_submit: "记下变化", "Note the change";
    replaced: "已记下，以前的那条也留着。", "Noted. The earlier memory is kept, too.";
    forget_app: "忘掉「{}」写入的一切", "Forget everything that {} wrote";
    forget_app_lead: "它写入的 {} 条记忆和笔记会移到回收站，一次最多 200 条。",
        "The {} memories and notes that it wrote move to the trash, at most 200 at a time.";
    open_chat: "看那次对话", "Open the conversation";
    readers: "谁读过", "Who read it";
    readers_none: "最近没有智能体读过。", "No agent has read it lately.";
    created: "添加于", "Added";
    updated: "修改于", "Changed";
}
