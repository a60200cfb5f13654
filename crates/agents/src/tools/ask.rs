//! The tool that asks the person's assistant.

use chat::session::Speaker;
use serde_json::json;

use super::{Done, Work};
use crate::{reply::Failure, text};

impl Work<'_> {
    pub(super) async fn ask_double(&self) -> Result<Done, Failure> {
        let question = self.arguments.text("question").to_owned();
        let conversation = self.arguments.optional("conversation").map(str::to_owned);
        let said = self.agents.chat().answer(Speaker::of(self.caller), conversation, question).await?;
        let answer = text::cut(&text::clean(&said.text), 30_000);
        Ok(Done::plain(json!({"answer": answer, "conversation": said.session}), Vec::new()))
    }
}
