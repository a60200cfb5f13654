//! The members of a request that its response repeats.

use serde_json::{Map, Value, json};

/// Members that a response repeats, with their defaults.
#[derive(Debug, Clone, Default)]
pub(super) struct Echo {
    pub(super) is_stream: bool,
    members: Map<String, Value>,
}

impl Echo {
    /// Takes the repeated members from a request.
    pub(super) fn of(body: &Map<String, Value>) -> Self {
        let defaults = json!({
            "background": false,
            "instructions": null,
            "max_output_tokens": null,
            "max_tool_calls": null,
            "metadata": {},
            "parallel_tool_calls": true,
            "previous_response_id": null,
            "reasoning": {"effort": null, "summary": null},
            "service_tier": "default",
            "store": false,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "user": null,
        });
        let Value::Object(mut members) = defaults else { return Self::default() };
        for (name, value) in &mut members {
            if let Some(given) = body.get(name).filter(|given| !given.is_null()) {
                *value = given.clone();
            }
        }
        if let Some(text) = members.get_mut("text").and_then(Value::as_object_mut) {
            text.entry("format").or_insert_with(|| json!({"type": "text"}));
        }
        Self { is_stream: body.get("stream") == Some(&Value::Bool(true)), members }
    }

    /// Returns the members.
    pub(super) fn members(&self) -> Map<String, Value> {
        self.members.clone()
    }
}
