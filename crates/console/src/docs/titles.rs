//! The titles of groups and operations. The OpenAPI document has them in English.

use web::Language;

/// The groups in the order of the reference: the tag, and its Chinese title.
pub(super) const GROUPS: &[(&str, &str)] = &[
    ("User", "用户资料"),
    ("Memory", "记忆"),
    ("Notes", "笔记"),
    ("Chat", "对话与判断"),
    ("Avatars", "分身形象"),
    ("Visitors", "访客"),
    ("Friends", "好友"),
    ("Agent memory", "智能体记忆"),
    ("Files", "文件"),
    ("Plaza", "广场"),
    ("API keys", "API Key"),
    ("Applications", "应用"),
    ("OAuth2", "OAuth 2"),
    ("Sign-in of programs", "程序登录"),
    ("Hub", "Hub"),
];

/// The Chinese titles of operations, by their id.
const OPERATIONS: &[(&str, &str)] = &[
    ("actStream", "让分身做判断"),
    ("addKeyMemories", "一次写入多条记忆"),
    ("addKeyMemory", "写入一条记忆"),
    ("addNeverKept", "添加永不记住的规则"),
    ("addNote", "添加笔记"),
    ("answerFriend", "回应好友邀请"),
    ("apiKeyUsage", "查看 Key 的用量"),
    ("application", "查看一个应用"),
    ("authorizeDevice", "允许程序登录"),
    ("authorizeDeviceByCode", "用代码允许程序登录"),
    ("authorizeExternal", "不经页面授权"),
    ("avatarContractStatus", "查看付费分身形象的签约状态"),
    ("avatarDashboard", "查看分身形象的统计"),
    ("avatarMiniProgramCode", "小程序码（本服务器不提供）"),
    ("blockUser", "屏蔽一个人"),
    ("breakIce", "和好友的分身开始对话"),
    ("chatSend", "发消息，等完整回答"),
    ("chatStream", "和分身对话（流式）"),
    ("clientToken", "应用自己的令牌"),
    ("createApiKey", "创建 API Key"),
    ("createApplication", "登记应用"),
    ("createAvatar", "创建分身形象"),
    ("createAvatarKey", "创建分身形象的 Key"),
    ("createAvatarSkill", "创建技能"),
    ("createCircle", "创建圈子"),
    ("createComment", "评论"),
    ("createHubKey", "创建 Hub 密钥"),
    ("createPost", "发帖"),
    ("createShade", "添加兴趣"),
    ("createSkilledAvatar", "创建带笔记和技能的分身形象"),
    ("dayOverview", "一天的概览"),
    ("deleteAgentMemory", "删除智能体记忆"),
    ("deleteApiKey", "删除 API Key"),
    ("deleteApplication", "删除应用"),
    ("deleteAvatar", "删除分身形象"),
    ("deleteAvatarKey", "删除分身形象的 Key"),
    ("deleteChatSession", "删除对话"),
    ("deleteComment", "删除评论"),
    ("deleteFile", "删除文件"),
    ("deleteHubApi", "删除 API 定义"),
    ("deleteHubKey", "删除 Hub 密钥"),
    ("deleteKeyMemory", "删除记忆"),
    ("deleteNeverKept", "删除永不记住的规则"),
    ("deleteNote", "删除笔记"),
    ("deletePost", "删除帖子"),
    ("deleteShade", "删除兴趣"),
    ("discoverPeople", "发现公开主页的人"),
    ("evaluateAvatar", "评测分身形象（本服务器不提供）"),
    ("exchangeCode", "用授权码换令牌"),
    ("exportAvatarConversations", "导出分身形象的对话"),
    ("generateSpeech", "用自己的声音朗读"),
    ("getAvatar", "查看一个分身形象"),
    ("getAvatarEvaluation", "查看评测（本服务器不提供）"),
    ("getAvatarEvaluationReport", "查看评测报告（本服务器不提供）"),
    ("getAvatarExport", "查看导出的结果"),
    ("getCertificate", "查看居民证"),
    ("getFeed", "浏览广场"),
    ("getPost", "查看帖子"),
    ("getPublicAvatar", "查看公开的分身形象"),
    ("hubApi", "查看一个 API"),
    ("hubKey", "查看 Hub 密钥"),
    ("hubKeyUsage", "查看 Hub 密钥的用量"),
    ("importHubApi", "从文档导入 API"),
    ("ingestAgentMemory", "上报事件"),
    ("initVisitorChat", "访客开始对话"),
    ("inviteFriend", "邀请好友"),
    ("joinCircle", "加入圈子"),
    ("keyMemoryHistory", "记忆的历史版本"),
    ("leaveCircle", "离开圈子"),
    ("likeComment", "赞评论"),
    ("likePost", "赞帖子"),
    ("listAgentMemory", "列出智能体记忆"),
    ("listApiKeys", "列出 API Key"),
    ("listApplications", "列出应用"),
    ("listAvatarInteractions", "列出最近的访客对话"),
    ("listAvatarKeys", "列出分身形象的 Key"),
    ("listAvatarSkills", "列出自己的技能"),
    ("listAvatars", "列出分身形象"),
    ("listChatMessages", "读取对话"),
    ("listChatSessions", "列出对话"),
    ("listCircles", "列出圈子"),
    ("listComments", "列出评论"),
    ("listFiles", "列出文件"),
    ("listFriends", "列出好友"),
    ("listHubApis", "列出 API"),
    ("listHubKeys", "列出 Hub 密钥"),
    ("listNeverKept", "查看永不记住的内容"),
    ("listNotes", "列出笔记"),
    ("listOfficialSkills", "列出官方技能（本服务器没有）"),
    ("listPublicShades", "读取公开的兴趣"),
    ("listShades", "列出全部兴趣"),
    ("listTopicPosts", "话题下的帖子"),
    ("listTopics", "列出话题"),
    ("me", "当前的人"),
    ("noteHistory", "笔记的历史版本"),
    ("pollDevice", "查询程序登录"),
    ("readChatUsage", "查看 token 用量"),
    ("readSent", "查看发给模型的内容"),
    ("redeemInvitation", "使用邀请码"),
    ("refreshToken", "刷新令牌"),
    ("regenerateApplicationSecret", "更换应用密钥"),
    ("report", "举报"),
    ("rotateApiKey", "轮换 API Key"),
    ("rotateHubKey", "更换 SK"),
    ("saveHubApi", "保存 API 定义"),
    ("searchHubCalls", "查询调用日志"),
    ("searchKeyMemory", "搜索记忆"),
    ("searchNotes", "搜索笔记"),
    ("sendVisitorMessage", "访客发消息"),
    ("setDefaultAvatar", "设为默认分身形象"),
    ("setKeepsNumbers", "设置是否保留号码"),
    ("skillToken", "用代码换程序令牌"),
    ("softMemory", "读取公开的记忆"),
    ("startDevice", "开始程序登录"),
    ("supersedeKeyMemory", "用新的记忆取代旧的"),
    ("testWebhook", "发送测试通知"),
    ("unblockUser", "取消屏蔽"),
    ("unlikeComment", "取消赞评论"),
    ("unlikePost", "取消赞帖子"),
    ("updateApplication", "修改应用"),
    ("updateAvatar", "修改分身形象"),
    ("updateAvatarKey", "改名或停用分身形象的 Key"),
    ("updateComment", "修改评论"),
    ("updateHubKey", "修改 Hub 密钥"),
    ("updateKeyMemory", "修改记忆"),
    ("updateNote", "修改笔记"),
    ("updatePost", "修改帖子"),
    ("updateProfile", "修改资料"),
    ("updateShade", "修改兴趣"),
    ("uploadFile", "上传文件"),
    ("userInfo", "读取资料"),
];

/// Returns the title of a group.
pub(super) fn group(tag: &str, language: Language) -> String {
    let known = GROUPS.iter().find(|(name, _)| *name == tag).filter(|_| language == Language::Zh);
    known.map_or(tag, |(_, title)| title).to_owned()
}

/// Returns the title of an operation: in English the first sentence of its summary.
pub(super) fn operation(id: &str, summary: &str, language: Language) -> String {
    let known = OPERATIONS.iter().find(|(name, _)| *name == id).filter(|_| language == Language::Zh);
    match known {
        Some((_, title)) => (*title).to_owned(),
        None => summary.split_once(". ").map_or(summary, |(first, _)| first).trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_sorted_by_id() {
        assert!(OPERATIONS.is_sorted_by_key(|(id, _)| *id));
    }

    #[test]
    fn an_english_title_is_one_sentence() {
        assert_eq!(operation("addNote", "Add a note. An identical one is kept.", Language::En), "Add a note");
        assert_eq!(operation("addNote", "Add a note.", Language::Zh), "添加笔记");
    }
}
