"""Where webhooks may go: public addresses over TLS, and no others (server-side request forgery).

A name is resolved when a connection is made, and the connection goes to the very address that was
checked, so a name that leads elsewhere a moment later gains nothing. The network that an operator
names is reached as well, for trials and for systems inside.
"""

import re
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import Any, Self

import httpcore
import httpx

from services.notifier.settings import Settings
from shared.problems import Problem, incorrect

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL = 1_000

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")

UNICAST = IPv6Network("2000::/3")
"""All that IANA gives out of IPv6: it leaves out mapped IPv4, NAT64 and every local kind."""

SIX_TO_FOUR = IPv6Network("2002::/16")
"""Leads to an IPv4 address that would have to be checked in its turn; long out of use."""

HTTPS_PORT, HTTP_PORT, FIRST_FREE_PORT, LAST_PORT = 443, 80, 1_024, 65_535


class RefusedError(Exception):
    """There is nothing at this name that may be reached."""


@dataclass(frozen=True)
class Reach:
    """What this installation's webhooks may reach."""

    networks: tuple[Network, ...] = ()
    """Networks that are reached though they aren't public."""
    plain_http: bool = False
    """Whether ``http`` will do."""
    ca_file: Path | None = None
    """The authority of the certificates there, if it is an own one."""

    @classmethod
    def of(cls, chosen: Settings) -> Self:
        """Return what the settings allow."""
        networks = tuple(
            ip_network(each.strip()) for each in filter(None, chosen.webhook_networks.split(","))
        )
        return cls(networks, chosen.webhook_http, chosen.webhook_ca_file)

    def admits(self, address: Address) -> bool:
        """Tell whether a connection may be made to the address."""
        return is_public(address) or any(address in network for network in self.networks)

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a name; `RefusedError` unless each of them may be reached."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        texts = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not texts or not all(self.admits(ip_address(text)) for text in texts):
            raise RefusedError("Its name leads to no public address.")
        return texts

    def require_url(self, text: str) -> str:
        """Return the URL in its usual form; raise ``Problem`` (422) for one that isn't sent to.

        The name is not looked up; see `require_address`.
        """
        try:
            url = httpx.URL(text)
            host, port = url.raw_host.decode("ascii"), url.port
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise self._unfit() from None
        schemes = ("https", "http") if self.plain_http else ("https",)
        # httpx has checked an address in brackets, and leaves oddities in names as they are.
        if url.scheme not in schemes or not (":" in host or _NAME.fullmatch(host)):
            raise self._unfit()
        if url.userinfo:
            raise _not_this("Leave out the user name and password: each message is signed.")
        if url.fragment or "#" in text:
            raise _not_this("Leave out the part from # on: it is never sent.")
        usual = (HTTPS_PORT, HTTP_PORT) if self.plain_http else (HTTPS_PORT,)
        if port is not None and port not in usual and not FIRST_FREE_PORT <= port <= LAST_PORT:
            raise _not_this(f"Use port {HTTPS_PORT}, or one from {FIRST_FREE_PORT} to {LAST_PORT}.")
        if len(str(url)) > LONGEST_URL:
            raise _not_this(f"Use an address of at most {LONGEST_URL:,} characters.")
        return str(url)

    def require_address(self, text: str) -> None:
        """Raise ``Problem`` (422) unless the URL leads to addresses that may be reached now."""
        url = httpx.URL(text)
        try:
            self.addresses(url.raw_host.decode("ascii"), url.port or HTTPS_PORT)
        except RefusedError:
            raise _not_this(
                "Its name must lead to public addresses, and to nothing else, in the DNS."
            ) from None

    def _unfit(self) -> Problem:
        example = "https://receiver.example.org/southlink"
        return _not_this(f"Give a whole address that begins with https://, such as {example}.")


def is_public(address: Address) -> bool:
    """Tell whether anybody's packets may go there: global unicast and no way around to another."""
    if isinstance(address, IPv6Address):
        return address.is_global and address in UNICAST and address not in SIX_TO_FOUR
    return address.is_global and not address.is_multicast and not address.is_reserved


class Deadline:
    """Until when an attempt must be over, whatever the other side does meanwhile."""

    def __init__(self) -> None:
        self._until = float("inf")

    def set(self, seconds: float) -> None:
        """Begin to count down."""
        self._until = time.monotonic() + seconds

    def left(self, late: type[httpcore.TimeoutException]) -> float:
        """Return the seconds that are left; raise ``late`` when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise late("It took too long.")
        return left


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that may be reached, within the deadline."""

    def __init__(self, reach: Reach, deadline: Deadline) -> None:
        self._reach = reach
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the name's addresses that answers."""
        addresses = self._reach.addresses(host, port)
        return _Bounded(self._first(addresses, port), self._deadline)

    def _first(self, addresses: Sequence[str], port: int) -> httpcore.NetworkStream:
        *others, last = addresses
        for each in others:
            try:
                left = self._deadline.left(httpcore.ConnectTimeout)
                return self._plain.connect_tcp(each, port, timeout=left / 2)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        left = self._deadline.left(httpcore.ConnectTimeout)
        return self._plain.connect_tcp(last, port, timeout=left)


class _Bounded(httpcore.NetworkStream):
    """A stream on which nothing lasts longer than the deadline; a trickle neither."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(httpcore.ConnectTimeout)
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _not_this(detail: str) -> Problem:
    return incorrect("/url", detail)
