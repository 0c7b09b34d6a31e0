"""Features by type of geometry, for formats whose files hold one type: kept aside once, then read for each type."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from layers.sources.batch import geometry
from layers.sources.geometry import shapes

if TYPE_CHECKING:
    from server.wfs.files import Features

_COLLECTION = 7

_FAMILIES: dict[str, tuple[tuple[int, ...], tuple[int, ...], Any]] = {
    "Point": ((0,), (), None),
    "MultiPoint": ((4,), (0, 4), shapely.multipoints),
    "MultiLineString": ((1, 2, 5), (1, 2, 5), shapely.multilinestrings),
    "MultiPolygon": ((3, 6), (3, 6), shapely.multipolygons),
}
"""Types that stand together in a file, as GEOS numbers them; those of a collection's parts, and what joins these."""

_NAMES = {"Point": "point", "MultiPoint": "multipoint", "MultiLineString": "line", "MultiPolygon": "polygon"}


def by_geometry(features: "Features", folder: Path) -> Iterator["Features"]:
    """The features of each type that is there, each under a name of its own; those without a place stand in the first.

    A collection is cut into its points, lines and polygons. `folder` holds all of them meanwhile.
    """
    if not features.has_geometry or features.facts.geometry not in ("Unknown", "GeometryCollection"):
        yield features
        return
    path = folder / "all.arrow"
    found = _spooled(features, path)
    for number, name in enumerate(found or ["Point"]):
        batches = _of(path, name, first=number == 0)
        facts = replace(features.facts, geometry=name)
        yield replace(features, batches=batches, facts=facts, layer=f"{features.layer}_{_NAMES[name]}")


def _spooled(features: "Features", path: Path) -> list[str]:
    """Writes every batch to a file, and tells the types that are in it."""
    types: set[int] = set()
    inside: set[int] = set()
    writer = None
    with path.open("wb") as file:
        for batch in features.batches:
            writer = writer or pa.ipc.new_file(file, batch.schema)
            writer.write_batch(batch)
            found = shapes(geometry(batch))
            types |= set(shapely.get_type_id(found).tolist())
            inside |= set(shapely.get_type_id(_parts(found[shapely.get_type_id(found) == _COLLECTION])).tolist())
        if writer is not None:
            writer.close()
    return [name for name, (ids, parts, _) in _FAMILIES.items() if types & set(ids) or inside & set(parts)]


def _parts(found: Any) -> Any:
    """The shapes with the parts of collections in the place of these, those of collections in collections too."""
    while (inside := shapely.get_type_id(found) == _COLLECTION).any():
        found = np.append(found[~inside], shapely.get_parts(found[inside]))
    return found


def _of(path: Path, name: str, *, first: bool) -> Iterator[pa.RecordBatch]:
    """The batches of one type; where it is the `first`, with the features that have no place."""
    if path.stat().st_size == 0:
        return
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_file(file)
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            found = _shaped(shapes(geometry(batch)), name)
            kept = ~shapely.is_missing(found)
            if first:
                kept |= pc.is_null(geometry(batch)).to_numpy(zero_copy_only=False)
            wkb = pa.array(shapely.to_wkb(found, flavor="iso"), pa.binary())
            last = batch.num_columns - 1
            yield batch.set_column(last, batch.schema.names[last], wkb).filter(pa.array(kept))


def _shaped(found: Any, name: str) -> Any:
    """Each shape where it is of this type, or what a collection has of it; else None."""
    types, inside, join = _FAMILIES[name]
    kept = found.copy()
    kept[~np.isin(shapely.get_type_id(found), types)] = None
    for row in np.flatnonzero(shapely.get_type_id(found) == _COLLECTION):
        parts = _parts(found[row : row + 1])
        parts = parts[np.isin(shapely.get_type_id(parts), inside)]
        if len(parts):
            kept[row] = join(shapely.get_parts(parts))
    return kept
