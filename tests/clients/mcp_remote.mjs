// mcp-remote joins a client that only starts programs: the protocol's JavaScript client over standard input and output.
// Sign-in, consent, calls, more scopes, a second start without a question, refresh, and the end.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { allow, revoke } from "./mcp_consent.mjs";

const { BASE_URL, CLIENTS, PATH } = process.env;
const home = mkdtempSync(join(tmpdir(), "mcp-remote-"));
const asked = [];

// Sends the browser back. In the middle of a session mcp-remote begins to listen after it has named the page.
async function comeBack(url) {
    for (const end = Date.now() + 55_000; ; ) {
        try {
            return await fetch(url);
        } catch (error) {
            if (Date.now() > end) throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}

// Starts mcp-remote. Whenever it wants a browser, the person allows what it asks for.
async function agent(work) {
    const program = join(CLIENTS, "node_modules/mcp-remote/dist/proxy.js");
    const transport = new StdioClientTransport({
        command: process.execPath,
        args: [program, `${BASE_URL}/mcp`, "--transport", "http-only", "--auth-timeout", "60"],
        // It opens no browser here: the page is opened by this script.
        env: { PATH, HOME: home, MCP_REMOTE_CONFIG_DIR: home, BROWSER: "true" },
        stderr: "pipe",
    });
    let said = "";
    const going = [];
    transport.stderr.on("data", (data) => {
        said += data;
        for (const [text, url] of said.matchAll(/authorize this client by visiting:\s+(\S+)\s/g)) {
            said = said.slice(said.indexOf(text) + text.length);
            asked.push(new URL(url).searchParams);
            going.push(allow(url).then(comeBack));
        }
    });
    const client = new Client({ name: "test", version: "1" });
    try {
        await client.connect(transport, { timeout: 30_000 });
        return await work(client);
    } finally {
        await Promise.all(going);
        await client.close();
    }
}

// Returns the path of a file that mcp-remote keeps.
function kept(ending) {
    const files = readdirSync(home, { recursive: true }).filter((name) => name.endsWith(ending));
    assert.equal(files.length, 1, `${ending}: ${files}`);
    return join(home, files[0]);
}
const json = (path) => JSON.parse(readFileSync(path, "utf8"));

await agent(async (client) => {
    assert.equal(client.getServerVersion().name, "doppel");
    assert.equal((await client.listTools()).tools.length, 11);
    const added = await client.callTool({ name: "add_memory", arguments: { content: "Plays the cello" } });
    assert.equal(added.structuredContent.created, true, JSON.stringify(added));
    const found = await client.callTool({ name: "search", arguments: { query: "cello" } });
    assert.equal(found.structuredContent.results[0].id, added.structuredContent.id);
});
assert.equal(asked.length, 1);
assert.equal(asked[0].get("resource"), `${BASE_URL}/mcp`);

// A second start has its token, and asks for more when the double is asked.
await agent(async (client) => {
    assert.equal(asked.length, 1);
    const question = { name: "ask_double", arguments: { question: "Who are you?" } };
    const said = await client.callTool(question, undefined, { timeout: 30_000 });
    assert.ok(said.structuredContent?.answer, JSON.stringify(said));
});
assert.equal(asked.length, 2);
assert.ok(asked[1].get("scope").split(" ").includes("chat.write"), asked[1].get("scope"));

// With a token that is no longer valid it refreshes without a question.
const path = kept("tokens.json");
writeFileSync(path, JSON.stringify({ ...json(path), access_token: "lba_at_no_longer_valid" }));
await agent(async (client) => assert.equal((await client.listTools()).tools.length, 11));
assert.equal(asked.length, 2);

await revoke(json(path), json(kept("client_info.json")).client_id);
rmSync(home, { recursive: true });
console.log("done");
