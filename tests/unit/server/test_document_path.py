"""Which rendered document a request asks for."""

import pytest

from server.document_path import Asked, document_key
from server.tile_table import TileTable
from tiles.table import tile_table


@pytest.fixture(scope="module")
def table(registry):
    return TileTable(tile_table(registry))


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("/", "portal/index.fr.html"),
        ("/?lang=en", "portal/index.en.html"),
        ("/themes/bati/", "portal/themes/bati/index.fr.html"),
        ("/static/leaflet/leaflet.js", "static/leaflet/leaflet.js"),
        ("/wms?SERVICE=WMS&REQUEST=GetCapabilities", "wms/1.3.0/capabilities"),
        ("/wms?request=getcapabilities&service=wms&version=1.1.0", "wms/1.1.1/capabilities"),
        ("/wms?SERVICE=WMS&REQUEST=GetCapabilities&LANGUAGE=eng", "wms/1.3.0/capabilities.en"),
        ("/themes/bati/wms?SERVICE=WMS&REQUEST=GetCapabilities", "themes/bati/wms/1.3.0/capabilities"),
        ("/wfs?SERVICE=WFS&REQUEST=GetCapabilities&ACCEPTVERSIONS=2.0.0,1.1.0", "wfs/2.0.0/capabilities"),
        ("/wfs?SERVICE=WFS&REQUEST=GetCapabilities&VERSION=1.1.0&LANGUAGE=eng", "wfs/1.1.0/capabilities.en"),
        ("/wmts?SERVICE=WMTS&REQUEST=GetCapabilities", "wmts/1.0.0/capabilities"),
        ("/wmts/1.0.0/WMTSCapabilities.xml", "wmts/1.0.0/capabilities"),
        ("/tms/1.0.0/", "tms/1.0.0"),
        ("/tms/1.0.0/parcelle@PM", "tms/1.0.0/parcelle@PM"),
        ("/tiles/parcelle.json", "tiles/parcelle.json"),
        (
            "/wms?SERVICE=WMS&REQUEST=GetLegendGraphic&LAYER=parcelle&FORMAT=image/png",
            "wms/legend/parcelle/default.png",
        ),
        ("/wms?REQUEST=GetLegendGraphic&LAYER=essai:parcelle&STYLE=default", "wms/legend/parcelle/default.png"),
    ],
)
def test_plain_requests_are_documents(table, address, key):
    path, _, query = address.partition("?")
    assert document_key(Asked(path, query), table, "fr") == key


@pytest.mark.parametrize(
    "address",
    [
        "/wms?SERVICE=WMS&REQUEST=GetMap",
        "/wms?SERVICE=WMS&REQUEST=GetCapabilities&UPDATESEQUENCE=1",
        "/wfs?SERVICE=WFS&REQUEST=GetCapabilities&SECTIONS=ServiceProvider",
        "/wfs?SERVICE=WFS&REQUEST=GetCapabilities&ACCEPTVERSIONS=3.0.0",
        "/wfs?REQUEST=GetCapabilities",
        "/wms?REQUEST=GetLegendGraphic&LAYER=parcelle&WIDTH=40",
        "/wms?REQUEST=GetLegendGraphic&LAYER=rien",
        "/wms?REQUEST=GetLegendGraphic&LAYER=parcelle&STYLE=rien",
        "/wms?" + "a=1&" * 300,
        "/ogcapi",
        "/themes/bati/tiles/parcelle.json",
        "/unknown",
    ],
)
def test_the_rest_is_left_to_the_protocols(table, address):
    path, _, query = address.partition("?")
    assert document_key(Asked(path, query), table, "fr") is None


def test_the_page_is_in_the_language_that_the_browser_prefers(table):
    assert document_key(Asked("/", "", "de, en;q=0.8, fr;q=0.2"), table, "fr") == "portal/index.en.html"
