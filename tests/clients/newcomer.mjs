// A newcomer on an empty server: from the printed link to the first answer of their own model, and to the first
// successful call of the API, in at most six clicks each. The copied command is run by bash.
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

const { LINK, MODEL_URL, LOCALE, CHROMIUM = "/usr/bin/chromium" } = process.env;
const MOST = 6;
const { origin } = new URL(LINK);
const problems = [];

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const context = await browser.newContext({ locale: LOCALE, viewport: { width: 1280, height: 800 } });
await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
const page = await context.newPage();
page.setDefaultTimeout(30_000);
page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));
page.on("pageerror", (error) => problems.push(`script: ${error.message}`));

let clicks = 0;
async function click(selector) {
  clicks += 1;
  await page.locator(selector).first().click();
}
function bound(what) {
  if (clicks > MOST) problems.push(`${what} takes ${clicks} clicks`);
}

// The printed link, opened from the terminal.
await page.goto(LINK);
await page.fill("[name=name]", "小满");
await page.fill("[name=email]", "owner@example.com");
await page.fill("[name=password]", "correct horse battery");
await click("form[action='/setup'] button[type=submit]");
await page.waitForURL(`${origin}/`);
const begun = clicks;

// The first answer of their own model.
await click(".steps a[href='/admin/models']");
await click("a[href^='/admin/models?add']");
await page.fill("#new [name=base_url]", MODEL_URL);
await page.fill("#new [name=name]", "fake");
await click("#new button[value=test]");
await page.waitForSelector("[aria-labelledby=trial] .badge.good");
await click(".nav a[href='/chat']");
await page.fill("#message", "你好");
await page.press("#message", "Enter");
await page.waitForSelector(".turn.double[id] .turn-tools");
const said = await page.innerText(".turn.double .prose");
if (!said.includes("我是你的 AI 分身")) problems.push(`the answer is ${said}`);
bound("the first answer");

// The first call.
clicks = begun;
await page.goto(`${origin}/`);
await click("a[href='/keys/new']");
await page.fill("[name=name]", "first");
await click("form[action='/keys'] button[type=submit]");
await click(".snippet .view:visible .copy");
const command = await page.evaluate(() => navigator.clipboard.readText());
bound("the first call");
const answer = JSON.parse(execFileSync("bash", ["-c", command], { stdio: ["ignore", "pipe", "ignore"] }));
if (answer.code !== 0 || answer.data.name !== "小满") problems.push(`the command says ${JSON.stringify(answer)}`);
await page.click("[data-run]");
await page.waitForSelector("#answer:not([hidden]) .badge.good");

await browser.close();
console.log(problems.length ? problems.join("\n") : "done");
