use proptest::prelude::*;

use super::*;

/// Returns the text and the thoughts of an answer.
fn read<'t>(pieces: impl IntoIterator<Item = &'t str>, opening: bool) -> (String, String) {
    let (mut filter, mut out) = (Filter::new(opening), VecDeque::new());
    let (mut text, mut thoughts) = (String::new(), String::new());
    let mut drain = |out: &mut VecDeque<Piece>| {
        for piece in out.drain(..) {
            match piece {
                Piece::Text(more) => text.push_str(&more),
                Piece::Thought(more) => thoughts.push_str(&more),
                Piece::Retract => thoughts.push_str(&std::mem::take(&mut text)),
            }
        }
    };
    for piece in pieces {
        filter.push(piece.to_owned(), &mut out);
        drain(&mut out);
    }
    filter.finish(&mut out);
    drain(&mut out);
    (text, thoughts)
}

const THOUGHT: &[&str] = &[
    "<think>\n用户在打招呼。\n</think>\n\n你好",
    "\n <THINK>x</THINK>你好",
    "<thinking>a < b, <b>, </b></thinking>\n你好",
    "<reasoning effort=\"high\">x</reasoning>\n\n你好",
    "用户在打招呼。\n</think>\n\n你好",
    "x</reasoning>你好",
    "[THINK]x[/THINK]你好",
    "◁think▷x◁/think▷你好",
    "x◁/think▷你好",
    "<seed:think>x</seed:think>你好",
    "<think>a<think>b</think>c</think>你好",
    "<think>a</think>\n<think>b</think>\n你好",
    "<|channel|>analysis<|message|>x {1}<|end|><|start|>assistant<|channel|>final<|message|>你好<|return|>",
    "<|channel|>analysis<|message|>x<|end|>你好",
    "<|channel|>analysis x<|channel|>final 你好",
    "x<|end|><|start|>assistant<|channel|>final<|message|>你好",
    "<|start|>assistant<|channel|>commentary to=functions.f \
     <|constrain|>json<|message|>{}<|call|><|start|>assistant<|channel|>final<|message|>你好",
    "<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>你好<|END_RESPONSE|>",
    "<|begin_of_thought|>x<|end_of_thought|>\n<|begin_of_solution|>你好<|end_of_solution|>",
    "<mm:think>x</mm:think>你好",
    "<longcat_think>x</longcat_think>\n你好",
    "<inner_monologue>x</inner_monologue>你好",
    "<chain-of-thought>x</chain-of-thought>你好",
    "<|think|>x<|/think|>你好",
    "<|thinking_start|>x<|thinking_end|>你好",
    "<unused94>thought\nx<unused95>你好",
    "<think\n>x</think\n>你好",
    "<think>x</think>你好<|im_end|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n<think>x</think>你好<|eot_id|>",
    "<think></think>你好",
];
const TEXT: &[&str] = &[
    "你好",
    "",
    " \n你好 ",
    "a < b and c > d",
    "<thin> air",
    "<b>bold</b> [1] [THIN]",
    "`<think>` opens and `</think>` closes",
    "the tag \"</think>\" closes",
    "```xml\n<think>\nx\n</think>\n```\nso",
    "so <think> never ends",
    "<thinker>x</thinker>",
    "[think](https://example.com) first",
    "<answer>x</answer>",
    "a <|end|> b",
    "你好<",
    "list: [",
];

#[test]
fn thoughts_of_every_notation_are_told_from_the_answer() {
    for output in THOUGHT {
        let (text, thoughts) = read([*output], false);
        assert_eq!(text, "你好", "{output}");
        assert!(output.starts_with("<think></think>") || !thoughts.is_empty(), "{output}");
        assert_eq!(read([*output], true).0, "你好", "opening: {output}");
    }
    for output in TEXT {
        assert_eq!(read([*output], false), ((*output).to_owned(), String::new()), "{output}");
    }
    assert_eq!(read(["好。<think>x</think>是的"], false).0, "好。是的");
    assert_eq!(read(["<think>no end {\"a\": 1}"], false).0, "");
    assert_eq!(read(["你好"], true).0, "你好");
    for output in ["<think/>你好", "<think />\n你好", "你好<|endoftext|>", "<|assistant|>你好"] {
        assert_eq!(read([output], false), ("你好".to_owned(), String::new()), "{output}");
    }
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same(
        text in proptest::collection::vec(prop_oneof![
            "[a-z 你好\n`\"<>\\[\\]|/]{0,4}",
            Just("<think>".to_owned()), Just("</think>".to_owned()), Just("</Thinking >".to_owned()),
            Just("```\n".to_owned()), Just("<|channel|>".to_owned()), Just("<|message|>".to_owned()),
            Just("<|end|>".to_owned()), Just("<|start|>".to_owned()), Just("final".to_owned()),
            Just("[THINK]".to_owned()), Just("[/THINK]".to_owned()), Just("◁think▷".to_owned()),
        ], 0..14),
        cuts in proptest::collection::vec(0_usize..120, 0..10),
        opening: bool,
    ) {
        let text = text.concat();
        let whole = read([text.as_str()], opening);
        let mut at: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(*cut)).collect();
        at.extend([0, text.len()]);
        at.sort_unstable();
        let cut = read(at.windows(2).map(|pair| &text[pair[0]..pair[1]]), opening);
        prop_assert_eq!(&cut.0, &whole.0, "{}", text);
        let letters: Vec<String> = text.chars().map(String::from).collect();
        prop_assert_eq!(read(letters.iter().map(String::as_str), opening).0, whole.0);
    }

    #[test]
    fn text_without_marks_stays_as_it_is(text in "[a-zA-Z你好 \n`\"'{}0-9:,.<>/|]{0,80}") {
        prop_assume!(!text.to_lowercase().contains("th") && !text.contains("<|"));
        prop_assert_eq!(read([text.as_str()], false).0, text);
    }
}
