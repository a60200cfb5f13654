"""Embeddings and responses through the Python client of OpenAI."""

import os

import openai
from pydantic import BaseModel

client = openai.OpenAI(base_url=os.environ["BASE_URL"] + "/v1", api_key=os.environ["API_KEY"], max_retries=0)
TEXT = "你好！我是你的 AI 分身"

# The client asks for base64 by itself, and for floats when told so.
one = client.embeddings.create(model="fake", input="tea")
assert one.model == "fake" and one.usage.total_tokens > 0 and len(one.data[0].embedding) > 1, one
floats = client.embeddings.create(model="fake", input=["tea", "walks"], encoding_format="float")
assert [entry.index for entry in floats.data] == [0, 1]
assert all(abs(a - b) < 1e-6 for a, b in zip(floats.data[0].embedding, one.data[0].embedding)), floats

whole = client.responses.create(model="secondme/nano", input="你好", instructions="Be brief.", max_output_tokens=50)
assert whole.output_text == TEXT and whole.status == "completed" and whole.usage.total_tokens > 0, whole
assert whole.store is False and whole.instructions == "Be brief."

events = list(client.responses.create(model="secondme/nano", input=[{"role": "user", "content": "你好"}], stream=True))
assert [event.type for event in events[:4]] == [
    "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
], events
assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == TEXT
assert events[-1].type == "response.completed" and events[-1].response.output_text == TEXT
assert [event.sequence_number for event in events] == list(range(len(events)))
with client.responses.stream(model="secondme/nano", input="你好") as stream:
    assert stream.get_final_response().output_text == TEXT

# An earlier answer can be referred to by its item.
item = whole.output[0].id
again = client.responses.create(
    model="secondme/nano", input=[{"role": "user", "content": "你好"}, {"type": "item_reference", "id": item}, {"role": "user", "content": "再说一遍"}]
)
assert again.output_text == TEXT


class Mood(BaseModel):
    good: bool


parsed = client.responses.parse(model="json", input="Mood?", text_format=Mood)
assert parsed.output_parsed == Mood(good=True), parsed

tools = [{"type": "function", "name": "now", "parameters": {"type": "object", "properties": {}}, "strict": False}]
called = client.responses.create(model="tools", input="Wie spät?", tools=tools)
call = called.output[0]
assert (call.type, call.name, call.arguments) == ("function_call", "now", "{}"), called
result = {"type": "function_call_output", "call_id": call.call_id, "output": "12:00"}
answered = client.responses.create(model="secondme/nano", input=[{"role": "user", "content": "Wie spät?"}, call, result], tools=tools)
assert answered.output_text == TEXT
types = [event.type for event in client.responses.create(model="tools", input="Wie spät?", tools=tools, stream=True)]
assert "response.function_call_arguments.done" in types and types[-1] == "response.completed", types

for error, call in [
    (openai.BadRequestError, lambda: client.responses.create(model="secondme/nano", input="x", previous_response_id="resp_1")),
    (openai.BadRequestError, lambda: client.responses.create(model="secondme/nano", input="x", store=True)),
    (openai.BadRequestError, lambda: client.responses.create(model="secondme/nano", input=[])),
    (openai.NotFoundError, lambda: client.responses.create(model="gpt-4", input="x")),
    (openai.NotFoundError, lambda: client.embeddings.create(model="text-embedding-3-small", input="x")),
    (openai.BadRequestError, lambda: client.embeddings.create(model="fake", input=[])),
    (openai.InternalServerError, lambda: client.responses.create(model="broken", input="x")),
    (openai.APIError, lambda: list(client.responses.create(model="broken", input="x", stream=True))),
]:
    try:
        call()
    except error as refused:
        assert refused.message and "planted" not in refused.message, refused
    else:
        raise AssertionError(error)
print("done")
