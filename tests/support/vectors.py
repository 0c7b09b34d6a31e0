"""Small vector files with every trait that a value, a name or a geometry can have, and a registry over them."""

import atexit
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely

from layers import model
from layers.registry import Layer, Registry
from layers.sources.vector import describe

X0, Y0 = 770000.0, 6279000.0

TEXTS = [
    "été",
    "L'œuf « dur »",
    'a "quoted" \\ value',
    "<b>&amp;</b>",
    None,
    "",
    "ligne\nsuivante\t!",
    "DROP TABLE x;--",
]
MOMENT = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)


def shapes(kind: str, count: int = 8) -> np.ndarray:
    """Geometries of a type, none of them alike; the last but one is null."""
    found = np.array([_shape(kind, index) for index in range(count)], dtype=object)
    found[-2] = None
    return found


def _shape(kind: str, index: int):
    x, y = X0 + 100 * index, Y0 + 10 * index
    square = shapely.box(x, y, x + 50, y + 50)
    line = shapely.LineString([(x, y, 1.5), (x + 10, y + 0.125, 2.25), (x + 20, y, 3.0)])
    hole = shapely.box(x + 10, y + 10, x + 20, y + 20)
    return {
        "Point": shapely.Point(x + 0.1, y + 0.2),
        "LineString Z": line,
        "Polygon": square.difference(hole) if index % 2 else square,
        "MultiPoint": shapely.MultiPoint([(x, y), (x + 1, y + 1)][: 1 + index % 2]),
        "MultiPolygon": shapely.MultiPolygon([square.difference(hole), shapely.box(x, y + 60, x + 5, y + 65)]),
        "MultiLineString Z": shapely.MultiLineString([line, shapely.LineString([(x, y, 9.0), (x, y + 5, 8.0)])]),
    }[kind]


def table(kind: str) -> pa.Table:
    """Eight rows of every type of field, with nulls, accents, quotes and markup, in names too."""
    whole = [1, -2, None, 2**53 + 1, 4, 5, 6, 7]
    columns = {
        "nom": pa.array(TEXTS),
        "entier": pa.array(whole, pa.int64()),
        "réel": pa.array([0.1, 1e-7, None, 1e20, -3.5, 1 / 3, 2.0, 7.25]),
        "vrai": pa.array([True, False, None, True, False, True, False, True]),
        "jour": pa.array([date(2024, 2, 29), None, *[date(1999, 12, d) for d in range(1, 7)]]),
        "moment": pa.array([MOMENT, None, *[MOMENT] * 6], pa.timestamp("ms", tz="UTC")),
        "l'aire (m²)": pa.array(np.arange(8.0)),
        '2e "nom"': pa.array([f"v{i}" for i in range(8)]),
        "geometry_": pa.array([b"\x00\x01\xff", None] * 4),
    }
    dimensions = 3 if "Z" in kind else 2
    columns["geometry"] = pa.array(shapely.to_wkb(shapes(kind), output_dimension=dimensions, flavor="iso"))
    return pa.table(columns)


KINDS = ("Point", "LineString Z", "Polygon", "MultiPoint", "MultiPolygon", "MultiLineString Z")


def write(path: Path, kind: str, layer: str, *, crs: str = "EPSG:2154", data: pa.Table | None = None) -> None:
    """A layer of the table in a file of the format that its name tells."""
    pyogrio.write_arrow(
        table(kind) if data is None else data,
        path,
        layer=layer,
        geometry_name="geometry",
        geometry_type=kind,
        crs=crs,
        append=path.exists(),
    )


def layer_id(kind: str) -> str:
    """`multilinestring_z` for "MultiLineString Z"."""
    return kind.lower().replace(" ", "_")


def make_registry(folder: Path, *, features: int = 1000) -> Registry:
    """A theme of one GeoPackage with a layer of each type, a theme of FlatGeobuf and Shapefile copies."""
    made = _once()
    shutil.copytree(made.config, folder, dirs_exist_ok=True)
    layers = {name: _at(layer, made.config, folder) for name, layer in made.layers.items()}
    limits = made.service.limits.model_copy(update={"features": features})
    service = made.service.model_copy(update={"limits": limits})
    return replace(made, service=service, layers=MappingProxyType(layers), config=folder)


def _at(layer: Layer, old: Path, new: Path) -> Layer:
    """The layer over the copy of its file in another folder."""
    path, drawn = (text.replace(str(old), str(new), 1) for text in (layer.facts.path, layer.facts.drawn))
    return replace(layer, facts=replace(layer.facts, path=path, drawn=drawn))


@cache
def _once() -> Registry:
    """The registry over files that are written once a process, for others to be copies of."""
    folder = tempfile.TemporaryDirectory(prefix="garrigue-vectors-")
    atexit.register(folder.cleanup)
    return _written(Path(folder.name))


def _written(folder: Path) -> Registry:
    sources: dict[str, tuple[str, str, str]] = {}
    for kind in KINDS:
        write(folder / "types.gpkg", kind, layer_id(kind))
        sources[layer_id(kind)] = ("gpkg", "types.gpkg", layer_id(kind))
    # FlatGeobuf indexes only what has a geometry.
    placed = table("MultiPolygon").filter(pc.is_valid(table("MultiPolygon")["geometry"]))
    write(folder / "copie.fgb", "MultiPolygon", "copie", data=placed)
    sources["copie"] = ("autres", "copie.fgb", "copie")
    plain = table("Polygon").select(["nom", "entier", "jour", "geometry"])
    write(folder / "dalles.shp", "Polygon", "dalles", data=plain)
    sources["dalles"] = ("autres", "dalles.shp", "dalles")
    write(folder / "lieux.geojson", "Point", "lieux", crs="EPSG:4326", data=_places())
    sources["lieux"] = ("autres", "lieux.geojson", "lieux")
    write(folder / "papillon.gpkg", "Polygon", "papillon", data=_bow_tie())
    sources["papillon"] = ("autres", "papillon.gpkg", "papillon")
    layers = {name: _layer(name, *where, folder) for name, where in sources.items()}
    return Registry(
        service=model.Service.model_validate(
            {
                "title": {"fr": "Essai d'été & <co>", "en": "Trial"},
                "crs": ("EPSG:2154", "EPSG:3857", "EPSG:4326", "CRS:84", "EPSG:3943", "EPSG:3035", "EPSG:4258"),
                "namespace": {"prefix": "essai", "uri": "https://essai.example/ns"},
                "limits": {"body": 200_000},
            }
        ),
        themes={name: model.Theme(title=model.Text(fr=name)) for name in ("gpkg", "autres")},
        layers=MappingProxyType(layers),
        version="1",
        config=folder,
    )


def _places() -> pa.Table:
    points = shapely.points([3.8 + i / 100 for i in range(5)], [43.6 + i / 100 for i in range(5)])
    names = [f"lieu {i}" for i in range(5)]
    return pa.table(
        {
            "nom": names,
            "id": [f"n{i}" for i in range(5)],
            "type": ["Feature"] * 5,
            "geometry": pa.array(shapely.to_wkb(points)),
        }
    )


def _bow_tie() -> pa.Table:
    """A polygon that crosses itself, as hand-drawn inventories have them."""
    shape = shapely.Polygon([(X0, Y0), (X0 + 9, Y0 + 9), (X0 + 9, Y0), (X0, Y0 + 9)])
    return pa.table({"nom": ["papillon"], "geometry": pa.array([shapely.to_wkb(shape)])})


def _layer(name: str, theme: str, file: str, layer: str, folder: Path) -> Layer:
    source = model.VectorSource(vector=file, layer=layer)
    definition = model.Layer.model_validate({"title": f"Titre de {name}", "source": source.model_dump()})
    return Layer(name, theme, definition, describe(source, folder), MappingProxyType({"default": ""}), "stamp")
