"""Fields may be called as the columns are that every batch has: `id`, `geometry`, `fid`."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from layers.compile import load
from layers.info import point_info
from layers.query import MapQuery, PointQuery, Selection
from layers.registry import Registry
from layers.render import render_map
from tiles.area import read_area
from tiles.seeding.changes import take_changes

BOX = (3.0, 43.0, 4.0, 44.0)


@pytest.fixture
def named(tmp_path: Path) -> Registry:
    """Two squares, west and east, of a GeoJSON file whose fields are named as unluckily as can be."""
    squares = [
        {
            "type": "Feature",
            "id": f"way/{number}",
            "properties": {"id": f"n{number}", "geometry": f"forme {number}", "fid": f"f{number}"},
            "geometry": {"type": "Polygon", "coordinates": [[[x, 43], [x + 0.4, 43], [x + 0.4, 44], [x, 44], [x, 43]]]},
        }
        for number, x in ((1, 3.0), (2, 3.6))
    ]
    config = tmp_path / "config"
    (config / "layers").mkdir(parents=True)
    (config / "lieux.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": squares}))
    (config / "service.yaml").write_text("title: Essai\ncrs: [CRS:84]\n")
    (config / "layers" / "essai.yaml").write_text("lieux: {title: Lieux, source: {vector: lieux.geojson}}\n")
    return load(config, tmp_path / "store")[0]


def picture(*filters: object) -> MapQuery:
    return MapQuery(
        (Selection("lieux", filter=filters[0] if filters else None),), "OGC:CRS84", BOX, 100, 100, transparent=True
    )


def test_information_tells_every_field(named: Registry) -> None:
    (info,) = point_info(named, PointQuery(picture(), 20, 50))
    assert info.features[0].properties == {"id": "n1", "geometry": "forme 1", "fid": "f1"}
    assert info.features[0].geometry.bounds == (3.0, 43.0, 3.4, 44.0)


def test_they_are_filtered_and_drawn(named: Registry) -> None:
    from layers.filters import Names, read_cql

    tree = read_cql("geometry = 'forme 2' AND id = 'n2'", Names(named.layers["lieux"].facts, "lieux", str))
    alpha = np.asarray(Image.open(io.BytesIO(render_map(named, picture(tree)))).convert("RGBA"))[:, :, 3]
    assert alpha[50, 80] > 0
    assert not np.any(alpha[:, :50])


def test_they_make_an_area(named: Registry) -> None:
    assert read_area("lieux:fid='f1'", named).geometry.bounds == (3.0, 43.0, 3.4, 44.0)


def test_their_changes_are_seen(named: Registry, tmp_path: Path) -> None:
    assert take_changes(named, tmp_path / "store", "lieux").parts is None
    path = named.config / "lieux.geojson"
    path.write_text(path.read_text().replace("forme 2", "forme 3"))
    changed, _ = load(named.config, tmp_path / "store")
    assert take_changes(changed, tmp_path / "store", "lieux").parts == 1
