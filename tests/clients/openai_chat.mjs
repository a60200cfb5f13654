// The assistant with the JavaScript client of OpenAI, and an independent server of OpenAI's protocol (aimock) as provider.
import assert from "node:assert/strict";
import { LLMock } from "@copilotkit/aimock";
import OpenAI from "openai";

const { BASE_URL, API_KEY, PROVIDER_PORT } = process.env;
const TEXT = "我最近在读《三体》，也常去西湖边散步。";
const provider = new LLMock({ port: Number(PROVIDER_PORT), chunkSize: 3 });
provider.onMessage("最近", { content: TEXT });
provider.onMessage("喜欢", { content: '好的：{"is_liked": true}' });
provider.onMessage("坏了", { error: { message: "planted-detail", type: "server_error" }, status: 500 });
await provider.start();

const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY, maxRetries: 0 });
const ask = (content) => ({ model: "secondme/nano", messages: [{ role: "user", content }] });
try {
    const models = [];
    for await (const model of client.models.list()) models.push(model.id);
    assert.ok(models.includes("secondme/nano"));

    const whole = await client.chat.completions.create(ask("最近忙什么？"));
    assert.equal(whole.choices[0].message.content, TEXT);
    assert.ok(whole.usage.prompt_tokens > 0 && whole.usage.completion_tokens > 0);

    let text = "";
    let count = 0;
    for await (const chunk of await client.chat.completions.create({ ...ask("最近忙什么？"), stream: true })) {
        text += chunk.choices[0]?.delta?.content ?? "";
        count += 1;
    }
    assert.equal(text, TEXT);
    assert.ok(count > 5, "it came in pieces");

    const helper = client.chat.completions.stream(ask("最近忙什么？"));
    assert.equal((await helper.finalMessage()).content, TEXT);

    // A decision (`act`) by the same provider.
    const act = await fetch(`${BASE_URL}/api/secondme/act/stream`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${API_KEY}` },
        body: JSON.stringify({ message: "我很喜欢", actionControl: '仅输出合法 JSON 对象。输出结构：{"is_liked": boolean}。' }),
    });
    const pieces = (await act.text()).split("\n").filter((line) => line.startsWith('data: {"choices"'));
    const joined = pieces.map((line) => JSON.parse(line.slice(6)).choices[0].delta.content).join("");
    assert.deepEqual(JSON.parse(joined), { is_liked: true });

    await assert.rejects(client.chat.completions.create(ask("坏了吗？")), (error) => error instanceof OpenAI.InternalServerError && !error.message.includes("planted"));
    const broken = await client.chat.completions.create({ ...ask("坏了吗？"), stream: true });
    await assert.rejects(async () => {
        for await (const chunk of broken) assert.ok(!chunk.choices[0]?.finish_reason);
    }, OpenAI.APIError);
    await assert.rejects(client.chat.completions.create({ ...ask("x"), model: "gpt-4" }), OpenAI.NotFoundError);
} finally {
    await provider.stop();
}
console.log("done");
