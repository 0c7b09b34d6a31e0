"""The address under which a client asked: `public_url`, or what the request and declared proxies say.

X-Forwarded-Proto, -Host and -Prefix are believed from `trusted_proxies` alone; any client can write them.
Standard library only: front and engine share this.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from server.urls import safe_base

BASE_HEADER = "x-garrigue-base"


class Origin:
    """How a service tells its own address."""

    def __init__(self, public_url: str | None, trusted_proxies: Iterable[str]) -> None:
        self.public_url = public_url.rstrip("/") if public_url else None
        self.prefix = urlsplit(self.public_url).path if self.public_url else ""
        self.trusted = _networks(tuple(trusted_proxies))

    def base(self, scope: Mapping[str, Any]) -> str | None:
        """Scheme, host and prefix without a slash at the end; None where the request's Host cannot be one."""
        if self.public_url:
            return self.public_url
        headers = headers_of(scope)
        scheme, host, prefix = scope.get("scheme") or "http", headers.get("host", ""), ""
        if self.trusts(scope):
            scheme = _first(headers, "x-forwarded-proto") or scheme
            host = _first(headers, "x-forwarded-host") or host
            prefix = _first(headers, "x-forwarded-prefix")
        if not host:
            server = scope.get("server") or ("localhost", None)
            host = f"{server[0]}:{server[1]}" if server[1] else str(server[0])
        if "/" in host:
            return None
        return safe_base(scheme.lower(), host, f"/{prefix.strip('/')}" if prefix.strip("/") else "")

    def trusts(self, scope: Mapping[str, Any]) -> bool:
        """True where the request comes from a declared proxy."""
        client = scope.get("client")
        if not self.trusted or not client:
            return False
        try:
            address = ip_address(client[0])
        except ValueError:
            return False
        return any(address in network for network in self.trusted)

    def client(self, scope: Mapping[str, Any]) -> str:
        """The client's address: the last one of X-Forwarded-For from a declared proxy, else the connection's."""
        found = str((scope.get("client") or ("", 0))[0])
        if self.trusts(scope):
            return headers_of(scope).get("x-forwarded-for", "").rpartition(",")[2].strip() or found
        return found


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The headers by lower-case name; the first of repeated ones."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def _first(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "").partition(",")[0].strip()


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(found)
