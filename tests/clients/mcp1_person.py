"""A person's agent, through version 1 of the protocol's Python client: sign-in, consent, calls, more scopes, refresh, and the end."""

import asyncio
from importlib.metadata import version

import httpx
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from mcp_agent import BASE, Memory, Person, refresh_and_revoke

CALLBACK = "http://localhost:3033/callback"


async def connect(storage, person, work):
    metadata = OAuthClientMetadata(
        client_name="Python agent 1",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )

    async def answer():
        query = person.answer()
        assert query["iss"] == BASE, query
        return query["code"], query.get("state")

    auth = OAuthClientProvider(BASE + "/mcp", metadata, storage, person.open, answer)
    async with httpx.AsyncClient(auth=auth, follow_redirects=True, timeout=30) as http:
        async with streamable_http_client(BASE + "/mcp", http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                about = await session.initialize()
                assert about.serverInfo.name == "doppel", about
                return await work(session)


async def daily(session):
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    assert len(tools) == 11, tools.keys()
    assert tools["search"].annotations.readOnlyHint and not tools["forget"].annotations.readOnlyHint
    added = await session.call_tool("add_memory", {"content": "Is allergic to peanuts"})
    assert not added.isError and added.structuredContent["id"].startswith("memory:"), added
    found = await session.call_tool("search", {"query": "peanuts"})
    [hit] = found.structuredContent["results"]
    read = await session.call_tool("fetch", {"id": hit["id"]})
    assert read.structuredContent["text"] == "Is allergic to peanuts", read
    assert read.structuredContent["metadata"]["source"] == "Python agent 1", read
    prompt = await session.get_prompt("context_about_me", {"task": "cook"})
    assert "peanuts" in prompt.messages[0].content.text, prompt
    wrong = await session.call_tool("search", {"query": ""})
    assert wrong.isError, wrong


async def more(session):
    """The double needs a scope that was not asked for: the client asks the person again."""
    said = await session.call_tool("ask_double", {"question": "Who are you?"})
    assert not said.isError and said.structuredContent["answer"], said


async def names(session):
    assert len((await session.list_tools()).tools) == 11


async def main():
    assert version("mcp").startswith("1."), version("mcp")
    storage, person = Memory(), Person()
    await connect(storage, person, daily)
    [first] = person.asked
    assert first["resource"] == [BASE + "/mcp"], first
    assert set(first["scope"][0].split()) >= {"userinfo", "memory.read", "memory.write", "note.write"}, first
    await connect(storage, person, more)
    assert len(person.asked) == 2 and "chat.write" in person.asked[1]["scope"][0], person.asked
    assert {"memory.read", "chat.write"} <= set(storage.tokens.scope.split()), storage.tokens.scope
    await connect(storage, person, names)
    assert len(person.asked) == 2, "a known token is enough"
    await refresh_and_revoke(storage)


asyncio.run(main())
print("done")
