//! Import of files on the pages: upload, preview, and a report of every line that was not read.
//!
//! An upload is kept by the process that received it, for an hour. Each account has one at a time.

pub(crate) mod job;
pub(crate) mod runs;
mod upload;

use askama::Template;
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::AuditAction;
use web::{ApiError, Code};

pub use job::{Importer, Left, Report, Step, Work};
use job::{Problem, Shown};

use super::texts::Texts as ListTexts;
use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::{Member, Page},
    texts::fill,
};

/// The path of the page.
pub(crate) const PATH: &str = "/memories/import";

crate::texts::texts! {
    title: "导入", "Import";
    lead: "把以前写下的带过来。文件只留在这台服务器上；没有注明公开的内容仅自己可见。",
        "Bring along what you wrote before. Files stay on this server; what is not marked public is \
         visible only to you.";
    drop: "选择文件", "Choose a file";
    drop_hint: "导出得到的 ZIP、JSON、HTML、Markdown（可选多个）、CSV 或 Doppel 归档，一共不超过 {} MB",
        "The ZIP, JSON, HTML, Markdown (several at once) or CSV that you exported, or a Doppel archive; \
            {} MB \
         in total";
    paste: "或者粘贴一份记忆清单", "Or paste a list of memories";
    paste_hint: "把下面这句话发给另一个助手，再把它的回答贴在这里：", "Send this to another assistant, and paste its answer here:";
    paste_prompt: "请逐字列出你记住的关于我的所有内容，每条一行，格式为“[日期或未知] - 内容”，全部放在一个代码块里。",
        "List everything you remember about me, word for word, one per line, as “[date or unknown] - \
            text”, all in one code block.";
    paste_label: "记忆清单", "List of memories";
    upload: "上传并预览", "Upload and preview";
    upload_hint: "先看有什么，确认之后才写入。", "You see what is in it before anything is written.";
    sources: "从哪里来", "Where from";
    source_chats: "与 AI 的对话", "Conversations with assistants";
    source_chats_hint: "ChatGPT、Claude、Gemini、DeepSeek、Open WebUI、LibreChat 导出的 ZIP 或 JSON",
        "The ZIP or JSON that ChatGPT, Claude, Gemini, DeepSeek, Open WebUI or LibreChat exports";
    source_notes: "笔记与聊天", "Notes and chats";
    source_notes_hint: "Notion、Obsidian、印象笔记（ENEX）、flomo、Memos、Keep、Joplin、Logseq、Telegram、微信",
        "Notion, Obsidian, Evernote (ENEX), flomo, Memos, Keep, Joplin, Logseq, Telegram, WeChat";
    source_markdown: "Markdown 文件", "Markdown files";
    source_markdown_hint: "Obsidian、Notion 等，一个文件一篇笔记，标题、时间与标签会保留",
        "From Obsidian, Notion and others: a note per file, with title, time and tags";
    source_table: "表格", "Tables";
    source_table_hint: "有表头的 CSV 或 TSV，例如“内容、分类、时间”",
        "CSV or TSV with a header, such as content, category, time";
    source_json: "JSON 或 JSONL", "JSON or JSON Lines";
    source_json_hint: "Mem0、Memos 等导出的记忆列表", "Lists of memories from Mem0, Memos and others";
    source_doppel: "另一台 Doppel", "Another Doppel";
    source_doppel_hint: "导出得到的归档，包括笔记、历史与文件", "An archive that you exported, with notes, history and files";

    preview: "预览", "Preview";
    of_kind: "内容", "Content";
    new: "新的", "New";
    changed: "更新", "Brought up to date";
    kept: "此处改过或删过，不动", "Changed or deleted here, left";
    left: "略过", "Left out";
    choose: "选择要导入的内容", "Choose what to import";
    choose_kinds: "种类", "Kinds";
    choose_groups: "文件夹与聊天", "Folders and chats";
    leave: "带走", "Take it with you";
    leave_lead: "归档包括全部内容，可以再导入；Markdown 是笔记与记忆，Obsidian 等可以直接打开。",
        "The archive has everything and can be imported again; Markdown has notes and memories, which \
            Obsidian and others \
         open.";
    leave_archive: "归档", "Archive"; leave_markdown: "Markdown 文件（ZIP）", "Markdown files (ZIP)";
    past: "导入记录", "Past imports";
    run_report: "查看这次导入", "See this import";
    known: "已有，跳过", "Known, skipped";
    refused: "读不懂", "Not readable";
    first: "最前面的几条", "The first entries";
    start: "导入 {} 条", "Import {}";
    discard: "不导入", "Discard";
    nothing: "没有新的内容可以导入。", "There is nothing new to import.";
    running: "正在导入", "Importing";
    reading: "正在读取", "Reading";
    progress: "已处理 {} 条", "{} processed";
    finished: "导入完成", "Import finished";
    failed: "没有导入成功", "The import failed";
    refresh: "刷新", "Refresh";
    problems: "没有完整读取的行", "Lines that were not fully read";
    problems_more: "还有 {} 行没有列出。", "{} more lines are not listed.";
    line: "行", "Line";
    place: "文件", "File";
    why: "原因", "Reason";
    mend: "怎么办", "What to do";
    taken_anyway: "已导入，这一处除外", "Imported without this detail";
    see: "看导入的内容", "See what was imported";
    another: "导入另一个文件", "Import another file";
    unknown_kind: "不认识这种文件。请选择导出得到的 .zip、.json、.html、.md、.csv、.tar 等文件。",
        "This kind of file is not known. Choose what you exported: .zip, .json, .html, .md, .csv, .tar \
            and so on.";
    several: "表格和归档请一个一个来，其他文件一次可以选多个。",
        "Tables and archives are imported one by one; other files several at once.";
    no_file: "没有选择文件。", "No file was chosen.";
    too_large: "文件太大，一共不能超过 {} MB。", "The file is too large; the limit is {} MB in total.";
    busy: "现在有很多人在导入，请过几分钟再试。", "Many people are importing at the moment. Try again in a few minutes.";

    kind_facts: "记忆", "Memories"; kind_notes: "笔记", "Notes"; kind_profile: "资料", "Profile";
    kind_shades: "兴趣", "Interests"; kind_files: "文件", "Files"; kind_agent: "智能体记录", "Agent memory";
    kind_chat: "对话", "Conversations"; kind_other: "其他", "Other";

    kind_review: "待确认", "To be confirmed";
    why_secret: "疑似密码或密钥", "It looks like a password or key";
    why_sealed: "正文被导出程序加密", "Its text is encrypted by the program that exported it";
    why_missing: "导出中缺少这个文件", "The export does not hold this file";
    why_part: "可能不完整", "Perhaps it is not all";
    why_kind: "不保存此类文件或链接", "Files or links of this kind are not kept";
    why_damaged: "文件不完整或已损坏", "It is cut off or damaged";
    mend_damaged: "重新下载后再导入", "Download it again";
    mend_nothing: "无需处理", "Nothing has to be done";
    why_empty: "内容为空", "There is no text";
    why_long: "太长了", "It is too long";
    why_encoding: "编码读不懂", "The encoding is not known";
    why_room: "空间不够", "There is no room for it";
    why_time: "「{}」不是时间", "“{}” is no time";
    why_columns: "这一行和表头对不上", "The line does not fit the header";
    why_json: "不是有效的 JSON", "It is not valid JSON";
    mend_empty: "给这一行填上内容", "Add a text to this line";
    mend_long: "缩短到 5,000 字以内，或者存为笔记（.md）", "Shorten it to 5,000 characters, or make it a note (.md)";
    mend_encoding: "把文件另存为 UTF-8", "Save the file as UTF-8";
    mend_time: "时间写成 2026-01-31 08:00 这样", "Write times like 2026-01-31 08:00";
    mend_columns: "检查这一行的引号和列数", "Check the quotes and the number of columns";
    mend_json: "检查这一行的 JSON 写法", "Check the JSON of this line";
    mend_room: "先删掉一些，或者请管理员提高上限", "Delete something first, or ask the administrator for more room";
    mend_other: "改正后再导入一次，已有的会跳过", "Correct it and import again; known entries are skipped";
}

/// A kind of entries in a preview.
struct KindCount {
    section: String,
    name: &'static str,
    count: u64,
}

/// A chat or folder in a preview.
struct Group {
    name: String,
    count: u64,
}

/// A line that was not fully read.
struct Line {
    place: String,
    line: u64,
    why: String,
    mend: &'static str,
}

#[derive(Template)]
#[template(path = "memories_import.html")]
struct ImportPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    list: &'static ListTexts,
    limit: String,
    alert: Option<String>,
    job: Option<Shown>,
    kinds: Vec<KindCount>,
    groups: Vec<Group>,
    span: Option<String>,
    problems: Vec<Line>,
    more: Option<String>,
    start: String,
    progress: String,
    runs: Vec<runs::RunLine>,
}

/// Shows the form, or the preview, progress or report of the upload.
pub(crate) async fn show(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    render(&console, &member, None, StatusCode::OK).await
}

async fn render(
    console: &Console,
    member: &Member,
    alert: Option<String>,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let page = member.page.clone().at("memories", PATH);
    let t = Texts::of(page.language);
    let job = console.imports.shown(member.account.id, console.clock.now());
    let report = job.as_ref().and_then(|job| job.report.as_ref());
    let kinds = report.map(|report| kinds(report, t)).unwrap_or_default();
    let groups = report.map(|report| &report.groups).into_iter().flatten();
    let groups = groups.map(|(name, count)| Group { name: name.clone(), count: *count }).collect();
    let span = report.and_then(|report| report.times).map(|(first, last)| {
        let date = |time: i64| store::Timestamp(time).date();
        format!("{} – {}", date(first), date(last))
    });
    let mut problems: Vec<Line> = report
        .map(|report| report.problems.iter().map(|problem| line(problem, t)).collect())
        .unwrap_or_default();
    problems.sort_by(|a, b| (&a.place, a.line).cmp(&(&b.place, b.line)));
    let more =
        report.filter(|report| report.unlisted > 0).map(|report| fill(t.problems_more, report.unlisted));
    let template = ImportPage {
        t,
        list: ListTexts::of(page.language),
        limit: fill(t.drop_hint, console.imports.max_bytes() >> 20),
        alert,
        start: fill(t.start, report.map_or(0, |report| report.added)),
        progress: fill(t.progress, job.as_ref().map_or(0, |job| job.done)),
        job,
        kinds,
        groups,
        span,
        problems,
        more,
        runs: runs::latest(console, member.account.id, page.language).await?,
        page: &page,
    };
    page.answer(status, &template)
}

fn kinds(report: &Report, t: &'static Texts) -> Vec<KindCount> {
    let kind = |(section, count): (&String, &u64)| KindCount {
        section: section.clone(),
        name: match section.as_str() {
            "key-memories" => t.kind_facts,
            "notes" => t.kind_notes,
            "profile" => t.kind_profile,
            "shades" => t.kind_shades,
            "files" => t.kind_files,
            "agent-memory" => t.kind_agent,
            "review" => t.kind_review,
            "conversations" => t.kind_chat,
            name if name.starts_with("chat") => t.kind_chat,
            _ => t.kind_other,
        },
        count: *count,
    };
    report.sections.iter().map(kind).collect()
}

/// Returns a line with the reason and the repair in the person's language. A reason that is not known is
/// shown as it came.
fn line(problem: &Problem, t: &'static Texts) -> Line {
    let said = problem.why.to_lowercase();
    let known = [
        (&["password or key"][..], t.why_secret, t.mend_nothing),
        (&["encrypted"], t.why_sealed, t.mend_other),
        (&["does not hold"], t.why_missing, t.mend_nothing),
        (&["perhaps not all"], t.why_part, t.mend_other),
        (&["kind are not kept"], t.why_kind, t.mend_nothing),
        (&["cut off", "unpacks to"], t.why_damaged, t.mend_damaged),
        (&["no content", "required", "is empty"], t.why_empty, t.mend_empty),
        (&["at most", "too long", "too_long", "more than"], t.why_long, t.mend_long),
        (&["utf-8", "utf-16", "gbk"], t.why_encoding, t.mend_encoding),
        (&["no room", "quota"], t.why_room, t.mend_room),
        (&["no time"], t.why_time, t.mend_time),
        (&["column", "quote", "cell"], t.why_columns, t.mend_columns),
        (&["json", "expected", "object"], t.why_json, t.mend_json),
    ];
    let found = known.iter().find(|(words, ..)| words.iter().any(|word| said.contains(word)));
    let (why, mend) = match found {
        // Only this reason has a gap, for the text that was read.
        Some((_, why, mend)) => {
            (fill(why, problem.why.split(" is no time").next().unwrap_or_default()), *mend)
        }
        None => (problem.why.clone(), t.mend_other),
    };
    let mend = if problem.is_refused { mend } else { t.taken_anyway };
    Line { place: problem.place.clone(), line: problem.line, why, mend }
}

/// Receives files, and examines them in the background.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    request: Request,
) -> Result<Response, ApiError> {
    let t = Texts::of(member.page.language);
    let refused = match upload::receive(request, &member.page.csrf, console.imports.max_bytes()).await {
        Ok(upload) => {
            if console.imports.examine(member.account.id, upload, console.clock.now()) {
                return Ok(Redirect::to(PATH).into_response());
            }
            t.busy.to_owned()
        }
        Err(upload::Refusal::Error(error)) => return Err(error),
        Err(upload::Refusal::NoFile) => t.no_file.to_owned(),
        Err(upload::Refusal::Several) => t.several.to_owned(),
        Err(upload::Refusal::UnknownKind) => t.unknown_kind.to_owned(),
        Err(upload::Refusal::TooLarge) => {
            let alert = fill(t.too_large, console.imports.max_bytes() >> 20);
            return render(&console, &member, Some(alert), StatusCode::PAYLOAD_TOO_LARGE).await;
        }
    };
    render(&console, &member, Some(refused), StatusCode::UNPROCESSABLE_ENTITY).await
}

/// The choice of a person in the preview.
pub(crate) struct Chosen {
    /// True if the form offers a choice.
    is_choice: bool,
    kinds: Vec<String>,
    groups: Vec<String>,
}

impl From<Fields> for Chosen {
    fn from(fields: Fields) -> Self {
        let all = |name: &str| {
            fields.iter().filter(|(other, _)| *other == name).map(|(_, value)| value.to_owned()).collect()
        };
        Self { is_choice: fields.text("choice") == "1", kinds: all("kind"), groups: all("group") }
    }
}

impl Chosen {
    /// Returns what is left out of what the preview showed.
    fn left(&self, report: &Report) -> Left {
        if !self.is_choice {
            return Left::default();
        }
        let sections = report.sections.keys().filter(|section| !self.kinds.contains(section));
        let groups = report.groups.keys().filter(|group| !self.groups.contains(group));
        Left { sections: sections.cloned().collect(), groups: groups.cloned().collect() }
    }
}

/// Imports what was examined, in the background.
pub(crate) async fn start(
    State(console): State<Console>,
    member: Member,
    CsrfForm(chosen): CsrfForm<Chosen>,
) -> Result<Response, ApiError> {
    let now = console.clock.now();
    let shown = console.imports.shown(member.account.id, now).and_then(|job| job.report);
    let left = shown.map(|report| chosen.left(&report)).unwrap_or_default();
    if console.imports.import(member.account.id, left, now) {
        console
            .identity
            .record(console.identity.audit(AuditAction::DataImported, "").by(member.account.id))
            .await?;
        Ok(Redirect::to(PATH).into_response())
    } else {
        Err(Code::NotFound.into())
    }
}

/// Forgets an upload or a report.
pub(crate) async fn discard(
    State(console): State<Console>,
    member: Member,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    console.imports.discard(member.account.id);
    Ok(Redirect::to(PATH).into_response())
}
