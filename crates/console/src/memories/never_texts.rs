//! The texts of the page about what is never kept, in both languages.

crate::texts::texts! {
    title: "不要记", "Never keep";
    lead: "用平常的话写下不想被记住的话题、人或事。分身从对话里学到的、应用想写入的，碰到这些都不会保存；你自己写的不受影响。",
        "Write in plain words which topics, people or things you never want to be kept. It applies to what \
            your double learns and what apps want to write, not to what you write yourself.";
    label: "不要记什么", "What is never to be kept";
    hint: "例如：健康；前女友；我的收入", "Such as: health; my ex; what I earn";
    add: "加上", "Add";
    added: "已加上。", "Added.";
    removed: "已删除这条规则。", "The rule was deleted.";
    none: "还没有规则。", "There are no rules yet.";
    delete: "删除", "Delete";
    numbers: "卡号、证件号与密码", "Card numbers, identity numbers, passwords";
    numbers_lead: "银行卡号、身份证号、美国社会安全号、IBAN 账号、密码和密钥默认都不保存。",
        "Numbers of payment cards, identity and social security numbers, IBANs, passwords and keys are not \
            kept by default.";
    numbers_never: "不保存", "Not kept";
    numbers_kept: "允许保存", "May be kept";
    allow: "允许保存", "Allow them";
    forbid: "不再保存", "Never keep them";
    numbers_on: "以后不会保存这些号码。", "These numbers are not kept from now on.";
    numbers_off: "现在允许保存这些号码。", "These numbers may be kept now.";
    refused: "没有保存的", "What was not kept";
    refused_lead: "只记次数，不留内容。", "Only counted; the texts are kept nowhere.";
    refused_none: "还没有拦下过什么。", "Nothing was refused so far.";
    last: "最近一次", "Last";
    card: "银行卡号", "A card number";
    identity: "证件号", "An identity number";
    account: "银行账号", "A bank account";
    secret: "密码或密钥", "A password or key";
    phrase: "你的规则", "A rule of yours";
    trivial: "闲聊", "Small talk";
    question: "提问或要求", "A question or request";
    others: "说的是别人", "About somebody else";
    momentary: "一时的事", "A passing moment";
}
