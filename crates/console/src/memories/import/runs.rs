//! The runs of imports: the list, a report of each, and undoing it.

use archive::runs::{Made, Problem, Run, RunId, RunState};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use store::AccountId;
use web::{ApiError, Code, Language};

use super::{ListTexts, PATH};
use crate::{
    Console,
    form::{CsrfForm, Nothing},
    page::{Member, Page},
    texts::fill,
    when::When,
};

/// Number of runs in the list.
const SHOWN: i64 = 50;
/// Time without a sign of life after which a run was interrupted, in milliseconds.
const SILENT_MS: i64 = 10 * 60 * 1000;

crate::texts::texts! {
    title: "导入记录", "Import";
    hash: "文件指纹（SHA-256）", "SHA-256 of the file";
    begun: "开始", "Begun";
    ended: "最近", "Last";
    added: "新增", "Added"; changed: "更新", "Updated"; known: "已有", "Known"; kept: "此处改过，不动", "Changed \
        here, left";
    removed: "此处删过，不再导入", "Deleted here, left"; left: "略过", "Left out"; refused: "未导入", "Refused";
    running: "正在进行", "Running"; done: "完成", "Done"; failed: "中断", "Stopped"; undoing: "正在撤销", "Being undone";
    undone: "已撤销", "Undone"; interrupted: "中断", "Interrupted";
    interrupted_lead: "再次导入同一个文件会接着做完，已导入的不会重复。也可以撤销。",
        "Importing the same file again goes on with it, and nothing is imported twice. It can be undone, \
            too.";
    made: "这次导入做了什么", "What it did";
    made_none: "没有写入任何内容。", "Nothing was written.";
    problems: "没有完整读取的行", "Lines that were not fully read";
    line: "行", "Line"; place: "位置", "Place"; why: "原因", "Reason";
    undo: "撤销这次导入", "Undo this import";
    undo_lead: "删除这次导入新增、之后没有改动过的内容；更新过的笔记恢复原样。之后改动过的会留下，并列在这里。",
        "What this import added and nobody has changed since is deleted; notes that it updated get their \
            text back. \
         What was changed since stays, and is listed here.";
    undo_ask: "撤销这次导入，删除它新增的 {} 条内容？", "Undo this import and delete the {} entries that it added?";
    act_added: "新增", "added"; act_changed: "更新", "updated"; act_appended: "续上", "continued";
    act_stayed: "留下", "left";
    kind_facts: "记忆", "Memories"; kind_notes: "笔记", "Notes"; kind_talks: "对话", "Conversations";
    kind_review: "待确认", "To be confirmed"; kind_agent: "智能体记录", "Agent memory"; kind_other: "其他", "Other";
}

/// A run as lists show it.
pub(crate) struct RunLine {
    pub(crate) id: RunId,
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) state: &'static str,
    pub(crate) is_good: bool,
    pub(crate) added: i64,
    pub(crate) refused: i64,
    pub(crate) at: When,
}

/// Returns the latest runs of an account.
pub(crate) async fn latest(
    console: &Console,
    account: AccountId,
    language: Language,
) -> Result<Vec<RunLine>, ApiError> {
    let t = Texts::of(language);
    let runs = console.memory.runs().list(account, RunId(i64::MAX), SHOWN).await?;
    let line = |run: Run| RunLine {
        state: state(&run, t, console),
        is_good: run.state == RunState::Done.name(),
        id: run.id,
        name: run.file_name,
        source: run.source,
        added: run.counts.added,
        refused: run.counts.refused,
        at: When(run.created_at),
    };
    Ok(runs.into_iter().map(line).collect())
}

fn is_interrupted(run: &Run, console: &Console) -> bool {
    let silence = console.clock.now().as_millis() - run.updated_at.as_millis();
    run.state == RunState::Failed.name() || run.state == RunState::Running.name() && silence > SILENT_MS
}

fn state(run: &Run, t: &'static Texts, console: &Console) -> &'static str {
    match run.state.parse() {
        Ok(RunState::Done) => t.done,
        Ok(RunState::Undoing) => t.undoing,
        Ok(RunState::Undone) => t.undone,
        Ok(RunState::Failed) => t.failed,
        Ok(RunState::Running) if is_interrupted(run, console) => t.interrupted,
        Ok(RunState::Running) | Err(_) => t.running,
    }
}

/// A number of entries that a run made.
struct MadeLine {
    kind: &'static str,
    act: &'static str,
    count: i64,
}

#[derive(Template)]
#[template(path = "memories_run.html")]
struct RunPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    list: &'static ListTexts,
    run: RunLine,
    hash: String,
    last: When,
    counts: Vec<(&'static str, i64)>,
    made: Vec<MadeLine>,
    problems: Vec<Problem>,
    is_interrupted: bool,
    can_undo: bool,
    question: String,
}

fn made(made: &Made, t: &'static Texts) -> MadeLine {
    let kind = match made.section.as_str() {
        "key-memories" => t.kind_facts,
        "notes" => t.kind_notes,
        "conversations" => t.kind_talks,
        "review" => t.kind_review,
        "agent-memory" => t.kind_agent,
        _ => t.kind_other,
    };
    let act = match made.act.as_str() {
        "changed" => t.act_changed,
        "appended" => t.act_appended,
        "stayed" => t.act_stayed,
        _ => t.act_added,
    };
    MadeLine { kind, act, count: made.count }
}

/// Shows the report of a run.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let (page, account) = (member.page.at("memories", PATH), member.account.id);
    let t = Texts::of(page.language);
    let id = RunId(id.parse().map_err(|_other| Code::NotFound)?);
    let runs = console.memory.runs();
    let run = runs.run(account, id).await?;
    let all = runs.made(account, id).await?;
    let undone: i64 = all.iter().filter(|made| made.act == "added").map(|made| made.count).sum();
    let counts = run.counts;
    let template = RunPage {
        t,
        list: ListTexts::of(page.language),
        counts: vec![
            (t.added, counts.added),
            (t.changed, counts.changed),
            (t.known, counts.known),
            (t.kept, counts.kept),
            (t.removed, counts.removed),
            (t.left, counts.left),
            (t.refused, counts.refused),
        ],
        made: all.iter().map(|one| made(one, t)).collect(),
        problems: runs.problems(account, id).await?,
        is_interrupted: is_interrupted(&run, &console),
        can_undo: all.iter().any(|made| made.act != "stayed"),
        question: fill(t.undo_ask, undone),
        hash: run.file_hash.clone(),
        last: When(run.updated_at),
        run: RunLine {
            state: state(&run, t, &console),
            is_good: run.state == RunState::Done.name(),
            id,
            name: run.file_name.clone(),
            source: run.source.clone(),
            added: run.counts.added,
            refused: run.counts.refused,
            at: When(run.created_at),
        },
        page: &page,
    };
    page.answer(StatusCode::OK, &template)
}

/// Undoes a run in the background.
pub(crate) async fn undo(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let id = RunId(id.parse().map_err(|_other| Code::NotFound)?);
    let (runs, account) = (console.memory.runs(), member.account.id);
    runs.run(account, id).await?;
    runs.end(id, RunState::Undoing).await?;
    let archive = console.archive.clone();
    console.imports.background(async move {
        if let Err(error) = runs.undo(&archive, account, id).await {
            tracing::warn!(cause = error.cause().unwrap_or_default(), "an import could not be undone");
        }
    });
    Ok(Redirect::to(&format!("{PATH}/runs/{id}")).into_response())
}
