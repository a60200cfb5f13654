"""The assistant through LiteLLM, as an endpoint of OpenAI's protocol."""

import os

import litellm

litellm.telemetry = False
litellm.suppress_debug_info = True
BASE = os.environ["BASE_URL"] + "/v1"
common = {"api_base": BASE, "api_key": os.environ["API_KEY"], "num_retries": 0}
said = [{"role": "user", "content": "你好"}]
TEXT = "你好！我是你的 AI 分身"

whole = litellm.completion(model="openai/secondme/nano", messages=said, **common)
assert whole.choices[0].message.content == TEXT and whole.usage.total_tokens > 0, whole
pieces = [part.choices[0].delta.content or "" for part in litellm.completion(model="openai/secondme/nano", messages=said, stream=True, **common)]
assert "".join(pieces) == TEXT, pieces
response = litellm.responses(model="openai/secondme/nano", input="你好", **common)
assert response.output[0].content[0].text == TEXT, response
vectors = litellm.embedding(model="openai/fake", input=["tea", "walks"], **common)
assert len(vectors.data) == 2 and vectors.usage.total_tokens > 0, vectors
try:
    litellm.completion(model="openai/gpt-4", messages=said, **common)
except litellm.NotFoundError:
    pass
else:
    raise AssertionError("an unknown model")
print("done")
