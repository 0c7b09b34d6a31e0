"""Header names as most servers write them (Content-Type), where uvicorn writes small letters.

HTTP does not care; clients do: QGIS 3.22 reads GetFeatureInfo as JSON only after "Content-Type", and the OGC's
suites compare names letter by letter.
"""

import asyncio
from typing import Any


class NamingTransport:
    """The transport of one answer: the head gets its names, all else goes on as it is."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._named = False

    def write(self, data: bytes) -> None:
        """Write; the first piece that is not "100 Continue" is the head."""
        if not self._named and not data.startswith(b"HTTP/1.1 100"):
            self._named = True
            data = named(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def named(head: bytes) -> bytes:
    """A status line and headers with the names' words capitalised."""
    line, *headers = head.split(b"\r\n")
    pairs = (header.partition(b":") for header in headers)
    return b"\r\n".join((line, *(name.title() + colon + value for name, colon, value in pairs)))
