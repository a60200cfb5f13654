"""The double through the Python client of OpenAI."""

import os

import openai

client = openai.OpenAI(base_url=os.environ["BASE_URL"] + "/v1", api_key=os.environ["API_KEY"], max_retries=0)
said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "你好"}]
TEXT = "你好！我是你的 AI 分身"

assert "secondme/nano" in [model.id for model in client.models.list()]
assert client.models.retrieve("secondme/pro").id == "secondme/pro"

whole = client.chat.completions.create(model="secondme/nano", messages=said, temperature=0.3)
assert whole.choices[0].message.content == TEXT and whole.choices[0].finish_reason == "stop", whole
assert whole.choices[0].message.role == "assistant"
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens > 0

pieces, usage = [], None
for chunk in client.chat.completions.create(
    model="secondme/nano", messages=said, stream=True, stream_options={"include_usage": True}
):
    usage = chunk.usage or usage
    pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
assert "".join(pieces) == TEXT and len(pieces) > 1 and usage.total_tokens > 0, (pieces, usage)

# The helper that collects a stream gets the same text.
with client.chat.completions.stream(model="secondme/nano", messages=said) as stream:
    stream.until_done()
    assert stream.get_final_completion().choices[0].message.content == TEXT

# After leaving a stream, the next request works at once.
with client.chat.completions.create(model="secondme/nano", messages=said, stream=True) as stream:
    next(iter(stream))
assert client.chat.completions.create(model="secondme/nano", messages=said).choices[0].message.content == TEXT

for error, call in [
    (openai.NotFoundError, lambda: client.chat.completions.create(model="gpt-4", messages=said)),
    (openai.BadRequestError, lambda: client.chat.completions.create(model="secondme/nano", messages=[])),
    (openai.AuthenticationError, lambda: client.with_options(api_key="sk-wrong").models.list()),
    (openai.NotFoundError, lambda: client.embeddings.create(model="x", input="x")),
]:
    try:
        call()
    except error as refused:
        assert refused.message and refused.body["message"], refused
    else:
        raise AssertionError(error)
print("done")
