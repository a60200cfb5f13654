// A server of OpenAI's chat completions around a small model, run by llama.cpp on two threads. It is as strict as public
// servers: what it does not know is refused by name. `schema: false` makes one without support for json_schema.
import { once } from "node:events";
import { createServer } from "node:http";
import { getLlama, LlamaChat, LlamaLogLevel } from "../llama/node_modules/node-llama-cpp/dist/index.js";

const MEMBERS = new Set([
    "model", "messages", "stream", "stream_options", "max_tokens", "temperature", "seed", "response_format",
]);
const MAX_BODY = 1 << 20;

class Refusal extends Error {
    constructor(param, message) {
        super(message);
        this.body = { error: { message, type: "invalid_request_error", param, code: null } };
    }
}

// The model's own grammar reads only these members of a schema, and takes every property as required.
const strict = (schema) => {
    const { type, properties, items, enum: values, anyOf } = schema;
    if (anyOf) return { oneOf: anyOf.map(strict) };
    if (values) return { enum: values };
    if (type === "object") {
        const members = Object.entries(properties ?? {}).map(([name, value]) => [name, strict(value)]);
        return { type, properties: Object.fromEntries(members) };
    }
    // The bounds keep a small model from going on for ever.
    if (type === "array") return { type, items: strict(items ?? { type: "string" }), maxItems: 2 };
    if (type === "string") return { type, maxLength: 60 };
    return { type };
};

const history = (messages) => {
    if (!Array.isArray(messages) || messages.length === 0) throw new Refusal("messages", "messages is required");
    return messages.map(({ role, content }, at) => {
        if (typeof content !== "string") throw new Refusal(`messages[${at}].content`, "only text content is supported");
        if (role === "system" && at > 0) throw new Refusal("messages", "System message must be at the beginning.");
        if (role === "assistant") return { type: "model", response: [content] };
        if (role !== "system" && role !== "user") throw new Refusal("messages", `role ${role} is not supported`);
        return { type: role, text: content };
    });
};

/** Starts the server. Returns its requests, and a function that stops it. */
export async function start(modelPath, port, { schema = true } = {}) {
    const llama = await getLlama({ gpu: false, build: "never", maxThreads: 2, progressLogs: false, logLevel: LlamaLogLevel.error });
    const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
    const context = await model.createContext({ contextSize: 4096, threads: 2, batchSize: 512 });
    const chat = new LlamaChat({ contextSequence: context.getSequence() });
    const requests = [];
    let queue = Promise.resolve();

    async function generate(body, onTextChunk, signal) {
        for (const name of Object.keys(body)) {
            if (!MEMBERS.has(name)) throw new Refusal(name, `Unsupported parameter: '${name}' is not supported with this model.`);
        }
        const { type = "text", json_schema } = body.response_format ?? {};
        if (type !== "text" && !(type === "json_schema" && schema)) {
            throw new Refusal("response_format", `response_format type ${type} is not supported`);
        }
        const past = history(body.messages);
        const grammar = type === "text" ? undefined : await llama.createGrammarForJsonSchema(strict(json_schema.schema));
        // A turn of the model is begun, for it to go on with.
        const options = {
            grammar, signal, stopOnAbortSignal: true, temperature: body.temperature ?? 0, seed: body.seed ?? 1,
            maxTokens: Math.min(body.max_tokens ?? 200, grammar ? 200 : 40), onTextChunk,
        };
        return await chat.generateResponse([...past, { type: "model", response: [] }], options);
    }

    async function answer(request, response, body) {
        const left = new AbortController();
        response.on("close", () => left.abort());
        const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
        const head = { id: `chatcmpl-${requests.length}`, created: 1, model: body.model };
        const event = (members) => response.write(`data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", ...members })}\n\n`);
        const choice = (delta, finish_reason = null) => event({ choices: [{ index: 0, delta, finish_reason }] });
        try {
            const made = await generate(body, (content) => {
                usage.completion_tokens += 1;
                if (!body.stream) return;
                if (!response.headersSent) {
                    response.writeHead(200, { "Content-Type": "text/event-stream" });
                    choice({ role: "assistant", content: "" });
                }
                choice({ content });
            }, left.signal);
            usage.prompt_tokens = chat.sequence.nextTokenIndex - usage.completion_tokens;
            usage.total_tokens = chat.sequence.nextTokenIndex;
            const finish_reason = made.metadata.stopReason === "maxTokens" ? "length" : "stop";
            requests.at(-1).said = made.response;
            if (!body.stream) {
                const message = { role: "assistant", content: made.response };
                const whole = { ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason }], usage };
                return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(whole));
            }
            choice({}, finish_reason);
            if (body.stream_options?.include_usage) event({ choices: [], usage });
            response.end("data: [DONE]\n\n");
        } catch (error) {
            if (!(error instanceof Refusal)) console.error(error);
            requests.at(-1).refused = error.message;
            const status = error instanceof Refusal ? 400 : 500;
            const shown = error.body ?? { error: { message: "internal error", type: "server_error" } };
            if (!response.headersSent) response.writeHead(status, { "Content-Type": "application/json" });
            response.end(JSON.stringify(shown));
        }
    }

    const server = createServer(async (request, response) => {
        const parts = [];
        let size = 0;
        for await (const part of request) {
            size += part.length;
            if (size > MAX_BODY) return response.writeHead(413).end();
            parts.push(part);
        }
        if (request.method !== "POST" || request.url !== "/v1/chat/completions") return response.writeHead(404).end();
        const body = JSON.parse(Buffer.concat(parts).toString());
        // One answer at a time, as there is one sequence.
        queue = queue.then(() => {
            requests.push({ body });
            return answer(request, response, body);
        });
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const stop = async () => {
        server.closeAllConnections();
        server.close();
        await queue;
        await llama.dispose();
    };
    return { requests, stop };
}
