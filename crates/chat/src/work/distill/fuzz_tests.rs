//! Fuzz target: what a model says that it learned of a conversation.

use memory::{MemoryId, MessageId};
use proptest::prelude::*;

use super::{
    super::Line,
    rules::{KnownFact, learned},
};
use crate::provider::Role;

const ANSWERS: &[&[u8]] = &[
    "{\"facts\": [{\"fact\": \"住在杭州\", \"about\": \"生活\", \"quote\": \"我上个月搬到了杭州\", \"same_as\": null, \
     \"contradicts\": [1]}]}".as_bytes(),
    b"```json\n{\"facts\": [{\"fact\": \"Loves tea\", \"about\": \"food\", \"quote\": \"I love tea\", \
        \"same_as\": 1}]}\n```",
    "{\"facts\": [{\"fact\": \"有一只猫\", \"quote\": \"你有一只猫\"}, \
      {\"fact\": \"x\", \"quote\": \"\"}, 7, null]}"
        .as_bytes(),
];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn only_the_persons_own_words_become_facts(answer in fuzz::text(ANSWERS)) {
        let line = |id, role, is_own, text: &str| {
            Line { id: MessageId(id), role, content: text.to_owned(), is_own }
        };
        let lines = [
            line(1, Role::User, true, "我上个月搬到了杭州。I love tea."),
            line(2, Role::Assistant, false, "你有一只猫"),
            line(3, Role::User, false, "我住在上海"),
        ];
        let known = [KnownFact { id: MemoryId(70), text: "住在北京".into() }];
        for learned in fuzz::timed(|| learned(&answer, &lines, &known)).into_iter().flatten() {
            prop_assert_eq!(learned.message.0, 1, "from a message that the person wrote");
            prop_assert_eq!(learned.fact.visibility, 0, "private");
            let content = &learned.fact.content;
            prop_assert!(
                !content.is_empty()
                    && content.chars().count() <= 300
                    && !content.chars().any(char::is_control)
            );
            prop_assert!(learned.fact.object.chars().count() <= 40);
            prop_assert!(learned.same.is_none_or(|id| id == MemoryId(70)));
            prop_assert!(learned.against.iter().all(|id| *id == MemoryId(70)));
        }
    }
}
