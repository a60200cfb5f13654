// Pictures of the pages about agents, for people who look at them: consent, connect, connected agents, one agent, and the review
// inbox, in both languages, on a desktop and on a phone. It connects three agents as an administrator's own server would see
// them. Not a test: BASE_URL, EMAIL, PASSWORD and OUT (a folder) name a running server with an account.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { BASE_URL, EMAIL, PASSWORD, OUT, CHROMIUM = "/usr/bin/chromium" } = process.env;
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const SCOPES = "userinfo memory.read memory.write note.write";
const VIEWS = [
    { name: "desktop", viewport: { width: 1280, height: 800 } },
    { name: "phone", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
];
const CLAUDE = { id: "https://claude.ai/oauth/mcp-oauth-client-metadata", uri: "https://claude.ai/api/mcp/auth_callback" };
const CODE = { id: "https://claude.ai/oauth/claude-code-client-metadata", uri: "http://localhost:54212/callback" };

function address({ id, uri }, scope) {
    const query = new URLSearchParams({
        response_type: "code", client_id: id, redirect_uri: uri, scope, state: "s", code_challenge: CHALLENGE,
        code_challenge_method: "S256", resource: `${BASE_URL}/mcp`,
    });
    return `${BASE_URL}/oauth/authorize?${query}`;
}

async function signIn(page) {
    await page.goto(`${BASE_URL}/sign-in`);
    await page.fill("[name=email]", EMAIL);
    await page.fill("[name=password]", PASSWORD);
    await page.click("form[action='/sign-in'] button[type=submit]");
    await page.waitForURL((url) => url.pathname !== "/sign-in");
}

// Connects an agent, without leaving for its own address. Returns a function that calls its tools.
async function connect(context, agent, scope) {
    const page = await context.newPage();
    await page.goto(address(agent, scope));
    await page.route("**/leave.js*", (route) => route.abort());
    await page.click("button[value=allow]");
    const back = new URL(await page.getAttribute("a[data-leave]", "href"));
    await page.close();
    const form = { grant_type: "authorization_code", code: back.searchParams.get("code"), redirect_uri: agent.uri, client_id: agent.id, code_verifier: VERIFIER };
    const tokens = await (await fetch(`${BASE_URL}/oauth/token`, { method: "POST", body: new URLSearchParams(form) })).json();
    return async (name, args) => {
        const headers = { authorization: `Bearer ${tokens.access_token}`, "content-type": "application/json" };
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
        return (await (await fetch(`${BASE_URL}/mcp`, { method: "POST", headers, body })).json()).result.structuredContent;
    };
}

async function register() {
    const uri = "cursor://anysphere.cursor-mcp/oauth/callback";
    const body = JSON.stringify({ client_name: "Cursor", redirect_uris: [uri], token_endpoint_auth_method: "none" });
    const answer = await fetch(`${BASE_URL}/oauth/register`, { method: "POST", headers: { "content-type": "application/json" }, body });
    return { id: (await answer.json()).client_id, uri };
}

mkdirSync(OUT, { recursive: true });
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
async function shots(names) {
    for (const locale of ["zh-CN", "en-US"]) {
        for (const { name: size, ...view } of VIEWS) {
            const context = await browser.newContext({ locale, ...view });
            const page = await context.newPage();
            await signIn(page);
            for (const [name, url] of names) {
                await page.goto(new URL(url, BASE_URL).href);
                await page.screenshot({ path: join(OUT, `${name}.${locale.slice(0, 2)}.${size}.png`), fullPage: true });
            }
            await context.close();
        }
    }
}

const cursor = await register();
const consents = [["consent-claude", address(CLAUDE, SCOPES)], ["consent-claude-code", address(CODE, SCOPES)], ["consent-cursor", address(cursor, SCOPES)]];
await shots([["connect", "/agents"], ...consents]);
const context = await browser.newContext();
await signIn(await context.newPage());
const claude = await connect(context, CLAUDE, SCOPES);
const code = await connect(context, CODE, SCOPES);
await claude("recall", { text: "周末怎么安排" });
const added = await claude("add_memory", { content: "周六早上绕西湖跑步，大约 10 公里", category: "习惯" });
await claude("add_note", { title: "三月的计划", content: "租一个带院子的房子，写完第五章再回来。" });
await claude("search", { query: "跑步" });
await claude("add_memory", { content: "每天一杯拿铁", category: "饮食" });
await code("whoami", {});
await code("search", { query: "coffee" });
const page = await context.newPage();
await page.goto(`${BASE_URL}/memories/review`);
await page.click("button[name=do][value=on]");
await claude("add_memory", { content: "打算明年三月去大理住一个月，边写代码边写小说。", category: "计划" });
await claude("update_memory", { id: added.id, content: "周六早上绕西湖跑步，大约 10 公里，跑完在青藤吃早饭。" });
await code("add_memory", { content: "Prefers Rust for servers, and small pull requests.", category: "work" });
await code("add_note", { title: "Deploy checklist", content: "1. back up\n2. migrate\n3. restart one process after another" });
await context.close();
const one = `/agents/one?client=${encodeURIComponent(`app:${CLAUDE.id}`)}`;
await shots([["connected", "/agents"], ["agent", one], ["review", "/memories/review"], ["consent-again", address(CODE, `${SCOPES} chat.write`)]]);
await browser.close();
console.log("done");
