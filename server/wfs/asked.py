"""A WFS request: what it is answered from, and its parameters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layers.registry import Registry
from server.engine.downloads import Downloads
from server.kvp import Params
from server.wfs.dialect import DIALECTS, WFS20, Dialect
from server.wfs.view import spoken


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: the registry, the theme it is confined to, parameters, public address.

    `queries` holds the parameters of each query of the request, one in most; those of the operation itself
    are in all of them.
    """

    registry: Registry
    theme: str | None
    queries: tuple[Params, ...]
    base: str
    request: Any = None
    store: Path | None = None
    downloads: Downloads | None = None
    exports: Any = None

    @property
    def params(self) -> Params:
        """The parameters of the operation."""
        return self.queries[0]

    @property
    def dialect(self) -> Dialect:
        """What the version that is asked speaks."""
        return DIALECTS.get(self.params.text("VERSION"), WFS20)

    @property
    def prefers_aside(self) -> bool:
        """True where the client would rather come back for the answer (RFC 7240, 4.1)."""
        return self.request is not None and "respond-async" in self.request.headers.get("prefer", "").lower()

    @property
    def language(self) -> str:
        """ "fr" or "en", that of the texts of documents."""
        return spoken(self.params.text("LANGUAGE"), self.registry.service.language)

    @property
    def address(self) -> str:
        """Public address of the service, or of the theme's, without a query."""
        return f"{self.base}/themes/{self.theme}/wfs" if self.theme else f"{self.base}/wfs"
