"""A person's agent, through the protocol's own Python client: sign-in, consent, calls, more scopes, refresh, and the end."""

import asyncio
import html
import os
import re
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import ClientSession
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

BASE = os.environ["BASE_URL"]
COOKIE = {"cookie": "doppel_session=" + os.environ["SESSION"]}
CALLBACK = "http://localhost:3030/callback"


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
    """The person's browser: signed in. It allows the scopes that are named, or all."""

    def __init__(self):
        self.asked, self.refuse, self.back = [], set(), None

    async def open(self, url):
        self.asked.append(parse_qs(urlsplit(url).query))
        async with httpx2.AsyncClient(headers=COOKIE, follow_redirects=False) as http:
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

    async def answer(self):
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.back).query).items()}
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))


async def connect(storage, person, work, path="/mcp"):
    metadata = OAuthClientMetadata(
        client_name="Python agent",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    auth = OAuthClientProvider(BASE + path, metadata, storage, person.open, person.answer)
    async with httpx2.AsyncClient(auth=auth, follow_redirects=True, timeout=30) as http:
        async with streamable_http_client(BASE + path, http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                about = await session.initialize()
                assert about.server_info.name == "doppel", about
                return await work(session)


async def daily(session):
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    assert len(tools) == 11, tools.keys()
    assert tools["search"].annotations.read_only_hint and not tools["forget"].annotations.read_only_hint
    added = await session.call_tool("add_memory", {"content": "Is allergic to peanuts"})
    assert not added.is_error and added.structured_content["id"].startswith("memory:"), added
    found = await session.call_tool("search", {"query": "peanuts"})
    [hit] = found.structured_content["results"]
    read = await session.call_tool("fetch", {"id": hit["id"]})
    assert read.structured_content["text"] == "Is allergic to peanuts", read
    assert read.structured_content["metadata"]["source"] == "Python agent", read
    resources = (await session.list_resources()).resources
    assert {str(resource.uri) for resource in resources} == {"doppel://profile", "doppel://interests"}, resources
    prompt = await session.get_prompt("context_about_me", {"task": "cook"})
    assert "peanuts" in prompt.messages[0].content.text, prompt
    wrong = await session.call_tool("search", {"query": ""})
    assert wrong.is_error, wrong


async def more(session):
    """The double needs a scope that was not asked for: the client asks the person again."""
    said = await session.call_tool("ask_double", {"question": "Who are you?"})
    assert not said.is_error and said.structured_content["answer"], said


async def less(session):
    tools = {tool.name for tool in (await session.list_tools()).tools}
    assert "add_memory" not in tools and "search" in tools, tools
    refused = await session.call_tool("add_memory", {"content": "x"})
    assert refused.is_error and "did not allow" in refused.content[0].text, refused


async def main():
    storage, person = Memory(), Person()
    await connect(storage, person, daily)
    [first] = person.asked
    assert first["resource"] == [BASE + "/mcp"], first
    assert set(first["scope"][0].split()) >= {"userinfo", "memory.read", "memory.write", "note.write"}, first
    assert storage.tokens.refresh_token and "memory.write" in storage.tokens.scope, storage.tokens.scope
    await connect(storage, person, more)
    assert len(person.asked) == 2 and "chat.write" in person.asked[1]["scope"][0], person.asked
    assert {"memory.read", "chat.write"} <= set(storage.tokens.scope.split()), storage.tokens.scope
    # A refresh token is enough.
    before = storage.tokens.access_token
    async with httpx2.AsyncClient() as http:
        form = {"grant_type": "refresh_token", "refresh_token": storage.tokens.refresh_token, "client_id": storage.client.client_id}
        renewed = (await http.post(BASE + "/oauth/token", data=form)).json()
        assert renewed["access_token"] != before, renewed
        headers = {"authorization": "Bearer " + renewed["access_token"], "accept": "application/json"}
        listed = await http.post(BASE + "/mcp", headers=headers, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert listed.status_code == 200, listed.text
        # The token of the tools opens nothing else.
        assert (await http.get(BASE + "/api/secondme/user/info", headers=headers)).status_code == 401
        form = {"token": renewed["refresh_token"], "client_id": storage.client.client_id}
        assert (await http.post(BASE + "/oauth/revoke", data=form)).status_code == 200
        ended = await http.post(BASE + "/mcp", headers=headers, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert ended.status_code == 401 and 'error="invalid_token"' in ended.headers["www-authenticate"], ended.headers
    # The person unticks: nothing goes around in circles.
    person = Person()
    person.refuse = {"memory.write"}
    await connect(Memory(), person, less, "/mcp/")
    assert len(person.asked) == 1, person.asked


asyncio.run(main())
print("done")
