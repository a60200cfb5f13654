//! The texts of the pages for administrators, in both languages.

crate::texts::texts! {
    title: "管理", "Administration";
    overview: "概览", "Overview";
    models: "模型", "Models";
    moderation: "广场管理", "Plaza moderation";
    version: "版本 {}", "Version {}";
    running: "已经运行 {}", "Up for {}";
    minutes: "{} 分钟", "{} min";
    hours: "{} 小时", "{} h";
    days: "{} 天", "{} days";

    // The overview.
    health: "健康", "Health";
    database: "数据库", "Database";
    database_in: "{} 应答", "answers in {}";
    database_down: "没有应答", "does not answer";
    ok: "正常", "Healthy";
    down: "不可用", "Not available";
    model: "模型", "Model";
    no_model: "还没有接上模型", "No model connected";
    no_model_hint: "分身只能照搬记忆来回答。接上一个模型，它才会说话。",
        "The double can only repeat memories. Connect a model and it will talk.";
    connect: "接上模型", "Connect a model";
    answered: "答了 {} 次", "{} answered";
    failed: "失败 {} 次", "{} failed";
    meaning: "按意思查找", "Semantic search";
    meaning_off: "没有模型，只按词语查找", "No model, searches use keywords only";
    meaning_done: "所有条目都已准备好", "All entries are ready";
    meaning_waiting: "还有 {} 条在排队", "{} entries waiting";
    catching_up: "追赶中", "Catching up";
    resting: "出错，稍后再试", "Failing, will retry";
    disk: "磁盘", "Disk";
    disk_free: "还有 {} 可用", "{} free";
    disk_low: "快满了", "Almost full";
    stored: "存储", "Storage";
    people: "人", "People";
    accounts: "账号", "Accounts";
    disabled: "其中停用", "Of these disabled";
    memories: "记忆", "Memories";
    notes: "笔记", "Notes";
    messages: "聊天消息", "Chat messages";
    files: "文件", "Files";
    elsewhere: "别的管理页面", "Other pages";
    hub: "Hub 密钥与 API", "Hub keys and APIs";

    // Models.
    models_lead: "从上到下依次尝试。上面的没有回应，就用下一个。",
        "Tried from top to bottom. If one does not respond, the next one does.";
    add: "添加模型", "Add a model";
    built_in: "内置应答器", "Built-in responder";
    built_in_about: "没有模型时用，只从记忆里找，不编造", "Used without a model; quotes memories, invents nothing";
    always: "总是可用", "Always there";
    here: "在这台机器上", "On this machine";
    in_network: "在局域网里", "In the local network";
    sent_to: "对话内容会发到 {}", "Conversations are sent to {}";
    from_setting: "由设置 {} 决定，这里不能改", "Set by {}, cannot be changed here";
    address: "服务地址", "Address";
    address_hint: "兼容 OpenAI 的都行", "Any server with OpenAI's protocol";
    name: "模型", "Model";
    name_hint: "先列出，再挑一个", "List them, then choose";
    key: "密钥", "API key";
    key_optional: "不需要就留空", "Leave empty if none is needed";
    key_keep: "留空则不变", "Leave empty to keep it";
    key_none: "没有", "None";
    key_set: "已保存", "Saved";
    key_lost: "打不开了，请重新填写", "Cannot be opened, enter it again";
    key_remove: "删除已保存的密钥", "Delete the saved key";
    first_wait: "首字等待", "First piece";
    requests: "这次启动以来", "Since the start";
    able: "能力", "Capabilities";
    tools: "工具", "Tools";
    images: "图片", "Images";
    text_only: "文字", "Text";
    unused: "还没用过", "Not used yet";
    test: "测试", "Test";
    edit: "修改", "Edit";
    up: "上移", "Move up";
    down_one: "下移", "Move down";
    save: "保存", "Save";
    save_and_test: "保存并测试", "Save and test";
    list: "列出模型", "List models";
    cancel: "取消", "Cancel";
    remove: "移除…", "Remove…";
    remove_question: "它的设置和密钥会一起删除，正在进行的回答不受影响。",
        "Its settings and its key are deleted. Answers in progress are not affected.";
    remove_now: "移除", "Remove";
    more: "更多设置", "More settings";
    can_tools: "会用工具", "Uses tools";
    can_tools_hint: "人们可以让分身调用 Hub 里的 API", "People can let their double call APIs of the Hub";
    can_images: "看得懂图片", "Understands images";
    json: "要求 JSON 的方式", "Way of requesting JSON";
    json_auto: "自动", "Automatic";
    json_words: "只用文字说明", "In words only";
    tokens: "限制长度的参数", "Parameter that limits the length";
    tokens_none: "不发送", "Send none";
    omit: "不发送的参数", "Parameters that are never sent";
    omit_hint: "用空格隔开，例如 temperature seed", "Separated by spaces, such as temperature seed";
    names: "更多模型", "Further models";
    names_hint: "每行一个：客户端用的名字 = 服务里的名字", "One per line: the client's name = the server's name";
    stream_options: "请求用量（stream_options）", "Request token counts (stream_options)";
    strict_turns: "只发一条系统消息，轮流发言", "One system message, alternating turns";
    system_role: "接受 system 角色", "Accepts the role system";
    opens_thinking: "回答以思考开头，只标出结尾", "Answers begin inside thoughts and mark only their end";
    connect_seconds: "连接时限（秒）", "Connect timeout (seconds)";
    first_token_seconds: "首字时限（秒）", "First piece timeout (seconds)";
    idle_seconds: "两段之间（秒）", "Between pieces (seconds)";
    total_seconds: "全程时限（秒）", "Whole answer (seconds)";
    query_prefix: "问题的前缀", "Prefix of queries";
    passage_prefix: "条目的前缀", "Prefix of passages";
    dimensions: "维数，0 为全部", "Dimensions (0 = all)";
    saved: "已保存，下一次请求就生效。", "Saved. In force from the next request on.";
    removed: "已移除。", "Removed.";
    moved: "顺序已改。", "The order has changed.";

    // Searches.
    embedding: "按意思查找的模型", "Model for semantic search";
    embedding_lead: "换模型后，所有条目会在后台重新计算。", "After a change, all entries are computed again in the background.";
    in_binary: "内置在程序里", "Built into the program";
    other_embedding: "改用别的服务", "Use another server";
    rerank: "给结果排序的模型", "Model that orders results";
    rerank_lead: "可选。它把问题和每条结果放在一起读，排得更准。",
        "Optional. It reads the question and each result together, for a better order.";
    rerank_none: "没有用", "Not used";
    speech: "朗读的模型", "Model that reads aloud";
    speech_lead: "可选。用你的声音把文字读出来，接口是 /audio/speech。",
        "Optional. It reads texts in people's voices, at /audio/speech.";
    voice: "默认声音", "Default voice";
    voice_hint: "没有在资料里选声音的人用它。", "For people who have not chosen one in their profile.";
    sound_of: "得到 {} 的声音", "{} of sound";
    vector_of: "得到 {} 维的向量", "A vector with {} dimensions";
    scores_of: "给 {} 条结果打了分", "Scores for {} results";

    // Servers on this machine.
    found: "这台机器上的模型", "Models on this machine";
    look: "找找看", "Look for them";
    found_none: "没有找到正在运行的 Ollama、llama.cpp 或 LM Studio。",
        "No running Ollama, llama.cpp or LM Studio was found.";
    found_connected: "已经接上", "Connected";
    found_add: "接上", "Connect";
    found_models: "{} 个模型", "{} models";

    // Trials.
    trial: "刚才的测试", "The last test";
    question: "用一句话介绍你自己", "Introduce yourself in one sentence";
    asked: "问：", "Asked: ";
    own_words: "服务的原话", "The server's own words";
    no_words: "没有更多说明", "No further words";
    success: "成功", "Success";
    failure: "失败", "Failed";
    first_at: "首字 {} 秒", "first piece {} s";
    total_at: "全程 {} 秒", "total {} s";
    listed: "找到 {} 个模型，在“模型”里挑一个。", "Found {} models. Choose one under “Model”.";
    listed_key: "密钥没有保存，请再填一次。", "The key was not saved, enter it again.";

    // Causes: what happened, and what to do.
    c_key: "服务不接受这个密钥", "The server does not accept this key";
    d_key: "到服务商的控制台重新生成一个，粘贴到密钥里再试。",
        "Create a new one in the provider's console, paste it as the key, and try again.";
    c_key_lost: "密钥打不开了", "The key cannot be opened";
    d_key_lost: "服务器的封存密钥换过或丢了。点修改，重新填写这个密钥。",
        "The server's sealing key was replaced or lost. Choose Edit and enter this key again.";
    c_not_running: "那里没有服务在运行", "Nothing is running there";
    d_not_running: "启动模型服务，再看看地址里的端口对不对。在容器里，127.0.0.1 指的是容器自己。",
        "Start the server of the model, and check the port of the address. In a container, 127.0.0.1 is \
         the container itself.";
    c_no_host: "找不到这个主机", "There is no such host";
    d_no_host: "看看地址有没有写错，这台机器能不能上网。", "Check the address, and that this machine is online.";
    c_tls: "加密连接没有建立", "The secure connection failed";
    d_tls: "看看地址该用 http 还是 https。自己签发的证书要写进设置 outgoing.ca_file。",
        "Check if the address begins with http or https. A private certificate belongs into the setting \
         outgoing.ca_file.";
    c_forbidden: "不能访问这个地址", "This address must not be called";
    d_forbidden: "链路本地地址和云服务的元数据地址会泄露这台机器的凭据，所以一律不访问。",
        "Link-local and metadata addresses of clouds would reveal this machine's credentials.";
    c_connection: "连接断了", "The connection broke";
    d_connection: "看看地址、防火墙和代理。", "Check the address, firewalls and proxies.";
    c_path: "地址的路径不对", "The path of the address is wrong";
    d_path: "多半少了结尾的 /v1。", "As a rule the /v1 at the end is missing.";
    c_model: "服务里没有这个模型", "The server does not have this model";
    d_model: "点列出模型，从里面挑一个；在 Ollama 里先用 ollama pull 下载。",
        "List the models and choose one; with Ollama, download it first with ollama pull.";
    c_quota: "额度用完了，或请求太快", "The quota is used up, or requests come too fast";
    d_quota: "到服务商的控制台看看余额和限额，或过一会儿再试。",
        "Check balance and limits in the provider's console, or try again later.";
    c_server: "服务自己出错了", "The server itself has an error";
    d_server: "看看它的日志。内存不够时，换一个小一点的模型。",
        "Read its log. If memory is short, use a smaller model.";
    c_slow: "等得太久", "It took too long";
    d_slow: "第一次载入模型可能要一分钟，再试一次；还是不行，就在更多设置里加长时限。",
        "Loading a model for the first time may take a minute, so try again; else raise the timeouts \
         under More settings.";
    c_protocol: "回应的格式不对", "The response has another format";
    d_protocol: "那里的服务不说 OpenAI 的协议。看看地址，多半要以 /v1 结尾。",
        "The server there does not speak OpenAI's protocol. Check the address, which as a rule ends in /v1.";
    c_empty: "回答是空的", "The answer is empty";
    d_empty: "换一个模型，或看看服务的日志。", "Use another model, or read the server's log.";
    c_spent: "思考用完了长度", "Thoughts used up the length";
    d_spent: "这个模型想得太久。在服务里关掉思考，或换一个模型。",
        "This model thinks too long. Turn its thoughts off, or use another one.";
    c_other: "服务拒绝了请求", "The server refused the request";
    d_other: "看看上面服务的原话。", "Read the server's own words above.";

    // People.
    people_title: "人与邀请", "People and invitations";
    people_done: "已保存。", "Saved.";
    people_find: "名字或邮箱", "Name or e-mail";
    people_search: "查找", "Find";
    people_none: "没有找到账号。", "No account found.";
    people_who: "人", "Person";
    people_role: "角色", "Role";
    people_created: "创建时间", "Created";
    role_admin: "管理员", "Administrator";
    role_member: "成员", "Member";
    disabled_one: "已停用", "Disabled";
    change: "更改", "Change";
    promote: "设为管理员", "Make administrator";
    demote: "取消管理员", "Remove administrator";
    enable: "启用", "Enable";
    disable: "停用", "Disable";
    make_password_link: "重设密码的链接", "Link for a new password";
    password_link: "给 {} 的重设密码链接", "A link for a new password of {}";
    password_link_hint: "只显示这一次，一天内有效，用一次就失效。请通过可靠的方式交给本人。",
        "Shown only now, good for a day and for one use. Hand it to the person in a way that you trust.";
    invitation: "邀请链接", "An invitation";
    invitation_hint: "只显示这一次，一周内有效，可以创建一个账号。",
        "Shown only now, good for a week and for one account.";
    sign_up_mode: "谁可以注册", "Who may sign up";
    sign_up_mode_hint: "改了立即生效，不用重启。", "In force at once, without a restart.";
    sign_up_closed: "不开放", "Nobody";
    sign_up_invitation: "只限邀请", "By invitation";
    sign_up_open: "所有人", "Everybody";
    invite: "邀请", "Invite";

    // The audit log.
    audit: "审计日志", "Audit log";
    audit_lead: "谁、在哪里、做了什么。只能追加，管理员也改不了。",
        "Who did what, and from where. It only grows; administrators cannot change it either.";
    audit_find: "人、动作、地址或对象", "Person, action, address or object";
    audit_kinds: "类别", "Kinds";
    audit_all: "全部", "All";
    audit_sign_in: "登录", "Sign-ins";
    audit_access: "密钥与授权", "Keys and access";
    audit_administration: "管理动作", "Administration";
    audit_data: "导入导出", "Import and export";
    audit_refused: "被拒绝", "Refused";
    audit_empty: "还没有记录。", "Nothing yet.";
    audit_none: "没有找到。", "Nothing found.";
    audit_days: "记录保留 {} 天。", "Entries are kept for {} days.";
    audit_time: "时间", "Time";
    audit_result: "结果", "Result";
    audit_done: "完成", "done";
    audit_was_refused: "拒绝", "refused";
    audit_what: "做了什么", "What";
    audit_who: "谁", "Who";
    audit_address: "从哪里", "From";
    audit_nobody: "未登录", "not signed in";
    audit_local: "本机", "this machine";

    // Problems with the form.
    p_missing: "请填写", "Fill this in";
    p_url: "请写成 http://127.0.0.1:11434/v1 这样的地址", "Enter an address such as http://127.0.0.1:11434/v1";
    p_network: "不能访问这个地址", "This address must not be called";
    p_long: "太长了", "Too long";
    p_text: "不能有不可见的字符", "No invisible characters";
    p_number: "不在允许的范围内", "Not within the allowed range";
    p_key: "密钥里不能有空格和中文", "A key has no spaces and only ASCII characters";
    p_key_again: "地址换了，请重新填写密钥", "The address has changed, enter the key again";
    p_members: "只能是参数的名字，用空格隔开", "Names of parameters, separated by spaces";
    p_wrong: "还没有保存，请看标红的地方。", "Not saved yet. Check the marked fields.";
    p_many: "模型太多了，先移除一个。", "Too many models. Remove one first.";

    // Settings and backups.
    settings: "设置与备份", "Settings and backups";
    settings_lead: "正在生效的设置，只读。在配置文件或环境变量里修改。",
        "The settings in force, read-only. Change them in the configuration file or the environment.";
    settings_general: "通用", "General";
    settings_changed: "改了 {} 项", "{} changed";
    settings_default: "都是默认值", "All defaults";
    setting: "设置", "Setting";
    value: "值", "Value";
    origin: "来自", "Set by";
    by_default: "默认", "Default";
    from_file: "配置文件或参数", "Configuration file or flag";
    backups: "备份", "Backups";
    back_up: "现在备份", "Back up now";
    backup_done: "备份已经写好，并检查过。", "The backup was written and checked.";
    backup_every: "每 {} 小时一次", "Every {} hours";
    backup_keep: "保留 {} 份", "{} are kept";
    backup_none: "还没有备份。", "No backups yet.";
    backup_off: "没有打开。设置 backup.dir 以后会定时备份。", "Off. Set backup.dir to make them on a schedule.";
    backup_elsewhere: "PostgreSQL 用 pg_dump 备份。", "PostgreSQL is backed up with pg_dump.";
    backup_key: "seal.key 和 files 目录要另外保存。少了 seal.key，备份里加密的内容打不开。",
        "Keep seal.key and the directory files apart. Without seal.key, sealed contents of a backup cannot \
         be opened.";
    backup_last: "上一份 {}", "Last one {}";
}
