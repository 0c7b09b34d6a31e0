"""A layer's style as a MapLibre style (MapLibre Style Specification, version 8) over its vector tiles."""

import json
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from layers.facts import VectorFacts
from layers.maplibre.style import Said, Tiles, say
from layers.registry import Layer, Registry
from layers.styles.load import style_of
from layers.styles.model import Style
from server.urls import BASE
from tiles.limits import vector_limits
from tiles.table import vector_grid
from tiles.vector.fields import labels_of, vector_fields


def said(layer: Layer, name: str) -> Said:
    """The layer's style of a name, as MapLibre's layers, its pictures and its fonts. Raises StyleError."""
    assert isinstance(layer.facts, VectorFacts)
    fields = tuple((field.name, field.type) for field in vector_fields(layer))
    scales = (layer.definition.min_scale, layer.definition.max_scale)
    labels = labels_of(layer)
    return _said(style_of(layer, name), layer.id, labels.name if labels else "", layer.facts.geometry, fields, scales)


@lru_cache(maxsize=64)
def _said(
    style: Style,
    source: str,
    labels: str,
    geometry: str,
    fields: tuple[tuple[str, str], ...],
    scales: tuple[float | None, float | None],
) -> Said:
    return say(style, Tiles(source, geometry, dict(fields), scales, labels))


def style_document(registry: Registry, layer: Layer, name: str) -> bytes:
    """`/styles/{layer}/{style}.json`. What the SLD asks and no MapLibre style can say is in `metadata`."""
    found, language = said(layer, name), registry.service.language
    grid = vector_grid(layer, registry)
    assert grid is not None
    west, south, east, north = layer.geographic_extent
    title = layer.definition.title.get(language) or layer.id
    body: dict[str, Any] = {
        "version": 8,
        "name": title if name == layer.default_style else f"{title} – {style_of(layer, name).title or name}",
        "metadata": {"garrigue:untold": [{"rule": w.rule, "line": w.line, "what": w.what} for w in found.untold]},
        "center": [round((west + east) / 2, 6), round((south + north) / 2, 6)],
        "zoom": vector_limits(layer, grid)[0].z,
        "sources": {layer.id: {"type": "vector", "url": f"{BASE}/tiles/{quote(layer.id)}.mvt.json"}},
    }
    if found.pictures:
        body["sprite"] = f"{BASE}/sprites/{quote(layer.id)}/{quote(name, safe='')}"
    if found.fonts:
        body["glyphs"] = f"{BASE}/fonts/{{fontstack}}/{{range}}.pbf"
    return json.dumps(body | {"layers": list(found.layers)}, ensure_ascii=False).encode()
