// The person's browser for clients of the protocol: it is signed in and allows everything that a client asks for.
import assert from "node:assert/strict";

const { BASE_URL, SESSION } = process.env;
const COOKIE = `doppel_session=${SESSION}`;

const plain = (text) => text.replaceAll("&#38;", "&").replaceAll("&amp;", "&").replaceAll("&#61;", "=").replaceAll("&#x3d;", "=");

// Opens the address of the consent page and allows everything. Returns the URL to which the browser is sent.
export async function allow(url) {
    const page = await fetch(url, { headers: { cookie: COOKIE }, redirect: "manual" });
    const html = await page.text();
    // Some are not asked again.
    if (page.status === 302) return new URL(page.headers.get("location"));
    assert.equal(page.status, 200, html);
    const field = (name) => plain(html.match(new RegExp(`name="${name}" value="([^"]*)"`))[1]);
    const scopes = [...html.matchAll(/name="scope" value="([^"]*)"/g)].map((match) => ["scope", match[1]]);
    const body = new URLSearchParams([["csrf", field("csrf")], ["query", field("query")], ["decision", "allow"], ...scopes]);
    const answer = await fetch(`${BASE_URL}/oauth/authorize`, { method: "POST", headers: { cookie: COOKIE }, body, redirect: "manual" });
    const back = answer.headers.get("location");
    if (back) return new URL(back);
    const left = await answer.text();
    assert.equal(answer.status, 200, left);
    const links = [...left.matchAll(/(?:href|url|data-[a-z]+)="([^"]*)"/g)].map((match) => plain(match[1]));
    return new URL(links.find((link) => link.includes("code=")));
}

// Sends a request without a client's help. Returns the response.
export function list(token) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    return fetch(`${BASE_URL}/mcp`, { method: "POST", headers, body });
}

// Ends the access of a client as the client itself does it, and checks that the next call is refused.
export async function revoke({ refresh_token, access_token }, client_id) {
    assert.equal((await list(access_token)).status, 200);
    const body = new URLSearchParams({ token: refresh_token, client_id });
    assert.equal((await fetch(`${BASE_URL}/oauth/revoke`, { method: "POST", body })).status, 200);
    assert.equal((await list(access_token)).status, 401);
}
