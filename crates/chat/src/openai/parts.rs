//! The content of a message: text, or parts that are text or pictures. No I/O.

use serde_json::Value;
use web::Issues;

use crate::{provider::Image, talk::rules};

/// Maximum number of pictures of a message.
const MAX_IMAGES: usize = 16;

/// Returns the text of a content, and the pictures with their positions in it.
pub(super) fn read(issues: &mut Issues, field: &str, content: Value) -> (String, Vec<Image>) {
    let (mut text, mut images) = (String::new(), Vec::new());
    match content {
        Value::Null => {}
        Value::String(whole) => text = whole,
        Value::Array(parts) => {
            for (i, part) in parts.iter().enumerate() {
                if let Err(problem) = add(part, &mut text, &mut images) {
                    issues.add("value_error", &format!("{field}.{i}"), problem);
                }
            }
        }
        part @ Value::Object(_) => {
            if let Err(problem) = add(&part, &mut text, &mut images) {
                issues.add("value_error", field, problem);
            }
        }
        _ => issues.add("string_type", field, "Input should be a text or a list of parts"),
    }
    (text, images)
}

fn add(part: &Value, text: &mut String, images: &mut Vec<Image>) -> Result<(), &'static str> {
    match part["type"].as_str().unwrap_or(if part.is_string() { "string" } else { "" }) {
        "text" | "input_text" | "output_text" => push(text, part["text"].as_str()),
        "refusal" => push(text, part["refusal"].as_str()),
        "string" => push(text, part.as_str()),
        // Thoughts are not part of the conversation.
        "thinking" | "reasoning" | "redacted_thinking" => Ok(()),
        "image_url" | "input_image" => {
            let url =
                part.pointer("/image_url/url").or_else(|| part.get("image_url")).and_then(Value::as_str);
            let image = url.and_then(picture).ok_or(
                "A picture should be a data: URL of image/png, image/jpeg, image/gif or image/webp in base64",
            )?;
            if images.len() >= MAX_IMAGES {
                return Err("A message should have at most 16 pictures");
            }
            images.push(Image { after: text.len(), ..image });
            Ok(())
        }
        _ => Err("Parts should be text or pictures"),
    }
}

fn push(text: &mut String, more: Option<&str>) -> Result<(), &'static str> {
    let more = more.ok_or("A part of text should have a text")?;
    if !text.is_empty() && !text.ends_with('\n') && !more.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
    Ok(())
}

/// Parses a picture in a `data:` URL.
fn picture(url: &str) -> Option<Image> {
    let url = url.trim();
    let (scheme, rest) = url.split_once(':')?;
    let (head, data) = rest.split_once(',').filter(|_| scheme.eq_ignore_ascii_case("data"))?;
    let mut head = head.split(';').map(str::trim);
    let media_type = rules::media_type(head.next()?);
    head.any(|part| part.eq_ignore_ascii_case("base64")).then_some(())?;
    // Line breaks, the URL-safe alphabet, and missing padding are accepted.
    let mut data: String = data
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    while !data.len().is_multiple_of(4) {
        data.push('=');
    }
    rules::is_picture(&media_type, &data).then_some(Image { media_type, data, after: 0 })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn image(url: &str) -> Value {
        json!({"type": "image_url", "image_url": {"url": url}})
    }

    #[test]
    fn parts_keep_their_order() {
        let mut issues = Issues::body();
        let content = json!([
            {"type": "text", "text": "one"}, image("data:image/png;base64,AAAA"),
            {"type": "input_text", "text": "two"},
            image("data:image/jpg;base64,AAAA"), {"type": "refusal", "refusal": "no"},
        ]);
        let (text, images) = read(&mut issues, "c", content);
        assert_eq!(text, "one\ntwo\nno");
        let places: Vec<(&str, usize)> =
            images.iter().map(|image| (image.media_type.as_str(), image.after)).collect();
        assert_eq!(places, [("image/png", 3), ("image/jpeg", 7)]);
        assert!(issues.finish().is_ok());
    }

    #[test]
    fn pictures_in_every_notation() {
        for url in [
            "data:image/png;base64,AAAA",
            "DATA:image/PNG;base64,AA==",
            "data:image/jpg;base64,AA",
            "data:image/webp;charset=utf-8;base64,A-_A",
            "data:image/gif;base64,AA\nAA",
        ] {
            assert!(picture(url).is_some(), "{url}");
        }
        for url in [
            "https://x/y.png",
            "data:image/svg+xml;base64,AAAA",
            "data:image/png,AAAA",
            "data:image/png;base64,",
            "x",
        ] {
            assert!(picture(url).is_none(), "{url}");
        }
    }
}
