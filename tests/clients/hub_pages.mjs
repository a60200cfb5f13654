// The pages of the Hub in Chromium: a new key comes with code that runs as copied, a call is sent with and without
// scripts, pictures of a post open over the page, and the reference has a way back.
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { BASE_URL, EMAIL, PASSWORD, CHROMIUM = "/usr/bin/chromium" } = process.env;
const problems = [];
const expect = (is, what) => is || problems.push(what);

async function signIn(context) {
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`script: ${error.message}`));
  await page.goto(`${BASE_URL}/sign-in`);
  await page.fill("[name=email]", EMAIL);
  await page.fill("[name=password]", PASSWORD);
  await page.click("form[action='/sign-in'] button[type=submit]");
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  return page;
}

// Runs code in a language and returns what it printed.
function run(language, code) {
  const file = (name) => {
    const path = join(mkdtempSync(join(tmpdir(), "snippet-")), name);
    writeFileSync(path, code);
    return path;
  };
  const options = { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" };
  if (language === "curl") return execFileSync("bash", ["-c", code], options);
  if (language === "python") return execFileSync("python3", [file("snippet.py")], options);
  return execFileSync("node", [file("snippet.mjs")], options);
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 800 } });
const page = await signIn(context);

// A new key.
await page.goto(`${BASE_URL}/hub/keys/new`);
await page.fill("[name=name]", "copied");
await page.click("main form button.primary");
for (const language of ["curl", "python", "javascript"]) {
  const printed = run(language, await page.textContent(`#code-${language}`));
  expect(/['"]?success['"]?: ?(true|True)/.test(printed), `${language} printed ${printed}`);
}

// A call with scripts.
await page.goto(`${BASE_URL}/hub/try?api=echo&action=hello`);
await page.click("summary");
await page.fill("#extra", '{"word": "hello"}');
await page.press("#extra", "Control+Enter");
await page.waitForSelector("#answer .badge.good");
expect((await page.textContent("#result")).includes('"word": "hello"'), "the call does not return its argument");
await page.click("#answer a");
await page.waitForSelector("#detail .timeline");
expect((await page.textContent("#detail")).includes("echo/hello"), "the call is not in the log");

// The same without scripts.
const plain = await browser.newContext({ locale: "zh-CN", javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
const still = await signIn(plain);
await still.goto(`${BASE_URL}/hub/try`);
await still.selectOption("#api", "echo");
await still.click("form[data-choose] button");
await still.click("#call button.primary");
await still.waitForSelector("#answer .badge.good");

// Pictures of a post.
await page.goto(`${BASE_URL}/plaza`);
if (await page.$("#say")) {
  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgAAIAAAUAAeImBZsAAAAASUVORK5CYII=", "base64");
  await page.fill("#say", "three pictures");
  const files = ["a.png", "b.png", "c.png"].map((name) => ({ name, mimeType: "image/png", buffer: pixel }));
  await page.setInputFiles("[name=pictures]", files);
  expect((await page.textContent(".pictures")).includes("3"), "the composer does not count its pictures");
  await page.click(".composer-card button.primary");
  await page.waitForURL(/\/plaza\/posts\//);
  await page.click(".shots a");
  await page.waitForSelector(".lightbox[open] img");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".lightbox", { state: "detached" });
}

// The reference.
await page.goto(`${BASE_URL}/docs/api/notes`);
expect(await page.$(".rail a[href='/']"), "the reference has no way back");
await page.fill("#docs-q", "webhook");
await page.press("#docs-q", "Enter");
await page.waitForURL(/\/docs\/search/);
expect(await page.$("a[href='/docs/webhooks']"), "the search finds no guide");

await browser.close();
console.log(problems.length ? problems.join("\n") : "done");
