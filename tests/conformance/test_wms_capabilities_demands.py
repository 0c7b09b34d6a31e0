"""What the suites wms13 and wms11 ask of the capabilities, one test a demand, on a registry of every kind of layer."""

import pytest
from lxml import etree

from support.wms import client_of

WMS = "{http://www.opengis.net/wms}"
HREF = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module", params=["/wms", "/themes/bati/wms"])
def root(request, registry):
    answer = client_of(registry).get(request.param, SERVICE="WMS", REQUEST="GetCapabilities")
    assert answer.headers["content-type"].startswith("text/xml")
    return etree.fromstring(answer.content)


@pytest.fixture(scope="module")
def old(registry):
    answer = client_of(registry).get("/wms", SERVICE="WMS", REQUEST="GetCapabilities", VERSION="1.1.1")
    assert answer.headers["content-type"] == "application/vnd.ogc.wms_xml"
    return etree.fromstring(answer.content)


def named(root):
    return [layer for layer in root.iter(f"{WMS}Layer") if layer.find(f"{WMS}Name") is not None]


def lineage(layer):
    while layer.tag == f"{WMS}Layer":
        yield layer
        layer = layer.getparent()


def box(element):
    return tuple(float(element.get(name)) for name in ("minx", "miny", "maxx", "maxy"))


def geographic(layer):
    element = next(e for ancestor in lineage(layer) for e in ancestor.findall(f"{WMS}EX_GeographicBoundingBox"))
    names = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
    return tuple(float(element.findtext(f"{WMS}{name}")) for name in names)


def test_addresses_for_get_end_where_parameters_go(root):
    addresses = [e.get(HREF) for e in root.findall(f".//{WMS}Get/{WMS}OnlineResource")]
    assert addresses
    assert all(a.endswith("?") or ("?" in a and a.endswith("&")) for a in addresses)


def test_the_schema_is_located(root):
    located = root.get("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation").split()
    schemas = dict(zip(located[::2], located[1::2], strict=True))
    assert schemas["http://www.opengis.net/wms"] == "http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd"


def test_xml_is_offered_for_capabilities_and_exceptions(root):
    assert root.findtext(f".//{WMS}GetCapabilities/{WMS}Format") == "text/xml"
    assert root.findtext(f".//{WMS}Exception/{WMS}Format") == "XML"


def test_png_is_the_first_format_of_maps(root):
    assert root.findtext(f".//{WMS}GetMap/{WMS}Format") == "image/png"


def test_a_text_format_is_the_first_and_json_the_last_of_feature_information(root):
    formats = [e.text for e in root.findall(f".//{WMS}GetFeatureInfo/{WMS}Format")]
    assert formats[0].startswith("text/")
    assert formats[-1] == "application/json"


def test_the_update_sequence_is_a_time(root, registry):
    assert int(root.get("updateSequence")) == registry.updated > 1_700_000_000


def test_every_crs_stands_at_the_root(root, registry):
    top = root.find(f".//{WMS}Layer")
    written = [e.text for e in top.findall(f"{WMS}CRS")]
    assert written == list(registry.service.crs)
    assert {"CRS:84", "EPSG:4326"} <= set(written)


def test_every_named_layer_has_a_geographic_box_of_some_area(root):
    for layer in named(root):
        west, south, east, north = geographic(layer)
        assert -180 <= west < east <= 180
        assert -90 <= south < north <= 90


def test_there_is_one_box_a_crs_and_only_for_offered_ones(root):
    offered = {e.text for e in root.iter(f"{WMS}CRS")}
    for layer in named(root):
        codes = [e.get("CRS") for e in layer.findall(f"{WMS}BoundingBox")]
        assert len(codes) == len(set(codes))
        assert {"EPSG:2154", "EPSG:3857", "CRS:84", "EPSG:4326"} <= set(codes) <= offered


def test_corners_of_geographic_boxes_are_equal_to_the_last_digit(root):
    for layer in named(root):
        boxes = {e.get("CRS"): box(e) for e in layer.findall(f"{WMS}BoundingBox")}
        west, south, east, north = geographic(layer)
        assert boxes["CRS:84"] == (west, south, east, north)
        assert boxes["EPSG:4326"] == (south, west, north, east)


def test_boxes_have_the_authoritys_axis_order(root):
    from pyproj import Transformer

    for layer in named(root):
        west, south, east, north = geographic(layer)
        for element in layer.findall(f"{WMS}BoundingBox"):
            code = element.get("CRS")
            if code.startswith("EPSG"):
                x0, y0, x1, y1 = box(element)
                middle = Transformer.from_crs(4326, code).transform((south + north) / 2, (west + east) / 2)
                assert x0 < middle[0] < x1, code
                assert y0 < middle[1] < y1, code


def test_no_style_has_the_name_of_one_that_is_inherited(root):
    for layer in root.iter(f"{WMS}Layer"):
        names = [e.text for a in lineage(layer) for e in a.findall(f"{WMS}Style/{WMS}Name")]
        assert len(names) == len(set(names))


def test_names_of_layers_are_unique(root):
    names = [layer.findtext(f"{WMS}Name") for layer in named(root)]
    assert len(names) == len(set(names))


def test_identifiers_come_with_an_authority(root):
    authorities = {e.get("name") for e in root.iter(f"{WMS}AuthorityURL")}
    assert all(e.get("authority") in authorities for e in root.iter(f"{WMS}Identifier"))


def test_the_service_tells_its_keywords_contact_and_limits(root):
    service = root.find(f"{WMS}Service")
    assert service.findtext(f"{WMS}Name") == "WMS"
    assert service.findtext(f".//{WMS}Keyword") == "essai"
    assert service.findtext(f".//{WMS}ContactElectronicMailAddress") == "sig@example.org"
    limits = [int(service.findtext(f"{WMS}{name}")) for name in ("LayerLimit", "MaxWidth", "MaxHeight")]
    assert limits == [30, 2048, 2048]


def test_time_has_values_and_a_default(root):
    times = root.findall(f".//{WMS}Dimension[@name='time']")
    assert times
    assert all((e.get("units"), e.get("default"), e.text) == ("ISO8601", "2023", "2020,2023") for e in times)


def test_every_address_is_the_one_that_was_asked(root):
    addresses = [e.get(HREF) for e in root.iter(f"{WMS}OnlineResource")]
    assert all(address.startswith("http://testserver/") for address in addresses)


def test_1_1_1_names_its_dtd(old):
    assert old.getroottree().docinfo.system_url == "http://schemas.opengis.net/wms/1.1.1/WMS_MS_Capabilities.dtd"


def test_1_1_1_has_epsg_4326_longitude_first(old):
    assert "EPSG:4326" in [e.text for e in old.findall("Capability/Layer/SRS")]
    for layer in old.iter("Layer"):
        west, south, east, north = box(layer.find("LatLonBoundingBox"))
        assert box(layer.find("BoundingBox[@SRS='EPSG:4326']")) == (west, south, east, north)
        assert 3 < west < east < 4
        assert 43 < south < north < 44


def test_1_1_1_has_no_crs_84(old):
    assert not any("CRS" in e.text for e in old.iter("SRS"))
