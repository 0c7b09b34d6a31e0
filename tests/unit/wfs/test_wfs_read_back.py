"""Every format, read back by others and compared with the source feature by feature and value by value."""

import base64
import csv
import io
import zipfile
from datetime import UTC, datetime, time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from support.vectors import KINDS, layer_id, shapes, table

NAMES = ("nom", "entier", "réel", "vrai", "jour", "moment", "l'aire (m²)", '2e "nom"', "geometry_")
SHORT = ("nom", "entier", "reel", "vrai", "jour", "moment", "l_aire__m2", "2e__nom_", "geometry_")
KML = (*NAMES[:7], "2e _nom_", "geometry_")
FILES = {
    "geopackage": "gpkg",
    "flatgeobuf": "fgb",
    "SHAPE-ZIP": "zip",
    "geoparquet": "parquet",
    "kml": "kml",
    "xlsx": "xlsx",
    "ods": "ods",
}


def _some(change):
    return lambda value: None if value is None else change(value)


_moment = _some(lambda value: value.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
_naive = _some(lambda value: value.astimezone(UTC).replace(tzinfo=None))
_bytes = _some(lambda value: base64.b64encode(value).decode())
_day = _some(lambda value: value.isoformat())
_text = _some(lambda value: value or None)
# What each format makes of a value that it has no type for: that is all that may differ.
LOSSES = {
    "geopackage": {},
    "geoparquet": {},
    "flatgeobuf": {"jour": _some(lambda value: datetime.combine(value, time())), "moment": _naive},
    "SHAPE-ZIP": {"nom": _text, "vrai": _some(int), "moment": _moment, "geometry_": _bytes},
    "kml": {
        "nom": _text,
        "entier": _some(str),
        "vrai": _some(int),
        "jour": _day,
        "moment": _moment,
        "geometry_": _bytes,
    },
    "xlsx": {"nom": _text, "moment": _naive, "geometry_": _bytes},
    "ods": {"nom": _text, "moment": _naive, "geometry_": _bytes},
}


def expected(form: str, kind: str) -> dict[str, tuple[list, object]]:
    """Values and geometry of each feature by its id, as the format is to hold them."""
    losses, found = LOSSES[form], {}
    for number, (row, shape) in enumerate(zip(table(kind).to_pylist(), shapes(kind), strict=True), 1):
        if form == "kml" and shape is not None:
            # The driver reads what has no height as one of 0.
            shape = shapely.force_3d(shapely.transform(shape, _degrees, include_z=bool(shapely.has_z(shape))))
        if shape is not None or form != "flatgeobuf":
            found[f"{layer_id(kind)}.{number}"] = ([losses.get(name, lambda v: v)(row[name]) for name in NAMES], shape)
    return found


def _degrees(coordinates):
    x, y = Transformer.from_crs(2154, 4326, always_xy=True).transform(coordinates[:, 0], coordinates[:, 1])
    return np.column_stack([x, y, *coordinates[:, 2:].T])


def read(form: str, body: bytes, folder) -> dict[str, tuple[list, object]]:
    """The same of a file, by OGR or pyarrow."""
    path = folder / f"a.{FILES[form]}"
    path.write_bytes(body)
    if form == "geoparquet":
        back = pq.read_table(path)
    else:
        options = {"HEADERS": "FORCE"} if form in ("xlsx", "ods") else {}
        _, back = pyogrio.read_arrow(f"/vsizip/{path}" if form == "SHAPE-ZIP" else path, **options)
    names = {"SHAPE-ZIP": SHORT, "kml": KML}.get(form, NAMES)
    found = {}
    for row in back.to_pylist():
        shape = row[back.schema.names[-1]]
        there = shapely.from_wkt(shape) if form in ("xlsx", "ods") else shapely.from_wkb(shape)
        found[row["id"]] = ([row[name] for name in names], there)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FILES)
def test_a_file_equals_the_source_value_by_value(wfs, tmp_path, form, kind):
    answer = wfs(REQUEST="GetFeature", TYPENAMES=layer_id(kind), OUTPUTFORMAT=form)
    assert answer.status_code == 200, answer.text
    back, source = read(form, answer.content, tmp_path), expected(form, kind)
    assert back.keys() == source.keys()
    for name, (values, shape) in source.items():
        for got, value in zip(back[name][0], values, strict=True):
            assert got == (pytest.approx(value, rel=1e-14) if isinstance(value, float) else value), name
        _assert_same_place(back[name][1], shape, degrees=form == "kml")


def _assert_same_place(got, shape, *, degrees: bool) -> None:
    """The same coordinates, heights among them; a Shapefile knows no difference between one part and a collection."""
    assert (got is None) == (shape is None)
    if shape is None:
        return
    assert shapely.has_z(got) == shapely.has_z(shape)
    sides = [shapely.get_coordinates(shapely.normalize(_multiple(one)), include_z=True) for one in (got, shape)]
    assert sides[0] == pytest.approx(sides[1], abs=1e-9 if degrees else 0, nan_ok=True)


def _multiple(shape):
    return shapely.MultiPolygon([shape]) if shape.geom_type == "Polygon" else shape


def test_csv_equals_the_source_value_by_value(wfs):
    for kind in KINDS:
        text = wfs(REQUEST="GetFeature", TYPENAMES=layer_id(kind), OUTPUTFORMAT="csv").text
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        for row, source, shape in zip(rows, table(kind).to_pylist(), shapes(kind), strict=True):
            assert (row["nom"] or None) == (source["nom"] or None)
            assert [row[name] for name in ("jour", "moment", "geometry_")] == [
                change(source[name]) or ""
                for name, change in (("jour", _day), ("moment", _moment), ("geometry_", _bytes))
            ]
            numbers = [read_(row[name]) if row[name] else None for name, read_ in (("entier", int), ("réel", float))]
            assert numbers == [source["entier"], source["réel"]]
            assert (row["geometry"] == "") == (shape is None)
            assert shape is None or shapely.equals_identical(shapely.from_wkt(row["geometry"]), shape)


MIXED = [
    "POINT (770000 6279000)",
    "MULTIPOINT (770001 6279001, 770002 6279002)",
    "LINESTRING (770000 6279000, 770010 6279010)",
    "MULTILINESTRING ((770000 6279000, 770010 6279010), (770020 6279000, 770030 6279010))",
    "POLYGON ((770000 6279000, 770010 6279000, 770010 6279010, 770000 6279000))",
    "GEOMETRYCOLLECTION (POINT (770005 6279005), GEOMETRYCOLLECTION (LINESTRING (770000 6279000, 770001 6279001)))",
    None,
]


def test_a_shapefile_has_a_file_for_each_type_of_geometry(mixed, tmp_path):
    """Nothing is lost: collections are cut into their parts, what has no place stands in the first file."""
    answer = mixed(REQUEST="GetFeature", TYPENAMES="mixte", OUTPUTFORMAT="SHAPE-ZIP")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    archive.extractall(tmp_path)
    found = {}
    for path in sorted(tmp_path.glob("*.shp")):
        info, back = pyogrio.read_arrow(path)
        assert path.with_suffix(".cpg").read_text().strip() == "UTF-8"
        assert info["encoding"] == "UTF-8"
        found[path.stem] = [row["nom"] for row in back.to_pylist()]
    assert found == {
        "mixte_point": ["été 0", "été 6"],
        "mixte_multipoint": ["été 1", "été 5"],
        "mixte_line": ["été 2", "été 3", "été 5"],
        "mixte_polygon": ["été 4"],
    }


@pytest.fixture
def mixed(wfs, tmp_path):
    """A WFS over a layer with geometries of any type."""
    from dataclasses import replace
    from types import MappingProxyType

    from layers import model
    from layers.registry import Layer
    from layers.sources.vector import describe

    wkb = [None if text is None else shapely.to_wkb(shapely.from_wkt(text)) for text in MIXED]
    data = pa.table({"nom": [f"été {number}" for number in range(7)], "geometry": pa.array(wkb)})
    place = {"geometry_name": "geometry", "geometry_type": "Unknown", "crs": "EPSG:2154"}
    pyogrio.write_arrow(data, tmp_path / "mixte.gpkg", layer="mixte", **place)
    source = model.VectorSource(vector="mixte.gpkg", geometry="Unknown")
    definition = model.Layer.model_validate({"title": "Mixte", "source": source.model_dump()})
    layer = Layer("mixte", "gpkg", definition, describe(source, tmp_path), MappingProxyType({"default": ""}), "s")
    return type(wfs)(replace(wfs.registry, layers=MappingProxyType({"mixte": layer})))
