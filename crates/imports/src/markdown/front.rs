//! Front matter: the members at the beginning of a Markdown file, in YAML or TOML. No I/O.

/// Maximum number of lines of a front matter.
const MAX_LINES: usize = 200;

/// The members of a front matter, each with its values.
type Front = Vec<(String, Vec<String>)>;

/// Splits a text into its front matter between `---`, from the first line on, and the text after it. Without
/// a valid front matter, all is text.
pub(super) fn split(text: &str) -> (Front, &str) {
    let whole = (Vec::new(), text);
    let mut lines = text.split_inclusive('\n');
    let mark = lines.next().map(str::trim_end);
    if mark == Some("+++") {
        return toml(text).unwrap_or(whole);
    }
    if mark != Some("---") {
        return whole;
    }
    let mut is_text = false;
    let mut used = text.split_inclusive('\n').next().map_or(0, str::len);
    let mut front = Front::new();
    for line in lines.take(MAX_LINES) {
        used += line.len();
        let line = line.trim_end();
        if line == "---" || line == "..." {
            let body = text.get(used..).unwrap_or_default();
            return if front.is_empty() { whole } else { (front, body.trim_start_matches(['\n', '\r'])) };
        }
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let item = line.trim_start().strip_prefix("- ").or_else(|| (line.trim() == "-").then_some(""));
        match (item, line.split_once(':')) {
            (Some(item), _) => match front.last_mut() {
                Some((_, values)) => values.extend(value(item)),
                None => return whole,
            },
            // Part of the member before: the lines of a text.
            _ if line.starts_with([' ', '\t']) && is_text && !front.is_empty() => {
                if let Some((_, values)) = front.last_mut() {
                    match values.last_mut() {
                        Some(value) => *value = format!("{value} {}", line.trim()),
                        None => values.push(line.trim().to_owned()),
                    }
                }
            }
            _ if line.starts_with([' ', '\t']) && !front.is_empty() => {}
            (None, Some((key, said)))
                if is_key(key) && (said.is_empty() || said.starts_with([' ', '\t'])) =>
            {
                is_text = matches!(said.trim(), "|" | ">" | "|-" | ">-" | "|+" | ">+");
                front.push((key.trim().to_owned(), values(said.trim())));
            }
            _ => return whole,
        }
    }
    whole
}

/// Splits a text after a front matter in TOML, between `+++`. Only members at its top level count.
fn toml(text: &str) -> Option<(Front, &str)> {
    let mut used = text.split_inclusive('\n').next()?.len();
    let (mut front, mut is_top) = (Front::new(), true);
    for line in text.split_inclusive('\n').skip(1).take(MAX_LINES) {
        used += line.len();
        let line = line.trim();
        if line == "+++" {
            let body = text.get(used..).unwrap_or_default();
            return (!front.is_empty()).then(|| (front, body.trim_start_matches(['\n', '\r'])));
        }
        is_top &= !line.starts_with('[');
        if let (true, Some((key, said))) = (is_top && !line.starts_with('#'), line.split_once('=')) {
            front.push((key.trim().to_owned(), values(said.trim())));
        }
    }
    None
}

fn is_key(key: &str) -> bool {
    let key = key.trim().trim_matches(['"', '\'']);
    !key.is_empty()
        && key.chars().count() <= 60
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '.'))
}

fn values(said: &str) -> Vec<String> {
    match said.strip_prefix('[').and_then(|said| said.strip_suffix(']')) {
        Some(list) => list.split(',').filter_map(value).collect(),
        None => value(said).into_iter().collect(),
    }
}

/// Returns a plain value without quotes and comments.
fn value(said: &str) -> Option<String> {
    let said = said.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| said.strip_prefix(*quote)?.strip_suffix(*quote));
    let plain = quoted.unwrap_or_else(|| said.split(" #").next().unwrap_or_default().trim());
    // The text of a block follows on the next lines.
    let is_block = matches!(plain, "|" | ">" | "|-" | ">-" | "|+" | ">+" | "null" | "~");
    (!plain.is_empty() && !is_block).then(|| plain.to_owned())
}
