"""A map of vector layers as a drawing without pixels: SVG, PDF."""

import tempfile
from pathlib import Path

from layers.errors import SourceError
from layers.mapnik_env import mapnik
from layers.query import STANDARD_DPI, MapQuery
from layers.registry import Registry
from layers.render import prepared

KINDS = {"image/svg+xml": "svg", "application/pdf": "pdf"}
"""Mapnik's words for media types."""


def drawing_file(registry: Registry, query: MapQuery) -> bytes:
    """The file; every layer of the query is a vector layer. Raises UnknownStyleError, SourceError."""
    with prepared(registry, query) as drawing, tempfile.TemporaryDirectory() as folder:
        if not query.transparent:
            drawing.background = mapnik.Color(query.background)
        path = Path(folder) / f"map.{KINDS[query.format]}"
        try:
            mapnik.render_to_file(drawing, str(path), KINDS[query.format], query.dpi / STANDARD_DPI)
        except RuntimeError as error:
            names = ", ".join(selection.layer for selection in query.layers)
            raise SourceError(f"{names}: cannot be drawn: {error}") from None
        return path.read_bytes()
