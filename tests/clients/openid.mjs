// openid-client discovers the server's metadata, registers an app, and uses every standard endpoint.
import assert from 'node:assert/strict';
import * as oauth from 'openid-client';

const { BASE_URL, REDIRECT_URI, SESSION, CLIENT_ID, CLIENT_SECRET, PUBLIC_ID } = process.env;
const server = new URL(BASE_URL);
const options = { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests] };
const info = new URL('/gate/lab/api/secondme/user/info', server);

// Acts as the signed-in person's browser, and answers the consent page with "allow" if it is shown.
async function allow(url) {
  const cookie = `doppel_session=${SESSION}`;
  const page = await fetch(url, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' });
  if (page.status === 302) return new URL(page.headers.get('location'));
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const field = (name) => html.match(new RegExp(`name="${name}" value="([^"]*)"`))[1].replaceAll('&#38;', '&').replaceAll('&amp;', '&');
  const scopes = [...html.matchAll(/name="scope" value="([^"]*)"/g)].map((match) => ['scope', match[1]]);
  const body = new URLSearchParams([['csrf', field('csrf')], ['query', field('query')], ['decision', 'allow'], ...scopes]);
  const answer = await fetch(new URL('/oauth/authorize', server), { method: 'POST', headers: { cookie }, body, redirect: 'manual' });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return new URL(text.match(/href="([^"]*)" rel="noreferrer" data-leave/)[1].replaceAll('&#38;', '&').replaceAll('&amp;', '&'));
}

async function flow(config, scope = 'user.info chat', granted = scope, redirect = REDIRECT_URI) {
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const url = oauth.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
  });
  const back = await allow(url);
  const tokens = await oauth.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state });
  assert.equal(tokens.token_type, 'bearer');
  assert.equal(tokens.scope, granted);
  const call = async (token) => (await oauth.fetchProtectedResource(config, token, info, 'GET')).status;
  assert.equal(await call(tokens.access_token), 200);
  const next = await oauth.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(await call(next.access_token), 200);
  const newest = next.refresh_token ?? tokens.refresh_token;
  await oauth.tokenRevocation(config, newest);
  await assert.rejects(call(next.access_token));
  await assert.rejects(oauth.refreshTokenGrant(config, newest), { error: 'invalid_grant' });
  return { first: tokens.refresh_token, newest };
}

const basic = await oauth.discovery(server, CLIENT_ID, undefined, oauth.ClientSecretBasic(CLIENT_SECRET), options);
const kept = await flow(basic);
assert.equal(kept.first, kept.newest);

const post = await oauth.discovery(server, CLIENT_ID, undefined, oauth.ClientSecretPost(CLIENT_SECRET), options);
await flow(post);

const open = await oauth.discovery(server, PUBLIC_ID, undefined, oauth.None(), options);
const rotated = await flow(open);
assert.notEqual(rotated.first, rotated.newest);

const own = await oauth.clientCredentialsGrant(basic, { scope: 'chat.write' });
assert.equal(own.scope, 'chat.write');
const about = await oauth.tokenIntrospection(basic, own.access_token);
assert.ok(about.active && about.client_id === CLIENT_ID);
assert.deepEqual(await oauth.tokenIntrospection(basic, 'lba_at_unknown'), { active: false });

// An agent that registers itself.
const metadata = { redirect_uris: [REDIRECT_URI], client_name: 'An agent', token_endpoint_auth_method: 'none', scope: 'user.info chat' };
const agent = await oauth.dynamicClientRegistration(server, metadata, oauth.None(), options);
assert.equal(agent.clientMetadata().client_name, 'An agent');
await flow(agent);

// Scopes of OpenID Connect are ignored, and the other vocabulary of scopes is understood.
await flow(basic, 'openid user.info', 'user.info');
await flow(open, 'openid userinfo chat.write', 'user.info chat.write');

// An app on a phone with a scheme of its own.
const own_scheme = 'com.example.agent:/callback';
const phone = await oauth.dynamicClientRegistration(server, { ...metadata, redirect_uris: [own_scheme] }, oauth.None(), options);
await flow(phone, 'user.info chat', 'user.info chat', own_scheme);
const script = { ...metadata, redirect_uris: ['javascript:alert(1)'] };
await assert.rejects(oauth.dynamicClientRegistration(server, script, oauth.None(), options), { error: 'invalid_redirect_uri' });

// The person refuses.
const denied = new URL(`${REDIRECT_URI}?error=access_denied&error_description=User%20denied%20access&state=s&iss=${encodeURIComponent(BASE_URL)}`);
await assert.rejects(oauth.authorizationCodeGrant(basic, denied, { expectedState: 's' }), { error: 'access_denied' });
console.log('done');
