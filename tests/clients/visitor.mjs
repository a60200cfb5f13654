// An app embeds an avatar: keys, an app's own token, the WebSocket of Node.js. Two readers of frames, as public clients
// have them: one appends every increment and waits for the end, one trims increments, drops those it has, and stops at
// the first end.

import assert from "node:assert/strict";

const WebSocket = globalThis.WebSocket ?? (await import("undici")).WebSocket;
const { BASE_URL, OWNER_KEY, CLIENT_ID, CLIENT_SECRET, ANSWER } = process.env;
const api = `${BASE_URL}/gate/lab/api`;

async function call(path, { token, body, form } = {}) {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    let request = { headers };
    if (body) request = { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
    if (form) request = { method: "POST", headers, body: new URLSearchParams(form) };
    const response = await fetch(`${api}${path}`, request);
    const answer = await response.json();
    assert.equal(answer.code, 0, `${path}: ${JSON.stringify(answer)}`);
    return answer.data;
}

const { list } = await call("/secondme/avatar/list?pageNo=1&pageSize=20", { token: OWNER_KEY });
const { secretKey } = await call("/secondme/avatar/api-key/create", {
    token: OWNER_KEY,
    body: { avatarId: list[0].avatarId, name: "site" },
});
assert.match(secretKey, /^sk-[0-9a-f]{32}$/);
const form = { grant_type: "client_credentials", client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
const { accessToken } = await call("/oauth/token/client", { form });
const init = { apiKey: secretKey, visitorId: "web_6f1c", visitorName: "访客" };
const session = await call("/secondme/visitor-chat/init", { token: accessToken, body: init });
assert.ok(session.sessionId && session.wsUrl && "opening" in session);

function reply(socket, simple) {
    return new Promise((resolve, reject) => {
        let text = "";
        const late = setTimeout(() => reject(new Error(`no end in time: ${text}`)), 20_000);
        socket.addEventListener("message", ({ data }) => {
            const frame = JSON.parse(data);
            if (frame.sender !== "umm") return;
            if (frame.index === -1) {
                clearTimeout(late);
                resolve(text);
                return;
            }
            const answer = frame.multipleData?.[0]?.modal?.answer ?? "";
            const part = simple ? answer.trim() : answer;
            if (!simple || !text.includes(part)) text += part;
        });
    });
}

const socket = new WebSocket(session.wsUrl);
await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
});
socket.send(JSON.stringify({ type: "ping", wsId: session.wsId }));
for (let turn = 0; turn < 3; turn += 1) {
    const [whole, simple] = [reply(socket, false), reply(socket, true)];
    const body = { sessionId: session.sessionId, apiKey: secretKey, message: `第 ${turn} 句` };
    await call("/secondme/visitor-chat/send", { token: accessToken, body });
    assert.equal(await whole, ANSWER);
    assert.equal(await simple, ANSWER);
}
socket.close();
const again = await call("/secondme/visitor-chat/init", { token: accessToken, body: init });
assert.equal(again.sessionId, session.sessionId);
console.log("done");
