//! Import of facts: tables with a header, JSON Lines, or a JSON list.

use std::{
    io::{BufRead, Read},
    path::Path,
};

use anyhow::{Result, bail};
use archive::ImportLine;
use imports::{Table, encoding, time};
use serde_json::{Map, Value, json};
use store::Zone;

use super::{BATCH, BATCH_BYTES, Import};

/// The archive section that imports facts.
pub(super) const SECTION: &str = "key-memories";
/// Maximum size of a JSON list in bytes, which is read as a whole.
const MAX_LIST: u64 = 64 << 20;
/// Maximum number of objects around a list of facts.
const WRAPPERS: usize = 2;
/// Maximum number of bytes in which the first line of JSON Lines is looked for.
const MAX_FIRST: u64 = 1 << 20;
/// Maximum length of the object of a fact in characters.
const MAX_OBJECT: usize = 100;

/// Names of columns and members, in lower case and without punctuation. If several of the same meaning are
/// present, the first of this list counts.
const NAMES: [(&str, &str); 79] = [
    ("factcontent", CONTENT),
    ("content", CONTENT),
    ("fact", CONTENT),
    ("memory", CONTENT),
    ("text", CONTENT),
    ("内容", CONTENT),
    ("事实", CONTENT),
    ("记忆", CONTENT),
    ("正文", CONTENT),
    ("事实内容", CONTENT),
    ("记忆内容", CONTENT),
    ("contenttext", CONTENT),
    ("statement", CONTENT),
    ("body", CONTENT),
    ("note", CONTENT),
    ("笔记", CONTENT),
    ("description", CONTENT),
    ("描述", CONTENT),
    ("备注", CONTENT),
    ("message", CONTENT),
    ("summary", CONTENT),
    ("factactor", "factActor"),
    ("actor", "factActor"),
    ("subject", "factActor"),
    ("人物", "factActor"),
    ("主体", "factActor"),
    ("主语", "factActor"),
    ("factobject", OBJECT),
    ("object", OBJECT),
    ("category", OBJECT),
    ("categories", OBJECT),
    ("tag", OBJECT),
    ("tags", OBJECT),
    ("类别", OBJECT),
    ("分类", OBJECT),
    ("标签", OBJECT),
    ("主题", OBJECT),
    ("对象", OBJECT),
    ("visibility", "visibility"),
    ("可见性", "visibility"),
    ("createtime", "createTime"),
    ("createdat", "createTime"),
    ("created", "createTime"),
    ("date", "createTime"),
    ("time", "createTime"),
    ("timestamp", "createTime"),
    ("时间", "createTime"),
    ("日期", "createTime"),
    ("创建时间", "createTime"),
    ("记录时间", "createTime"),
    ("创建日期", "createTime"),
    ("记录日期", "createTime"),
    ("日期时间", "createTime"),
    ("添加时间", "createTime"),
    ("录入时间", "createTime"),
    ("发布时间", "createTime"),
    ("createdtime", "createTime"),
    ("creationdate", "createTime"),
    ("creationtime", "createTime"),
    ("datecreated", "createTime"),
    ("datetime", "createTime"),
    ("timestampms", "createTime"),
    ("dateadded", "createTime"),
    ("addedat", "createTime"),
    ("savedat", "createTime"),
    ("updatetime", "updateTime"),
    ("updatedat", "updateTime"),
    ("updated", "updateTime"),
    ("modified", "updateTime"),
    ("modifiedat", "updateTime"),
    ("lastmodified", "updateTime"),
    ("datemodified", "updateTime"),
    ("更新时间", "updateTime"),
    ("修改时间", "updateTime"),
    ("id", "id"),
    ("编号", "id"),
    ("history", "history"),
    ("历史", "history"),
    ("版本", "history"),
];
const CONTENT: &str = "factContent";
const OBJECT: &str = "factObject";

pub(super) async fn take_lines(import: &mut Import<'_>, from: &Path) -> Result<()> {
    if !has_lines(from)? {
        return take_list(import, from).await;
    }
    let section = import.section(SECTION)?;
    let (place, zone) = (from.display().to_string(), import.zone.clone());
    let understood = |line: String| match serde_json::from_str(line.trim().trim_end_matches(',')) {
        Ok(Value::Object(members)) => {
            let (entry, doubt) = entry(members, &zone);
            (entry.to_string(), doubt)
        }
        Ok(Value::String(text)) => (json!({ CONTENT: text }).to_string(), None),
        // Refused later, with its line.
        _ => (line, None),
    };
    import.lines_as(section, &place, encoding::open(from)?, understood).await
}

/// Returns `false` if the first line of a file is not a value of its own, but the beginning of a list of
/// facts that goes on behind it.
fn has_lines(from: &Path) -> Result<bool> {
    let mut first = String::new();
    for line in encoding::open(from)?.take(MAX_FIRST).split(b'\n') {
        first = String::from_utf8_lossy(&line?).trim().to_owned();
        if !first.is_empty() {
            break;
        }
    }
    let is_cut = serde_json::from_str::<Value>(&first).is_err_and(|error| error.is_eof());
    if first.is_empty() || !(is_cut || first.starts_with('[')) {
        return Ok(true);
    }
    let mut bytes = Vec::new();
    encoding::open(from)?.take(MAX_LIST).read_to_end(&mut bytes)?;
    let mut values = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
    Ok(!values.all(|value| value.is_ok_and(|value| items(value, WRAPPERS).is_some())))
}

/// Returns the facts of a JSON value: a list, an object with one (also within another object), or a fact.
fn items(value: Value, depth: usize) -> Option<Vec<Value>> {
    const LISTS: [&str; 8] = ["results", "memories", "facts", "data", "items", "entries", "records", "list"];
    match value {
        Value::Array(list) => Some(list),
        Value::Object(mut members) => {
            if members.keys().any(|name| member(name) == Some(CONTENT)) {
                return Some(vec![Value::Object(members)]);
            }
            let list = LISTS.iter().find_map(|name| members.remove(*name))?;
            (depth > 0).then(|| items(list, depth - 1))?
        }
        _ => None,
    }
}

/// Imports a list of facts, or an object with one: `results`, `memories`, `facts`. Several values are taken
/// one after the other.
pub(super) async fn take_list(import: &mut Import<'_>, from: &Path) -> Result<()> {
    let place = from.display().to_string();
    let mut text = String::new();
    encoding::open(from)?.take(MAX_LIST + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_LIST {
        bail!("{place}: a JSON list may have {MAX_LIST} bytes; JSON Lines (.jsonl) may have any number");
    }
    let mut list = Vec::new();
    for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        match value {
            Ok(value) => match items(value, WRAPPERS) {
                Some(items) => list.extend(items),
                None => bail!("{place}: expected a list of facts"),
            },
            Err(error) => bail!("{place}:{}: {error}", error.line()),
        }
    }
    if text.trim().is_empty() {
        bail!("{place}: expected a list of facts");
    }
    let section = import.section(SECTION)?;
    let (zone, mut batch) = (import.zone.clone(), Batch::default());
    for (number, item) in (1..).zip(list) {
        match item {
            Value::Object(members) => {
                let (entry, doubt) = entry(members, &zone);
                import.doubt(&place, number, doubt);
                batch.add(number, &entry);
            }
            Value::String(text) => batch.add(number, &json!({ CONTENT: text })),
            _ => import.refuse(&place, number, "a fact is an object or a text"),
        }
        if batch.is_full() {
            import.batch(section, &place, batch.take()).await?;
        }
    }
    import.batch(section, &place, batch.take()).await
}

pub(super) async fn take_table(import: &mut Import<'_>, from: &Path) -> Result<()> {
    let section = import.section(SECTION)?;
    let place = from.display().to_string();
    let (mut table, header) = Table::open(encoding::open(from)?, |cell| member(cell).is_some())?;
    let header = match header {
        Some(Ok(header)) => header.cells,
        Some(Err(refusal)) => bail!("{place}:{}: {}", refusal.line, refusal.why),
        None => bail!("{place}: the file is empty"),
    };
    let columns: Vec<Option<&str>> = header.iter().map(|name| member(name)).collect();
    if !columns.contains(&Some(CONTENT)) {
        bail!(
            "{place}: the first line has to name the columns, one of them content / 内容 (others: actor, \
             object, \
             visibility, time)"
        );
    }
    let (zone, mut batch, mut is_after_fault) = (import.zone.clone(), Batch::default(), false);
    while let Some(row) = table.next_row()? {
        match row {
            Err(refusal) => {
                import.refuse(&place, refusal.line, refusal.why);
                is_after_fault = true;
            }
            Ok(row) if has_too_many(&row.cells, &header) => {
                let why = format!("{} columns, the first line has {}", row.cells.len(), header.len());
                import.refuse(&place, row.line, &why);
            }
            // Perhaps the rest of a refused cell.
            Ok(row) if is_after_fault && row.cells.len() < header.len() => {
                let why = format!("{} columns, the first line has {}", row.cells.len(), header.len());
                import.refuse(&place, row.line, &why);
            }
            Ok(row) => {
                is_after_fault = false;
                let (entry, doubt) = entry(members(&header, &row.cells), &zone);
                import.doubt(&place, row.line, doubt);
                batch.add(row.line, &entry);
            }
        }
        if batch.is_full() {
            import.batch(section, &place, batch.take()).await?;
        }
    }
    import.batch(section, &place, batch.take()).await
}

/// Returns `true` if a row has text beyond the columns of the header.
fn has_too_many(cells: &[String], header: &[String]) -> bool {
    cells.iter().skip(header.len()).any(|cell| !cell.trim().is_empty())
}

fn members(header: &[String], cells: &[String]) -> Map<String, Value> {
    let said = header.iter().zip(cells).filter(|(_, cell)| !cell.trim().is_empty());
    said.map(|(name, cell)| (name.clone(), Value::from(cell.as_str()))).collect()
}

/// Facts that are imported in one transaction.
#[derive(Default)]
struct Batch {
    given: Vec<ImportLine>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, line: u64, entry: &Value) {
        let text = entry.to_string();
        self.bytes += text.len();
        self.given.push(ImportLine::new(line, text));
    }

    const fn is_full(&self) -> bool {
        self.given.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    fn take(&mut self) -> Vec<ImportLine> {
        self.bytes = 0;
        std::mem::take(&mut self.given)
    }
}

fn member(name: &str) -> Option<&'static str> {
    place(name).and_then(|place| NAMES.get(place)).map(|(_, member)| *member)
}

fn place(name: &str) -> Option<usize> {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    NAMES.iter().position(|(known, _)| *known == plain)
}

/// Returns a fact in the form of an archive, and a warning if a time of it was not understood.
fn entry(members: Map<String, Value>, zone: &Zone) -> (Value, Option<String>) {
    let mut found: Vec<(usize, Value)> =
        members.into_iter().filter_map(|(name, value)| Some((place(&name)?, value))).collect();
    found.sort_by_key(|(place, _)| *place);
    let (mut entry, mut doubt) = (Map::new(), None);
    for (name, value) in found.into_iter().filter_map(|(place, value)| Some((NAMES.get(place)?.1, value))) {
        if value.is_null() || entry.contains_key(name) {
            continue;
        }
        let value = match name {
            "createTime" | "updateTime" => match time::of_value(&value, zone) {
                Some(moment) => moment.into(),
                None => {
                    doubt = Some(format!("{} is no time; taken without", shown(&value)));
                    continue;
                }
            },
            // Ids of other programs are not kept.
            "id" => match number(&value) {
                Some(id) => id.into(),
                None => continue,
            },
            "visibility" => number(&value).map_or(value, Value::from),
            OBJECT => object(value),
            _ => value,
        };
        entry.insert(name.to_owned(), value);
    }
    (Value::Object(entry), doubt)
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Joins tags, as many as fit.
fn object(value: Value) -> Value {
    let Value::Array(list) = value else { return value };
    let mut line = String::new();
    for tag in list.iter().filter_map(Value::as_str).map(str::trim).filter(|tag| !tag.is_empty()) {
        let more = if line.is_empty() { tag.to_owned() } else { format!(", {tag}") };
        if line.chars().count() + more.chars().count() > MAX_OBJECT {
            break;
        }
        line.push_str(&more);
    }
    line.into()
}

fn shown(value: &Value) -> String {
    const MOST: usize = 40;
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    text.chars().filter(|c| !c.is_control()).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_where_programs_put_them() {
        let fact = json!({"content": "a"});
        for value in [
            json!([fact]),
            json!({"results": [fact]}),
            json!({"data": {"memories": [fact]}}),
            json!({"items": [fact], "total": 1}),
            fact.clone(),
        ] {
            assert_eq!(items(value.clone(), 2), Some(vec![fact.clone()]), "{value}");
        }
        for value in [json!({"a": 1}), json!(5), json!({"data": {"data": {"data": {"data": [fact]}}}})] {
            assert_eq!(items(value.clone(), 2), None, "{value}");
        }
    }

    fn of(members: Value) -> Value {
        let Value::Object(members) = members else { panic!("{members}") };
        entry(members, &Zone::default()).0
    }

    #[test]
    fn columns_have_many_names() {
        assert_eq!(member("\u{feff}Content "), Some("factContent"));
        assert_eq!(member("fact_object"), Some("factObject"));
        assert_eq!(member("创建时间"), Some("createTime"));
        assert_eq!(member("内容"), Some("factContent"));
        assert_eq!(member("created_at"), Some("createTime"));
        assert_eq!(member("colour"), None);
    }

    #[test]
    fn members_of_other_programs_are_understood() {
        assert_eq!(
            of(json!({
                "id": "9c0f",
                "memory": "likes tea",
                "created_at": "2024-01-05T01:30:00Z",
                "categories": ["food", "drink"],
                "score": null,
            })),
            json!({
                "factContent": "likes tea", "createTime": 1_704_418_200_000_i64, "factObject": "food, drink",
            })
        );
        assert_eq!(
            of(json!({"content": "a", "factContent": "b"})),
            json!({"factContent": "b"}),
            "one of two"
        );
        assert_eq!(
            of(json!({"内容": "a", "标签": "茶", "visibility": "0", "id": "12"})),
            json!({"factContent": "a", "factObject": "茶", "visibility": 0, "id": 12})
        );
        assert_eq!(
            of(json!({"content": "a", "visibility": "secret"})),
            json!({"factContent": "a", "visibility": "secret"}),
            "refused later"
        );
    }

    #[test]
    fn what_is_no_time_is_told_and_left_out() {
        let Value::Object(members) = json!({"content": "a", "time": "some day"}) else { panic!() };
        let (entry, doubt) = entry(members, &Zone::default());
        assert_eq!(entry, json!({"factContent": "a"}));
        assert_eq!(doubt.as_deref(), Some("some day is no time; taken without"));
    }
}
