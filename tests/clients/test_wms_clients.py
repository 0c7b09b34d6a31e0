"""GDAL's WMS driver and OWSLib: subdatasets, tile sets, both versions and orders of axes, information, times."""

import json
from io import BytesIO

import numpy as np
import pytest
from owslib.wms import WebMapService
from PIL import Image

from layers.crs import transform_bbox
from support.gdal import run

SERVICE = """<GDAL_WMS><Service name="WMS"><Version>{version}</Version><ServerUrl>{url}/wms</ServerUrl>
<{key}>{crs}</{key}><ImageFormat>image/png</ImageFormat><Transparent>FALSE</Transparent><Layers>batiment</Layers>
<Styles></Styles><BBoxOrder>{order}</BBoxOrder></Service>
<DataWindow><UpperLeftX>{box[0]!r}</UpperLeftX><UpperLeftY>{box[3]!r}</UpperLeftY><LowerRightX>{box[2]!r}</LowerRightX>
<LowerRightY>{box[1]!r}</LowerRightY><SizeX>512</SizeX><SizeY>512</SizeY></DataWindow>
<Projection>{crs}</Projection><BandsCount>3</BandsCount><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY>
<OverviewCount>1</OverviewCount></GDAL_WMS>"""


def around(demo, crs, half=60):
    x, y = demo.point_in("batiment")
    return transform_bbox((x - half, y - half, x + half, y + half), "EPSG:2154", crs)


def get_map(service, crs, box, size=(512, 512), layer="batiment", **more):
    asked = {"layers": [layer], "styles": [""], "srs": crs, "bbox": box, "size": size, "format": "image/png", **more}
    return np.asarray(Image.open(BytesIO(service.getmap(**asked).read())).convert("RGB")).astype(int)


@pytest.mark.gdal
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:4326"])
def test_gdal_draws_by_a_description_of_its_own(demo, tmp_path, version, crs):
    box = around(demo, crs)
    order = "yxYX" if (crs, version) == ("EPSG:4326", "1.3.0") else "xyXY"
    key = "CRS" if version == "1.3.0" else "SRS"
    description = tmp_path / "wms.xml"
    description.write_text(SERVICE.format(url=demo.url, version=version, crs=crs, key=key, box=box, order=order))
    run("gdal_translate", "-q", "-of", "PNG", str(description), str(tmp_path / "map.png"))
    drawn = np.asarray(Image.open(tmp_path / "map.png").convert("RGB")).astype(int)
    expected = get_map(WebMapService(f"{demo.url}/wms", version="1.1.1"), crs, box)
    assert (expected < 250).any(axis=2).mean() > 0.1
    assert (abs(drawn - expected).max(axis=2) < 40).mean() > 0.95


@pytest.mark.gdal
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_gdal_lists_the_layers_and_opens_one(demo, version):
    told = json.loads(run("gdalinfo", "-json", f"WMS:{demo.url}/wms?VERSION={version}"))
    names = {name: value for name, value in told["metadata"]["SUBDATASETS"].items() if name.endswith("_NAME")}
    found = next(value for value in names.values() if "LAYERS=batiment&" in value)
    opened = json.loads(run("gdalinfo", "-json", found))
    assert opened["size"][0] > 1000
    assert len(opened["bands"]) >= 3


@pytest.mark.gdal
def test_gdal_finds_the_tile_sets(demo):
    address = f"WMS:{demo.url}/wms?SERVICE=WMS&VERSION=1.1.1&REQUEST=GetCapabilities&TILED=TRUE"
    told = json.loads(run("gdalinfo", "-json", address))
    names = [value for name, value in told["metadata"]["SUBDATASETS"].items() if name.endswith("_NAME")]
    assert any("LAYERS=pcrs" in name and "TILED=true" in name for name in names), names[:5]


@pytest.mark.gdal
def test_gdal_asks_what_lies_at_a_pixel(demo, tmp_path):
    description = tmp_path / "wms.xml"
    box = around(demo, "EPSG:2154")
    given = {"url": demo.url, "version": "1.1.1", "crs": "EPSG:2154", "key": "SRS", "box": box, "order": "xyXY"}
    description.write_text(SERVICE.format(**given))
    told = run("gdallocationinfo", "-xml", str(description), "256", "256")
    assert "BATIMENT" in told


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:4326", "EPSG:3857"])
def test_owslib_draws_the_same_place_in_every_crs(demo, version, crs):
    service = WebMapService(f"{demo.url}/wms", version=version)
    box = around(demo, crs)
    if (crs, version) == ("EPSG:4326", "1.3.0"):
        assert service["batiment"].boundingBoxWGS84[0] < service["batiment"].boundingBoxWGS84[2]
    drawn = get_map(service, crs, box, (200, 200))
    middle = drawn[95:105, 95:105].reshape(-1, 3)
    assert (middle < 250).any(axis=1).all()


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain", "application/vnd.ogc.gml"])
def test_owslib_asks_what_lies_at_a_pixel(demo, version, kind):
    service = WebMapService(f"{demo.url}/wms", version=version)
    asked = {
        "layers": ["batiment"],
        "query_layers": ["batiment"],
        "srs": "EPSG:2154",
        "bbox": around(demo, "EPSG:2154"),
    }
    answer = service.getfeatureinfo(**asked, size=(101, 101), xy=(50, 50), format="image/png", info_format=kind)
    assert "BATIMENT" in answer.read().decode()


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_owslib_reads_times_legends_and_limits(demo, version):
    service = WebMapService(f"{demo.url}/wms", version=version)
    layer = service["temperature"]
    assert layer.timepositions == ["2025-01-01/2025-12-31/P1D"]
    assert layer.styles["default"]["legend"].startswith(demo.url)
    box = (400000, 6150000, 800000, 6450000)
    winter, summer = (
        get_map(service, "EPSG:2154", box, (100, 100), "temperature", time=day) for day in ("2025-01-15", "2025-07-15")
    )
    assert (winter != summer).any()
    assert {"image/png", "image/gif", "image/apng"} <= set(service.getOperationByName("GetMap").formatOptions)


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_owslib_reads_our_exceptions(demo, version):
    from owslib.util import ServiceException

    service = WebMapService(f"{demo.url}/wms", version=version)
    with pytest.raises(ServiceException, match="nulle_part"):
        get_map(service, "EPSG:2154", around(demo, "EPSG:2154"), (50, 50), "nulle_part")
