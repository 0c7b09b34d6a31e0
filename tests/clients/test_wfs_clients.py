"""QGIS, GDAL and OWSLib read the WFS of the demo in every version."""

import json
import subprocess

import pytest

from support.asked_of_qgis import ask_qgis

VERSIONS = ("1.0.0", "1.1.0", "2.0.0")


def source(demo, layer: str, version: str, crs: str = "EPSG:2154", **options: str) -> str:
    """A WFS source as QGIS writes it."""
    extra = "".join(f" {name}='{value}'" for name, value in options.items())
    return f"srsname='{crs}' typename='{demo.prefix}:{layer}' url='{demo.url}/wfs?' version='{version}'{extra}"


@pytest.mark.qgis
def test_qgis_reads_every_feature_in_every_version(demo):
    asks = [{"provider": "WFS", "uri": source(demo, "patrimoine", version)} for version in VERSIONS]
    for answer in ask_qgis(*asks):
        assert answer["valid"], answer
        assert answer["read"] == demo.count("patrimoine"), answer
        assert answer["repeated"] == 0
        assert answer["drawn"] > 0, answer
        assert answer["crs"] == "EPSG:2154"


@pytest.mark.qgis
@pytest.mark.parametrize("version", VERSIONS)
def test_qgis_places_features_right_in_degrees(demo, version):
    extent = [-1.7, 47.1, -1.4, 47.3]
    asks = [{"provider": "WFS", "uri": source(demo, "patrimoine", version, "EPSG:4326"), "extent": extent}]
    (answer,) = ask_qgis(*asks)
    assert answer["valid"], answer
    west, south, east, north = answer["extent"]
    assert extent[0] < west < east < extent[2], answer
    assert extent[1] < south < north < extent[3], answer


@pytest.mark.qgis
@pytest.mark.parametrize("version", VERSIONS)
def test_qgis_filters_on_the_server_in_every_version(demo, version):
    sql = f"SELECT * FROM \"{demo.prefix}:batiment\" WHERE nature = 'Eglise'"
    asks = [{"provider": "WFS", "uri": f"{source(demo, 'batiment', version)} sql={sql}"}]
    (answer,) = ask_qgis(*asks)
    assert answer["valid"], answer
    assert 0 < answer["read"] < demo.count("batiment")


@pytest.mark.gdal
@pytest.mark.parametrize("version", VERSIONS)
def test_gdal_reads_every_feature_in_every_version(demo, version):
    url = f"WFS:{demo.url}/wfs?VERSION={version}"
    command = ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", url, f"{demo.prefix}:patrimoine"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "ERROR" not in done.stderr, done.stderr
    found = json.loads(done.stdout)["features"]
    assert len(found) == demo.count("patrimoine")
    assert all(feature["geometry"] for feature in found)


@pytest.mark.parametrize("version", VERSIONS)
def test_owslib_reads_capabilities_and_features_in_every_version(demo, version):
    from owslib.wfs import WebFeatureService

    service = WebFeatureService(f"{demo.url}/wfs", version=version)
    name = f"{demo.prefix}:patrimoine"
    assert name in service.contents
    answer = service.getfeature(typename=[name], maxfeatures=3).read()
    answer = answer if isinstance(answer, bytes) else answer.encode()
    assert answer.count(b":patrimoine ") in (3, 4)
