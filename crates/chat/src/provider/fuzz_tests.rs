//! Fuzz targets: a provider's stream, and the events in it.

use proptest::prelude::*;

use super::{chunk, sse::Splitter};

const STREAMS: &[&[u8]] = &[
    b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n",
    b": ping\r\n\r\nevent: x\r\ndata: a\r\ndata: b\r\n\r\n",
    b"\xef\xbb\xbfdata:a\r\rdata\n\n",
];
const EVENTS: &[&[u8]] = &[
    br#"{"choices":[{"delta":{"content":"a",
        "tool_calls":[{"index":0,"id":"x","function":{"name":"n","arguments":"{}"}}]},
        "finish_reason":null}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
    br#"{"choices":[{"message":{"content":"\ud83d\ude00","refusal":"no"},"finish_reason":"length"}]}"#,
    br#"{"error":{"message":"overloaded"}}"#,
];
/// Maximum length of an event in these tests, in bytes.
const LIMIT: usize = 256;

/// Splits a stream that arrives in these pieces. The flag is true if an event was too long.
fn split<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> (Vec<Vec<u8>>, bool) {
    let (mut splitter, mut events) = (Splitter::new(LIMIT), Vec::new());
    for piece in pieces {
        if splitter.push(piece, |data, _| events.push(data.to_vec())).is_err() {
            return (events, true);
        }
    }
    (events, false)
}

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn a_stream_is_the_same_however_it_is_cut(bytes in fuzz::bytes(STREAMS), size in 1_usize..40) {
        let (whole, too_long) = fuzz::timed(|| split(std::iter::once(bytes.as_slice())));
        prop_assert!(whole.iter().all(|event| event.len() <= LIMIT));
        prop_assert!(whole.iter().map(Vec::len).sum::<usize>() <= bytes.len(), "nothing is made up");
        let (pieces, also) = split(bytes.chunks(size));
        prop_assert_eq!(also, too_long);
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn an_event_is_read_or_refused(bytes in fuzz::bytes(EVENTS)) {
        let (all, _) = fuzz::timed(|| chunk::lenient(&bytes));
        for news in all.into_iter().chain(chunk::plain(&bytes)) {
            let message = news.message.unwrap_or_default();
            let said = news.said.text.len() + message.text.len();
            // A byte that is no UTF-8 is represented by a character of four bytes.
            prop_assert!(said <= bytes.len() * 4, "nothing is made up");
        }
    }
}
