"""Authlib (with requests) finds the server out by itself and uses every standard endpoint."""

import html
import os
import re
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

base = os.environ["BASE_URL"]
callback = os.environ["REDIRECT_URI"]
cookie = {"cookie": "doppel_session=" + os.environ["SESSION"]}
metadata = requests.get(base + "/.well-known/oauth-authorization-server", timeout=30).json()
assert metadata["issuer"] == base, metadata
info = base + "/gate/lab/api/secondme/user/info"
TOKEN = metadata["token_endpoint"]

# Authlib accepts plain http only with this setting.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


def allow(url):
    """The person's browser: signed in; the page is answered with "allow" where it is shown."""
    page = requests.get(url, headers=cookie, allow_redirects=False, timeout=30)
    if page.status_code == 302:
        return page.headers["location"]
    assert page.status_code == 200, page.text
    field = lambda name: html.unescape(re.search(f'name="{name}" value="([^"]*)"', page.text)[1])
    form = [("csrf", field("csrf")), ("query", field("query")), ("decision", "allow")]
    form += [("scope", scope) for scope in re.findall('name="scope" value="([^"]*)"', page.text)]
    answer = requests.post(base + "/oauth/authorize", headers=cookie, data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return html.unescape(re.search('href="([^"]*)" rel="noreferrer" data-leave', answer.text)[1])


def flow(client_id, secret, method, scope="user.info chat", granted="user.info chat"):
    """The whole flow. Authlib sends the scope that it was made with when it refreshes, too."""
    session = OAuth2Session(
        client_id,
        secret,
        token_endpoint_auth_method=method,
        redirect_uri=callback,
        scope=scope,
        code_challenge_method="S256",
        token_endpoint=TOKEN,
    )
    verifier = "v" * 64
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    back = allow(url)
    query = parse_qs(urlsplit(back).query)
    assert query["iss"] == [base], query
    token = session.fetch_token(TOKEN, authorization_response=back, state=state, code_verifier=verifier)
    assert token["token_type"] == "Bearer" and token["scope"] == granted, token
    assert session.get(info, timeout=30).json()["code"] == 0
    first = token["access_token"]
    refreshed = session.refresh_token(TOKEN, refresh_token=token["refresh_token"])
    assert refreshed["access_token"] != first and refreshed["scope"] == granted, refreshed
    if secret:
        # A confidential app keeps its refresh token.
        assert refreshed["refresh_token"] == token["refresh_token"]
        answer = session.introspect_token(metadata["introspection_endpoint"], refreshed["access_token"]).json()
        assert answer["active"] is True and answer["client_id"] == client_id, answer
    else:
        assert refreshed["refresh_token"] != token["refresh_token"]
    assert session.get(info, timeout=30).json()["code"] == 0
    answer = session.revoke_token(metadata["revocation_endpoint"], refreshed["refresh_token"], token_type_hint="refresh_token")
    assert answer.status_code == 200, answer.text
    assert requests.get(info, headers={"authorization": "Bearer " + refreshed["access_token"]}, timeout=30).status_code == 401
    try:
        session.fetch_token(TOKEN, authorization_response=back, state=state, code_verifier=verifier)
    except AuthlibBaseError as error:
        assert error.error == "invalid_grant", error
    else:
        raise AssertionError("a code was exchanged twice")


client_id, secret = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
flow(client_id, secret, "client_secret_basic")
flow(client_id, secret, "client_secret_post")
flow(os.environ["PUBLIC_ID"], None, "none")
# What clients made for OpenID Connect send along, and the other vocabulary of scopes, narrowed to what the app may ask.
for method in ["client_secret_basic", "client_secret_post"]:
    flow(client_id, secret, method, "user.info openid", "user.info")
flow(client_id, secret, "client_secret_basic", "userinfo chat.write chat.read", "user.info chat.read chat.write")
flow(os.environ["PUBLIC_ID"], None, "none", "user.info openid offline_access", "user.info")

own = OAuth2Session(client_id, secret, token_endpoint_auth_method="client_secret_basic")
token = own.fetch_token(TOKEN, grant_type="client_credentials", scope="chat.write")
assert token["scope"] == "chat.write" and "refresh_token" not in token, token
print("done")
