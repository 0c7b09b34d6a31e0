"""Styles and their pictures from other servers: only from hosts that `service.yaml` names, of bounded size and time."""

import time
from collections.abc import Iterable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from server.errors import InvalidParameterError

MOST_BYTES = 1_000_000
SECONDS = 5.0


class _NoRedirect(HTTPRedirectHandler):
    """A redirection might lead anywhere: it is not followed."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        """No further request."""


def is_listed(address: str, hosts: Iterable[str]) -> bool:
    """True for a plain address of one of the hosts."""
    try:
        parts = urlsplit(address)
        place = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return False
    listed = parts.scheme in ("http", "https") and place in {host.lower() for host in hosts}
    return listed and parts.username is None and address.isprintable() and " " not in address


def fetched(address: str, hosts: Iterable[str]) -> bytes:
    """The document at an address. Raises InvalidParameterError: a host that is not listed is never asked."""
    if not is_listed(address, hosts):
        raise InvalidParameterError(f"SLD={address[:200]!r}: styles are not read from there; use SLD_BODY", "SLD")
    request = Request(address, headers={"Accept": "application/xml, text/xml, */*"})  # noqa: S310 - scheme checked above
    try:
        with build_opener(_NoRedirect).open(request, timeout=SECONDS) as answer:
            return _bounded(answer, address)
    except (URLError, HTTPException, OSError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise InvalidParameterError(f"SLD={address[:200]!r} cannot be read: {error}"[:400], "SLD") from None


def _bounded(answer: Any, address: str) -> bytes:
    body, end = bytearray(), time.monotonic() + SECONDS
    while chunk := answer.read1(65536):
        body += chunk
        if len(body) > MOST_BYTES or time.monotonic() > end:
            message = f"SLD={address[:200]!r} is larger than {MOST_BYTES} bytes or comes too slowly"
            raise InvalidParameterError(message, "SLD")
    return bytes(body)
