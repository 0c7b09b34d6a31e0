"""Maps of a PostGIS layer: pixel by pixel those of the GeoPackage that its table was made of."""

import gzip
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyogrio
import pytest

from layers import compile as registry_of
from layers import filters, model
from layers.crs import transform_bbox
from layers.encode import to_array
from layers.info import point_info
from layers.legend import legend
from layers.query import LegendQuery, MapQuery, PointQuery, Selection
from layers.registry import Layer, Registry
from layers.render import draw
from layers.sources.attribute import distinct
from layers.sources.postgis.address import connection_string
from layers.sources.vector import describe
from support.postgis import layer as layer_of
from support.postgis import load
from support.vector_tile import layers_of
from tiles.address import VECTOR, TileAddress
from tiles.cache import make_tile
from tiles.grids import grid
from tiles.vector.cache import make_vector_tile

pytestmark = pytest.mark.postgis

CONFIG = Path(__file__).parents[3] / "config"
LAYERS = ("arbre", "zone_urba", "surface_hydrographique", "itineraire", "commune", "patrimoine")
BOXES = {"whole": (0.0, 0.0, 1.0, 1.0), "middle": (0.42, 0.42, 0.58, 0.6), "corner": (0.75, 0.7, 1.2, 1.1)}


@pytest.fixture(scope="module")
def both(database, tmp_path_factory) -> tuple[Registry, Registry]:
    """The demo's registry with layers read from GeoPackages, and the same with layers read from tables.

    The files have no index: it would give features that lie over each other in an order of its own.
    """
    demo, _ = registry_of.load(CONFIG, tmp_path_factory.mktemp("store"))
    folder = tmp_path_factory.mktemp("files")
    files, tables = dict(demo.layers), dict(demo.layers)
    for name in LAYERS:
        layer, facts = demo.layers[name], demo.layers[name].facts
        kind = ("Geometry" if facts.geometry == "Unknown" else facts.geometry) + (" Z" if facts.has_z else "")
        meta, rows = pyogrio.read_arrow(facts.path, layer=facts.layer)
        place = meta["geometry_name"] or "wkb_geometry"
        columns = {n: rows[n] for n in rows.column_names if n != place} | {"geometry": rows[place].cast(pa.binary())}
        pyogrio.write_arrow(
            pa.table(columns), folder / f"{name}.gpkg", layer=name, geometry_name="geometry", crs=facts.crs,
            geometry_type="Unknown" if kind == "Geometry" else kind, layer_options={"SPATIAL_INDEX": "NO"},
        )  # fmt: skip
        load(connection_string(database), name, pa.table(columns), kind, srid=int(facts.crs[5:]))
        source = model.VectorSource(vector=f"{name}.gpkg", layer=name)
        files[name] = over(layer, source, describe(source, folder), "file")
        own = layer_of(database, name)
        tables[name] = over(layer, own.definition.source, own.facts, "table")
    return replace(demo, layers=MappingProxyType(files)), replace(demo, layers=MappingProxyType(tables))


def over(layer: Layer, source, facts, stamp: str) -> Layer:
    """The layer with other data."""
    definition = layer.definition.model_copy(update={"source": source})
    return replace(layer, definition=definition, facts=facts, stamp=f"{layer.stamp} {stamp}")


def box(registry: Registry, name: str, part: str, crs: str):
    left, bottom, right, top = registry.layers[name].extent
    x0, y0, x1, y1 = BOXES[part]
    across, down = right - left, top - bottom
    found = (left + x0 * across, bottom + y0 * down, left + x1 * across, bottom + y1 * down)
    return transform_bbox(found, registry.layers[name].crs, crs)


def picture(registry: Registry, name: str, bbox, crs: str, **selected) -> np.ndarray:
    query = MapQuery((Selection(name, **selected),), crs, bbox, 300, 280, transparent=True)
    return to_array(draw(registry, query))


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857", "OGC:CRS84"])
@pytest.mark.parametrize("part", BOXES)
@pytest.mark.parametrize("name", LAYERS)
def test_a_map_is_pixel_by_pixel_that_of_the_geopackage(both, name, part, crs):
    bbox = box(both[0], name, part, crs)
    for style in both[0].layers[name].styles:
        file, table = (picture(registry, name, bbox, crs, style=style) for registry in both)
        assert np.array_equal(file, table), f"{(file != table).any(axis=2).sum()} pixels"
        assert part != "whole" or file[..., 3].any()


FILTERS = ["hauteur > 6", "essence ILIKE '%A%'", "NOT (hauteur > 6) OR remarquable IS NULL"]


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_shows_the_same(both, text):
    bbox = box(both[0], "arbre", "whole", "EPSG:2154")
    shown = []
    for registry in both:
        names = filters.Names(registry.layers["arbre"].facts, "arbre", lambda name: name)
        shown.append(picture(registry, "arbre", bbox, "EPSG:2154", filter=filters.read_cql(text, names)))
    assert np.array_equal(*shown)
    assert shown[0][..., 3].any()
    assert not np.array_equal(shown[0], picture(both[0], "arbre", bbox, "EPSG:2154"))


def test_a_time_shows_the_same(both):
    bbox = box(both[0], "arbre", "whole", "EPSG:2154")
    shown = []
    for registry in both:
        layer = registry.layers["arbre"]
        definition = layer.definition.model_copy(update={"time": model.Time(attribute="essence")})
        dated = replace(registry, layers={"arbre": replace(layer, definition=definition, stamp=f"{layer.stamp} dated")})
        values = distinct(layer.facts, "essence")
        shown.append(picture(dated, "arbre", bbox, "EPSG:2154", time=(values[0], values[-1])))
    assert np.array_equal(*shown)
    assert shown[0][..., 3].any()


@pytest.mark.parametrize("name", LAYERS)
def test_legends_and_what_lies_under_a_pixel_are_the_same(both, name):
    assert legend(both[0], LegendQuery(name)) == legend(both[1], LegendQuery(name))
    bbox = box(both[0], name, "middle", "EPSG:2154")
    asked = MapQuery((Selection(name),), "EPSG:2154", bbox, 60, 56)
    found = 0
    for column, row in ((30, 28), (20, 40), (45, 10)):
        file, table = (point_info(registry, PointQuery(asked, column, row, limit=5))[0] for registry in both)
        assert [feature.id for feature in file.features] == [feature.id for feature in table.features]
        for one, other in zip(file.features, table.features, strict=True):
            assert one.properties == {key: value for key, value in other.properties.items() if key != "fid"}
            assert one.geometry.equals(other.geometry)
            found += 1
    assert found or name not in ("zone_urba", "commune")


@pytest.mark.filterwarnings("ignore:calling un-configured base_config:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # MapProxy leaves its lock file open
def test_tiles_and_vector_tiles_are_the_same(both, tmp_path):
    z = 14
    bbox = box(both[0], "zone_urba", "middle", "EPSG:3857")
    x, y, _, _ = grid("PM").tile_range(bbox, z)
    pictures, vectors = [], []
    for number, registry in enumerate(both):
        place = TileAddress("zone_urba", registry.layers["zone_urba"].default_style, "", "PM", z, x, y)
        pictures.append(make_tile(registry, tmp_path / str(number), place).data)
        packed = make_vector_tile(registry, tmp_path / str(number), place._replace(style=VECTOR))[0]
        vectors.append(layers_of(gzip.decompress(packed)))
    assert pictures[0] == pictures[1]
    for file, table in zip(*vectors, strict=True):
        assert (table.name, table.features, table.keys - {"fid"}) == (file.name, file.features, file.keys)
        assert set(file.values) <= set(table.values)
        assert file.features
    assert vectors[0][0].name == "zone_urba"
