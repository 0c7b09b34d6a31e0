"""The portal's pages, rendered ahead: addresses start with `BASE`."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from xxhash import xxh3_64

from layers.registry import Registry
from server.portal.cards import Card, card, service_addresses
from server.portal.static_files import files
from server.portal.texts import catalogue
from server.urls import BASE


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme, in one language."""

    id: str
    title: str
    abstract: str
    cards: tuple[Card, ...]


def index(registry: Registry, language: str, theme: str | None = None) -> bytes:
    """The start page, or the page of a theme, in a language ("fr", "en")."""
    service = registry.service
    shown = registry.themes[theme] if theme else service
    page = (
        _templates()
        .get_template("index.html")
        .render(
            base=BASE,
            version=static_version(),
            language=language,
            other="en" if language == "fr" else "fr",
            t=catalogue()[language],
            title=shown.title.get(language),
            abstract=shown.abstract.get(language),
            theme=theme,
            themes=_themes(registry, language, theme),
            services=service_addresses(registry, language, theme),
            contact=service.contact,
            conditions=service.access_constraints,
            prefix=service.namespace.prefix,
        )
    )
    return page.encode()


@lru_cache(maxsize=1)
def static_version() -> str:
    """Eight digits that change with any static file: kept files are asked again only then."""
    digest = xxh3_64()
    for name, path in sorted(files().items()):
        digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def _themes(registry: Registry, language: str, theme: str | None) -> list[Theme]:
    found = []
    for name, declared in registry.themes.items():
        layers = registry.in_theme(name)
        if layers and theme in (None, name):
            cards = tuple(card(layer, registry, language) for layer in layers)
            found.append(Theme(name, declared.title.get(language), declared.abstract.get(language), cards))
    return found


@lru_cache(maxsize=1)
def _templates() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
