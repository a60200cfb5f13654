"""A person's agent, through the protocol's own Python client: sign-in, consent, calls, more scopes, refresh, and the end."""

import asyncio

import httpx2
from mcp import ClientSession
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from mcp_agent import BASE, Memory, Person, refresh_and_revoke

CALLBACK = "http://localhost:3030/callback"


async def connect(storage, person, work, path="/mcp"):
    metadata = OAuthClientMetadata(
        client_name="Python agent",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )

    async def answer():
        query = person.answer()
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))

    auth = OAuthClientProvider(BASE + path, metadata, storage, person.open, answer)
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
    await refresh_and_revoke(storage)
    # The person unticks: nothing goes around in circles.
    person = Person()
    person.refuse = {"memory.write"}
    await connect(Memory(), person, less, "/mcp/")
    assert len(person.asked) == 1, person.asked


asyncio.run(main())
print("done")
