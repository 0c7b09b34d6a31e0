"""Every CRS that French services are asked in: drawn where PROJ puts things, boxes in their order."""

import ast
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyproj
import pytest
from lxml import etree
from PIL import Image

from layers.measured import measured
from support.data import X0, Y0
from support.ntf_grid import write_grid
from support.wms import client_of

CODES = [
    *("EPSG:2154", "EPSG:9793", "EPSG:9794", *(f"EPSG:{code}" for code in range(3942, 3951))),
    *("EPSG:4171", "EPSG:4258", "EPSG:3857", "EPSG:4326", "CRS:84", "EPSG:27572", "EPSG:3035"),
    *("EPSG:32630", "EPSG:32631", "EPSG:32632", "EPSG:5698", "EPSG:25831"),
]
NORTH_FIRST = {"EPSG:4171", "EPSG:4258", "EPSG:4326", "EPSG:3035"}
SIZE = 80
RED, BLUE = (192, 57, 43), (41, 128, 185)
SHEETS = np.array([[(40, 40, 200), (200, 40, 40)], [(200, 200, 40), (40, 200, 40)]])
"""Colours of the sheets: west and east, south and north."""


@pytest.fixture(scope="module")
def client(registry):
    service = registry.service.model_copy(update={"crs": tuple(CODES)})
    return client_of(measured(replace(registry, service=service, version="every CRS")))


def transformer(code):
    return pyproj.Transformer.from_crs(2154, "OGC:CRS84" if code == "CRS:84" else code, always_xy=True)


def box_of(code):
    """A box well inside the small world, x first."""
    return transformer(code).transform_bounds(X0 + 250, Y0 + 250, X0 + 750, Y0 + 750)


def asked(code, layer, version):
    west, south, east, north = box_of(code)
    swapped = code in NORTH_FIRST and version == "1.3.0"
    box = (south, west, north, east) if swapped else (west, south, east, north)
    given = {"VERSION": version, "REQUEST": "GetMap", "LAYERS": layer, "STYLES": "", "FORMAT": "image/png"}
    name = "CRS" if version == "1.3.0" else "SRS"
    return {**given, name: code, "BBOX": ",".join(f"{n:.12g}" for n in box), "WIDTH": SIZE, "HEIGHT": SIZE}


def places(code):
    """East and north in Lambert-93 of the middle of each pixel."""
    west, south, east, north = box_of(code)
    steps = (np.arange(SIZE) + 0.5) / SIZE
    x, y = np.meshgrid(west + (east - west) * steps, north - (north - south) * steps)
    return transformer(code).transform(x, y, direction="INVERSE")


@pytest.mark.parametrize(
    ("code", "version"), [(c, v) for c in CODES for v in ("1.3.0", "1.1.1") if (c, v) != ("CRS:84", "1.1.1")]
)
def test_features_and_pixels_lie_where_proj_puts_them(client, code, version):
    east, north = places(code)
    expected = {
        "parcelle": np.where((east < X0 + 500)[..., None], RED, BLUE),
        "ortho": SHEETS[(east > X0 + 500).astype(int), (north > Y0 + 500).astype(int)],
    }
    for layer, colours in expected.items():
        answer = client.get("/wms", **asked(code, layer, version))
        assert answer.headers["content-type"] == "image/png", answer.text
        picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB")).astype(int)
        # Where squares of one colour meet, the background shines through by a quarter.
        assert (abs(picture - colours).max(axis=-1) > 64).mean() < 0.04, layer


def test_every_crs_has_its_box_in_the_capabilities(client):
    root = etree.fromstring(client.get("/wms", REQUEST="GetCapabilities", VERSION="1.3.0").content)
    layer = next(e for e in root.iter("{*}Layer") if e.findtext("{*}Name") == "parcelle")
    boxes = {
        e.get("CRS"): [float(e.get(name)) for name in ("minx", "miny", "maxx", "maxy")]
        for e in layer.iterfind("{*}BoundingBox")
    }
    for code in CODES:
        x, y = transformer(code).transform(X0 + 500, Y0 + 500)
        first, second = (y, x) if code in NORTH_FIRST else (x, y)
        box = boxes[code]
        assert box[0] < first < box[2], code
        assert box[1] < second < box[3], code


def edges(grids, *arguments, variable="PROJ_USER_WRITABLE_DIRECTORY"):
    """What `support.ntf_grid` finds in a process that has these grids."""
    program = [sys.executable, "-m", "support.ntf_grid", *map(str, arguments)]
    paths = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
    env = {**os.environ, variable: str(grids), "PYTHONPATH": paths}
    return ast.literal_eval(subprocess.run(program, capture_output=True, text=True, check=True, env=env).stdout)


def test_a_grid_that_is_installed_moves_features_and_pixels_alike(config_dir, tmp_path):
    (tmp_path / "none").mkdir()
    plain = edges(tmp_path / "none", config_dir, tmp_path / "store", "EPSG:27572")
    write_grid(tmp_path)
    moved = edges(tmp_path, config_dir, tmp_path / "store", "EPSG:27572")
    assert abs(moved["x"][0] - plain["x"][0]) > 20
    for found in (plain, moved):
        assert all(abs(column - 200) <= 2 for layer in ("parcelle", "ortho") for column in found[layer]), found
        assert found["parcelle"]
        assert found["ortho"]


@pytest.mark.parametrize(
    ("variable", "target", "x"),
    [
        ("PROJ_USER_WRITABLE_DIRECTORY", "EPSG:3857", 260056),
        ("PROJ_USER_WRITABLE_DIRECTORY", "EPSG:32631", 449340),
        ("PROJ_DATA", "EPSG:3857", 260056),
    ],
)
def test_ntf_goes_to_every_crs_of_the_world_by_the_grid(tmp_path, variable, target, x):
    """Data in Lambert II lies in Web Mercator and UTM where the same data in Lambert-93 does: a pixel is 10 cm.

    Without the grid the middle would be at 260102 and 449371.
    """
    write_grid(tmp_path)
    found = edges(tmp_path, tmp_path, target, variable=variable)
    assert found.pop("x") == [x]
    assert all(columns and all(abs(column - 200) <= 3 for column in columns) for columns in found.values()), found
