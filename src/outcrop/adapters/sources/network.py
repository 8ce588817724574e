"""Connections that a data source may make: only to public addresses, unless the settings allow others.

A name is resolved once for each connection, every address that it has is checked, and the connection goes to one that
was checked: a name that resolves to another address a moment later gains nothing. Redirects connect in the same way.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore2

from outcrop.core.errors import Denied, Invalid, Unavailable

Address = IPv4Address | IPv6Address
TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))  # addresses that hold an IPv4 one in their end
RESOLVE_SECONDS = 10.0
TRIED = 4  # addresses of one name


class Reach:
    """What may be connected to; `allowed` are hosts, hosts with a port, addresses and networks that are private."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks = []
        for one in allowed:
            try:
                self._networks.append(ip_network(one, strict=False))
            except ValueError:
                self._names.add(one.lower())

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, each checked. Raises Denied for a private one, Unavailable where it has none."""
        found = await _resolved(host, port)
        named = {host.lower(), f"{host.lower()}:{port}"} & self._names
        for address in found:
            if not named and not self._open(address):
                raise Denied(
                    f"{host} has the address {address}, which is private or reserved. Whoever runs the server allows "
                    "it by the setting private_hosts."
                )
        return [str(address) for address in found]

    def _open(self, address: Address) -> bool:
        return any(address in network for network in self._networks) or is_public(address)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large: not private, loopback, link-local, shared or reserved."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and any(address in network for network in TRANSLATED):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _resolved(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"The name {host} cannot be resolved.") from error
    except TimeoutError as error:
        raise Unavailable(f"The name {host} was not resolved within {RESOLVE_SECONDS:g} seconds.") from error
    addresses = dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return sorted(addresses, key=lambda address: address.version)


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were checked, under the name that was asked for."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 # the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection. Raises Denied, Unavailable and the library's ConnectError."""
        error: Exception = httpcore2.ConnectError(f"{host} has no address.")
        for address in (await self._reach.addresses(host, port))[:TRIED]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                error = failed
        raise error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 # as above
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Refused: no data source is behind one."""
        del timeout, socket_options
        raise Invalid(f"{path} cannot be connected to.")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
