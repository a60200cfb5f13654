"""The parts that clients of the protocol in Python share: what a client stores, and the person's browser."""

import html
import os
import re
from urllib.parse import parse_qs, urlsplit

import httpx

BASE = os.environ["BASE_URL"]
COOKIE = {"cookie": "doppel_session=" + os.environ["SESSION"]}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


class Memory:
    """Keeps what a client stores."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, info):
        self.client = info


class Person:
    """The person's browser: signed in. It allows all scopes but those that are named."""

    def __init__(self):
        self.asked, self.refuse, self.back = [], set(), None

    async def open(self, url):
        self.asked.append(parse_qs(urlsplit(url).query))
        async with httpx.AsyncClient(headers=COOKIE, follow_redirects=False) as http:
            page = await http.get(url)
            assert page.status_code == 200, (page.status_code, page.text)
            field = lambda name: html.unescape(re.search(f'name="{name}" value="([^"]*)"', page.text)[1])
            form = {"csrf": field("csrf"), "query": field("query"), "decision": "allow"}
            form["scope"] = [s for s in re.findall('name="scope" value="([^"]*)"', page.text) if s not in self.refuse]
            answer = await http.post(BASE + "/oauth/authorize", data=form)
            if answer.status_code in (302, 303):
                self.back = answer.headers["location"]
            else:
                assert answer.status_code == 200, (answer.status_code, answer.text)
                links = [html.unescape(link) for link in re.findall('(?:href|url|data-[a-z]+)="([^"]*)"', answer.text)]
                self.back = next(link for link in links if "code=" in link)

    def answer(self):
        """Returns the parameters with which the browser comes back."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.back).query).items()}


async def refresh_and_revoke(storage):
    """Refreshes the tokens without the client, revokes them, and checks what each opens."""
    before = storage.tokens.access_token
    async with httpx.AsyncClient() as http:
        client = {"client_id": storage.client.client_id}
        form = {"grant_type": "refresh_token", "refresh_token": storage.tokens.refresh_token} | client
        renewed = (await http.post(BASE + "/oauth/token", data=form)).json()
        assert renewed["access_token"] != before, renewed
        headers = {"authorization": "Bearer " + renewed["access_token"], "accept": "application/json"}
        listed = await http.post(BASE + "/mcp", headers=headers, json=LIST)
        assert listed.status_code == 200, listed.text
        # The token of the tools opens nothing else.
        assert (await http.get(BASE + "/api/secondme/user/info", headers=headers)).status_code == 401
        form = {"token": renewed["refresh_token"]} | client
        assert (await http.post(BASE + "/oauth/revoke", data=form)).status_code == 200
        ended = await http.post(BASE + "/mcp", headers=headers, json=LIST)
        assert ended.status_code == 401 and 'error="invalid_token"' in ended.headers["www-authenticate"], ended.headers
