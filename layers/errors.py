"""What a request, or a registry, can get wrong. Nothing here knows HTTP or a protocol's codes.

GarrigueError
├── RegistryError            the configuration is wrong: a list of Problem
├── SourceError              the data cannot be read now
│   └── UnavailableError     it may be read later: its server is down, or too slow
└── RequestError             the request is wrong: parameter, value, what is allowed
    ├── UnknownLayerError
    │   └── WithheldLayerError   it is there, and not for everybody
    ├── UnknownStyleError
    ├── UnknownCrsError
    ├── UnknownPropertyError
    ├── FilterError
    └── StyleLimitError
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class GarrigueError(Exception):
    """Base of every error that is told to a user in words."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the registry, with where it is."""

    file: str
    line: int | None
    layer: str | None
    key: str | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        subject = ".".join(part for part in (self.layer, self.key) if part)
        return f"{place}: {subject}: {self.message}" if subject else f"{place}: {self.message}"


class RegistryError(GarrigueError):
    """The configuration cannot be served; `problems` tells everything that is wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class SourceError(GarrigueError):
    """The data behind a layer cannot be opened or read; `key` is the layer's key that is to blame, where one is."""

    def __init__(self, message: str, key: str | None = None) -> None:
        self.key = key
        super().__init__(message)


class UnavailableError(SourceError):
    """The server that has the data is not there now, or too slow; the message can be told to anybody."""


class RequestError(GarrigueError):
    """A parameter of a request is not what it may be."""

    parameter = ""

    def __init__(self, value: object, allowed: Iterable[str] = (), *, parameter: str | None = None) -> None:
        self.value = str(value)[:200]
        self.allowed = tuple(allowed)
        if parameter is not None:
            self.parameter = parameter
        super().__init__(f"{self.parameter}={self.value!r} is not {self.expected()}{hint(self.value, self.allowed)}")

    def expected(self) -> str:
        """What would have been right, in words."""
        if not self.allowed:
            return "valid"
        shown = ", ".join(self.allowed[:12])
        return f"one of {shown}{', …' if len(self.allowed) > 12 else ''}"


class UnknownLayerError(RequestError):
    """No such layer in the registry."""

    parameter = "layer"


class WithheldLayerError(UnknownLayerError):
    """The layer is not for everybody, and who asks has not said who they are."""


class UnknownStyleError(RequestError):
    """The layer has no such style."""

    parameter = "style"


class UnknownCrsError(RequestError):
    """Not a coordinate reference system, or not one that is served."""

    parameter = "crs"


class UnknownPropertyError(RequestError):
    """The layer has no such property."""

    parameter = "property"


class FilterError(RequestError):
    """A filter that cannot be read or applied."""

    parameter = "filter"

    def __init__(self, message: str) -> None:
        GarrigueError.__init__(self, message)
        self.value, self.allowed = "", ()


class StyleLimitError(FilterError):
    """A client's style asks for more than is made for one."""

    parameter = "sld_body"


def hint(value: str, allowed: Iterable[str]) -> str:
    """ "; did you mean 'x'?" for a near miss, else nothing."""
    close = get_close_matches(value, list(allowed), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
