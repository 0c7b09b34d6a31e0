"""The other server's address: one host, a time limit, no way round either."""

from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPBasicAuthHandler, HTTPPasswordMgrWithDefaultRealm, HTTPRedirectHandler, Request
from urllib.request import build_opener as opener_of

from mapproxy.client.http import HTTPClient, HTTPClientError, auth_data_from_url, build_https_handler

from layers.errors import SourceError

MOST_BYTES = 64 * 2**20
"""Length of the longest answer that is taken."""

SECONDS = 20
"""How long another server may take to answer."""


class SameHost(HTTPRedirectHandler):
    """Follows a redirection only to where the first request went."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        """The next request, on the same host. Raises HTTPError for any other."""
        if _place(newurl) != _place(req.full_url):
            raise HTTPError(req.full_url, code, "it sends to another host", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Upstream(HTTPClient):  # type: ignore[misc]
    """MapProxy's HTTP client, bound to the host of a declared address."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        bare, (user, password) = auth_data_from_url(url)
        if urlsplit(bare).scheme not in ("http", "https"):
            raise SourceError(f"{bare}: only http and https addresses can be cascaded")
        super().__init__(timeout=seconds)
        self.place = _place(bare)
        passwords = HTTPPasswordMgrWithDefaultRealm()
        if user is not None:
            passwords.add_password(None, bare, user, password or "")
        self.opener = opener_of(build_https_handler(None, False), HTTPBasicAuthHandler(passwords), SameHost())
        self.opener.addheaders = [("User-Agent", "Garrigue")]

    def open(self, url: str, data: Any = None, method: str | None = None, headers: Any = None) -> Any:
        """The answer of the declared host. Raises HTTPClientError for another one (links of an OGC API)."""
        if _place(url) != self.place:
            raise HTTPClientError(f"{url} is on another host than the declared one")
        try:
            with super().open(url, data=data, method=method, headers=headers) as response:
                return Answer(response)
        except HTTPClientError as error:
            if isinstance(error.__context__, HTTPError):
                error.__context__.close()
            raise


class Answer(BytesIO):
    """An answer read to its end, with its headers: MapProxy does not close what it reads."""

    def __init__(self, response: Any) -> None:
        body = response.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise HTTPClientError(f"an answer of more than {MOST_BYTES} bytes")
        super().__init__(body)
        self.headers, self.code = response.headers, response.status


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def bare(url: str) -> str:
    """An address without the user and password in it."""
    return str(auth_data_from_url(url)[0])
