// A person's agent through version 2 of the protocol's JavaScript client, in both eras of the protocol: sign-in, consent,
// calls, more scopes without a new connection, refresh, and the end.
import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { list, revoke } from "./mcp_consent.mjs";
import { Provider } from "./mcp_provider.mjs";

const { BASE_URL } = process.env;
const CALLBACK = "http://localhost:3032/callback";

// Version 2 keeps what it discovered, too.
class DiscoveringProvider extends Provider {
    saveDiscoveryState(state) {
        this.discovery = state;
    }
    discoveryState() {
        return this.discovery;
    }
}

async function run(mode) {
    const provider = new DiscoveringProvider("JavaScript agent 2", CALLBACK);
    const url = new URL(`${BASE_URL}/mcp`);
    const options = { versionNegotiation: { mode } };

    // Does some work, and answers the questions of the client once.
    async function agent(work) {
        let client = new Client({ name: "test", version: "2" }, options);
        let transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
        try {
            await client.connect(transport);
        } catch (error) {
            assert.ok(error instanceof UnauthorizedError, error);
            // It compares `iss` with the issuer that it found.
            await transport.finishAuth(provider.back.searchParams);
            client = new Client({ name: "test", version: "2" }, options);
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
        const version = client.getNegotiatedProtocolVersion?.();
        if (version) assert.equal(version, mode === "auto" ? "2026-07-28" : "2025-11-25");
        const { tools } = await client.listTools();
        assert.equal(tools.length, 11);
        const content = `Plays the cello (${mode})`;
        const added = await client.callTool({ name: "add_memory", arguments: { content } });
        assert.equal(added.structuredContent.created, true);
        const found = await client.callTool({ name: "search", arguments: { query: "cello" } });
        assert.ok(found.structuredContent.results.some(({ id }) => id === added.structuredContent.id));
        const { contents } = await client.readResource({ uri: "doppel://profile" });
        assert.equal(contents[0].mimeType, "text/markdown");
        const wrong = await client.callTool({ name: "search", arguments: { query: "" } });
        assert.equal(wrong.isError, true);
    });
    assert.equal(provider.asked.length, 1);
    assert.equal(provider.asked[0].get("resource"), `${BASE_URL}/mcp`);
    assert.equal(provider.asked[0].get("code_challenge_method"), "S256");

    // More scopes: the client asks the person although it has a refresh token, and goes on.
    await agent(async (client, transport) => {
        const question = { name: "ask_double", arguments: { question: "Who are you?" } };
        try {
            await client.callTool(question);
            assert.fail("the scope was not asked for");
        } catch (error) {
            assert.ok(error instanceof UnauthorizedError, error);
            await transport.finishAuth(provider.back.searchParams);
        }
        const said = await client.callTool(question);
        assert.ok(said.structuredContent.answer, JSON.stringify(said));
    });
    assert.equal(provider.asked.length, 2);
    for (const scope of ["memory.read", "chat.write"]) assert.ok(provider.stored.scope.split(" ").includes(scope), provider.stored.scope);

    // A token that is no longer valid: the client refreshes by itself, and nobody is asked.
    const before = { ...provider.stored };
    provider.stored = { ...before, access_token: "lba_at_no_longer_valid" };
    await agent(async (client) => assert.equal((await client.listTools()).tools.length, 11));
    assert.equal(provider.asked.length, 2);
    assert.notEqual(provider.stored.access_token, before.access_token);
    assert.equal((await list(provider.stored.access_token)).status, 200);
    await revoke(provider.stored, provider.client.client_id);
}

for (const mode of ["legacy", "auto"]) await run(mode);
console.log("done");
