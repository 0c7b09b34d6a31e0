"""Deep pages hold what a walk through all features gives, whatever is asked; what is kept follows the file."""

import sqlite3
from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest
import shapely

from layers import model
from layers.filters.tree import Comparison, Literal, Property
from layers.query import FeatureQuery
from layers.sources.features import BATCH, Features
from layers.sources.vector import describe
from support.vectors import write

COUNT = BATCH * 2 + 100


@pytest.fixture(scope="module", params=["gpkg", "fgb"])
def source(request, tmp_path_factory) -> Features:
    """Many points in a line, with a number that goes round."""
    folder = tmp_path_factory.mktemp("positions")
    places = shapely.points(700000 + np.arange(COUNT) * 1.0, np.full(COUNT, 6600000.0))
    data = pa.table({"tour": pa.array(np.arange(COUNT) % 7), "geometry": pa.array(shapely.to_wkb(places))})
    write(folder / f"ligne.{request.param}", "Point", "ligne", data=data)
    facts = describe(model.VectorSource(vector=f"ligne.{request.param}"), folder)
    return Features("ligne", facts)


def ids(source: Features, **asked) -> list[str]:
    return [
        one for batch in source.features(FeatureQuery("ligne", "EPSG:2154", **asked)) for one in batch["id"].to_pylist()
    ]


ASKED = {
    "all": {},
    "sorted": {"sort_by": (("tour", False),)},
    "filtered": {"filter": Comparison(">", Property("tour", "integer"), Literal(2))},
    "box": {"bbox": (700100.0, 6599999.0, 720000.0, 6600001.0)},
    "box in degrees": {"bbox": (2.0, 45.0, 4.0, 47.0), "bbox_crs": "OGC:CRS84"},
}


@pytest.mark.parametrize("name", ASKED)
def test_pages_are_the_walk_cut_in_parts(source, name):
    asked = ASKED[name]
    walk = ids(source, **asked)
    assert source.count(FeatureQuery("ligne", "EPSG:2154", **asked)) == len(walk) == len(set(walk))
    step = 1700
    pages = [ids(source, offset=start, limit=step, **asked) for start in range(0, len(walk) + step, step)]
    assert [one for page in pages for one in page] == walk


def test_ids_are_found_at_once_and_unknown_ones_find_nothing(source):
    first = ids(source, limit=1)[0]
    assert ids(source, ids=(first, "ligne.99999999", "autre.1", "ligne.-1")) == [first]
    assert ids(source, ids=("ligne.99999999",)) == []


def test_a_changed_file_is_counted_and_paged_anew(tmp_path):
    data = pa.table(
        {"n": pa.array(range(BATCH + 10)), "geometry": pa.array([shapely.to_wkb(shapely.Point(0, 0))] * (BATCH + 10))}
    )
    write(tmp_path / "a.gpkg", "Point", "a", data=data)
    source = Features("a", describe(model.VectorSource(vector="a.gpkg"), tmp_path), edited=True)
    asked = FeatureQuery("a", "EPSG:2154", limit=100, offset=BATCH)
    assert sum(batch.num_rows for batch in source.features(asked)) == 10
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as connection, connection:
        connection.execute("DROP TRIGGER IF EXISTS rtree_a_geometry_delete")
        connection.execute("DELETE FROM a WHERE fid <= 4")
    assert sum(batch.num_rows for batch in source.features(asked)) == 6
    assert source.count(asked) == BATCH + 6
