//! An answer is the same however its bytes, its characters, and its events are split.

use proptest::prelude::*;

use super::*;

/// All that is read of an answer.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    text: String,
    thoughts: String,
    calls: Vec<ToolCall>,
    finish: Option<Finish>,
    failure: Option<Failure>,
}

fn read(pieces: &[&[u8]]) -> Outcome {
    let mut reader = Reader::new(vec!["now".to_owned()], false, true);
    pieces.iter().for_each(|piece| reader.take(piece));
    if !reader.has_ended() {
        reader.close();
    }
    let mut outcome =
        Outcome { finish: reader.finish(), failure: reader.take_failure(), ..Outcome::default() };
    for piece in reader.ready.drain(..) {
        match piece {
            Piece::Text(text) => outcome.text.push_str(&text),
            Piece::Thought(thought) => outcome.thoughts.push_str(&thought),
            Piece::Retract => outcome.text.clear(),
        }
    }
    outcome.calls = reader.calls();
    outcome
}

fn event(delta: &str) -> Vec<u8> {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n").into_bytes()
}

fn content(text: &str) -> Vec<u8> {
    event(&format!("{{\"content\":\"{text}\"}}"))
}

/// An event whose delta has these bytes in place of `?`.
fn bytes(delta: &str, bytes: &[u8]) -> Vec<u8> {
    event(delta).into_iter().flat_map(|byte| if byte == b'?' { bytes.to_vec() } else { vec![byte] }).collect()
}

const END: &[u8] =
    b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]\r\n\r\n";

/// Answers, and what is read of them.
fn answers() -> Vec<(&'static str, Vec<u8>, Outcome)> {
    let said =
        |text: &str| Outcome { text: text.to_owned(), finish: Some(Finish::Stop), ..Outcome::default() };
    let content_of = "{\"content\":\"?\"}";
    let thought = "{\"reasoning_content\":\"?\"}";
    let call = |id: &str, name: &str| {
        format!(
            "{{\"tool_calls\":[{{\"index\":0,\"id\":{id},\"function\":{{\"name\":{name},\
             \"arguments\":\"?\"}}}}]}}"
        )
    };
    vec![
        (
            "events after a mark",
            [b"\xef\xbb\xbf: hello\r\n\r\n", content("你好，").as_slice(), &content("再见 😀"), END].concat(),
            said("你好，再见 😀"),
        ),
        (
            "bytes of a character in two events",
            [bytes(content_of, b"\xe4\xbd"), bytes(content_of, b"\xa0\xe5\xa5\xbd"), END.to_vec()].concat(),
            said("你好"),
        ),
        (
            "a byte in each event, and events without text",
            [
                bytes(content_of, b"\xf0"),
                event("{\"role\":\"assistant\",\"content\":\"\"}"),
                bytes(content_of, b"\x9f"),
                b": keep-alive\n\n".to_vec(),
                bytes(content_of, b"\x98"),
                bytes(content_of, b"\x80"),
                END.to_vec(),
            ]
            .concat(),
            said("😀"),
        ),
        (
            "a pair of surrogates in two events",
            [content("a\\ud83d").as_slice(), &content("\\ude00b"), END].concat(),
            said("a😀b"),
        ),
        (
            "a character whose end never comes",
            [bytes(content_of, b"a\xe4\xbd"), content("b"), bytes(content_of, b"\xe5"), END.to_vec()]
                .concat(),
            said("a\u{fffd}b\u{fffd}"),
        ),
        (
            "bytes and surrogates of thoughts",
            [
                bytes(thought, b"\xe6\x83"),
                bytes(thought, b"\xb3\\ud83d"),
                bytes(thought, b"\\ude00"),
                content("好"),
                END.to_vec(),
            ]
            .concat(),
            Outcome { thoughts: "想😀".to_owned(), ..said("好") },
        ),
        (
            "bytes of arguments",
            [
                bytes(&call("\"c\"", "\"now\""), b"{\\\"city\\\":\\\"\xe4\xba"),
                bytes(&call("null", "null"), b"\xac\\\"}"),
                END.to_vec(),
            ]
            .concat(),
            Outcome {
                calls: vec![ToolCall {
                    id: "c".to_owned(),
                    name: "now".to_owned(),
                    arguments: "{\"city\":\"京\"}".to_owned(),
                }],
                ..said("")
            },
        ),
        (
            "no stream",
            "\u{feff}\n {\"choices\":[{\"message\":{\"content\":\"你好 😀\"},\"finish_reason\":\"stop\"}]}\n"
                .as_bytes()
                .to_vec(),
            said("你好 😀"),
        ),
        (
            "cut inside a character",
            [content("你好").as_slice(), b"data: {\"choices\":[{\"delta\":{\"content\":\"\xe5\x86"].concat(),
            Outcome { failure: Some(Failure::BrokenOff), finish: None, ..said("你好") },
        ),
        (
            "a page",
            b"\xef\xbb\xbf <html>".to_vec(),
            Outcome {
                failure: Some(Failure::Garbled("neither events nor JSON")),
                finish: None,
                ..Outcome::default()
            },
        ),
    ]
}

#[test]
fn parts_of_characters_are_joined() {
    for (name, body, expected) in answers() {
        assert_eq!(read(&[&body]), expected, "{name}");
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(read(&single), expected, "{name}, byte by byte");
    }
}

proptest! {
    #[test]
    fn an_answer_is_the_same_however_its_bytes_are_split(
        cuts in prop::collection::vec(0_usize..500, 0..14),
    ) {
        for (name, body, expected) in answers() {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(body.len())).collect();
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&pieces), expected, "{}", name);
        }
    }

    #[test]
    fn a_text_is_the_same_however_its_bytes_are_split_over_events(
        text in "[你好é😀한]{1,12}", size in 1_usize..6,
    ) {
        let pieces = text.as_bytes().chunks(size);
        let events = pieces.flat_map(|piece| bytes("{\"content\":\"?\"}", piece));
        let body: Vec<u8> = [content("Text: "), events.collect(), END.to_vec()].concat();
        prop_assert_eq!(read(&[&body]).text, format!("Text: {text}"));
    }
}
