"""What a request asks of a collection, as the endpoint hands it to the provider that pygeoapi instantiates."""

from contextvars import ContextVar
from dataclasses import dataclass, field

from layers.crs import CRS84
from layers.query import FeatureQuery
from layers.registry import Registry


@dataclass(slots=True)
class Asked:
    """The registry, the features asked, how they are to be written; `features` is filled in by the provider.

    `crs` is the canonical id of the answer's CRS, in the authority's axis order (OGC 18-058r1, 6.3).
    `found` features match, as far as they are counted; `matched` is None where that is not to the end.
    `nothing`: the time asked is none of the layer's.
    """

    registry: Registry
    query: FeatureQuery | None = None
    crs: str = CRS84
    html: bool = False
    hits: bool = False
    nothing: bool = False
    features: bytes = b"[]"
    found: int = 0
    matched: int | None = 0
    returned: int = 0
    links: list[dict[str, str]] = field(default_factory=list)
    other_language: str = ""


ASKED: ContextVar[Asked] = ContextVar("asked")
