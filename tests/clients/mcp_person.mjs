// A person's agent through the protocol's own JavaScript client: sign-in, consent, calls, more scopes,
// refresh, and the end.
import assert from "node:assert/strict";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { list, revoke } from "./mcp_consent.mjs";
import { Provider } from "./mcp_provider.mjs";

const { BASE_URL } = process.env;
const CALLBACK = "http://localhost:3031/callback";

const provider = new Provider("JavaScript agent", CALLBACK);

async function agent(work) {
    const url = new URL(`${BASE_URL}/mcp`);
    const client = new Client({ name: "test", version: "1" });
    let transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
    try {
        await client.connect(transport);
    } catch (error) {
        assert.ok(error instanceof UnauthorizedError, error);
        await transport.finishAuth(provider.back.searchParams.get("code"));
        transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
        await client.connect(transport);
    }
    try {
        return await work(client, transport);
    } finally {
        await client.close();
    }
}

await agent(async (client) => {
    assert.equal(client.getServerVersion().name, "doppel");
    const { tools } = await client.listTools();
    assert.equal(tools.length, 11);
    const added = await client.callTool({ name: "add_memory", arguments: { content: "Plays the cello" } });
    assert.equal(added.structuredContent.created, true);
    const found = await client.callTool({ name: "search", arguments: { query: "cello" } });
    assert.equal(found.structuredContent.results[0].id, added.structuredContent.id);
    const { contents } = await client.readResource({ uri: "doppel://profile" });
    assert.equal(contents[0].mimeType, "text/markdown");
});
assert.equal(provider.asked.length, 1);
assert.equal(provider.asked[0].get("resource"), `${BASE_URL}/mcp`);
assert.equal(provider.asked[0].get("code_challenge_method"), "S256");

// More scopes: the client is challenged, asks the person, and goes on. With a refresh token this client would refresh
// instead of asking (typescript-sdk#1582), so its host has to forget that.
provider.stored = { ...provider.stored, refresh_token: undefined };
await agent(async (client, transport) => {
    const question = { name: "ask_double", arguments: { question: "Who are you?" } };
    try {
        await client.callTool(question);
    } catch (error) {
        assert.ok(error instanceof UnauthorizedError, error);
        await transport.finishAuth(provider.back.searchParams.get("code"));
    }
    const said = await client.callTool(question);
    assert.ok(said.structuredContent.answer, JSON.stringify(said));
});
assert.equal(provider.asked.length, 2);
assert.deepEqual(new Set(provider.asked[1].get("scope").split(" ")).has("chat.write"), true);
assert.ok(provider.stored.scope.includes("memory.read") && provider.stored.scope.includes("chat.write"), provider.stored.scope);

// A token that is no longer valid: the client refreshes by itself, and nobody is asked.
const before = { ...provider.stored };
provider.stored = { ...before, access_token: "lba_at_no_longer_valid" };
await agent(async (client) => assert.equal((await client.listTools()).tools.length, 11));
assert.equal(provider.asked.length, 2);
assert.notEqual(provider.stored.access_token, before.access_token);
assert.equal((await list(provider.stored.access_token)).status, 200);

// The end: the next call is refused.
await revoke(provider.stored, provider.client.client_id);
console.log("done");
