// An agent through the protocol's own JavaScript client: the tools it sees, and calls of them.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { BASE_URL, TOKEN, AK } = process.env;

async function agent(headers, path, work) {
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${BASE_URL}${path}`), { requestInit: { headers } }));
    try {
        await work(client);
    } finally {
        await client.close();
    }
}

async function names(client) {
    const found = new Map();
    let cursor;
    do {
        const page = await client.listTools(cursor ? { cursor } : {});
        for (const tool of page.tools) found.set(tool.name, tool);
        cursor = page.nextCursor;
    } while (cursor);
    return found;
}

for (const path of ["/mcp/hub", "/mcp/hub/"]) {
    await agent({}, path, async (client) => {
        const tools = await names(client);
        assert.ok(tools.has("pets__find") && !tools.has("pets__add"));
        const found = await client.callTool({ name: "pets__find", arguments: { name: "Rex" } });
        assert.deepEqual(found.structuredContent.arguments, { name: "Rex" });
    });
}
for (const headers of [{ "Apihub-Token": TOKEN }, { Authorization: `Bearer ${TOKEN}` }]) {
    await agent(headers, "/mcp", async (client) => {
        const tools = await names(client);
        for (const name of tools.keys()) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);
        assert.ok(tools.has("pets__add"));
        const added = await client.callTool({ name: "pets__add", arguments: { name: "Rex" } });
        assert.equal(added.structuredContent.identity.app, AK);
        const long = [...tools.keys()].find((name) => name.startsWith("long-") && !name.endsWith("__ANY"));
        assert.equal(long.length, 64);
        const called = await client.callTool({ name: long, arguments: { a: 1 } });
        assert.deepEqual(called.structuredContent.arguments, { a: 1 });
    });
}
await assert.rejects(agent({ "Apihub-Token": "x" }, "/mcp", async () => {}));
console.log("done");
