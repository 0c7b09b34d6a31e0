"""What the pages show of a layer."""

from dataclasses import dataclass
from urllib.parse import urlencode

from layers.crs import is_geographic
from layers.facts import RasterFacts, VectorFacts
from layers.registry import Layer, Registry
from server.portal.texts import catalogue, number
from server.portal.thumbnails import Picture, mercator, thumbnail
from server.urls import BASE
from tiles.format import tile_format
from tiles.limits import level_range
from tiles.table import vector_grid

_GEOMETRIES = {
    "Point": "point",
    "MultiPoint": "point",
    "LineString": "line",
    "MultiLineString": "line",
    "Polygon": "polygon",
    "MultiPolygon": "polygon",
}


@dataclass(frozen=True, slots=True)
class Address:
    """An address to copy: the protocol's name, what it gives, how to use it."""

    key: str
    name: str
    url: str
    title: str
    hint: str


@dataclass(frozen=True, slots=True)
class Card:
    """A layer, in one language."""

    layer: Layer
    title: str
    abstract: str
    kind: str
    facts: tuple[str, ...]
    addresses: tuple[Address, ...]
    pictures: tuple[Picture, ...]
    legends: tuple[tuple[str, str], ...]
    levels: tuple[int, int]
    extension: str
    grid: str

    @property
    def words(self) -> str:
        """What the search looks through."""
        return " ".join((self.layer.id, self.title, self.abstract, *self.layer.definition.keywords)).lower()


def card(layer: Layer, registry: Registry, language: str) -> Card:
    """The card of a layer."""
    grid = mercator(layer, registry)
    return Card(
        layer=layer,
        title=layer.definition.title.get(language),
        abstract=layer.definition.abstract.get(language),
        kind=_kind(layer),
        facts=tuple(_facts(layer, language)),
        addresses=layer_addresses(layer, registry, language),
        pictures=thumbnail(layer, registry),
        legends=tuple((style, legend_address(layer, style)) for style in layer.styles),
        levels=level_range(layer, grid) if grid else (0, 20),
        extension=tile_format(layer).extension,
        grid=grid.id if grid else "",
    )


def service_addresses(registry: Registry, language: str, theme: str | None = None) -> tuple[Address, ...]:
    """The addresses of every protocol that has something to give, for all layers or for a theme's."""
    home = f"{BASE}/themes/{theme}" if theme else BASE
    features = any(layer.is_vector for layer in registry.in_theme(theme))
    found = [("wms", "WMS", f"{home}/wms"), ("wmts", "WMTS", f"{home}/wmts/1.0.0/WMTSCapabilities.xml")]
    if features:
        found.append(("wfs", "WFS", f"{home}/wfs"))
    if features and theme is None:
        found.append(("ogcapi", "OGC API", f"{BASE}/ogcapi"))
    if theme is None:
        found.append(("tms", "TMS", f"{BASE}/tms/1.0.0"))
    return tuple(_address(key, name, url, language) for key, name, url in found)


def layer_addresses(layer: Layer, registry: Registry, language: str) -> tuple[Address, ...]:
    """The addresses of a layer, those only that it has."""
    found = [("name", "", layer.id), ("wms", "WMS", f"{BASE}/wms")]
    grid, extension = mercator(layer, registry), tile_format(layer).extension
    if grid:
        tiles = f"{BASE}/tiles/{layer.id}"
        found += [
            ("wmts", "WMTS", f"{BASE}/wmts/1.0.0/WMTSCapabilities.xml"),
            ("xyz", "XYZ", f"{tiles}/{grid.id}/{{z}}/{{x}}/{{y}}.{extension}"),
            ("tilejson", "TileJSON", f"{tiles}.json"),
            ("tms", "TMS", f"{BASE}/tms/1.0.0/{layer.id}@{grid.id}"),
        ]
    if (tiling := vector_grid(layer, registry)) is not None:
        found += [
            ("mvt", "MVT", f"{BASE}/tiles/{layer.id}/{tiling.id}/{{z}}/{{x}}/{{y}}.mvt"),
            ("maplibre", "MapLibre", f"{BASE}/styles/{layer.id}.json"),
        ]
    if layer.is_vector:
        found += [
            ("wfs", "WFS", f"{BASE}/wfs"),
            ("ogcapi", "OGC API", f"{BASE}/ogcapi/collections/{layer.id}"),
        ]
    return tuple(_address(key, name, url, language) for key, name, url in found)


def legend_address(layer: Layer, style: str) -> str:
    """Where the legend of a style is."""
    asked = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetLegendGraphic", "FORMAT": "image/png"}
    asked |= {"LAYER": layer.id, "STYLE": style}
    return f"{BASE}/wms?{urlencode(asked, safe='/')}"


def _address(key: str, name: str, url: str, language: str) -> Address:
    words = catalogue()[language]
    return Address(key, name, url, words[key], words[f"qgis_{key}"])


def _kind(layer: Layer) -> str:
    if isinstance(layer.facts, VectorFacts):
        return _GEOMETRIES.get(layer.facts.geometry, "vector")
    return "raster" if isinstance(layer.facts, RasterFacts) else "cascade"


def _facts(layer: Layer, language: str) -> list[str]:
    """The layer in a few words: what it is, how much, how fine, how many dates."""
    words = catalogue()[language]
    found = [words[_kind(layer)]]
    if isinstance(layer.facts, VectorFacts):
        name = "features_one" if layer.facts.count == 1 else "features_many"
        found.append(words[name].format(n=number(layer.facts.count, language)))
    if isinstance(layer.facts, RasterFacts):
        found.append(words["resolution"].format(n=_cell(layer.facts, language)))
    if len(layer.times) > 1:
        found.append(words["dates"].format(n=number(len(layer.times), language)))
    return found


def _cell(facts: RasterFacts, language: str) -> str:
    cell = min(facts.resolution)
    if is_geographic(facts.crs):
        return f"{number(float(round(cell, 4)), language)}°"
    return f"{number(float(round(cell, 2)), language)} m" if cell >= 1 else f"{number(float(cell * 100), language)} cm"
