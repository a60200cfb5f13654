// The protocol's inspector on the command line: sign-in with consent, lists, calls, further runs without a question, and the
// end. Each run of it is a process of its own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allow, revoke } from "./mcp_consent.mjs";

const { BASE_URL, CLIENTS, KEY, PATH } = process.env;
const node = join(CLIENTS, "node_modules/node/bin/node");
const program = join(CLIENTS, "inspector/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const home = mkdtempSync(join(tmpdir(), "inspector-"));
const asked = [];

async function freePort() {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}
const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`;

// Runs the inspector. When it names a page, the person opens it and allows everything.
function inspect(method, ...more) {
    const args = [program, "--cli", `${BASE_URL}/mcp`, "--transport", "http", "--method", method, "--format", "json", ...more];
    // It opens no browser here: the page is opened by this script.
    const env = { PATH, HOME: home, MCP_STORAGE_DIR: home, MCP_INSPECTOR_SECRET_STORE: "file",
        MCP_INSPECTOR_SECRET_FILE: join(home, "secrets.json"), MCP_AUTO_OPEN_ENABLED: "true", BROWSER: "true", NO_COLOR: "1" };
    return new Promise((resolve, reject) => {
        const child = spawn(node, args, { stdio: ["ignore", "pipe", "pipe"], env });
        let [output, errors] = ["", ""];
        child.stdout.on("data", (data) => (output += data));
        child.stderr.on("data", (data) => {
            errors += data;
            for (const [text, url] of errors.matchAll(/(http:\S+\/oauth\/authorize\?\S+)\s/g)) {
                errors = errors.replace(text, "");
                asked.push(new URL(url).searchParams);
                allow(url).then((back) => fetch(back)).catch(reject);
            }
        });
        child.on("close", (status) => resolve({ status, output, errors, json: () => JSON.parse(output) }));
    });
}

// Returns what the inspector keeps that looks like this.
function kept(pattern) {
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const texts = files.map((file) => readFileSync(join(file.parentPath, file.name), "utf8"));
    const found = texts.map((text) => text.match(pattern)?.[0]).filter(Boolean);
    assert.ok(found.length > 0, `${pattern} in ${files.map(({ name }) => name)}`);
    return found[0];
}

const oauth = ["--callback-url", callback];
const first = await inspect("tools/list", ...oauth);
assert.equal(first.status, 0, first.errors + first.output);
assert.equal(first.json().result.tools.length, 11, first.output);
assert.equal(asked.length, 1);
assert.equal(asked[0].get("resource"), `${BASE_URL}/mcp`);

const added = await inspect("tools/call", "--tool-name", "add_memory", "--tool-arg", "content=Plays the cello", ...oauth);
assert.equal(added.status, 0, added.errors);
const found = await inspect("tools/call", "--tool-name", "search", "--tool-arg", "query=cello", "--protocol-era", "modern", ...oauth);
assert.equal(found.status, 0, found.errors);
assert.match(found.output, /Plays the cello/);
const wrong = await inspect("tools/call", "--tool-name", "fetch", "--tool-arg", "id=memory:1", ...oauth);
assert.equal(wrong.status, 5, "a failed call has a status of its own: " + wrong.errors);
assert.equal(asked.length, 1, "only the first run asks");

// For more scopes this version refreshes instead of asking, and says that it cannot: there is no loop.
const said = await inspect("tools/call", "--tool-name", "ask_double", "--tool-arg", "question=Who are you?", ...oauth);
assert.equal(said.status, 1, said.errors + said.output);
assert.equal(asked.length, 1);

// With a person's key there is nothing to sign in to.
const keyed = await inspect("tools/call", "--tool-name", "whoami", "--header", `Authorization: Bearer ${KEY}`);
assert.equal(keyed.status, 0, keyed.errors);
assert.equal(asked.length, 1);

// The end: a run that must not ask has nothing left, and one that may asks again.
await revoke({ access_token: kept(/lba_at_[\w-]+/), refresh_token: kept(/lba_rt_[\w-]+/) }, asked[0].get("client_id"));
const ended = await inspect("tools/list", "--stored-auth-only");
assert.notEqual(ended.status, 0, ended.output);
const again = await inspect("tools/list", "--relogin", ...oauth);
assert.equal(again.status, 0, again.errors + again.output);
assert.equal(asked.length, 2);
rmSync(home, { recursive: true });
console.log("done");
