"""The page of the API, for people."""

import re

import httpx

from clipforge_gateway.app import create_app


async def test_the_page_of_the_api_needs_no_other_host() -> None:
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        page = (await client.get("/docs")).text
        addresses = re.findall(r'(?:src|href)="([^"]+)"|url: \'([^\']+)\'', page)
        found = [await client.get(one or other) for one, other in addresses]

    assert len(found) >= 3  # its script, its style and the document
    assert all(answer.url.host == "gateway" for answer in found)
    assert {answer.status_code for answer in found} == {200}
