// An avatar in the widget of a page at another origin, in Chromium: desktop and phone, both languages and themes. The
// owner answers in person on their own page, which shows what the visitor writes as it comes.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import axe from "axe-core";
import { chromium } from "playwright-core";

const { BASE_URL, EMAIL, PASSWORD, API_KEY, CHROMIUM = "/usr/bin/chromium" } = process.env;
const VIEWS = [
  { language: "zh-CN", theme: "light", viewport: { width: 1280, height: 800 } },
  { language: "en", theme: "dark", viewport: { width: 390, height: 844 } },
  { language: "zh-CN", theme: "dark", viewport: { width: 320, height: 640 } },
];

async function call(path, body) {
  const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };
  const response = await fetch(`${BASE_URL}/api/secondme/avatar/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  assert.equal(answer.code, 0, `${path}: ${JSON.stringify(answer)}`);
  return answer.data;
}

// Serves a page with the widget, under a policy of its own that knows this server only.
function site(avatar, { language, theme }) {
  const policy = `default-src 'none'; script-src ${BASE_URL}; frame-src ${BASE_URL}`;
  const html = `<!doctype html><html lang="${language}"><title>blog</title><h1>blog</h1>
    <script src="${BASE_URL}/widget.js" data-avatar="${avatar}" data-language="${language}" data-theme="${theme}" async></script>`;
  return new Promise((resolve) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy });
      response.end(html);
    });
    server.listen(0, "127.0.0.1", () => resolve({ server, origin: `http://localhost:${server.address().port}` }));
  });
}

async function frameOf(page) {
  await page.locator("div button").click();
  const element = await page.locator("iframe").elementHandle();
  assert.equal(await element.getAttribute("sandbox"), "allow-scripts allow-forms");
  return element.contentFrame();
}

async function said(frame, text) {
  await frame.locator("#said li", { hasText: text }).first().waitFor({ timeout: 20_000 });
}

async function write(frame, text) {
  await frame.fill("#message", text);
  await frame.locator("form.say button").click();
  await said(frame, text);
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const { list: [avatar] } = await call("list");
const problems = [];
const watch = (page) => {
  page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`script: ${error.message}`));
  return page;
};

for (const view of VIEWS) {
  const { server, origin } = await site(avatar.shareCode, view);
  const open = { avatarId: avatar.avatarId, distribution: { webEnabled: true }, widgetOrigins: [origin], opening: "Hello <b>" };
  await call("update", open);
  const context = await browser.newContext({ viewport: view.viewport });
  const page = watch(await context.newPage());
  await page.goto(origin);
  let frame = await frameOf(page);
  await said(frame, "Hello <b>");
  const { language, theme } = view;
  const look = await frame.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme, origin, document.documentElement.scrollWidth - innerWidth]);
  assert.deepEqual(look, [language, theme, "null", 0]);
  await write(frame, "first words");
  await said(frame, "AI 分身");
  await frame.evaluate(axe.source);
  const { violations } = await frame.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], preload: false }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), [], `${language} ${theme}`);

  // The same visitor goes on after a reload: the page keeps who they are.
  await page.reload();
  frame = await frameOf(page);
  await said(frame, "first words");

  if (view === VIEWS[0]) {
    // The owner reads along, and answers in person.
    const own = watch(await (await browser.newContext({ locale: "en" })).newPage());
    await own.goto(`${BASE_URL}/sign-in`);
    await own.fill("[name=email]", EMAIL);
    await own.fill("[name=password]", PASSWORD);
    await own.click("form[action='/sign-in'] button[type=submit]");
    await own.waitForURL((url) => url.pathname !== "/sign-in");
    await own.goto(`${BASE_URL}/visitors`);
    await own.locator("#list a").first().click();
    await own.locator("#said li", { hasText: "first words" }).waitFor();
    await write(frame, "is it really you?");
    await own.locator("#said li", { hasText: "is it really you?" }).waitFor({ timeout: 20_000 });
    await own.fill("[name=message]", "yes, in person");
    await own.click("button[value=say]");
    await said(frame, "yes, in person");
    await own.context().close();
  }

  // A site that the owner did not name shows nothing.
  await call("update", { avatarId: avatar.avatarId, widgetOrigins: ["https://elsewhere.example"] });
  const other = await context.newPage();
  await other.goto(origin);
  const complaint = other.waitForEvent("console", { predicate: (message) => message.text().includes("frame-ancestors"), timeout: 20_000 });
  await other.locator("div button").click();
  const refused = await complaint;
  assert.match(refused.text(), /frame-ancestors https:\/\/elsewhere\.example/);
  await context.close();
  server.close();
}

// Without an account and without a script, the page of a share link waits for the answer.
const plain = await browser.newContext({ javaScriptEnabled: false, locale: "zh-CN" });
const page = await plain.newPage();
const owner = await call(`public/${avatar.shareCode}`);
await page.goto(`${BASE_URL}/people/${owner.ownerRoute}/avatar/${avatar.shareCode}`);
await page.fill("#message", "no script");
await page.click("form.say button");
await said(page, "no script");
assert.ok((await page.locator("#said li").count()) >= 3);

// With a script the words of the double come while they are made.
const live = await browser.newContext({ locale: "en" });
const reader = watch(await live.newPage());
await reader.goto(page.url());
await write(reader, "with a script");
await said(reader, "AI 分身");
await reader.reload();
assert.equal(await reader.locator("#said li", { hasText: "AI 分身" }).count(), 1, "nothing is shown twice");
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
