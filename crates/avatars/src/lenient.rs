//! Ids in bodies, which clients send as numbers or as texts.

use serde::{Deserialize, Deserializer, de::IntoDeserializer as _};

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Int(i64),
    Text(String),
}

impl From<Number> for i64 {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(id) => id,
            // A text that is no number is the id of nothing.
            Number::Text(text) => text.trim().parse().unwrap_or(0),
        }
    }
}

/// Reads an id of any type.
pub(crate) fn id<'de, D: Deserializer<'de>, I: Deserialize<'de>>(deserializer: D) -> Result<I, D::Error> {
    let number: i64 = Number::deserialize(deserializer)?.into();
    I::deserialize(number.into_deserializer())
}

/// Reads an id that may be absent or null.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<Number>::deserialize(deserializer)?.map(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(deserialize_with = "id")]
        id: i64,
        #[serde(default, deserialize_with = "optional")]
        other: Option<i64>,
    }

    #[test]
    fn ids_are_numbers_or_texts() {
        for (text, expected) in [
            (r#"{"id": 7}"#, Some((7, None))),
            (r#"{"id": "7", "other": "8"}"#, Some((7, Some(8)))),
            (r#"{"id": "x", "other": null}"#, Some((0, None))),
            (r#"{"id": 1.5}"#, None),
            (r#"{"id": [7]}"#, None),
            (r#"{"id": null}"#, None),
            ("{}", None),
        ] {
            let read = serde_json::from_str::<Body>(text).ok().map(|body| (body.id, body.other));
            assert_eq!(read, expected, "{text}");
        }
    }
}
