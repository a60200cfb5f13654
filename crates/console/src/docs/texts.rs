//! The texts of the documentation's frame, in both languages. Guides are Markdown files of their own.

crate::texts::texts! {
    contents: "目录", "Contents";
    find: "搜索文档", "Search the documentation";
    begin: "入门", "Getting started";
    guides: "指南", "Guides";
    api: "接口", "API";
    all_operations: "全部接口", "All operations";
    errors: "错误码", "Error codes";
    errors_lead: "每个错误都有稳定的 subCode，给程序判断；message 给人看。",
        "Each error has a stable subCode for programs; the message is for people.";
    status: "状态", "Status";
    meaning: "含义", "Meaning";
    hub_errors: "Hub 的错误码", "Error codes of the Hub";
    hub_errors_lead: "Hub 的回答里是 code。", "Responses of the Hub have them as code.";
    operations: "{} 个接口", "{} operations";
    api_lead: "地址前面都有 {}，也可以不写 /gate/lab。", "All paths begin with {}; /gate/lab may be left out.";
    document: "OpenAPI 文件", "OpenAPI document";
    parameters: "参数", "Parameters";
    body: "正文", "Body";
    required: "必填", "required";
    example: "请求", "Request";
    response: "回答", "Response";
    link_here: "链接到这里", "Link to this operation";
    no_credential: "不需要凭据", "No credential needed";
    session_only: "需要登录", "Signed-in session";
    key_or_token: "API Key 或令牌", "API key or token";
    next: "下一篇：{}", "Next: {}";
    run: "用当前登录运行", "Run as the signed-in person";
    found: "搜索结果", "Search results";
    found_none: "没有找到「{}」。", "Nothing found for “{}”.";
    found_none_lead: "换一个词，或看看全部接口。", "Try another word, or browse all operations.";
    ask_word: "输入一个词，查找指南、接口和错误码。", "Enter a word to find guides, operations and error codes.";
    kind_guide: "指南", "Guide";
    kind_operation: "接口", "Operation";
    kind_error: "错误码", "Error code";
}
