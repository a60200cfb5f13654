//! The texts of the home page, in both languages.

crate::texts::texts! {
    hello: "你好，{}", "Hello, {}";
    morning: "早上好，{}", "Good morning, {}";
    noon: "中午好，{}", "Hello, {}";
    afternoon: "下午好，{}", "Good afternoon, {}";
    evening: "晚上好，{}", "Good evening, {}";
    night: "夜深了，{}", "Good night, {}";
    lead: "和分身聊聊，或者记下一件关于你的事。", "Talk to your double, or write down something about you.";
    lead_learned: "分身记下了关于你的新事，等你看一眼。", "Your double learned something new about you. Take a look.";
    talk: "和分身聊聊", "Talk to your double";
    remember: "记一件事", "Add a memory";
    completeness: "资料完整度", "Profile";
    completeness_label: "资料完整度 {}%", "Profile completeness {}%";
    add_avatar: "加一张头像", "Add a picture";
    add_bio: "写一句话简介", "Write a bio";
    add_words: "写几句自我介绍", "Introduce yourself";
    all_there: "查看资料", "View profile";
    start: "开始使用", "Getting started";
    start_done: "5 步完成 {} 步", "{} of 5 done";
    start_dismiss: "收起开始使用", "Dismiss getting started";
    step_done: "已完成", "Done";
    step_about: "介绍自己", "Introduce yourself";
    step_about_lead: "名字、一句话简介，再加一个兴趣。", "A name, a line about you, and an interest.";
    step_about_go: "去填写", "Fill in";
    step_memory: "留下第一条记忆，或导入旧的", "Add a first memory, or import old ones";
    step_memory_lead: "分身只知道你告诉它的。", "Your double knows only what you tell it.";
    step_memory_go: "添加", "Add";
    step_model: "接上一个模型", "Connect a model";
    step_model_lead: "没有模型时，由内置应答器回答。", "Without one, the built-in responder answers.";
    step_model_ask: "请管理员接上一个模型。", "Ask your administrator to connect one.";
    step_model_go: "去设置", "Set up";
    step_chat: "和分身聊第一次", "Talk to your double for the first time";
    step_chat_lead: "问它“你了解我多少”，再看看答案用了哪些记忆。",
        "Ask “What do you know about me?” and see which memories the answer used.";
    step_chat_go: "开始对话", "Start";
    step_key: "让别处也认识你", "Let other programs know you";
    step_key_lead: "一行命令调用 API，或把智能体连到你的分身。", "Call the API with one command, or connect an agent.";
    step_key_go: "创建 API Key", "Create API key";
    learned: "分身最近学到的", "What your double learned";
    learned_all: "全部记忆", "All memories";
    learned_from: "来自你和分身的对话", "From a conversation with your double";
    learned_edit: "改一改", "Edit";
    learned_wrong: "不对", "Not true";
    learned_ask: "删除这条记忆？内容和历史版本会彻底删除，不能撤销。",
        "Delete this memory? Its content and version history are permanently deleted.";
    learned_none: "还没有。和分身聊聊，它会从你说的话里记下关于你的事。",
        "Nothing yet. Your double learns from what you say in conversations.";
    model: "正在使用的模型", "Model in use";
    model_manage: "切换", "Change";
    model_settings: "分身设置", "Double settings";
    model_none: "内置应答器", "Built-in responder";
    model_none_lead: "没有内容离开这台服务器", "Nothing leaves this server";
    model_lead: "服务器配置的模型", "Configured on this server";
    model_today: "今天用量", "Used today";
    model_tokens: "{} 个 token", "{} tokens";
    calls: "最近的调用", "Recent calls";
    calls_all: "全部", "All";
    calls_none: "还没有应用、Key 或智能体来过。", "No app, key or agent has called yet.";
    key: "API Key", "API key";
    first: "第一条命令", "Your first command";
    first_lead: "把第一行换成你的 Key，粘贴到终端就能运行。", "Put your key into the first line and paste it into a terminal.";
    first_key: "创建 Key", "Create a key";
}
