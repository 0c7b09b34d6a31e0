"""The links of items pages, which keep every parameter that was asked (OGC 17-069r4, 7.15.6)."""

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from server.ogcapi.asked import Asked
from server.urls import BASE

if TYPE_CHECKING:
    from server.ogcapi.service import Ask

TYPES = {"json": "application/geo+json", "html": "text/html"}
_TITLES = {
    "self": {"fr": "Ce document", "en": "This document"},
    "json": {"fr": "Ce document en GeoJSON", "en": "This document as GeoJSON"},
    "html": {"fr": "Ce document en page HTML", "en": "This document as HTML"},
    "next": {"fr": "Page suivante", "en": "Next page"},
    "prev": {"fr": "Page précédente", "en": "Previous page"},
    "collection": {"fr": "La collection", "en": "The collection"},
}


def of(ask: "Ask", asked: Asked, written: str, language: str) -> list[dict[str, str]]:
    """Links of `/items` and `/items/{id}` in the format that is written; empty for other resources.

    `next` is there from the start and taken away by `counted` where there is none.
    """
    if asked.query is None:
        return []
    name = asked.query.layer
    address = f"{BASE}/ogcapi/collections/{name}/items"
    if "item" in ask.path:
        address += f"/{quote(ask.path['item'], safe='')}"
    other = "json" if written == "html" else "html"
    found = [
        _link("self", written, _address(address, ask.params), _TITLES["self"][language]),
        _link("alternate", other, _address(address, ask.params, f=other), _TITLES[other][language]),
    ]
    if "item" not in ask.path:
        found += _pages(ask, asked, written, address, language)
    collection = {"rel": "collection", "type": "application/json", "title": _TITLES["collection"][language]}
    return [*found, {**collection, "href": f"{BASE}/ogcapi/collections/{name}"}]


def other_language(ask: "Ask", language: str) -> str:
    """The same page in the other language, as an address relative to it."""
    return f"?{urlencode({**ask.params, 'f': 'html', 'lang': 'en' if language == 'fr' else 'fr'})}"


def counted(links: list[dict[str, str]], end: int, matched: int) -> list[dict[str, str]]:
    """The links without `next` where the page that ends at `end` is the last."""
    return [link for link in links if link["rel"] != "next" or end < matched]


def header(links: list[dict[str, str]]) -> str:
    """The links to other pages as RFC 8288 writes them."""
    return ", ".join(
        f'<{link["href"]}>; rel="{link["rel"]}"; type="{link["type"]}"'
        for link in links
        if link["rel"] in ("self", "next", "prev")
    )


def _pages(ask: "Ask", asked: Asked, written: str, address: str, language: str) -> list[dict[str, str]]:
    query = asked.query
    assert query is not None
    assert query.limit is not None
    after, before = query.offset + query.limit, max(0, query.offset - query.limit)
    pages = [_link("next", written, _address(address, ask.params, offset=str(after)), _TITLES["next"][language])]
    if query.offset:
        href = _address(address, ask.params, offset=str(before))
        pages.append(_link("prev", written, href, _TITLES["prev"][language]))
    return pages


def _link(rel: str, written: str, href: str, title: str) -> dict[str, str]:
    return {"rel": rel, "type": TYPES[written], "title": title, "href": href}


def _address(address: str, params: dict[str, str], **changed: str) -> str:
    asked = urlencode({**params, **changed}, quote_via=quote, safe=":/,")
    return f"{address}?{asked}" if asked else address
