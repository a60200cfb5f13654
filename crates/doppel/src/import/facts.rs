//! Facts from other programs: CSV with a header, or JSON Lines.

use std::{fs::File, io::BufReader, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use web::archive::Given;

use super::{BATCH, Import};

/// The archive section that imports facts.
const SECTION: &str = "key-memories";
/// Known names of columns, in lower case, with the members they stand for.
const NAMES: [(&str, &str); 12] = [
    ("content", "factContent"),
    ("fact", "factContent"),
    ("factcontent", "factContent"),
    ("actor", "factActor"),
    ("factactor", "factActor"),
    ("object", "factObject"),
    ("category", "factObject"),
    ("factobject", "factObject"),
    ("visibility", "visibility"),
    ("createtime", "createTime"),
    ("updatetime", "updateTime"),
    ("id", "id"),
];
/// The members that are numbers.
const NUMBERS: [&str; 4] = ["visibility", "createTime", "updateTime", "id"];

pub(super) async fn take_lines(import: &mut Import<'_>, from: &Path) -> Result<()> {
    let section = import.section(SECTION)?;
    let file = File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
    import.lines(section, &from.display().to_string(), BufReader::new(file)).await
}

pub(super) async fn take_csv(import: &mut Import<'_>, from: &Path) -> Result<()> {
    let section = import.section(SECTION)?;
    let place = from.display().to_string();
    let file = File::open(from).with_context(|| format!("cannot read {place}"))?;
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let headers = rows.headers().with_context(|| format!("cannot read {place}"))?.clone();
    let columns: Vec<Option<&str>> = headers.iter().map(member).collect();
    if !columns.contains(&Some("factContent")) {
        bail!(
            "{place}: the first line has to name the columns, one of them content (others: actor, object, visibility)"
        );
    }
    let mut given = Vec::new();
    for (row, number) in rows.records().zip(2_u64..) {
        match row {
            Ok(row) => {
                let line = row.position().map_or(number, csv::Position::line);
                given.push(Given { line, text: entry(&columns, &row).to_string() });
            }
            Err(error) => import.refuse(&place, number, &error.to_string()),
        }
        if given.len() >= BATCH {
            import.batch(section, &place, std::mem::take(&mut given)).await?;
        }
    }
    if given.is_empty() { Ok(()) } else { import.batch(section, &place, given).await }
}

fn member(header: &str) -> Option<&'static str> {
    let plain: String =
        header.trim_start_matches('\u{feff}').chars().filter(|c| c.is_alphanumeric()).collect();
    let plain = plain.to_lowercase();
    NAMES.iter().find(|(name, _)| *name == plain).map(|(_, member)| *member)
}

fn entry(columns: &[Option<&str>], row: &csv::StringRecord) -> Value {
    let mut entry = Map::new();
    for (name, value) in columns.iter().zip(row) {
        let Some(name) = name else { continue };
        if value.trim().is_empty() {
            continue;
        }
        let number = NUMBERS.contains(name).then(|| value.trim().parse::<i64>().ok()).flatten();
        // A value that should be a number and is not is refused with its line.
        entry.insert((*name).to_owned(), number.map_or_else(|| value.into(), Value::from));
    }
    Value::Object(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_many_names() {
        assert_eq!(member("\u{feff}Content "), Some("factContent"));
        assert_eq!(member("fact_object"), Some("factObject"));
        assert_eq!(member("colour"), None);
    }

    #[test]
    fn numbers_are_numbers() {
        let row = csv::StringRecord::from(vec!["likes tea", "0", "", "x"]);
        let columns = [Some("factContent"), Some("visibility"), Some("factActor"), None];
        assert_eq!(entry(&columns, &row), serde_json::json!({"factContent": "likes tea", "visibility": 0}));
    }
}
