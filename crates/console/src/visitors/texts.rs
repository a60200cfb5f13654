//! The texts of the page of visitors, in both languages.

crate::texts::texts! {
    title: "访客", "Visitors";
    lead: "别人和你的分身形象的对话。访客只能了解公开的记忆和兴趣，以及你为形象选择的笔记。",
        "What others say to your avatars. Visitors learn of public memories and interests, and of notes that \
         you chose for an avatar.";
    title_list: "分身形象", "Avatars";
    views_label: "访客", "Visitors";
    skills: "技能", "Skills";
    unread: "{} 条未读", "{} unread";
    latest: "最新：", "Latest:";
    conversations: "对话", "Conversations";
    none: "还没有访客", "No visitors yet";
    none_lead: "把分享码或密钥交给别人或应用后，访客的对话会出现在这里。",
        "Give a share code to people, or a key to an app: conversations will appear here.";
    messages: "{} 条消息", "Messages: {}";
    nameless: "未具名访客", "A visitor";
    visitor: "访客", "Visitor";
    double: "分身", "Double";
    me: "本人", "You";
    in_person: "本人接待", "In person";
    blocked: "已屏蔽", "Blocked";
    answer: "亲自回复", "Answer in person";
    answer_lead: "亲自回复后，分身不再作答，直到你交还对话。",
        "After you answer, the double is silent until you hand the conversation back.";
    send: "发送", "Send";
    hand_back: "交还给分身", "Hand back to the double";
    block: "屏蔽访客", "Block the visitor";
    unblock: "取消屏蔽", "Unblock";
    delete: "删除对话", "Delete";
    delete_ask: "删除这个对话？无法恢复。", "Delete this conversation? It cannot be restored.";
}
