"""Maps as GeoTIFF, SVG and PDF; requests posted as XML."""

import io

import numpy as np
import pytest
import rasterio
from lxml import etree
from PIL import Image
from rasterio.io import MemoryFile

from support.data import X0, Y0
from support.style_maps import sld
from support.wms import client_of

BOX = (X0, Y0, X0 + 1000, Y0 + 1000)


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


def asked(**more):
    given = {"VERSION": "1.3.0", "REQUEST": "GetMap", "CRS": "EPSG:2154", "BBOX": ",".join(map(str, BOX))}
    return {**given, "LAYERS": "parcelle", "STYLES": "", "WIDTH": 50, "HEIGHT": 50, "FORMAT": "image/png", **more}


def rgba(answer):
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


@pytest.mark.parametrize("layers", ["parcelle", "ortho"])
@pytest.mark.parametrize("name", ["image/tiff", "image/geotiff", "image/tiff; application=geotiff"])
def test_a_geotiff_has_the_picture_and_its_place(client, name, layers):
    answer = client.get("/wms", **asked(FORMAT=name, LAYERS=layers))
    assert answer.headers["content-type"] == "image/tiff", answer.text
    with MemoryFile(answer.content) as memory, memory.open() as file:
        assert (file.crs.to_epsg(), tuple(file.bounds)) == (2154, BOX)
        picture = np.moveaxis(file.read(), 0, -1)
    assert (picture == rgba(client.get("/wms", **asked(LAYERS=layers)))[..., :3]).all()


def test_a_geotiff_may_be_transparent(client):
    box = f"{X0 - 500},{Y0 - 500},{X0 + 500},{Y0 + 500}"
    answer = client.get("/wms", **asked(FORMAT="image/tiff", TRANSPARENT="TRUE", BBOX=box))
    with MemoryFile(answer.content) as memory, memory.open() as file:
        assert file.colorinterp[3] == rasterio.enums.ColorInterp.alpha
        alpha = file.read(4)
    assert (alpha[30:, :20] == 0).all()
    assert (alpha[5:20, 30:45] == 255).all()


def test_north_first_boxes_lie_in_a_geotiff_as_on_the_map(client):
    answer = client.get("/wms", **asked(FORMAT="image/tiff", CRS="EPSG:4326", BBOX="43.60,3.86,43.62,3.88"))
    with MemoryFile(answer.content) as memory, memory.open() as file:
        assert tuple(round(value, 9) for value in file.bounds) == (3.86, 43.60, 3.88, 43.62)


def test_vector_layers_are_drawn_as_svg(client):
    answer = client.get("/wms", **asked(FORMAT="image/svg+xml", LAYERS="parcelle,chemin", STYLES=","))
    assert client.get("/wms", **asked(FORMAT="image/svg xml", LAYERS="parcelle,chemin", STYLES=",")).text == answer.text
    assert answer.headers["content-type"] == "image/svg+xml", answer.text
    root = etree.fromstring(answer.content)
    assert etree.QName(root).localname == "svg"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) >= 110
    assert float(root.get("width").removesuffix("pt")) == 50


def test_vector_layers_are_drawn_as_pdf(client):
    answer = client.get("/wms", **asked(FORMAT="application/pdf"))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert b"%%EOF" in answer.content[-20:]


@pytest.mark.parametrize("more", [{"LAYERS": "ortho"}, {"OPACITIES": "128"}])
def test_pictures_have_no_drawing_without_pixels(client, more):
    answer = client.get("/wms", **asked(FORMAT="image/svg+xml", **more))
    assert etree.fromstring(answer.content)[0].get("code") == "InvalidFormat"


def test_every_advertised_format_of_maps_is_given(client):
    root = etree.fromstring(client.get("/wms", REQUEST="GetCapabilities").content)
    names = [element.text for element in root.findall(".//{*}GetMap/{*}Format")]
    assert {"image/png", "image/jpeg", "image/webp", "image/tiff", "image/svg+xml", "application/pdf"} <= set(names)
    for name in names:
        assert client.get("/wms", **asked(FORMAT=name)).headers["content-type"] == name.partition(";")[0]


NAMED = "<NamedLayer><{0}Name>parcelle</{0}Name></NamedLayer>"
NEW = f"""<GetMap xmlns="http://www.opengis.net/sld" xmlns:se="http://www.opengis.net/se" service="WMS" version="1.3.0"
  xmlns:ows="http://www.opengis.net/ows">
  <StyledLayerDescriptor version="1.1.0">{NAMED.format("se:")}</StyledLayerDescriptor><CRS>EPSG:2154</CRS>
  <BoundingBox crs="EPSG:2154"><ows:LowerCorner>{X0} {Y0}</ows:LowerCorner>
  <ows:UpperCorner>{X0 + 1000} {Y0 + 1000}</ows:UpperCorner></BoundingBox>
  <Output><Size><Width>50</Width><Height>50</Height></Size><Format>image/png</Format></Output></GetMap>"""
COORD = "<gml:coord><gml:X>{}</gml:X><gml:Y>{}</gml:Y></gml:coord>"
OLD = f"""<ogc:GetMap xmlns:ogc="http://www.opengis.net/ows" xmlns:gml="http://www.opengis.net/gml" service="WMS"
  version="1.1.1" xmlns="http://www.opengis.net/sld">
  <StyledLayerDescriptor version="1.0.0">{NAMED.format("")}</StyledLayerDescriptor>
  <BoundingBox srsName="http://www.opengis.net/gml/srs/epsg.xml#2154">
  {COORD.format(X0, Y0)}{COORD.format(X0 + 1000, Y0 + 1000)}
  </BoundingBox><Output><Format>image/png</Format><Transparent>false</Transparent>
  <Size><Width>50</Width><Height>50</Height></Size></Output></ogc:GetMap>"""


@pytest.mark.parametrize("body", [NEW, OLD])
@pytest.mark.parametrize("kind", ["text/xml", "application/xml; charset=utf-8"])
def test_a_map_that_is_posted_as_xml_is_the_one_of_a_query(client, body, kind):
    answer = client.request("POST", "/wms", content=body, headers={"Content-Type": kind})
    assert answer.headers["content-type"] == "image/png", answer.text
    assert (rgba(answer) == rgba(client.get("/wms", **asked()))).all()


def test_capabilities_are_posted_for(client):
    body = '<GetCapabilities xmlns="http://www.opengis.net/wms" service="WMS" version="1.1.1"/>'
    answer = client.request("POST", "/wms", content=body, headers={"Content-Type": "text/xml"})
    assert etree.fromstring(answer.content).get("version") == "1.1.1"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<GetMap", "InvalidParameterValue"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><GetMap>&b;</GetMap>', "InvalidParameterValue"),
        ("<GetCake/>", "OperationNotSupported"),
        ('<GetMap version="1.3.0"/>', "MissingParameterValue"),
    ],
)
def test_wrong_xml_is_told(client, body, code):
    answer = client.request("POST", "/wms", content=body, headers={"Content-Type": "text/xml"})
    assert (answer.status_code, etree.fromstring(answer.content)[0].get("code")) == (400, code)


@pytest.mark.parametrize(("size", "dpi", "pixels"), [(500, 90.714, 10), (1000, 90.714, 20), (1000, 181.429, 20)])
def test_metres_are_metres_in_a_drawing(client, size, dpi, pixels):
    line = (
        '<LineSymbolizer uom="http://www.opengeospatial.org/se/units/metre"><Stroke><CssParameter name="stroke">#ff0000'
        '</CssParameter><CssParameter name="stroke-width">20</CssParameter></Stroke></LineSymbolizer>'
    )
    style = sld(line).decode().replace("<Name>n</Name>", "<Name>chemin</Name>")
    given = {"SLD_BODY": style, "LAYERS": "chemin", "FORMAT": "image/svg+xml", "DPI": dpi}
    answer = client.get("/wms", **asked(WIDTH=size, HEIGHT=size, **given))
    paths = etree.fromstring(answer.content).iter("{*}path")
    assert {round(float(width), 2) for path in paths if (width := path.get("stroke-width"))} == {pixels}
