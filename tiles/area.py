"""Where to seed: a bbox or a file of polygons, in any CRS, as a geometry in the grid's."""

import json
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from layers.crs import CRS84, parse_crs, transformer
from layers.errors import GarrigueError, RequestError, SourceError, UnknownCrsError, hint
from layers.facts import VectorFacts
from layers.query import FeatureQuery
from layers.registry import Layer, Registry


class AreaError(GarrigueError):
    """An area that cannot be read, or that is not where the layer is."""


@dataclass(frozen=True, slots=True)
class Area:
    """A geometry in the CRS `crs` (x first), with what had to be mended."""

    geometry: shapely.Geometry
    crs: str
    warnings: tuple[str, ...] = ()

    def to(self, crs: str) -> "Area":
        """The same area in another CRS, its edges divided so that they stay where they are."""
        if crs == self.crs:
            return self
        bounds = shapely.bounds(self.geometry)
        step = max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / 50 or 1.0
        fine = shapely.segmentize(self.geometry, step)
        change = transformer(self.crs, crs)
        moved = shapely.transform(fine, lambda points: np.column_stack(change.transform(points[:, 0], points[:, 1])))
        if not np.isfinite(shapely.get_coordinates(moved)).all():
            raise AreaError(f"the area cannot be written in {crs}: it reaches where that CRS has no meaning")
        return Area(_valid(moved)[0], crs, self.warnings)


def read_area(text: str, registry: Registry | None = None) -> Area:
    """An area from "xmin,ymin,xmax,ymax[,CRS]" (degrees unless a CRS is given), a file of polygons, or LAYER:filter.

    A filter is CQL over a layer of the registry, as in commune:nom='Nantes'; LAYER: alone takes all of it.

    GeoJSON is in degrees (RFC 7946) unless it has the older `crs` member; other files have their own CRS.
    A polygon that crosses itself is made valid, with a warning. Raises AreaError.
    """
    if text.count(",") in (3, 4) and not Path(text).exists():
        return _bbox(text)
    file = Path(text)
    name, colon, condition = text.partition(":")
    if registry is not None and colon and not file.is_file() and name in registry.layers:
        return _features(registry, name, condition)
    if not file.is_file():
        raise AreaError(f"the area {text!r} is neither a file nor xmin,ymin,xmax,ymax, nor LAYER:filter")
    shapes, crs = _geojson(file) if file.suffix.lower() in (".json", ".geojson") else _other(file)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(shapes):
        raise AreaError(f"the area {text} has no geometry")
    geometry, told = _valid(shapes)
    return Area(geometry, crs, tuple(f"{file.name}: {word}" for word in told))


def _bbox(text: str) -> Area:
    parts = [part.strip() for part in text.split(",")]
    try:
        west, south, east, north = (float(part) for part in parts[:4])
    except ValueError:
        raise AreaError(f"the area {text!r} is not xmin,ymin,xmax,ymax[,CRS]") from None
    crs = _crs(parts[4]) if len(parts) == 5 else CRS84
    if crs == CRS84 and not (-180 <= west <= 180 and -90 <= south <= 90 and abs(east) <= 180 and abs(north) <= 90):
        raise AreaError(f"the area {text!r} is not in degrees: add its CRS, as in {text},EPSG:2154")
    if west >= east or south >= north:
        raise AreaError(f"the area {text!r} is empty: xmin,ymin,xmax,ymax are west, south, east, north")
    return Area(shapely.box(west, south, east, north), crs)


def _features(registry: Registry, name: str, condition: str) -> Area:
    from layers.filters import Names, read_cql
    from layers.sources import open_features
    from layers.sources.batch import geometry

    layer = registry.layers[name]
    if not isinstance(layer.facts, VectorFacts):
        raise AreaError(f"the area {name}:{condition}: {name} has no features")
    try:
        tree = read_cql(condition, Names(layer.facts, name, partial(_field, layer))) if condition.strip() else None
        batches = list(open_features(layer).features(FeatureQuery(name, layer.crs, filter=tree, properties=())))
    except (RequestError, SourceError) as error:
        raise AreaError(f"the area {name}:{condition}: {error}") from None
    shapes = [shapely.from_wkb(geometry(batch).to_numpy(zero_copy_only=False)) for batch in batches]
    found = np.concatenate(shapes) if shapes else np.array([], dtype=object)
    found = found[~(shapely.is_missing(found) | shapely.is_empty(found))]
    if not len(found):
        raise AreaError(f"the area {name}:{condition} has no feature")
    return Area(_valid(found)[0], layer.crs)


def _field(layer: Layer, name: str) -> str | None:
    assert isinstance(layer.facts, VectorFacts)
    names = [field.name for field in layer.facts.fields]
    if name in names:
        return name
    if name.lower() in ("geometry", "geom", "the_geom"):
        return None
    raise AreaError(f"{layer.id} has no field {name!r}{hint(name, names)}; it has {', '.join(names)}")


def _geojson(file: Path) -> tuple[Any, str]:
    try:
        data = json.loads(file.read_text("utf-8"))
        name = ((data.get("crs") or {}).get("properties") or {}).get("name")
        members = data["features"] if data.get("type") == "FeatureCollection" else [data]
        geometries = [m.get("geometry") if m.get("type") == "Feature" else m for m in members]
        shapes = np.array([shapely.from_geojson(json.dumps(g)) if g else None for g in geometries], dtype=object)
    except (ValueError, KeyError, AttributeError, TypeError, shapely.errors.GEOSException) as error:
        raise AreaError(f"the area {file} is not GeoJSON: {error}") from None
    return shapes, _crs(name) if name else CRS84


def _other(file: Path) -> tuple[Any, str]:
    import pyogrio

    try:
        meta, _, wkb, _ = pyogrio.raw.read(file, columns=[])
    except pyogrio.errors.DataSourceError as error:
        raise AreaError(f"the area {file} cannot be read: {error}") from None
    if not meta["crs"]:
        raise AreaError(f"the area {file} does not tell its CRS")
    return shapely.from_wkb(wkb), _crs(meta["crs"])


def _crs(name: str) -> str:
    try:
        return parse_crs(name).id
    except UnknownCrsError as error:
        raise AreaError(f"the CRS of the area is not known: {error}") from None


def _valid(shapes: Any) -> tuple[shapely.Geometry, tuple[str, ...]]:
    told: tuple[str, ...] = ()
    if not shapely.is_valid(shapes).all():
        told = ("a polygon crosses itself; it was made valid",)
        shapes = shapely.make_valid(shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return shapely.union_all(shapes), told
