"""What a capabilities document tells of: a registry or one of its themes, in a language."""

from dataclasses import dataclass
from functools import cached_property

from layers import model
from layers.registry import Registry
from server.urls import BASE
from server.wfs.feature_type import FeatureType, feature_types

LANGUAGES = {"fr": "fre", "en": "eng"}
"""ISO 639-2/B codes, which INSPIRE asks, by ours."""

_SPELLINGS = {code: ours for ours, code in LANGUAGES.items()} | {ours: ours for ours in LANGUAGES} | {"fra": "fr"}


def spoken(text: str, default: str) -> str:
    """ "fr" or "en" for LANGUAGE in ISO 639-1 or 639-2; the default for all else (INSPIRE TG, 5.3)."""
    return _SPELLINGS.get(text.strip().lower(), default)


@dataclass(frozen=True)
class View:
    """The registry, the theme that a document is confined to, the language of its texts."""

    registry: Registry
    theme: str | None
    language: str

    @property
    def service(self) -> model.Service:
        """What is true of the whole service."""
        return self.registry.service

    @property
    def about(self) -> model.Service | model.Theme:
        """What has the title and the abstract of the document."""
        return self.registry.themes[self.theme] if self.theme else self.registry.service

    @property
    def address(self) -> str:
        """The service's address, without a query; it starts with BASE."""
        return f"{BASE}/themes/{self.theme}/wfs" if self.theme else f"{BASE}/wfs"

    @cached_property
    def kinds(self) -> tuple[FeatureType, ...]:
        """The feature types."""
        return tuple(feature_types(self.registry, self.theme))

    @property
    def editable(self) -> bool:
        """True where who asks may change some features."""
        return any(kind.edits for kind in self.kinds)
