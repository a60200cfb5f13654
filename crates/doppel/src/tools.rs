//! The connection between the Hub and the assistant, which do not depend on each other.

use chat::tools::{Outcome, Tool, Tools, Work};
use hub::{Gateway, Offer};
use serde_json::{Map, Value};
use store::AccountId;

/// Offers the Hub's actions as tools of the assistant.
pub(crate) struct HubTools(pub(crate) Gateway);

impl Tools for HubTools {
    fn offered(&self, account: AccountId) -> Work<'_, Vec<Tool>> {
        Box::pin(async move {
            let offers = self.0.offers(account).await.into_iter();
            offers.map(|Offer { name, about, parameters }| Tool { name, about, parameters }).collect()
        })
    }

    fn call(&self, account: AccountId, name: String, arguments: Map<String, Value>) -> Work<'_, Outcome> {
        Box::pin(async move {
            match self.0.call_for(account, &name, arguments).await {
                Ok(text) => Outcome { is_good: true, text },
                Err(text) => Outcome::failed(text),
            }
        })
    }
}
