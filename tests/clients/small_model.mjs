// A small model behind the assistant: a streamed answer from a memory, a decision that fits its structure, a fact that is
// learned. The words of such a model differ from machine to machine, so what is checked holds whatever it says. On a
// machine that is too slow the test is left out.
import assert from "node:assert/strict";
import { start } from "./llama_server.mjs";

const { BASE_URL, API_KEY, OTHER_KEY, PROVIDER_PORT, MODEL_PATH } = process.env;
const LIMIT_MS = 360_000;
const DISTILLED_WITHIN_MS = 120_000;
const left = (why) => {
    console.log(`left out: ${why}`);
    process.exit(0);
};
setTimeout(() => left("the model is too slow here"), LIMIT_MS).unref();
const provider = await start(MODEL_PATH, Number(PROVIDER_PORT)).catch((error) => left(`the model does not run here: ${error.message}`));

const call = async (path, body, key = API_KEY) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${key}` };
    const response = await fetch(BASE_URL + path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, 200, `${path}: ${text}`);
    return text;
};
const data = async (path, body, key = API_KEY) => JSON.parse(await call(path, body, key)).data;
const events = (text) => text.split("\n\n").filter((event) => event.startsWith("data: {")).map((event) => JSON.parse(event.slice(6)));
const pieces = (text) => events(text).map((event) => event.choices?.[0]?.delta?.content ?? "").filter((piece) => piece);
const session = (text) => JSON.parse(text.match(/event: session\ndata: (.*)/)[1]).sessionId;
const asked = (words) => provider.requests.filter(({ body }) => JSON.stringify(body.messages).includes(words));
const memories = async (key) => {
    const { list } = await data("/api/secondme/memory/key/search?pageNo=1&pageSize=50", undefined, key);
    return list.map((memory) => memory.factContent ?? memory.content);
};

// A streamed answer from a memory.
await data("/api/secondme/memory/key", { content: "My sailing boat is called Zephyrina." });
const message = "I live in Lisbon with my cat Quillon. What is the name of your sailing boat?";
const answer = await call("/api/secondme/chat/stream", { message });
const said = pieces(answer);
assert.ok(JSON.stringify(provider.requests[0].body.messages).includes("Zephyrina"), "the memory is in the prompt");
assert.ok(said.length > 2, `streamed in pieces: ${answer}`);
assert.ok(answer.endsWith("data: [DONE]\n\n") && !answer.includes("event: error"), answer);
const { messages } = await data(`/api/secondme/chat/session/messages?sessionId=${session(answer)}`);
assert.deepEqual([messages.at(-1).content, messages.at(-1).state], [said.join(""), "complete"]);
assert.equal(said.join(""), provider.requests[0].said);

// A decision. The grammar keeps its form, whatever the model makes of the question.
const actionControl = 'Output only a JSON object. Shape: {"is_liked": boolean, "mood": "happy"|"sad"|"neutral"}.';
const decision = await call("/api/secondme/act/stream", { message: "I love this boat!", actionControl });
const decided = JSON.parse(pieces(decision).join(""));
assert.deepEqual(Object.keys(decided).sort(), ["is_liked", "mood"], decision);
assert.ok(typeof decided.is_liked === "boolean" && ["happy", "sad", "neutral"].includes(decided.mood), decision);
assert.equal(asked("is_liked")[0].body.response_format.type, "json_schema");

// Conversations are distilled in the background. The grammar keeps the form of the list, and lets the model choose the words
// of the person that a fact comes from. A list may be cut off at the limit of tokens.
const list = (text) => {
    try {
        return JSON.parse(text).facts;
    } catch {
        return [];
    }
};
const distilled = async (word) => {
    const until = Date.now() + DISTILLED_WITHIN_MS;
    const found = () => asked("<conversation>").find(({ body, said }) => said !== undefined && body.messages.at(-1).content.includes(word));
    while (!found() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 200));
    if (!found()) left("the model is too slow here");
    const facts = list(found().said);
    assert.ok(Array.isArray(facts), found().said);
    return facts;
};
const facts = await distilled("Quillon");
assert.ok(facts.every(({ quote }) => message.includes(quote)), JSON.stringify(facts));

// A person of whom nothing is known states a fact. Such a model chooses the right words of the person, but what it makes of them
// may be the other's words, which are not learned. What is learned has to do with what the person said.
await call("/api/secondme/chat/stream", { message: "I moved to Rotterdam last week." }, OTHER_KEY);
const stated = await distilled("Rotterdam");
assert.ok(stated.every(({ quote }) => quote === "I moved to Rotterdam last week."), JSON.stringify(stated));
const mayBeLearned = stated.some(({ fact }) => fact.includes("Rotterdam"));
let learned = [];
for (let tries = 0; tries < 50 && learned.length < mayBeLearned; tries += 1) {
    learned = await memories(OTHER_KEY);
    await new Promise((resolve) => setTimeout(resolve, 100));
}
const own = /moved|Rotterdam|last|week/i;
assert.ok(learned.every((memory) => own.test(memory)), JSON.stringify(learned));
assert.ok(!provider.requests[0].refused && !asked("is_liked").some(({ refused }) => refused));
console.log(`said: ${said.join("")}\ndecided: ${JSON.stringify(decided)}\nproposed: ${JSON.stringify([...facts, ...stated])}\nlearned: ${JSON.stringify(learned)}`);
await provider.stop();
console.log("done");
process.exit(0);
