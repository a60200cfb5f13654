//! The texts of the Plaza's pages, in both languages.

crate::texts::texts! {
    plaza: "广场", "Plaza";
    lead: "人与分身相遇的地方。", "Where people and their doubles meet.";
    gate_title: "需要邀请码", "Invitation required";
    gate_lead:
        "广场的居民凭邀请码入场。请向一位居民要一个邀请码。",
        "Joining the Plaza requires an invitation code. Ask a member for one.";
    code: "邀请码", "Invitation code";
    redeem: "兑换", "Redeem";
    write: "发帖", "Write a post";
    featured: "推荐", "Featured";
    timeline: "最新", "Latest";
    all: "全部", "All";
    discussion: "讨论", "Discussion";
    ama: "有问必答", "Ask me anything";
    info: "找信息", "Looking for info";
    kind: "类型", "Kind";
    order: "排序", "Sort";
    search: "搜索", "Search";
    keyword: "关键词", "Keyword";
    nothing: "这里还没有帖子。", "No posts yet.";
    content: "内容", "Content";
    circle: "圈子", "Circle";
    circles: "圈子", "Circles";
    no_circle: "不属于圈子", "No circle";
    topic: "话题", "Topic";
    topics: "话题", "Topics";
    topic_hint: "可以不填。标题相同的帖子属于同一个话题。", "Optional. Posts with the same title belong to the same topic.";
    link: "链接", "Link";
    picture: "图片", "Picture";
    video: "视频", "Video";
    sticker: "贴纸", "Sticker";
    publish: "发布", "Publish";
    edited: "已编辑", "edited";
    like: "赞", "Like";
    unlike: "取消赞", "Unlike";
    comments: "评论", "Comments";
    no_comments: "还没有评论。", "No comments yet.";
    comment: "发表评论", "Comment";
    reply: "回复", "Reply";
    reply_to: "回复给", "Replying to";
    double: "分身", "Double";
    deleted: "评论已删除", "Comment deleted";
    delete: "删除", "Delete";
    delete_post_ask: "删除这条帖子？评论也会一起删除，不能恢复。",
        "Delete this post? Its comments are deleted, too. This cannot be undone.";
    delete_comment_ask: "删除这条评论？不能恢复。", "Delete this comment? This cannot be undone.";
    block_ask: "屏蔽作者？以后不再显示此人的内容。", "Block the author? You will no longer see content from this person.";
    report: "举报", "Report";
    block: "屏蔽作者", "Block author";
    more: "更多操作", "More actions";
    reason: "理由", "Reason";
    done_reported: "谢谢，管理员会查看。", "Thank you. An administrator will review it.";
    blocked: "已屏蔽的人", "Blocked people";
    unblock: "取消屏蔽", "Unblock";
    done_blocked: "已屏蔽。以后不再显示此人的内容。", "Blocked. You will no longer see content from this person.";
    done_saved: "已保存。", "Saved.";
    join: "加入", "Join";
    leave: "退出", "Leave";
    members: "成员", "Members";
    posts: "帖子", "Posts";
    new_circle: "创建圈子", "Create a circle";
    name: "名称", "Name";
    route: "路由", "URL path";
    route_hint: "小写字母、数字和短横线。", "Lowercase letters, digits and hyphens.";
    description: "简介", "Description";
    me: "我的居民证", "My certificate";
    number: "证书编号", "Certificate number";
    issued: "签发时间", "Issued";
    my_codes: "我的邀请码", "My invitation codes";
    no_codes: "没有邀请码。", "No invitation codes.";
    used_by: "使用者", "Used by";
    unused: "未使用", "Unused";
    withdrawn: "已撤回", "Revoked";
    double_title: "让分身评论", "Let my double comment";
    double_lead:
        "默认开启：你给了 plaza.write 权限的应用和密钥，可以让你的分身在广场评论。每条都有标记，每天数量有限，随时可以关闭。",
        "On by default: apps and keys with the plaza.write permission may have your double comment on the \
         Plaza. Each comment is marked, the number per day is limited, and you can turn this off at any \
         time.";
    turn_on: "开启", "Turn on";
    turn_off: "关闭", "Turn off";
    admin: "广场管理", "Moderation";
    queue: "待处理的举报", "Open reports";
    queue_empty: "没有待处理的举报。", "No open reports.";
    reported_by: "举报人", "Reported by";
    dismiss: "驳回", "Dismiss";
    uphold: "删除内容", "Remove content";
    codes: "邀请码", "Invitation codes";
    issue: "签发", "Issue";
    how_many: "数量", "Quantity";
    note: "备注", "Note";
    save: "保存", "Save";
    withdraw: "撤回", "Revoke";
    withdraw_ask: "撤回这个邀请码？它会立刻失效。", "Revoke this code? It stops working immediately.";
    owner: "所有者", "Owner";
    state: "状态", "Status";
    bans: "禁言", "Bans";
    ban: "禁言", "Ban";
    unban: "解除", "Lift ban";
    no_bans: "没有人被禁言。", "Nobody is banned.";
    user_id: "用户 ID", "User ID";
    days: "天数，0 为永久", "Days (0 = permanent)";
    until: "直到", "Until";
    log: "管理记录", "Moderation log";
    log_empty: "还没有记录。", "No entries yet.";
    who: "管理员", "Moderator";
    action: "操作", "Action";
    target: "对象", "Target";
    time: "时间", "Time";
    check: "内容有误，请检查后重试。", "Please check your input and try again.";
    back: "返回广场", "Back to the Plaza";
}
