// What the protocol's JavaScript clients keep for a person, whose browser is signed in and allows everything.
import assert from "node:assert/strict";
import { allow } from "./mcp_consent.mjs";

export class Provider {
    asked = [];
    constructor(name, callback) {
        this.redirectUrl = callback;
        this.clientMetadata = {
            client_name: name,
            redirect_uris: [callback],
            grant_types: ["authorization_code", "refresh_token"],
            response_types: ["code"],
            token_endpoint_auth_method: "none",
        };
    }
    state() {
        return "a state/with=odd&characters";
    }
    clientInformation() {
        return this.client;
    }
    saveClientInformation(client) {
        this.client = client;
    }
    tokens() {
        return this.stored;
    }
    saveTokens(tokens) {
        this.stored = tokens;
    }
    saveCodeVerifier(verifier) {
        this.verifier = verifier;
    }
    codeVerifier() {
        return this.verifier;
    }
    async redirectToAuthorization(url) {
        this.asked.push(url.searchParams);
        this.back = await allow(url);
        assert.equal(this.back.searchParams.get("state"), this.state());
        assert.equal(this.back.searchParams.get("iss"), process.env.BASE_URL);
    }
}
