//! The texts of the review inbox, in both languages.

crate::texts::texts! {
    title: "待确认", "Review";
    lead: "应用和智能体想写入、修改或删除的，还有分身从对话里学到的，在这里等你点头，在那之前不会被搜索，也不会用在回答里。",
        "What apps and agents want to add, change or delete, and what your double learned, waits here for \
            you. Until you accept it, it is not searched or used in answers.";
    count: "{} 条等你确认", "{} waiting for you";
    none: "没有等你确认的内容", "Nothing is waiting";
    none_on: "智能体写入的内容会先出现在这里。", "What agents write appears here first.";
    none_off: "智能体写入的内容现在直接生效。想先看一眼，就在下面打开。",
        "What agents write is kept at once. To see it first, turn it on below.";
    kind_memory: "新的记忆", "New memory";
    kind_note: "新的笔记", "New note";
    kind_change: "修改记忆", "Change of a memory";
    kind_delete: "删除记忆", "Deletion of a memory";
    kind_about: "自我介绍", "Self-description";
    dreamt: "夜里整理时提出", "Proposed by tidying up at night";
    dream: "上次夜间整理：提出 {} 条，用了 {} 个词元", "Last tidied up at night: {} proposals, {} tokens";
    by: "由「{}」提出", "Proposed by {}";
    now: "现在记着", "Remembered now";
    then: "会变成", "Would become";
    missing: "这条记忆已经不在了", "That memory is gone";
    accept: "记住", "Remember";
    accept_change: "改成这样", "Change it";
    accept_delete: "移到回收站", "Move to trash";
    edit: "改一改再记", "Edit first";
    text: "内容", "Text";
    note_title: "标题", "Title";
    refuse: "不要", "Refuse";
    refuse_change: "保持原样", "Keep as it is";
    accept_all: "这一页全部接受", "Accept all on this page";
    refuse_all: "这一页全部不要", "Refuse all on this page";
    accepted: "已接受 {} 条。", "{} accepted.";
    refused: "已拒绝 {} 条。新的记忆和笔记在回收站里保留 30 天。",
        "{} refused. New memories and notes stay in the trash for 30 days.";
    gone: "这些内容已经不在了，没有改动。", "These entries are gone; nothing was changed.";
    conflicts: "哪一条现在是对的？", "Which one is true now?";
    conflicts_lead: "这些记忆互相矛盾，没法自动判断。另一条不会删除，会记成以前的事。",
        "These memories contradict each other. The other one is not deleted; it is kept as how things \
            were before.";
    conflict_newer: "后来说的", "Said later";
    conflict_older: "先前记的", "Noted before";
    holds: "现在是这条", "This is true now";
    both: "两条都对", "Both are true";
    decided: "已按你的选择记下。", "Noted as you decided.";
    learned: "从对话里学到", "Learned from a conversation";
    from_words: "你的原话", "Your words";
    never: "以后都别记", "Never keep";
    never_label: "以后不要记什么", "What is never to be kept";
    never_lead: "可以改成更宽的说法，例如一个人名或话题。", "You can make it wider, such as a name or a topic.";
    never_done: "已拒绝，以后也不会记。规则在「不要记」里可以改。",
        "Refused, and not kept in the future. You can change the rules under Never keep.";
    learned_setting: "对话里学到的先给我看", "Show me first what is learned";
    learned_lead: "打开后，分身从对话里学到的事先在这里等你确认；不打开就直接记下。",
        "When this is on, what your double learns from conversations waits for you. Otherwise it is kept at \
            once.";
    learned_on: "已打开，学到的事会先在这里等你。", "Turned on. What is learned waits here first.";
    learned_off: "已关闭，学到的事会直接记下。", "Turned off. What is learned is kept at once.";
    setting: "先给我看", "Show me first";
    setting_lead: "打开后，通过 MCP 连接的应用和智能体添加、修改、删除记忆，或保存笔记，都要等你确认。",
        "When this is on, whatever connected agents add, change or delete, and the notes they save, waits \
            for you.";
    is_on: "已打开", "On";
    is_off: "未打开", "Off";
    turn_on: "打开", "Turn on";
    turn_off: "关闭", "Turn off";
    switched_on: "已打开，智能体写入的内容会先在这里等你。", "Turned on. What agents write waits here first.";
    switched_off: "已关闭，智能体写入的内容会直接生效。", "Turned off. What agents write is kept at once.";
    agents: "已连接的应用与智能体", "Connected apps and agents";
}
