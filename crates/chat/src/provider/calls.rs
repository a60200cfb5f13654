//! Assembles a model's tool calls from their parts. No I/O.

use serde_json::Value;

use super::{
    ToolCall,
    chunk::{self, Arguments, CallPart},
};

/// Maximum number of tool calls in an answer.
const MAX_CALLS: usize = 16;
/// A prefix that some models put before tool names.
const NAMESPACE: &str = "functions.";

/// The tool calls of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Open>,
    /// Names of the offered tools. If none were offered, tool calls are ignored.
    offered: Vec<String>,
}

#[derive(Debug, Default)]
struct Open {
    index: Option<usize>,
    call: ToolCall,
    /// The arguments if each of their pieces repeats those before it, as some gateways send them.
    growing: String,
}

impl Open {
    /// Returns true if the arguments are complete JSON.
    fn is_whole(&self) -> bool {
        is_json(&self.call.arguments) || is_json(&self.growing)
    }

    /// Appends a piece of the arguments.
    fn extend(&mut self, piece: &str) {
        self.call.arguments.push_str(piece);
        if !self.growing.is_empty() && piece.starts_with(&self.growing) {
            self.growing.clear();
        }
        self.growing.push_str(piece);
    }

    /// Returns the call with the arguments that are JSON.
    fn into_call(self) -> ToolCall {
        let is_growing = !is_json(&self.call.arguments) && is_json(&self.growing);
        let arguments = if is_growing { self.growing } else { self.call.arguments };
        ToolCall { arguments, ..self.call }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

impl Calls {
    /// Creates a collector for calls of the offered tools.
    pub(super) fn of(offered: Vec<String>) -> Self {
        Self { calls: Vec::new(), offered }
    }

    /// Returns true if there are no calls.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Adds the parts in one event. Returns their size in bytes.
    pub(super) fn add(&mut self, parts: Vec<CallPart>) -> usize {
        if self.offered.is_empty() {
            return 0;
        }
        let is_list = parts.len() > 1;
        let mut length = 0;
        for (place, part) in parts.into_iter().enumerate() {
            // Several parts in one event without indexes are separate calls.
            let index = part.index.or(is_list.then_some(place));
            let Some(open) = self.slot(index, &part) else { continue };
            if !part.id.is_empty() {
                open.call.id = part.id;
            }
            match part.arguments {
                Arguments::Absent => {}
                Arguments::Piece(piece) => {
                    length += piece.len();
                    open.extend(&piece);
                }
                Arguments::Whole(whole) => {
                    length += whole.len();
                    open.call.arguments = whole;
                }
            }
        }
        length
    }

    /// Finds or creates the call that a part belongs to, and sets its name.
    fn slot(&mut self, index: Option<usize>, part: &CallPart) -> Option<&mut Open> {
        let name = part.name.trim();
        // Some gateways give all calls the same id. Then a name at another index is another call.
        let is_elsewhere =
            |open: &Open| !name.is_empty() && index.is_some() && open.index.is_some() && open.index != index;
        let by_id = |open: &Open| !part.id.is_empty() && open.call.id == part.id && !is_elsewhere(open);
        let by_index = |open: &Open| index.is_none() || open.index == index;
        let found = self.calls.iter().position(by_id).or_else(|| {
            let at = self.calls.iter().rposition(by_index)?;
            let open = self.calls.get(at)?;
            let is_other_id = !part.id.is_empty() && !open.call.id.is_empty();
            // A name begins a new call, unless it repeats the name of a call whose arguments are
            // incomplete.
            let joined = format!("{}{name}", open.call.name);
            let continues = open.call.name.is_empty()
                || (open.call.name == name && !open.is_whole())
                || (open.call.arguments.is_empty() && self.is_offered(&joined));
            let is_next = !name.is_empty() && !continues;
            (!is_other_id && !is_next).then_some(at)
        });
        let at = match found {
            Some(at) => at,
            None if self.calls.len() < MAX_CALLS => {
                self.calls.push(Open { index, ..Open::default() });
                self.calls.len() - 1
            }
            None => return None,
        };
        let before = self.calls.get(at).map(|open| open.call.name.clone()).unwrap_or_default();
        let joined = format!("{before}{name}");
        let is_fragment = !before.is_empty() && !self.is_offered(&before) && self.is_offered(&joined);
        let open = self.calls.get_mut(at)?;
        if !name.is_empty() {
            open.call.name = if is_fragment { joined } else { name.to_owned() };
        }
        Some(open)
    }

    fn is_offered(&self, name: &str) -> bool {
        self.offered.iter().any(|offered| offered == name)
    }

    /// Returns the offered name that a model means. Models add marks of the harmony format or a namespace,
    /// and change capitals, hyphens, and underscores.
    fn meant<'n>(&'n self, name: &'n str) -> &'n str {
        if self.is_offered(name) {
            return name;
        }
        let name = name.split("<|").next().unwrap_or_default().trim();
        let name = name.strip_prefix(NAMESPACE).unwrap_or(name);
        let mut alike = self.offered.iter().filter(|offered| plain(offered) == plain(name));
        match (alike.next(), alike.next()) {
            (Some(one), None) if !self.is_offered(name) => one.as_str(),
            _ => name,
        }
    }

    /// Takes the calls, once the answer has ended.
    pub(super) fn take(&mut self) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls);
        let named = calls.into_iter().map(Open::into_call).filter(|call| !call.name.is_empty());
        let mut taken: Vec<ToolCall> = Vec::new();
        for mut call in named {
            call.name = self.meant(&call.name).to_owned();
            chunk::join_whole(&mut call.arguments);
            let is_same = |other: &ToolCall| other.name == call.name && other.arguments == call.arguments;
            // A call without an id that was there before is a summary at the end.
            if call.id.is_empty() && taken.iter().any(is_same) {
                continue;
            }
            // Some models omit the id, or repeat it, but expect one with the result.
            if call.id.is_empty() || taken.iter().any(|other| other.id == call.id) {
                call.id = format!("call_{}", taken.len());
            }
            taken.push(call);
        }
        taken
    }
}

/// Returns the letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Returns the names, ids, and arguments of the calls in events.
    fn read(events: &[Value]) -> Vec<(String, String, String)> {
        let mut calls = Calls::of(vec!["now".into(), "weather__now".into()]);
        for parts in events {
            let event = json!({"choices": [{"delta": {"tool_calls": parts}}]}).to_string();
            for news in chunk::lenient(event.as_bytes()).0 {
                calls.add(news.said.calls);
            }
        }
        calls.take().into_iter().map(|call| (call.name, call.id, call.arguments)).collect()
    }

    fn part(index: Value, id: Value, name: Value, arguments: Value) -> Value {
        json!([{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}])
    }

    #[test]
    fn calls_are_kept_apart_by_id_index_and_name() {
        let none = Value::Null;
        let (one, two) = ("{\"a\":1}", "{\"a\":2}");
        let both = [("now", one), ("now", two)];
        for (name, events, expected) in [
            (
                "two ids, one index",
                vec![
                    part(json!(0), json!("c1"), json!("now"), json!(one)),
                    part(json!(0), json!("c2"), json!("now"), json!(two)),
                ],
                &both[..],
            ),
            (
                "two ids, no index",
                vec![
                    part(none.clone(), json!("c1"), json!("now"), json!(one)),
                    part(none.clone(), json!("c2"), json!("now"), json!(two)),
                ],
                &both[..],
            ),
            (
                "no ids, one index, whole arguments",
                vec![
                    part(json!(0), none.clone(), json!("now"), json!(one)),
                    part(json!(0), none.clone(), json!("now"), json!(two)),
                ],
                &both[..],
            ),
            (
                "interleaved",
                vec![
                    part(json!(0), json!("c1"), json!("now"), json!("{\"a\"")),
                    part(json!(1), json!("c2"), json!("now"), json!("{\"a\"")),
                    part(json!(0), none.clone(), none.clone(), json!(":1}")),
                    part(json!(1), none.clone(), none.clone(), json!(":2}")),
                ],
                &both[..],
            ),
            (
                "interleaved by id",
                vec![
                    part(json!(0), json!("c1"), json!("now"), json!("{\"a\"")),
                    part(json!(0), json!("c2"), json!("now"), json!("{\"a\"")),
                    part(json!(0), json!("c1"), none.clone(), json!(":1}")),
                    part(json!(0), json!("c2"), none.clone(), json!(":2}")),
                ],
                &both[..],
            ),
            (
                "the name in every event",
                vec![
                    part(json!(0), json!("c1"), json!("now"), json!("")),
                    part(json!(0), json!("c1"), json!("now"), json!("{\"a\":")),
                    part(json!(0), json!("c1"), json!("now"), json!("1}")),
                ],
                &both[..1],
            ),
            (
                "the name in every event, no id",
                vec![
                    part(json!(0), none.clone(), json!("now"), json!("{\"a\":")),
                    part(json!(0), none.clone(), json!("now"), json!("1}")),
                ],
                &both[..1],
            ),
            ("odd types", vec![part(json!("0"), json!(17), json!("now"), json!({"a": 1}))], &both[..1]),
            ("a namespace", vec![part(json!(0), json!("c"), json!("functions.now"), json!(one))], &both[..1]),
            (
                "marks",
                vec![part(json!(0), json!("c"), json!("now<|channel|>commentary"), json!(one))],
                &both[..1],
            ),
            (
                "the name in pieces",
                vec![
                    part(json!(0), json!("c"), json!("weather__"), json!("")),
                    part(json!(0), none, json!("now"), json!(one)),
                ],
                &[("weather__now", one)][..],
            ),
            (
                "several at once",
                vec![json!([
                    {"function": {"name": "now", "arguments": one}},
                    {"function": {"name": "now", "arguments": two}},
                ])],
                &both[..],
            ),
        ] {
            let calls = read(&events);
            let found: Vec<(&str, &str)> =
                calls.iter().map(|(name, _, args)| (name.as_str(), args.as_str())).collect();
            assert_eq!(found, expected, "{name}");
            assert!(calls.iter().all(|(_, id, _)| !id.is_empty()), "{name}");
        }
    }

    #[test]
    fn calls_of_careless_gateways_are_put_right() {
        let none = Value::Null;
        let event = |index: u64, id: Value, name: Value, arguments: &str| {
            part(json!(index), id, name, json!(arguments))
        };
        let (one, two) = ("{\"a\":1}", "{\"a\":2}");
        let nested = "{\"a\":{\"a\":1}}";
        for (name, events, expected) in [
            (
                "one id for all",
                vec![event(0, json!("c"), json!("now"), one), event(1, json!("c"), json!("now"), two)],
                vec![("now", one), ("now", two)],
            ),
            (
                "arguments that grow",
                vec![
                    event(0, json!("c"), json!("now"), "{\"a\""),
                    event(0, none.clone(), none.clone(), "{\"a\":"),
                    event(0, none.clone(), none.clone(), one),
                ],
                vec![("now", one)],
            ),
            (
                "arguments that seem to grow",
                vec![
                    event(0, json!("c"), json!("now"), "{\"a\":"),
                    event(0, none.clone(), none.clone(), "{\"a\":1}}"),
                ],
                vec![("now", nested)],
            ),
            (
                "all again at the end",
                vec![
                    event(0, none.clone(), json!("now"), "{\"a\""),
                    event(0, none.clone(), none.clone(), ":1}"),
                    event(0, none.clone(), json!("now"), one),
                ],
                vec![("now", one)],
            ),
            (
                "all again at the end, by id",
                vec![
                    event(0, json!("c"), json!("now"), "{\"a\""),
                    event(0, json!("c"), none.clone(), ":1}"),
                    event(0, json!("c"), json!("now"), one),
                ],
                vec![("now", one)],
            ),
            (
                "a name in other letters",
                vec![event(0, json!("c"), json!("Weather-Now"), one)],
                vec![("weather__now", one)],
            ),
            (
                "the arguments before the name",
                vec![event(0, json!("c"), none, "{\"a\""), event(0, json!("c"), json!("now"), ":1}")],
                vec![("now", one)],
            ),
            (
                "an older name of the arguments",
                vec![json!([{"index": 0, "id": "c", "name": "now", "input": {"a": 1}}])],
                vec![("now", one)],
            ),
        ] {
            let calls = read(&events);
            let found: Vec<(&str, &str)> =
                calls.iter().map(|(name, _, args)| (name.as_str(), args.as_str())).collect();
            assert_eq!(found, expected, "{name}");
            let mut ids: Vec<&str> = calls.iter().map(|(_, id, _)| id.as_str()).collect();
            ids.dedup();
            assert_eq!(ids.len(), calls.len(), "{name}");
        }
        let mut calls = Calls::of(vec!["a_b".into(), "a-b".into()]);
        calls.add(vec![CallPart { name: "A.B".into(), ..CallPart::default() }]);
        assert_eq!(calls.take()[0].name, "A.B", "it may be either");
    }

    #[test]
    fn nothing_is_called_that_nobody_offered() {
        let mut calls = Calls::of(Vec::new());
        calls.add(vec![CallPart { name: "now".into(), ..CallPart::default() }]);
        assert!(calls.is_empty());
        let many: Vec<Value> =
            (0..100).map(|n| part(json!(n), json!(format!("c{n}")), json!("now"), json!("{}"))).collect();
        assert_eq!(read(&many).len(), MAX_CALLS);
    }
}
