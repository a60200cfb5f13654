// Walks through every page of the console in Chromium, as somebody who follows all links, and checks rules that hold
// for each: accessibility (axe-core), unique ids, labels, no horizontal scroll, no console error, no request to another host.
import axe from "axe-core";
import { chromium } from "playwright-core";

const { BASE_URL, EMAIL, PASSWORD, API_KEY, CHROMIUM = "/usr/bin/chromium" } = process.env;
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
// The whole set of languages and themes, and the narrow widths at which English is longest.
const VIEWS = [
  { locale: "zh-CN", colorScheme: "light", viewport: WIDE, axe: true },
  { locale: "en-US", colorScheme: "dark", viewport: PHONE, axe: true },
  { locale: "zh-CN", colorScheme: "dark", viewport: { width: 768, height: 1024 }, axe: true },
  { locale: "en-US", colorScheme: "light", viewport: { width: 1920, height: 1080 }, axe: true },
  { locale: "en-US", colorScheme: "light", viewport: { width: 320, height: 640 } },
  { locale: "zh-CN", colorScheme: "light", viewport: { width: 320, height: 640 } },
];
// Files and pages that are not the console's own.
const LEFT_OUT = /^\/(reference|api|cdn|oauth|assets|\.well-known|gate)(\/|$)|\/export|\.(json|jsonl|zip|md|txt)$/;
const MARKDOWN = "# Title\n\n**bold** and `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```rust\nfn main() {}\n```\n\n- [ ] task\n";

/** The most bytes of a page with everything that it loads, over the wire and without a cache. */
const WIRE = 100 * 1024;

const problems = new Set();
const report = (where, text) => problems.add(`${where}: ${text}`);

async function call(path, body) {
  const response = await fetch(`${BASE_URL}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return text;
}

// Content with which each kind of page has something to show.
async function fill() {
  const long = "一段没有空格也没有标点的很长的文字".repeat(6) + "averylongwordwithoutanybreak".repeat(8);
  for (const content of ["Runs on Saturdays <script>alert(1)</script>", long, "周六绕湖跑步"]) {
    await call("/api/secondme/memory/key", { mode: "direct", content, visibility: 1 });
  }
  await call("/api/secondme/note/add", { title: "Plan", content: MARKDOWN });
  await call("/api/secondme/note/add", { title: long.slice(0, 120), content: long });
  await call("/api/secondme/chat/stream", { message: `**hello** ${long}` });
}

// An avatar that everybody may talk to, and a visitor who wrote to it. Returns the paths of its pages.
async function receive() {
  const get = async (path) => (await fetch(`${BASE_URL}/api/secondme/avatar/${path}`, { headers: { authorization: `Bearer ${API_KEY}` } })).json();
  const { data: { list: [{ avatarId, shareCode }] } } = await get("list");
  const long = "一段没有空格也没有标点的很长的文字".repeat(6) + "averylongwordwithoutanybreak".repeat(8);
  const change = { avatarId, distribution: { webEnabled: true }, widgetOrigins: ["https://blog.example"], opening: long, welcomeNote: long };
  await call("/api/secondme/avatar/update", change);
  await call("/api/secondme/avatar/api-key/create", { avatarId, name: long.slice(0, 90) });
  const frame = `/widget/${shareCode}?language=`;
  const body = new URLSearchParams({ message: `hello ${long}` });
  const answer = await fetch(`${BASE_URL}${frame}en`, { method: "POST", body });
  if (!answer.ok) throw new Error(await answer.text());
  const { data: { ownerRoute } } = await get(`public/${shareCode}`);
  return { share: `/people/${ownerRoute}/avatar/${shareCode}`, frame };
}

// Has an agent propose something of each kind, which waits for the person.
async function propose(page) {
  await page.goto(`${BASE_URL}/memories/review`);
  await page.click("button[name=do][value=on]");
  const tool = async (name, args) => {
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } };
    return JSON.parse(await call("/mcp", message)).result.structuredContent;
  };
  const { items } = await tool("list_memories", {});
  const long = "一段没有空格也没有标点的很长的文字".repeat(6) + "averylongwordwithoutanybreak".repeat(8);
  await tool("add_memory", { content: long, category: "习惯" });
  await tool("add_note", { title: "Plan <b>", content: MARKDOWN });
  await tool("update_memory", { id: items[0].id, content: "Runs on Sundays" });
  await tool("forget", { id: items[1].id });
}

async function signIn(page) {
  await page.goto(`${BASE_URL}/sign-in`);
  await page.fill("[name=email]", EMAIL);
  await page.fill("[name=password]", PASSWORD);
  await page.click("form[action='/sign-in'] button[type=submit]");
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

// Pages that differ only in ids, cursors and such are one kind, of which one is visited.
function kind(url) {
  const path = url.pathname.replace(/\/(?=[^/]*\d)[\w-]{6,}(?=\/|$)/g, "/:id").replace(/\/\d+(?=\/|$)/g, "/:id");
  const guide = path.replace(/^\/docs\/(?!api$|errors$|search$)(api\/)?[\w-]+$/, "/docs/$1:page");
  return `${guide}?${[...url.searchParams.keys()].sort().join("&")}`;
}

async function links(page) {
  const found = await page.$$eval("a[href]:not([download])", (all) => all.map((link) => link.href));
  return found.map((href) => new URL(href)).filter((url) => url.origin === BASE_URL && !LEFT_OUT.test(url.pathname));
}

function facts() {
  const all = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const fields = document.querySelectorAll("input:not([type=hidden]):not([hidden]), textarea, select");
  return {
    overflow: document.documentElement.scrollWidth - innerWidth,
    ids: all.filter((id, at) => all.indexOf(id) !== at),
    unlabeled: [...fields].filter((field) => !field.labels.length && !field.ariaLabel).map((field) => field.name),
    headings: document.querySelectorAll("h1").length,
    language: document.documentElement.lang,
    marks: [...document.querySelectorAll("main article")].filter((article) => /\*\*|```/.test(article.innerText)).length,
  };
}

async function check(page, path, view) {
  const where = `${path} (${view.locale} ${view.colorScheme} ${view.viewport.width})`;
  const { overflow, ids, unlabeled, headings, language } = await page.evaluate(facts);
  if (overflow > 0) report(where, `scrolls sideways by ${overflow}`);
  if (ids.length) report(where, `ids that are not unique: ${ids}`);
  if (unlabeled.length) report(where, `fields without a label: ${unlabeled}`);
  if (headings !== 1) report(where, `${headings} first headings`);
  if (!language.startsWith(view.locale.slice(0, 2))) report(where, `is in ${language}`);
  if (!view.axe) return;
  await page.evaluate(axe.source);
  // A page with an origin of its own cannot read its style sheet as a file.
  const preload = !path.startsWith("/widget");
  const { violations } = await page.evaluate((preload) => window.axe.run(document, { resultTypes: ["violations"], preload }), preload);
  for (const { id, nodes } of violations) {
    report(where, `axe ${id}: ${nodes.slice(0, 2).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  }
}

async function open(browser, view) {
  const context = await browser.newContext({ locale: view.locale, colorScheme: view.colorScheme, viewport: view.viewport });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && report(page.url(), `console: ${message.text()}`));
  page.on("pageerror", (error) => report(page.url(), `script: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== BASE_URL) report(page.url(), `asks ${url.origin}`);
  });
  page.on("requestfinished", note);
  page.on("dialog", (dialog) => {
    report(page.url(), `opens a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  return { context, page };
}

// The size over the wire of everything that was loaded: later pages take it from the cache.
const sizes = new Map();
let loaded = new Set();
let heaviest = ["", 0];

async function note(request) {
  loaded.add(request.url());
  const size = await request.sizes().then((all) => all.responseBodySize, () => 0);
  sizes.set(request.url(), Math.max(size, sizes.get(request.url()) ?? 0));
}

async function weigh(page, url) {
  await page.waitForLoadState("networkidle");
  const all = [...loaded].reduce((sum, one) => sum + (sizes.get(one) ?? 0), 0);
  if (all > WIRE) report(url.pathname, `${all} bytes over the wire`);
  if (all > heaviest[1]) heaviest = [url.pathname, all];
}

async function visit(page, url) {
  loaded = new Set();
  const response = await page.goto(url.href, { waitUntil: "load" });
  if (!response.ok()) report(url.pathname, `status ${response.status()}`);
  return response.headers()["content-type"]?.startsWith("text/html");
}

// The pages that somebody meets who is not signed in.
async function front(browser, view, pages) {
  const { context, page } = await open(browser, view);
  for (const path of ["/sign-in", "/people/username", pages.share, pages.frame + view.locale]) {
    await visit(page, new URL(path, BASE_URL));
    await check(page, path, view);
  }
  await context.close();
}

// The person publishes their page, so that it is one of the pages.
async function publish(browser) {
  const { context, page } = await open(browser, VIEWS[0]);
  await signIn(page);
  await page.goto(`${BASE_URL}/profile`);
  await page.check("[name=public_page]");
  await page.click("form[action='/profile'] button[type=submit]");
  await page.waitForURL(/done=saved/);
  await context.close();
}

async function main() {
  await fill();
  const avatar = await receive();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  await publish(browser);
  const known = new Map();
  for (const view of VIEWS) {
    await front(browser, view, avatar);
    const { context, page } = await open(browser, view);
    await signIn(page);
    if (known.size === 0) {
      await propose(page);
      // The first view finds the pages.
      const waiting = [new URL(page.url())];
      while (waiting.length && known.size < 200) {
        const url = waiting.shift();
        url.hash = "";
        if (known.has(kind(url))) continue;
        known.set(kind(url), url);
        if (!(await visit(page, url))) {
          known.delete(kind(url));
          continue;
        }
        await weigh(page, url);
        await check(page, url.pathname + url.search, view);
        waiting.push(...(await links(page)));
      }
    } else {
      for (const url of known.values()) {
        await visit(page, url);
        await check(page, url.pathname + url.search, view);
      }
    }
    await context.close();
  }
  await browser.close();
  if (known.size < 30) report("console", `only ${known.size} kinds of pages were found: ${[...known.keys()]}`);
  for (const problem of problems) console.log(problem);
  console.log(problems.size ? `${problems.size} problems on ${known.size} pages` : "done");
}

await main();
