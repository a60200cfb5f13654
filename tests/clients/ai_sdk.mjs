// The assistant through the AI SDK: its default provider, which speaks the Responses API, and the compatible one.
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";

const { BASE_URL, API_KEY } = process.env;
const TEXT = "你好！我是你的 AI 分身";
const openai = createOpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });
const compatible = createOpenAICompatible({ name: "doppel", baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });
const now = tool({
    description: "The time",
    inputSchema: jsonSchema({ type: "object", properties: {}, additionalProperties: false }),
    execute: async () => "12:00",
});

for (const provider of [openai, compatible]) {
    const model = (name) => provider(name);
    const options = { maxRetries: 0 };
    const whole = await generateText({ ...options, model: model("secondme/nano"), system: "Be brief.", prompt: "你好" });
    assert.equal(whole.text, TEXT);
    assert.ok(whole.usage.totalTokens > 0, JSON.stringify(whole.usage));
    assert.equal(whole.finishReason, "stop");

    const stream = streamText({ ...options, model: model("secondme/nano"), prompt: "你好" });
    let text = "";
    for await (const piece of stream.textStream) text += piece;
    assert.equal(text, TEXT);

    // What was answered goes back as the SDK keeps it: the default provider refers to items by their ids.
    const messages = [{ role: "user", content: "你好" }, ...whole.response.messages, { role: "user", content: "再说一遍" }];
    const again = await generateText({ ...options, model: model("secondme/nano"), messages });
    assert.equal(again.text, TEXT);

    // A tool is called, and its result makes the second step.
    const steps = await generateText({ ...options, model: model("steps"), prompt: "Wie spät?", tools: { now }, stopWhen: stepCountIs(3) });
    assert.equal(steps.text, "12:00 Uhr");
    assert.equal(steps.steps[0].toolCalls[0].toolName, "now");
    const streamed = streamText({ ...options, model: model("steps"), prompt: "Wie spät?", tools: { now }, stopWhen: stepCountIs(3) });
    assert.equal(await streamed.text, "12:00 Uhr");

    const schema = jsonSchema({ type: "object", properties: { good: { type: "boolean" } }, required: ["good"], additionalProperties: false });
    const object = await generateText({ ...options, model: model("json"), prompt: "Mood?", output: Output.object({ schema }) });
    assert.deepEqual(object.output, { good: true });

    await assert.rejects(generateText({ ...options, model: model("gpt-4"), prompt: "x" }), /gpt-4/);
}

const { embeddings } = await embedMany({ model: openai.textEmbeddingModel("fake"), values: ["tea", "walks"], maxRetries: 0 });
assert.equal(embeddings.length, 2);
const other = await embedMany({ model: compatible.textEmbeddingModel("fake"), values: ["tea", "walks"], maxRetries: 0 });
assert.deepEqual(other.embeddings, embeddings);

// OpenAI's own client.
const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY, maxRetries: 0 });
const answer = await client.responses.create({ model: "secondme/nano", input: "你好" });
assert.equal(answer.output_text, TEXT);
const helper = client.responses.stream({ model: "secondme/nano", input: "你好" });
assert.equal((await helper.finalResponse()).output_text, TEXT);
const vectors = await client.embeddings.create({ model: "fake", input: "tea" });
assert.ok(Math.abs(vectors.data[0].embedding[0] - embeddings[0][0]) < 1e-6);
const refused = client.responses.create({ model: "secondme/nano", input: "x", previous_response_id: "resp_1" });
await assert.rejects(refused, (error) => error instanceof OpenAI.BadRequestError && error.param === "previous_response_id");
const broken = await client.responses.create({ model: "broken", input: "x", stream: true });
await assert.rejects(async () => {
    for await (const event of broken) assert.notEqual(event.type, "response.completed");
}, OpenAI.APIError);
console.log("done");
