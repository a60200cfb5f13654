//! The built-in responder, which answers where no model is configured, and says so. No I/O.

use memory::recall::{Kind, Recall};

/// Maximum number of memories in an answer.
const MAX_ITEMS: usize = 5;

/// Composes an answer from the person's own profile and memories, in the language of the message.
///
/// `name` is the person's name, if the caller may know it.
pub(crate) fn answer(name: Option<&str>, recall: &Recall, message: &str) -> Vec<String> {
    let is_chinese = message.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut pieces = vec![if is_chinese {
        let whose = name.map(|name| format!("{name}的")).unwrap_or_default();
        format!("我是{whose}分身。服务器尚未配置模型，以下内容直接取自我的资料与记忆，并非模型生成：\n")
    } else {
        let whose = name.map_or_else(|| "a".to_owned(), |name| format!("{name}'s"));
        format!(
            "I am {whose} double. No model is configured on this server, so what follows comes straight from \
             my \
             profile and memories and was not written by a model:\n"
        )
    }];
    let told = recall.items.iter().filter(|item| item.source.kind() == Kind::Profile || item.score > 0.0);
    let told: Vec<String> =
        told.take(MAX_ITEMS).map(|item| format!("- {}\n", item.text.replace('\n', " "))).collect();
    if told.is_empty() {
        pieces.push(if is_chinese {
            "（没有找到相关内容）\n".into()
        } else {
            "(Nothing was found.)\n".into()
        });
    }
    pieces.extend(told);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_is_in_the_language_of_the_message() {
        let recall = Recall::default();
        assert!(answer(Some("小明"), &recall, "你好").concat().contains("尚未配置模型"));
        assert!(answer(Some("Ming"), &recall, "hello").concat().contains("No model is configured"));
        assert!(answer(None, &recall, "你好").concat().starts_with("我是分身。"));
    }
}
