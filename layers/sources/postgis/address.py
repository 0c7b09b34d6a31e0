"""Addresses of databases: variables put in at the last moment, passwords kept out of everything that is told."""

import os
import re
from urllib.parse import quote, unquote

from layers.errors import SourceError
from layers.model import passwords_in

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_URL = re.compile(r"^postgres(?:ql)?://", re.IGNORECASE)
_URLS = re.compile(r"postgres(?:ql)?://\S+", re.IGNORECASE)

BOUNDS = {"connect_timeout": "5", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
"""Seconds after which a server that does not answer is given up, where the address does not say otherwise."""


def connection_string(address: str) -> str:
    """What libpq is given: the variables' values put in, escaped as their place wants it. Raises SourceError."""
    address = address.strip()
    if _VARIABLE.fullmatch(address):
        return connection_string(_value(address[2:-1]).replace("${", "$ {"))
    if _URL.match(address):
        return _bounded_url(_VARIABLE.sub(lambda match: quote(_value(match[1]), safe=""), address))
    bounds = " ".join(f"{name}={value}" for name, value in BOUNDS.items())
    if "=" in address:
        return f"{bounds} {_VARIABLE.sub(lambda match: _quoted(_value(match[1])), address)}"
    return f"{bounds} service={_quoted(_VARIABLE.sub(lambda match: _value(match[1]), address))}"


def _value(name: str) -> str:
    if name not in os.environ:
        raise SourceError(f"the environment variable {name} is not set", "source.postgis")
    return os.environ[name]


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _bounded_url(address: str) -> str:
    for name, value in BOUNDS.items():
        if f"{name}=" not in address:
            address += f"{'&' if '?' in address else '?'}{name}={value}"
    return address


def without_secrets(message: str, connection: str) -> str:
    """A message of libpq without the password, or an address that may hold one."""
    found = passwords_in(connection) | {os.environ.get("PGPASSWORD", "")}
    secrets = {form for text in found for form in (text, unquote(text), text.replace("\\", "")) if form}
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, "***")
    return _URLS.sub("postgresql://…", message)
