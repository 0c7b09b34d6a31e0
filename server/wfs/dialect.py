"""What differs between the versions of WFS: names, namespaces, schemas, the version of GML."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from server.errors import VersionNegotiationError


@dataclass(frozen=True, slots=True)
class Dialect:
    """A version of WFS: `gml_version` is that of its features, `media_type` that of its answers."""

    version: str
    wfs: str
    wfs_xsd: str
    gml: str
    gml_xsd: str
    gml_version: str
    media_type: str
    format: str

    @property
    def paged(self) -> bool:
        """True where clients follow pages, so that an answer may be one."""
        return self is WFS20

    @property
    def type_parameter(self) -> str:
        """The parameter with the names of feature types."""
        return "TYPENAMES" if self is WFS20 else "TYPENAME"

    def __reduce__(self) -> tuple[Callable[[str], "Dialect"], tuple[str]]:
        """There is one of each, in every process."""
        return _dialect, (self.version,)


WFS20 = Dialect(
    "2.0.0",
    "http://www.opengis.net/wfs/2.0",
    "http://schemas.opengis.net/wfs/2.0/wfs.xsd",
    "http://www.opengis.net/gml/3.2",
    "http://schemas.opengis.net/gml/3.2.1/gml.xsd",
    "3.2",
    "application/gml+xml; version=3.2",
    "application/gml+xml; version=3.2",
)
WFS11 = Dialect(
    "1.1.0",
    "http://www.opengis.net/wfs",
    "http://schemas.opengis.net/wfs/1.1.0/wfs.xsd",
    "http://www.opengis.net/gml",
    "http://schemas.opengis.net/gml/3.1.1/base/gml.xsd",
    "3.1",
    "text/xml; subtype=gml/3.1.1",
    "text/xml; subtype=gml/3.1.1",
)
WFS10 = Dialect(
    "1.0.0",
    "http://www.opengis.net/wfs",
    "http://schemas.opengis.net/wfs/1.0.0/WFS-basic.xsd",
    "http://www.opengis.net/gml",
    "http://schemas.opengis.net/gml/2.1.2/feature.xsd",
    "2",
    "text/xml",
    "GML2",
)

DIALECTS = {"2.0.0": WFS20, "2.0.2": WFS20, "1.1.0": WFS11, "1.0.0": WFS10}
"""2.0.2 is answered as 2.0.0: it corrects the text of the standard only."""


def _dialect(version: str) -> Dialect:
    return DIALECTS[version]


def negotiated(accepted: Iterable[str], version: str = "") -> Dialect:
    """The first of the accepted versions that is answered (OGC 06-121r3, 7.3.2); the named one where none is told.

    Of an unknown version the highest one below it is meant (OGC 02-058, 6.2.4), or the highest.
    """
    accepted = list(accepted)
    for text in accepted:
        if text in DIALECTS:
            return DIALECTS[text]
    if accepted:
        shown = ", ".join(accepted)[:200]
        raise VersionNegotiationError(f"none of {shown} is one of {', '.join(DIALECTS)}")
    if version.startswith("1."):
        return WFS10 if version < "1.1" else WFS11
    return WFS10 if version.startswith("0") else WFS20


def told_by(text: str) -> Dialect:
    """The dialect in which to answer a request that could not be read: `text` is all that came."""
    text = text[:5000].lower()
    if found := re.search(r"version\s*=\s*[\"']?(1\.[01]\.0)", text):
        return DIALECTS[found[1]]
    return WFS11 if re.search(r"[\"']http://www\.opengis\.net/wfs[\"']", text) else WFS20
