"""The service metadata of WMTS: valid, complete, and right in OWSLib's eyes."""

import io
import re
from dataclasses import replace
from types import MappingProxyType

import pytest
from lxml import etree
from owslib.wmts import WebMapTileService

from layers.registry import Registry
from server.urls import BASE
from server.wmts.capabilities import SECTIONS, View, capabilities
from support.schemas import assert_valid

NS = {"w": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}
LEGENDS = {("batiment", "default"): (80, 40)}


def valid(document: bytes) -> etree._Element:
    """The root of a valid document. The schema calls limits positive where its own text counts them from 0

    (GeoWebCache #250, known to the OGC): zeros are read as ones.
    """
    return assert_valid(re.sub(rb"<(M..Tile(?:Row|Col))>0<", rb"<\1>1<", document), "wmts/1.0")


@pytest.mark.parametrize("theme", [None, "relief"])
def test_the_document_is_valid(tile_registry: Registry, theme: str | None) -> None:
    root = valid(capabilities(View(tile_registry, theme, LEGENDS)))
    names = root.xpath("w:Contents/w:Layer/ows:Identifier/text()", namespaces=NS)
    assert names == (["relief"] if theme else ["batiment", "ortho", "OCS.GE", "relief"])


@pytest.mark.parametrize("sections", [(), *((name,) for name in SECTIONS)])
def test_every_section_alone_is_valid(tile_registry: Registry, sections: tuple[str, ...]) -> None:
    root = valid(capabilities(View(tile_registry, None, {}), sections))
    found = [etree.QName(child).localname for child in root]
    assert found == list(sections)


def test_owslib_reads_what_was_declared(tile_registry: Registry) -> None:
    document = capabilities(View(tile_registry, None, LEGENDS))
    service = WebMapTileService("https://example.org/wmts", xml=document)
    assert service.provider.name == "Commune d'Essai"
    ocs = service.contents["OCS.GE"]
    assert ocs.formats == ["image/png"]
    assert ocs.dimensions["Time"]["values"] == ["2018", "2021"]
    assert ocs.dimensions["Time"]["default"] == "2021"
    assert [name for name, style in ocs.styles.items() if style["isDefault"]] == ["couverture"]
    assert service.contents["batiment"].styles["default"]["width"] == "80"
    assert list(service.contents["ortho"].tilematrixsetlinks) == ["LAMB93_5cm", "PM_5cm"]
    limits = service.contents["ortho"].tilematrixsetlinks["LAMB93_5cm"].tilematrixlimits
    assert set(limits) == {str(z) for z in range(12, 23)}
    assert (limits["22"].mintilecol, limits["22"].maxtilecol) == (60156, 60234)


def test_boxes_are_in_the_order_of_their_axes(tile_registry: Registry) -> None:
    root = etree.parse(io.BytesIO(capabilities(View(tile_registry, "relief", {}))))
    boxes = {
        box.get("crs"): box.findtext("ows:LowerCorner", namespaces=NS).split()
        for box in root.iterfind(".//ows:BoundingBox", NS)
    }
    assert boxes["urn:ogc:def:crs:EPSG::2154"] == ["770000", "6279000"]
    assert float(boxes["urn:ogc:def:crs:EPSG::4326"][0]) == pytest.approx(43.6, abs=0.1)
    corners = set(root.xpath("//w:TileMatrixSet[ows:Identifier='4326']//w:TopLeftCorner/text()", namespaces=NS))
    assert corners == {"90.0 -180.0"}


def test_templates_name_every_dimension_and_the_base_address(tile_registry: Registry) -> None:
    root = etree.parse(io.BytesIO(capabilities(View(tile_registry, None, {}))))
    templates = root.xpath("//w:ResourceURL[@resourceType='tile']/@template", namespaces=NS)
    assert (
        templates[2]
        == f"{BASE}/wmts/OCS.GE/{{style}}/{{Time}}/{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}.png"
    )
    assert templates[1].endswith(".jpeg")


def test_a_grid_is_listed_by_every_name_that_a_layer_declares(tile_registry: Registry) -> None:
    ortho = tile_registry.layers["ortho"]
    tiles = ortho.definition.tiles.model_copy(update={"grids": ("LAMB93_5cm", "PM", "EPSG:3857"), "levels": "0-2"})
    definition = ortho.definition.model_copy(update={"tiles": tiles})
    layers = MappingProxyType({"ortho": replace(ortho, definition=definition)})
    root = valid(capabilities(View(replace(tile_registry, layers=layers), None, {})))
    assert root.xpath("//w:TileMatrixSetLink/w:TileMatrixSet/text()", namespaces=NS) == [
        "LAMB93_5cm",
        "PM",
        "EPSG:3857",
    ]
    ids = {
        item.findtext("ows:Identifier", namespaces=NS): item.xpath("w:TileMatrix/ows:Identifier/text()", namespaces=NS)
        for item in root.iterfind("w:Contents/w:TileMatrixSet", NS)
    }
    assert ids["PM"][:2] == ["0", "1"]
    assert ids["EPSG:3857"][:2] == ["EPSG:3857:0", "EPSG:3857:1"]
    limited = root.xpath("//w:TileMatrixSetLink[w:TileMatrixSet='EPSG:3857']//w:TileMatrix/text()", namespaces=NS)
    assert limited == ["EPSG:3857:0", "EPSG:3857:1", "EPSG:3857:2"]
