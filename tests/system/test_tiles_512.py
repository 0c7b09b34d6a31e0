"""A grid of 512 pixels, declared by a TileMatrixSet: its stored tiles by every protocol, while the engine sleeps."""

import json
import shutil
from pathlib import Path

import pytest

from server.compile import write
from server.front.missing_tile import blank
from server.published import open_current
from support.server import running
from tiles.address import TileAddress
from tiles.archives.archive import ArchiveInfo
from tiles.store import Store

HALF = 20037508.342789244
DATA = b"\xff\xd8tile\xff\xd9"


def grid_512() -> dict:
    """Web Mercator, 512 pixels a tile: level 0 is one tile."""

    def level(z: int) -> dict:
        cell = 2 * HALF / 512 / 2**z
        size = {"tileWidth": 512, "tileHeight": 512, "matrixWidth": 2**z, "matrixHeight": 2**z}
        return {"id": str(z), "scaleDenominator": cell / 0.00028, "pointOfOrigin": [-HALF, HALF], **size}

    crs = "http://www.opengis.net/def/crs/EPSG/0/3857"
    return {"id": "PM_512", "crs": crs, "tileMatrices": [level(z) for z in range(19)]}


@pytest.fixture
def site(config_dir: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A configuration and a compiled store; the layer ortho is on PM_512 too."""
    from layers.compile import load

    config, store = Path(shutil.copytree(config_dir, tmp_path / "config")), tmp_path / "store"
    (config / "grids").mkdir(exist_ok=True)
    (config / "grids" / "pm_512.json").write_text(json.dumps(grid_512()))
    images, service = config / "layers" / "images.yaml", config / "service.yaml"
    images.write_text(images.read_text().replace("grids: [PM, LAMB93_5cm]", "grids: [PM, PM_512]"))
    service.write_text(service.read_text().replace("{idle: 5}", "{idle: 5, missing_tile: blank}"))
    write(load(config, store)[0], store)
    return config, store


def test_one_tile_of_512_pixels_by_every_protocol(site):
    config, store = site
    table = open_current(store).table
    layer, grid, z = table.layers["ortho"], table.grids["PM_512"], 15
    x, y = layer.limits["PM_512"][z][:2]
    info = ArchiveInfo("ortho", "jpg", (3, 43, 4, 44), "PM_512", stamp=layer.stamps["default"])
    Store(store).put_many([(TileAddress("ortho", "default", "", "PM_512", z, x, y), DATA)], info)
    box = ",".join(map(str, grid.tile_bbox(z, x, y)))
    pairs = f"LAYER=ortho&STYLE=&TILEMATRIXSET=PM_512&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&FORMAT=image/jpeg"
    wms = f"VERSION=1.3.0&REQUEST=GetMap&LAYERS=ortho&STYLES=&CRS=EPSG:3857&BBOX={box}&FORMAT=image/jpeg&TILED=true"
    with running(config, store, "--tiles-only") as server:
        for address in (
            f"/tiles/ortho/PM_512/{z}/{x}/{y}.jpg",
            f"/wmts/ortho/default/PM_512/{z}/{y}/{x}.jpg",
            f"/tms/1.0.0/ortho@PM_512/{z}/{x}/{2**z - 1 - y}.jpg",
            f"/ogcapi/collections/ortho/map/tiles/PM_512/{z}/{y}/{x}",
            f"/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&{pairs}",
            f"/wms?SERVICE=WMS&{wms}&WIDTH=512&HEIGHT=512",
        ):
            assert server.get(address).body == DATA, address
        # The same box in 256 pixels is PM's tile, which is not stored.
        assert server.get(f"/wms?SERVICE=WMS&{wms}&WIDTH=256&HEIGHT=256").body == blank(256)
        deeper = layer.limits["PM_512"][z + 1]
        assert server.get(f"/tiles/ortho/PM_512/{z + 1}/{deeper[0]}/{deeper[1]}.jpg").body == blank(512)
        assert "<TileWidth>512</TileWidth>" in server.get("/wmts/1.0.0/WMTSCapabilities.xml").text
        assert 'TileFormat width="512"' in server.get("/tms/1.0.0/ortho@PM_512").text
