"""FlatGeobuf without an index, as it is written where features have no geometry."""

import pyogrio
import pytest

from layers import model
from layers.query import FeatureQuery
from layers.sources.features import Features
from layers.sources.vector import describe
from support.filter_trees import ROWS, rows


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Features of every type of geometry, every seventh without one."""
    folder = tmp_path_factory.mktemp("flat")
    options = {"geometry_name": "geometry", "geometry_type": "Unknown", "crs": "EPSG:2154"}
    pyogrio.write_arrow(rows(), folder / "lot.fgb", layer_options={"SPATIAL_INDEX": "NO"}, **options)
    return Features("lot", describe(model.VectorSource(vector="lot.fgb"), folder))


def test_every_feature_has_its_own_geometry_or_none(source):
    expected = rows().to_pydict()
    batches = list(source.features(FeatureQuery("lot", "EPSG:2154", properties=("numero",))))
    found = {row["numero"]: row["geometry"] for batch in batches for row in batch.to_pylist()}
    assert len(found) == ROWS == source.facts.count
    assert found == dict(zip(expected["numero"], expected["geometry"], strict=True))
    assert None in found.values()
