// A person's agent through the protocol's own JavaScript client: sign-in, consent, calls, more scopes, and the end.
import assert from "node:assert/strict";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { BASE_URL, SESSION } = process.env;
const CALLBACK = "http://localhost:3031/callback";

// What a client keeps, and the person's browser, which is signed in and allows everything.
class Provider {
    asked = [];
    redirectUrl = CALLBACK;
    clientMetadata = {
        client_name: "JavaScript agent",
        redirect_uris: [CALLBACK],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
    };
    state() {
        return "a state/with=odd&characters";
    }
    clientInformation() {
        return this.client;
    }
    saveClientInformation(client) {
        this.client = client;
    }
    tokens() {
        return this.stored;
    }
    saveTokens(tokens) {
        this.stored = tokens;
    }
    saveCodeVerifier(verifier) {
        this.verifier = verifier;
    }
    codeVerifier() {
        return this.verifier;
    }
    async redirectToAuthorization(url) {
        this.asked.push(url.searchParams);
        const cookie = `doppel_session=${SESSION}`;
        const page = await fetch(url, { headers: { cookie }, redirect: "manual" });
        const html = await page.text();
        assert.equal(page.status, 200, html);
        const plain = (text) => text.replaceAll("&#38;", "&").replaceAll("&amp;", "&").replaceAll("&#61;", "=").replaceAll("&#x3d;", "=");
        const field = (name) => plain(html.match(new RegExp(`name="${name}" value="([^"]*)"`))[1]);
        const scopes = [...html.matchAll(/name="scope" value="([^"]*)"/g)].map((match) => ["scope", match[1]]);
        const body = new URLSearchParams([["csrf", field("csrf")], ["query", field("query")], ["decision", "allow"], ...scopes]);
        const answer = await fetch(`${BASE_URL}/oauth/authorize`, { method: "POST", headers: { cookie }, body, redirect: "manual" });
        let back = answer.headers.get("location");
        if (!back) {
            const left = await answer.text();
            assert.equal(answer.status, 200, left);
            back = [...left.matchAll(/(?:href|url|data-[a-z]+)="([^"]*)"/g)].map((match) => plain(match[1])).find((link) => link.includes("code="));
        }
        this.back = new URL(back);
        assert.equal(this.back.searchParams.get("state"), this.state());
        assert.equal(this.back.searchParams.get("iss"), BASE_URL);
    }
}

const provider = new Provider();

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

// The end: the next call is refused.
const form = new URLSearchParams({ token: provider.stored.refresh_token, client_id: provider.client.client_id });
assert.equal((await fetch(`${BASE_URL}/oauth/revoke`, { method: "POST", body: form })).status, 200);
const headers = { authorization: `Bearer ${provider.stored.access_token}`, "content-type": "application/json" };
const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
assert.equal((await fetch(`${BASE_URL}/mcp`, { method: "POST", headers, body })).status, 401);
console.log("done");
