// The JavaScript of the documentation, with axios and fetch. Only the server's address differs.
import assert from "node:assert/strict";
import axios from "axios";

const ORIGINAL = "https://open.apihub.net";
const { BASE_URL, PERSON_TOKEN } = process.env;
const localStorage = { apihub_person_token: PERSON_TOKEN };
axios.interceptors.request.use((request) => ({ ...request, url: request.url.replace(ORIGINAL, BASE_URL) }));
const fetch = (url) => globalThis.fetch(url.replace(ORIGINAL, BASE_URL));
const console = { log: (response) => assert.equal(response.data.success, true) };

await axios.post("https://open.apihub.net/api/weather_basic/now", null, {
    headers: {
        "apihub-token": localStorage.apihub_person_token
    }
}).then(function (response) {
    console.log(response)
})

let response;
response = await fetch("https://open.apihub.net/api/weather_basic/now")
const weather = await response.json()

assert.equal(weather.success, true);
assert.match(weather.trace, /^[0-9a-f]{32}$/);
assert.ok(weather.result.location.name && weather.result.now.text);
// axios throws for a status that is no success.
await assert.rejects(axios.get(ORIGINAL + "/api/nowhere/now"), (error) => error.response.data.code === "API_NOT_FOUND");
globalThis.console.log("done");
