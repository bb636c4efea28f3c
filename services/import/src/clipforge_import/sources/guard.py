"""Which addresses may be connected to: nothing private, checked at the moment of connecting.

The name is resolved once and the connection goes to the address that was checked, so a name that
changes its answer in between (DNS rebinding) gains nothing. Redirects pass here again.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, Final

import httpcore

from clipforge_runtime.errors import Permanent

Allowed = frozenset[tuple[str, int]]
RESOLVE_SECONDS: Final = 5.0

# Networks that `is_global` lets through although they are not the public internet's.
_NEVER: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # carrier-grade NAT
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b::/96",  # NAT64: an IPv4 address in disguise
        "2002::/16",  # 6to4: the same
        "2001::/32",  # Teredo: the same
    )
)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    if mapped is not None:
        ip = mapped
    if any(ip in network for network in _NEVER if network.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def forbidden(host: str) -> Permanent:
    """The refusal of an address that is not public."""
    return Permanent(
        f"The address {host} is not public, so we do not fetch from it. Upload the file instead.",
        reason="forbidden-address",
    )


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, and to exceptions that the operator names."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's own signature)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _resolve(host, port)
        if (host.lower(), port) not in self._allowed and not all(map(is_public, addresses)):
            raise forbidden(host)
        # One of a name's addresses may be down; the next may not.
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(
            addresses[-1], port, timeout, local_address, socket_options
        )

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise forbidden("unix socket")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
    except (OSError, TimeoutError) as error:
        raise httpcore.ConnectError(f"{host} cannot be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
