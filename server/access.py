"""Who asks, and what that lets them reach. Standard library only: the front imports this.

The front finds out once, from an API key or from what a trusted proxy says, and tells the engine in a header that
clients cannot send. In the engine `asker()` is who asks, and `Context.registry` holds only what they may reach.
A layer that is kept from someone is as if it were not there; who has not said who they are is answered 401.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from server.asked_base import Origin, headers_of
from server.errors import ServiceError
from server.keys import Keys

HEADER = "x-garrigue-asker"
_GROUPS = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Asker:
    """A name and the groups it is in; the empty name is anybody."""

    name: str = ""
    groups: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """True for who has said, and shown, who they are."""
        return bool(self.name)

    def may(self, groups: frozenset[str]) -> bool:
        """True where these groups are none, or one of the asker's is among them."""
        return not groups or not groups.isdisjoint(self.groups)

    def header(self) -> str:
        """For `from_header`: percent signs and all that is not printable ASCII are left out of the name."""
        name = "".join(letter for letter in self.name if "!" <= letter <= "~" and letter not in ";%") or "-"
        return f"{name};{','.join(sorted(self.groups))}" if self.known else ""

    @classmethod
    def from_header(cls, text: str) -> "Asker":
        """What `header` wrote."""
        name, _, groups = text.partition(";")
        return cls(name, frozenset(_GROUPS.findall(groups))) if name else ANYBODY


ANYBODY = Asker()
ASKER: ContextVar[Asker] = ContextVar("asker", default=ANYBODY)
"""Set in the engine for each request."""


def asker() -> Asker:
    """Who asks what is being answered."""
    return ASKER.get()


class CredentialsError(ServiceError):
    """What is asked is not for anybody, and who asks has not said who they are (RFC 9110, 11.6.1)."""

    code = "NoApplicableCode"
    status = 401

    def __init__(self, message: str = "this is not for everybody: send a key") -> None:
        super().__init__(message)
        self.headers = {"WWW-Authenticate": 'Basic realm="garrigue", charset="UTF-8"'}


class ForbiddenError(ServiceError):
    """What is asked is not for who asks, who is known (RFC 9110, 15.5.4)."""

    code = "NoApplicableCode"
    status = 403


def refusal(message: str) -> ServiceError:
    """What to tell the asker of what they see and may not do: who they are is asked where nobody is known."""
    return ForbiddenError(message) if asker().known else CredentialsError(f"{message}: send a key")


class Admission:
    """Tells who asks: by `Authorization: Basic name:key`, `X-API-Key: key`, `?apikey=key`, or a proxy's headers.

    `identity` names the headers in which a trusted proxy tells a user and their groups (keys `user`, `groups`).
    """

    def __init__(self, keys: Keys, origin: Origin, identity: Mapping[str, str] | None) -> None:
        self.keys = keys
        self.origin = origin
        self.identity = identity

    def asker(self, scope: Mapping[str, Any]) -> Asker:
        """Who sends a request; an unknown key is nobody's, so that its holder is asked again."""
        headers = headers_of(scope)
        if self.identity and self.origin.trusts(scope) and (name := headers.get(self.identity["user"].lower(), "")):
            told = headers.get(self.identity["groups"].lower(), "")
            return Asker(name[:200], frozenset(_GROUPS.findall(told)))
        for secret in _secrets(headers, scope["query_string"]):
            if found := self.keys.holder(secret):
                return Asker(*found)
        return ANYBODY


def _secrets(headers: Mapping[str, str], query: bytes) -> list[str]:
    """Everything in a request that may be a key."""
    found = [headers.get("x-api-key", "")]
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(binascii.Error, ValueError):
            found.append(base64.b64decode(text.strip(), validate=True).decode().partition(":")[2])
    if b"apikey=" in query.lower():
        pairs = parse_qsl(query.decode("latin-1"))
        found += [value for name, value in pairs if name.lower() == "apikey"][:1]
    return [secret for secret in found if secret]
