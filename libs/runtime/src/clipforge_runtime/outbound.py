"""Connections to addresses that users name: nothing private, checked at the moment of connecting.

The name is resolved once and the connection goes to the address that was checked, so a name that
changes its answer in between (DNS rebinding) gains nothing. Redirects and resumptions pass here
again. Addresses in odd notations (decimal, octal, short forms) are what the resolver makes of them.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from typing import Any, Final

import httpcore
import httpx

from clipforge_runtime.errors import Permanent

Allowed = frozenset[tuple[str, int]]
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""`await resolve(host, port)`: every IP address of a name. Unresolved where there is none."""
RESOLVE_SECONDS: Final = 5.0
KEPT_SECONDS: Final = 5.0  # an idle connection, for the next request to the same host

# What `is_global` lets through, in some version of Python, and is not the public internet.
_NEVER: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network: Linux takes 0.0.0.0 for itself
        "100.64.0.0/10",  # carrier-grade NAT, and Alibaba's metadata (100.100.100.200)
        "168.63.129.16/32",  # Azure's host, from inside Azure
        "192.0.0.0/24",  # IETF protocol assignments, and Oracle's metadata (192.0.0.192)
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b::/96",  # NAT64: an IPv4 address in disguise
        "64:ff9b:1::/48",  # NAT64 of a local network
        "2001::/23",  # protocol assignments; Teredo among them, which hides IPv4 addresses
        "2002::/16",  # 6to4: the same
        "3fff::/20",  # documentation
    )
)
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")  # all of IPv6 that is handed out


class Unresolved(httpcore.ConnectError):
    """There is no such name, or the name server does not answer."""


def transport(allowed: Allowed, *, connections: int = 10) -> httpx.AsyncHTTPTransport:
    """For a client of httpx that connects to public addresses only, and to these exceptions."""
    guarded = httpx.AsyncHTTPTransport()
    # httpx has no public way to hand over a network backend; its pool is httpcore's.
    guarded._pool = httpcore.AsyncConnectionPool(
        ssl_context=_tls(),
        network_backend=GuardedBackend(allowed),
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=KEPT_SECONDS,
    )
    return guarded


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return ip in _GLOBAL_UNICAST and ip.is_global and not _is_never(ip)
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not _is_never(ip)


@cache
def _tls() -> ssl.SSLContext:
    """Made once: it reads every certificate of the system."""
    return ssl.create_default_context()


class Forbidden(Permanent):
    """The refusal of an address that is not public."""

    def __init__(self, host: str) -> None:
        sentence = f"The address {host} is not public, so we do not connect to it."
        super().__init__(sentence, reason="forbidden-address")


async def resolve(host: str, port: int) -> list[str]:
    """A Resolve by the system's resolver."""
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
    except (OSError, TimeoutError, UnicodeError) as error:  # UnicodeError: a label too long
        raise Unresolved(f"{host} cannot be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def checked(
    host: str, port: int, allowed: Allowed, resolving: Resolve = resolve
) -> list[str]:
    """The addresses of a host that may be connected to. Permanent where one of them is private."""
    addresses = await resolving(host, port)
    if (host.lower(), port) not in allowed and not all(map(is_public, addresses)):
        raise Forbidden(host)
    return addresses


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, and to exceptions that the operator names."""

    def __init__(self, allowed: Allowed, resolving: Resolve = resolve) -> None:
        self._allowed = allowed
        self._resolving = resolving
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's own signature)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await checked(host, port, self._allowed, self._resolving)
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
        raise Forbidden("unix socket")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def _is_never(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(ip in network for network in _NEVER if network.version == ip.version)
