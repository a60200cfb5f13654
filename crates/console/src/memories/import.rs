//! Import of files on the pages: upload, preview, and a report of every line that was not read.
//!
//! An upload is kept by the process that received it, for an hour. Each account has one at a time.

pub(crate) mod job;
mod upload;

use askama::Template;
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::AuditAction;
use web::{ApiError, Code};

pub use job::{Importer, Report, Step, Work};
use job::{Problem, Shown};

use super::texts::Texts as ListTexts;
use crate::{
    Console,
    form::{CsrfForm, Nothing},
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
    drop_hint: "Markdown（可选多个）、CSV、TSV、JSON、JSONL、Doppel 归档（.tar、.tar.gz），一共不超过 {} MB",
        "Markdown (several at once), CSV, TSV, JSON, JSONL, or a Doppel archive (.tar, .tar.gz); {} MB in \
         total";
    upload: "上传并预览", "Upload and preview";
    upload_hint: "先看有什么，确认之后才写入。", "You see what is in it before anything is written.";
    sources: "从哪里来", "Where from";
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
    unknown_kind: "不认识这种文件。请选择 .md、.csv、.tsv、.json、.jsonl、.tar 或 .tar.gz。",
        "This kind of file is not known. Choose .md, .csv, .tsv, .json, .jsonl, .tar or .tar.gz.";
    several: "一次可以选多个 Markdown 文件，其他文件请一个一个来。",
        "Several Markdown files can be imported at once; other files one by one.";
    no_file: "没有选择文件。", "No file was chosen.";
    too_large: "文件太大，一共不能超过 {} MB。", "The file is too large; the limit is {} MB in total.";
    busy: "现在有很多人在导入，请过几分钟再试。", "Many people are importing at the moment. Try again in a few minutes.";

    kind_facts: "记忆", "Memories"; kind_notes: "笔记", "Notes"; kind_profile: "资料", "Profile";
    kind_shades: "兴趣", "Interests"; kind_files: "文件", "Files"; kind_agent: "智能体记录", "Agent memory";
    kind_chat: "对话", "Conversations"; kind_other: "其他", "Other";

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
    name: &'static str,
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
    problems: Vec<Line>,
    more: Option<String>,
    start: String,
    progress: String,
}

/// Shows the form, or the preview, progress or report of the upload.
pub(crate) async fn show(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    render(&console, &member, None, StatusCode::OK)
}

fn render(
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
    let mut problems: Vec<Line> = report
        .map(|report| report.problems.iter().map(|problem| line(problem, t)).collect())
        .unwrap_or_default();
    problems.sort_by(|a, b| (&a.place, a.line).cmp(&(&b.place, b.line)));
    let more =
        report.filter(|report| report.unlisted > 0).map(|report| fill(t.problems_more, report.unlisted));
    let template = ImportPage {
        t,
        list: ListTexts::of(page.language),
        limit: fill(t.drop_hint, upload::MAX_BYTES >> 20),
        alert,
        start: fill(t.start, report.map_or(0, |report| report.added)),
        progress: fill(t.progress, job.as_ref().map_or(0, |job| job.done)),
        job,
        kinds,
        problems,
        more,
        page: &page,
    };
    page.answer(status, &template)
}

fn kinds(report: &Report, t: &'static Texts) -> Vec<KindCount> {
    let kind = |(section, count): (&String, &u64)| KindCount {
        name: match section.as_str() {
            "key-memories" => t.kind_facts,
            "notes" => t.kind_notes,
            "profile" => t.kind_profile,
            "shades" => t.kind_shades,
            "files" => t.kind_files,
            "agent-memory" => t.kind_agent,
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
        (&["no content", "required", "is empty"][..], t.why_empty, t.mend_empty),
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
    let refused = match upload::receive(request, &member.page.csrf).await {
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
            let alert = fill(t.too_large, upload::MAX_BYTES >> 20);
            return render(&console, &member, Some(alert), StatusCode::PAYLOAD_TOO_LARGE);
        }
    };
    render(&console, &member, Some(refused), StatusCode::UNPROCESSABLE_ENTITY)
}

/// Imports what was examined, in the background.
pub(crate) async fn start(
    State(console): State<Console>,
    member: Member,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    if console.imports.import(member.account.id, console.clock.now()) {
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
