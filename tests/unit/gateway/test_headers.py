"""What browsers are told: what they may load, and who may ask from them."""

import httpx
import pytest

from clipforge_gateway.app import create_app

CONSOLE = "https://console.example.com"


async def ask(method: str, path: str, *origins: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(origins))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        return await http.request(
            method, path, headers={name.replace("_", "-"): one for name, one in headers.items()}
        )


async def test_an_answer_loads_nothing_and_the_docs_only_their_own() -> None:
    api = (await ask("GET", "/health/live")).headers["content-security-policy"]
    docs = (await ask("GET", "/docs")).headers["content-security-policy"]

    assert api == "default-src 'none'; frame-ancestors 'none'"
    assert "script-src 'self'" in docs
    assert "http" not in docs


async def test_no_page_may_ask_unless_a_setting_names_it() -> None:
    off = await ask("GET", "/health/live", Origin=CONSOLE)
    on = await ask("GET", "/health/live", CONSOLE, Origin=CONSOLE)
    other = await ask("GET", "/health/live", CONSOLE, Origin="https://evil.example.com")

    assert "access-control-allow-origin" not in off.headers
    assert on.headers["access-control-allow-origin"] == CONSOLE
    assert "ETag" in on.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("header", ["authorization", "idempotency-key", "if-match"])
async def test_a_page_may_send_our_headers(header: str) -> None:
    asked = await ask(
        "OPTIONS",
        "/v1/projects",
        CONSOLE,
        Origin=CONSOLE,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers=header,
    )

    assert asked.status_code == 200
    assert header in asked.headers["access-control-allow-headers"].lower()
