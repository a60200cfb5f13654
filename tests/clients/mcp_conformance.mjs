// The conformance suite of the protocol against the tools of a person, through a proxy that adds the credential: the
// suite has no option for headers. It fails if a scenario that is served here fails.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { BASE_URL, KEY, CLIENTS } = process.env;
const node = join(CLIENTS, "node_modules/node/bin/node");
const suite = join(CLIENTS, "node_modules/@modelcontextprotocol/conformance/dist/index.js");

// The scenarios that need no tools of the suite's own, and the revision that each is run with.
const SCENARIOS = [
    ["server-initialize", "2025-11-25"],
    ["server-session-lifecycle", "2025-11-25"],
    ["ping", "2025-11-25"],
    ["tools-list", "2025-06-18"],
    ["tools-list", "2026-07-28"],
    ["resources-list", "2026-07-28"],
    ["prompts-list", "2026-07-28"],
    ["dns-rebinding-protection", "2026-07-28"],
    ["http-header-validation", "2026-07-28"],
    ["sep-2164-resource-not-found", "2026-07-28"],
    ["caching", "2026-07-28"],
    ["server-stateless", "2026-07-28"],
];

const target = new URL(BASE_URL);
const proxy = http.createServer((request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${KEY}` };
    const { hostname, port } = target;
    const passed = http.request({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    request.pipe(passed);
});
await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${proxy.address().port}/mcp`;

function run(program, args) {
    return new Promise((resolve) => {
        const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: `${join(node, "..")}:${process.env.PATH}`, HOME: tmpdir(), NO_COLOR: "1" } });
        let output = "";
        child.stdout.on("data", (data) => (output += data));
        child.stderr.on("data", (data) => (output += data));
        child.on("close", (status) => resolve({ status, output }));
    });
}

const directory = mkdtempSync(join(tmpdir(), "conformance-"));

// Returns the checks that failed. Some cannot be made without tools that only the suite's own server has.
function failures(into) {
    const [run] = readdirSync(into);
    const checks = JSON.parse(readFileSync(join(into, run, "checks.json"), "utf8"));
    return checks.filter(({ status, errorMessage }) => status === "FAILURE" && !errorMessage?.startsWith("Not testable"));
}

const problems = [];
for (const [scenario, version] of SCENARIOS) {
    const into = join(directory, `${scenario}-${version}`);
    const args = [suite, "server", "--url", url, "--scenario", scenario, "--spec-version", version, "-o", into];
    const { status, output } = await run(node, args);
    let failed;
    try {
        failed = failures(into);
    } catch (error) {
        failed = [{ errorMessage: `${error.message}\n${output}` }];
    }
    if (failed.length > 0) problems.push(`${scenario} ${version} (${status}): ${JSON.stringify(failed, null, 1)}`);
}
rmSync(directory, { recursive: true });
proxy.close();
if (problems.length > 0) {
    console.error(problems.join("\n\n"));
    process.exit(1);
}
console.log("done");
