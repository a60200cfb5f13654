"""An agent, through the protocol's own Python client: which tools it sees, and what calling them does."""

import asyncio
import json
import os

import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import PaginatedRequestParams

URL = os.environ["BASE_URL"] + "/mcp/hub"


async def agent(headers, work):
    async with httpx2.AsyncClient(headers=headers) as http:
        async with streamable_http_client(URL, http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                about = await session.initialize()
                assert about.server_info.name == "doppel-hub", about
                return await work(session)


async def names(session):
    found, cursor = [], None
    while True:
        page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            return {tool.name: tool for tool in found}


async def anonymous(session):
    tools = await names(session)
    assert "pets__find" in tools and "pets__add" not in tools and "user-center-admin__list-users" not in tools, tools
    tool = tools["pets__find"]
    assert tool.description == "Pets – Find a pet", tool
    assert tool.input_schema["properties"] == {"name": {"type": "string"}}, tool
    found = await session.call_tool("pets__find", {"name": "Rex"})
    assert not found.is_error, found
    assert found.structured_content["arguments"] == {"name": "Rex"}, found
    assert found.structured_content["identity"]["app"] == "anonymous", found
    assert json.loads(found.content[0].text) == found.structured_content
    refused = await session.call_tool("pets__add", {})
    assert refused.is_error and json.loads(refused.content[0].text)["code"] == "TOKEN_MISSING", refused


async def app(session):
    tools = await names(session)
    assert {"pets__find", "pets__add", "user-center-admin__list-users"} <= set(tools), tools
    # More than one page of tools, and one tool for unlisted actions.
    assert len([name for name in tools if name.startswith("many__")]) == 151, len(tools)
    users = await session.call_tool("user-center-admin__list-users", {"limit": 5})
    assert users.structured_content == {"total": 0, "list": []}, users
    added = await session.call_tool("pets__add", {"name": "Rex"})
    assert added.structured_content["identity"]["app"] == os.environ["AK"], added
    wrong = await session.call_tool("user-center-admin__get-user", {"user_id": "x"})
    told = json.loads(wrong.content[0].text)
    assert wrong.is_error and told["code"] == "USER_NOT_FOUND" and len(told["trace"]) == 32, wrong
    try:
        gone = await session.call_tool("apikey__hub", {})
        assert gone.is_error, gone
    except Exception as error:
        assert "no such tool" in str(error), error


async def limited(session):
    tools = await names(session)
    assert set(tools) == {"pets__find"}, tools


asyncio.run(agent({}, anonymous))
asyncio.run(agent({"Apihub-Token": os.environ["TOKEN"]}, app))
asyncio.run(agent({"Authorization": "Bearer " + os.environ["TOKEN"]}, app))
asyncio.run(agent({"Apihub-Token": os.environ["LIMITED"]}, limited))
print("done")
