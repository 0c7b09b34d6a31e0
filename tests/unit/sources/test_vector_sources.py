"""Vector sources: what they tell of themselves, and that every format gives the same features."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from layers import model
from layers.errors import SourceError
from layers.query import FeatureQuery
from layers.sources.features import Features
from layers.sources.geoparquet import ParquetFeatures
from layers.sources.vector import describe
from support.vectors import KINDS, X0, Y0, layer_id, shapes, table, write


def facts(folder, file, layer=None, *, time=None, **declared):
    return describe(model.VectorSource(vector=file, layer=layer, **declared), folder, time_attribute=time)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sources")
    for kind in KINDS:
        write(path / "types.gpkg", kind, layer_id(kind))
    parquet(path / "types.parquet", "Polygon")
    return path


def parquet(path, kind, **column):
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", **column}}}
    if "crs" not in column:
        geo["columns"]["geometry"]["crs"] = {"id": {"authority": "EPSG", "code": 2154}}
    pq.write_table(table(kind).replace_schema_metadata({"geo": json.dumps(geo)}), path)


@pytest.mark.parametrize("kind", KINDS)
def test_geometry_type_z_and_fields_are_read(folder, kind):
    found = facts(folder, "types.gpkg", layer_id(kind))
    assert (found.geometry, found.has_z, found.crs, found.count, found.key) == (
        kind.removesuffix(" Z"),
        kind.endswith("Z"),
        "EPSG:2154",
        8,
        "fid",
    )
    types = {field.name: field.type for field in found.fields}
    assert types == {
        "nom": "string",
        "entier": "integer",
        "réel": "real",
        "vrai": "boolean",
        "jour": "date",
        "moment": "datetime",
        "l'aire (m²)": "real",
        '2e "nom"': "string",
        "geometry_": "binary",
    }


def test_times_are_the_distinct_values_in_order(folder):
    assert facts(folder, "types.gpkg", "point", time="jour").times[-1] == "2024-02-29"
    assert len(facts(folder, "types.parquet", time="jour").times) == 7


def test_a_shapefile_is_read_in_the_encoding_of_its_cpg(tmp_path):
    rows = pa.table({"nom": ["Sète", "L'Hérault"], "geometry": pa.array(shapely.to_wkb(shapes("Point")[:2]))})
    for encoding in ("ISO-8859-1", "UTF-8", "CP1252"):
        path = tmp_path / encoding / "lieux.shp"
        path.parent.mkdir()
        options = {"layer_options": {"ENCODING": encoding}}
        pyogrio.write_arrow(rows, path, geometry_name="geometry", geometry_type="Point", crs="EPSG:2154", **options)
        source = Features("lieux", facts(path.parent, "lieux.shp"))
        names = [n for b in source.features(FeatureQuery("lieux", "EPSG:2154")) for n in b["nom"].to_pylist()]
        assert names == ["Sète", "L'Hérault"]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"vector": "type.gpkg"}, "did you mean 'types.gpkg'"),
        ({"vector": "types.gpkg"}, "point, linestring_z"),
        ({"vector": "types.gpkg", "layer": "poligon"}, "did you mean 'polygon'"),
        ({"vector": "types.gpkg", "layer": "point", "key": "entier"}, "does not tell features apart"),
        ({"vector": "types.gpkg", "layer": "point", "key": "nomm"}, "did you mean 'nom'"),
        ({"vector": "types.gpkg", "layer": "point", "crs": "EPSG:1"}, "crs"),
        ({"vector": "lisezmoi.txt"}, "cannot be opened"),
        ({"vector": "nu.parquet"}, "not GeoParquet"),
        ({"vector": "lisezmoi.parquet"}, "cannot be read"),
    ],
)
def test_a_mistake_is_told_in_words(folder, declared, words):
    (folder / "lisezmoi.txt").write_text("rien")
    (folder / "lisezmoi.parquet").write_text("rien")
    pq.write_table(pa.table({"a": [1]}), folder / "nu.parquet")
    with pytest.raises(SourceError, match=words):
        describe(model.VectorSource.model_validate(declared), folder)


def test_a_declared_key_makes_the_ids(folder):
    found = facts(folder, "types.gpkg", "point", key='2e "nom"')
    source = Features("p", found)
    query = FeatureQuery("p", "EPSG:2154", ids=("p.v3", "p.absent", "q.v4"))
    assert [i for batch in source.features(query) for i in batch["id"].to_pylist()] == ["p.v3"]
    assert source.count(query) == 1


def rows(source, **query) -> list[dict]:
    query = FeatureQuery("polygon", query.pop("crs", "EPSG:2154"), **query)
    return [row for batch in source.features(query) for row in batch.to_pylist()]


def test_geoparquet_gives_what_the_geopackage_gives(folder):
    gpkg = rows(Features("polygon", facts(folder, "types.gpkg", "polygon")))
    found = rows(ParquetFeatures("polygon", facts(folder, "types.parquet")))
    for left, right in zip(gpkg, found, strict=True):
        assert int(left.pop("id").rpartition(".")[2]) == int(right.pop("id").rpartition(".")[2]) + 1
        assert left == right


BOXES = [
    ((X0, Y0, X0 + 120, Y0 + 500), "EPSG:2154"),
    ((X0 + 113, Y0 + 23, X0 + 117, Y0 + 27), "EPSG:2154"),
    ((3.868, 43.6, 3.87, 43.7), "EPSG:4326"),
    ((-180.0, -90.0, 180.0, 90.0), "OGC:CRS84"),
    ((0.0, 0.0, 1.0, 1.0), "EPSG:4326"),
    ((X0 + 5, Y0 + 5, X0 + 5, Y0 + 5), "EPSG:2154"),
]


@pytest.mark.parametrize(("bbox", "crs"), BOXES)
def test_a_box_finds_the_same_features_in_each_format(folder, bbox, crs):
    gpkg = rows(Features("polygon", facts(folder, "types.gpkg", "polygon")), bbox=bbox, bbox_crs=crs)
    found = rows(ParquetFeatures("polygon", facts(folder, "types.parquet")), bbox=bbox, bbox_crs=crs)
    assert [row['2e "nom"'] for row in gpkg] == [row['2e "nom"'] for row in found]
    box = shapely.box(*bbox) if crs == "EPSG:2154" else None
    if box is not None:
        expected = [i for i, shape in enumerate(shapes("Polygon")) if shape is not None and shape.intersects(box)]
        assert [int(row['2e "nom"'][1:]) for row in gpkg] == expected


@pytest.mark.parametrize("sort", [(("entier", False),), (("nom", True), ("entier", True))])
def test_pages_of_a_sorted_query_are_the_same_in_each_format(folder, sort):
    gpkg = Features("polygon", facts(folder, "types.gpkg", "polygon"))
    other = ParquetFeatures("polygon", facts(folder, "types.parquet"))
    for offset in range(0, 9, 3):
        page = {"sort_by": sort, "offset": offset, "limit": 3, "properties": ("nom", "entier")}
        left, right = rows(gpkg, **page), rows(other, **page)
        assert [row["entier"] for row in left] == [row["entier"] for row in right]


def test_a_reader_that_leaves_early_closes_the_file(folder):
    source = Features("polygon", facts(folder, "types.gpkg", "polygon"))
    batches = source.features(FeatureQuery("polygon", "EPSG:2154"))
    next(batches)
    batches.close()
    with pytest.raises(StopIteration):
        next(batches)


def test_z_is_kept_by_a_reprojection(folder):
    source = Features("l", facts(folder, "types.gpkg", "linestring_z"))
    shape = shapely.from_wkb(next(iter(rows(source, crs="EPSG:3857")))["geometry"])
    assert shapely.get_coordinates(shape, include_z=True)[:, 2].tolist() == [1.5, 2.25, 3.0]


def test_a_filter_on_a_field_that_is_not_asked_holds_in_each_format(folder, tmp_path, capfd):
    from layers.filters.tree import Comparison, Literal, Property

    path = tmp_path / "copie.fgb"
    write(path, "MultiPolygon", "copie", data=table("MultiPolygon").take([0, 1, 2, 3, 4, 5, 7]))
    tree = Comparison(">=", Property("l'aire (m²)", "real"), Literal(4))
    for found in (facts(tmp_path, "copie.fgb"), facts(folder, "types.gpkg", "multipolygon")):
        source = Features("polygon", found)
        count = source.count(FeatureQuery("polygon", "EPSG:2154", filter=tree))
        assert len(rows(source, filter=tree, properties=("nom",), geometry=False)) == count
        assert count == (3 if found.driver == "FlatGeobuf" else 4)
    assert "ERROR" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (b"Mus\xc3\xa9e", None, (None, "Musée")),
        (b"Mus\xe9e ", None, ("ISO-8859-1", "Musée")),
        (b"\x8cuvre ", "CP1252", ("CP1252", "Œuvre")),
    ],
)
def test_a_shapefile_that_does_not_tell_its_encoding_is_utf_8_or_latin(tmp_path, text, encoding, found):
    path = tmp_path / "lieux.shp"
    data = pa.table({"nom": ["Musée"], "geometry": pa.array([shapely.to_wkb(shapely.Point(0, 0))])})
    pyogrio.write_arrow(data, path, geometry_name="geometry", geometry_type="Point", crs="EPSG:2154")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    content = bytearray(path.with_suffix(".dbf").read_bytes().replace("Musée".encode(), text))
    content[29] = 0  # no code page
    path.with_suffix(".dbf").write_bytes(content)
    facts = describe(model.VectorSource(vector="lieux.shp", encoding=encoding), tmp_path)
    (batch,) = Features("lieux", facts).features(FeatureQuery("lieux", "EPSG:2154"))
    assert (facts.encoding, batch["nom"][0].as_py()) == found
