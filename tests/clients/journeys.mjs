// Four journeys from end to end, in both languages: an administrator who invites, sets a model, disables and finds all
// of it in the audit log; a post with three pictures and a link card that is answered, edited, reported and removed; a
// developer from the sign-up to an app that runs as copied; a team from a new Hub key over a call to its details. Every page on
// the way is checked with axe-core, at the width of a desk and of a phone, in both themes.
import axe from "axe-core";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { BASE_URL, EMAIL, PASSWORD, MODEL_URL, CHROMIUM = "/usr/bin/chromium" } = process.env;
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgAAIAAAUAAeImBZsAAAAASUVORK5CYII=", "base64");
const problems = new Set();
let allowed = [BASE_URL];

// Texts that would run, in fields that people fill.
const HOSTILE = `<img src=x onerror="top.ran=1">"'</textarea><script>top.ran=1</script>`;

async function look(page) {
  const where = `${new URL(page.url()).pathname} (${page.view})`;
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, nodes } of violations) problems.add(`${where}: axe ${id}: ${nodes[0].html.slice(0, 160)}`);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (over > 0) problems.add(`${where}: scrolls sideways by ${over}`);
  if (await page.evaluate(() => window.ran)) problems.add(`${where}: a script ran`);
}

async function open(browser, locale, colorScheme, viewport) {
  const context = await browser.newContext({ locale, colorScheme, viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.view = `${locale} ${colorScheme} ${viewport.width}`;
  const path = () => new URL(page.url()).pathname;
  page.on("console", (message) => message.type() === "error" && problems.add(`${path()}: console: ${message.text()}`));
  page.on("pageerror", (error) => problems.add(`${path()}: script: ${error.message}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && !allowed.includes(origin)) problems.add(`${path()}: asks ${origin}`);
  });
  return page;
}

async function visit(page, path) {
  await page.goto(BASE_URL + path);
  await look(page);
}

async function send(page, selector) {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().isNavigationRequest() && response.request().method() === "POST"),
    page.click(selector),
  ]);
  await page.waitForLoadState("load");
  if (answer.status() >= 400) problems.add(`${answer.url()}: ${answer.status()} after ${selector}`);
  await look(page);
}

async function signIn(page, email, password) {
  await visit(page, "/sign-in");
  await page.fill("[name=email]", email);
  await page.fill("[name=password]", password);
  await page.click("form[action='/sign-in'] button[type=submit]");
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

const expect = async (page, selector, what) => {
  if (!(await page.locator(selector).first().isVisible().catch(() => false))) problems.add(`${what}: no ${selector} on ${page.url()}`);
};

// The administrator lets people in by invitation, and gets a link.
async function invite(admin) {
  await visit(admin, "/admin/people");
  await admin.check("[name=mode][value=invitation]", { force: true });
  await send(admin, "form[action='/admin/people/sign-up'] button");
  await send(admin, "form[action='/admin/people/invite'] button");
  return admin.inputValue("#link");
}

async function signUp(page, link, name, email) {
  await page.goto(link);
  await look(page);
  await page.fill("[name=name]", name);
  await page.fill("[name=email]", email);
  await page.fill("[name=password]", "correct horse battery");
  await send(page, "main form button[type=submit]");
}

// An administrator sets a model, disables a person, and finds it in the audit log.
async function administration(admin, email, number) {
  await visit(admin, "/admin/models?add");
  await admin.fill("#new [name=base_url]", MODEL_URL);
  await admin.fill("#new [name=name]", `model-${number}`);
  await admin.click("#new .actions button:not([value=test])");
  await admin.waitForURL(/done=saved/);
  await look(admin);
  for (const what of ["disable", "enable"]) {
    await visit(admin, `/admin/people?text=${encodeURIComponent(email)}`);
    await admin.click(".ask > summary");
    await send(admin, `button[value=${what}]`);
  }
  await visit(admin, "/admin/audit?kind=administration");
  const log = await admin.innerText("main table");
  for (const text of [email, "127.0.0.1", EMAIL]) if (!log.includes(text)) problems.add(`the audit log has no ${text}`);
  await visit(admin, "/admin/settings");
  await visit(admin, "/admin");
}

async function enterThePlaza(admin, page) {
  await visit(admin, "/plaza/admin");
  await send(admin, "form[action='/plaza/admin/codes'] button");
  const code = (await admin.innerText("#codes ~ .card table tbody th code")).trim();
  await visit(page, "/plaza");
  await page.fill("#code", code);
  await send(page, "form[action='/plaza/redeem'] button");
}

// A post with pictures and a link card, answered in a thread, edited, reported and removed.
async function plaza(admin, author, reader, site) {
  await enterThePlaza(admin, author);
  await enterThePlaza(admin, reader);
  await visit(author, "/plaza");
  // What was typed is still there after leaving.
  await author.fill("#say", "to be kept");
  await visit(author, "/plaza");
  if ((await author.inputValue("#say")) !== "to be kept") problems.add("the draft is gone");
  await author.fill("#say", `Three pictures ${HOSTILE}`);
  const files = ["a.png", "b.png", "c.png"].map((name) => ({ name, mimeType: "image/png", buffer: PIXEL }));
  await author.setInputFiles("[name=pictures]", files);
  await author.click(".composer-card .further summary");
  await author.fill("#topic", "Weekend <b>");
  await author.fill("#link", `${site}/page`);
  await send(author, ".composer-card button.primary");
  const post = new URL(author.url()).pathname;
  if ((await author.locator(".shots img").count()) !== 3) problems.add("the post does not show its pictures");
  await expect(author, ".linkcard b:text('A quiet page')", "the link card");

  await visit(reader, post);
  await reader.fill("#text", `An answer ${HOSTILE}`);
  await send(reader, "#write button.primary");
  await visit(author, "/plaza/replies");
  await expect(author, ".rows .badge.pine", "the notification of an answer");
  await author.click(".rows a.name");
  await author.click(".thread a[href*='reply=']");
  await author.fill("#text", "A reply to the answer");
  await send(author, "#write button.primary");
  await expect(author, ".thread .quoted", "the reply quotes what it answers");
  await visit(author, `${post}/edit`);
  await author.fill("textarea[name=content]", "Three pictures, in other words");
  await send(author, "main form button.primary");

  await visit(reader, post);
  if (!(await reader.innerText(".post .wrote")).includes("in other words")) problems.add("the edit is not shown");
  await reader.click("details.deeds > summary");
  await reader.fill("#reason", `rude ${HOSTILE}`);
  await send(reader, "button[value=report]");
  await visit(admin, "/plaza/replies");
  await expect(admin, ".notice a[href='/plaza/admin']", "the notification of a report");
  await visit(admin, "/plaza/admin");
  await send(admin, "article button[value=uphold]");
  await visit(author, "/plaza/replies");
  await expect(author, ".rows .tile", "the decision about the post");
  const gone = await author.request.get(BASE_URL + post);
  if (gone.status() !== 404) problems.add("the removed post is still there");
}

// An app that runs as it is shown, and signs its developer in.
async function developer(page, port) {
  await visit(page, "/docs");
  await visit(page, "/apps/new");
  await page.fill("#name", `My app ${HOSTILE}`);
  await page.fill("#uris", `http://localhost:${port}/callback`);
  await page.check("[name=scope][value='user.info']");
  await send(page, "main form button.primary");
  const code = await page.textContent("#code-javascript");
  const file = join(mkdtempSync(join(tmpdir(), "app-")), "app.mjs");
  writeFileSync(file, code);
  const app = spawn(process.execPath, [file], { stdio: ["ignore", "ignore", "inherit"] });
  try {
    for (let tries = 0; tries < 100; tries += 1) {
      const is = await fetch(`http://localhost:${port}/`, { redirect: "manual" }).then(() => true, () => false);
      if (is) break;
      await new Promise((done) => setTimeout(done, 100));
    }
    await page.goto(`http://localhost:${port}/`);
    await page.waitForURL(/\/oauth\//);
    await look(page);
    // The buttons are in sight, also in a small window.
    const before = page.viewportSize();
    await page.setViewportSize({ width: 640, height: 400 });
    for (const decision of ["allow", "deny"]) {
      const box = await page.locator(`button[value=${decision}]`).boundingBox();
      if (!box || box.y < 0 || box.y + box.height > 400) problems.add(`${decision} is out of sight at 640×400`);
    }
    await expect(page, "a[href*='/sign-in']", "the way to another account");
    await page.setViewportSize(before);
    await page.click("button[value=allow]");
    await page.waitForURL(`http://localhost:${port}/callback?**`);
    const answer = JSON.parse(await page.innerText("body"));
    if (answer.code !== 0 || !answer.data.name) problems.add(`the app says ${JSON.stringify(answer)}`);
  } finally {
    app.kill();
  }
  await visit(page, "/apps");
  await page.click("main table a.name");
  await page.waitForURL(/\/apps\/[\w-]{30,}/);
  await look(page);
  await expect(page, "#usage svg.chart rect.ok", "the chart of the app's calls");
  await expect(page, "#usage svg.chart .dot", "the durations of the app's calls");
}

// From a new Hub key to the details of a call, and the same call as a table.
async function team(page) {
  await visit(page, "/hub/keys/new");
  await page.fill("[name=name]", `team ${HOSTILE}`.slice(0, 90));
  await send(page, "main form button.primary");
  const printed = execFileSync("bash", ["-c", await page.textContent("#code-curl")], { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" });
  if (!/"success": ?true/.test(printed)) problems.add(`the command of a Hub key prints ${printed}`);
  await visit(page, "/hub/apis");
  await page.click("a[href='/hub/try?api=echo']");
  await page.waitForURL(/\/hub\/try/);
  await page.fill("#action", "hello");
  await page.click("form[data-choose] button");
  await page.waitForURL(/action=hello/);
  await page.click("#call summary");
  await page.fill("#extra", JSON.stringify({ word: HOSTILE }));
  await send(page, "#call button.primary");
  await page.click("#answer a");
  await page.waitForSelector("#detail .timeline");
  await look(page);
  await visit(page, "/hub/calls?failed=yes");
  await visit(page, "/hub/calls");
  const table = await page.request.get(`${BASE_URL}/hub/calls.csv`);
  if (!(await table.text()).includes('"echo","hello"')) problems.add("the table has no call");
  await visit(page, "/hub");
}

const site = createServer((request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end("<title>A quiet page</title><main><h1>A quiet page</h1><p>How to make tea on a rainy day, with a thermos and much patience.</p></main>");
}).listen(0, "127.0.0.1");
await new Promise((done) => site.once("listening", done));
const siteUrl = `http://127.0.0.1:${site.address().port}`;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
let number = 0;
for (const [locale, theme] of [["zh-CN", "light"], ["en-US", "dark"]]) {
  number += 1;
  const port = await freePort();
  allowed = [BASE_URL, `http://localhost:${port}`];
  const admin = await open(browser, locale, theme, DESK);
  await signIn(admin, EMAIL, PASSWORD);
  const people = [];
  for (const [name, viewport] of [["小满", PHONE], ["Bob", DESK]]) {
    const page = await open(browser, locale, theme, viewport);
    const email = `${name === "Bob" ? "bob" : "man"}${number}@example.com`;
    await signUp(page, await invite(admin), name, email);
    people.push({ page, email });
  }
  const [author, reader] = people.map(({ page }) => page);
  await plaza(admin, author, reader, siteUrl);
  await developer(reader, port);
  await team(admin);
  await administration(admin, people[1].email, number);
  for (const page of [admin, author, reader]) await page.context().close();
}
await browser.close();
site.close();
console.log(problems.size ? [...problems].join("\n") : "done");
