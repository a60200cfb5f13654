// The JavaScript of the API's documentation, as an app would copy it.
import assert from 'node:assert/strict';

const { BASE_URL: base, CODE: authorizationCode, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;
const API_BASE_URL = `${base}/gate/lab`;

async function post(path, fields) {
  const response = await fetch(`${API_BASE_URL}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields),
  });
  const result = await response.json();
  if (result.code !== 0 || !result.data) {
    throw new Error(`Token exchange failed: ${result.message}`);
  }
  return result.data;
}

const client = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
const first = await post('/api/oauth/token/code', {
  grant_type: 'authorization_code',
  code: authorizationCode,
  redirect_uri: REDIRECT_URI,
  ...client,
});
assert.equal(first.tokenType, 'Bearer');
assert.equal(first.expiresIn, 7200);
assert.deepEqual(first.scope, ['user.info', 'chat']);

const next = await post('/api/oauth/token/refresh', {
  grant_type: 'refresh_token',
  refresh_token: first.refreshToken,
  ...client,
});
assert.equal(next.refreshToken, first.refreshToken);

const response = await fetch(`${API_BASE_URL}/api/secondme/user/info`, {
  headers: { Authorization: `Bearer ${next.accessToken}` },
});
const { code, data } = await response.json();
assert.equal(code, 0);
assert.ok(data.name && data.email && 'avatarUrl' in data && 'route' in data);
console.log('done');
