"""Styles that come with a request: SLD_BODY and SLD as library and as what is drawn (OGC 05-078r4, 02-070)."""

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from lxml import etree
from PIL import Image

from support.data import X0, Y0
from support.wms import client_of

GREEN, RED, BLUE, WHITE = (0, 128, 0), (192, 57, 43), (41, 128, 185), (255, 255, 255)
FILL = (
    '<FeatureTypeStyle><Rule><PolygonSymbolizer><Fill><CssParameter name="fill">#{}</CssParameter></Fill>'
    "</PolygonSymbolizer></Rule></FeatureTypeStyle>"
)
USER = "<UserStyle><Name>{}</Name>{}" + FILL + "</UserStyle>"
FILTER = (
    '<LayerFeatureConstraints><FeatureTypeConstraint>{}<Filter xmlns="http://www.opengis.net/ogc"><PropertyIsEqualTo>'
    "<PropertyName>section</PropertyName><Literal>A</Literal></PropertyIsEqualTo></Filter></FeatureTypeConstraint>"
    "</LayerFeatureConstraints>"
)


def sld(*layers):
    return f'<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld">{"".join(layers)}</StyledLayerDescriptor>'


def layer(content, name="parcelle", kind="NamedLayer"):
    return f"<{kind}><Name>{name}</Name>{content}</{kind}>"


GREENS = sld(layer(USER.format("vert", "", "008000")))


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


def asked(**more):
    box = f"{X0},{Y0},{X0 + 1000},{Y0 + 1000}"
    given = {"VERSION": "1.1.1", "REQUEST": "GetMap", "SRS": "EPSG:2154", "BBOX": box, "WIDTH": 20, "HEIGHT": 20}
    return {**given, "FORMAT": "image/png", **more}


def halves(client, method="GET", **more):
    """The colours of the western and of the eastern half."""
    data = {name: str(value) for name, value in asked(**more).items()}
    answer = client.get("/wms", **asked(**more)) if method == "GET" else client.request("POST", "/wms", data=data)
    assert answer.headers["content-type"] == "image/png", answer.text
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    return tuple(map(int, picture[10, 5])), tuple(map(int, picture[10, 15]))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_layers_the_document_says_what_is_drawn(client, method):
    assert halves(client, method, SLD_BODY=GREENS) == (GREEN, GREEN)


@pytest.mark.parametrize(
    ("given", "colours"),
    [
        ({"LAYERS": "parcelle", "STYLES": "vert"}, (GREEN, GREEN)),
        ({"LAYERS": "parcelle", "STYLES": ""}, (GREEN, GREEN)),
        ({"LAYERS": "essai:parcelle", "STYLES": ""}, (GREEN, GREEN)),
        ({"LAYERS": "parcelle", "STYLES": "default"}, (RED, BLUE)),
    ],
)
def test_with_layers_the_document_is_a_library(client, given, colours):
    assert halves(client, SLD_BODY=GREENS, **given) == colours


def test_the_default_style_of_the_document_is_the_marked_one(client):
    body = sld(layer(USER.format("a", "", "ff0000") + USER.format("b", "<IsDefault>1</IsDefault>", "008000")))
    assert halves(client, SLD_BODY=body, LAYERS="parcelle", STYLES="") == (GREEN, GREEN)


def test_a_named_style_is_ours(client):
    body = sld(layer("<NamedStyle><Name>default</Name></NamedStyle>"))
    assert halves(client, SLD_BODY=body) == (RED, BLUE)


def test_a_layer_may_be_narrowed_by_a_filter(client):
    body = sld(layer(FILTER.format("") + USER.format("", "", "008000")))
    assert halves(client, SLD_BODY=body) == (GREEN, WHITE)


def test_a_user_layer_is_of_a_declared_feature_type(client):
    constraint = FILTER.format("<FeatureTypeName>essai:parcelle</FeatureTypeName>")
    body = sld(layer(constraint + USER.format("", "", "008000"), "mine", "UserLayer"))
    assert halves(client, SLD_BODY=body) == (GREEN, WHITE)


def test_a_legend_is_of_the_brought_style(client):
    given = {"VERSION": "1.1.1", "REQUEST": "GetLegendGraphic", "LAYER": "parcelle", "FORMAT": "image/png"}
    answer = client.get("/wms", **given, SLD_BODY=GREENS)
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    assert tuple(map(int, picture[13, 13])) == GREEN


def test_information_is_of_what_the_document_draws(client):
    body = sld(layer(FILTER.format("") + USER.format("", "", "008000")))
    given = asked(REQUEST="GetFeatureInfo", QUERY_LAYERS="parcelle", LAYERS="parcelle", INFO_FORMAT="application/json")
    west = client.get("/wms", **given, SLD_BODY=body, X=5, Y=10).json()
    east = client.get("/wms", **given, SLD_BODY=body, X=15, Y=10).json()
    assert (len(west["features"]), len(east["features"])) == (1, 0)


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>' + GREENS
ENTITY = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + GREENS.replace("vert", "&e;")
REMOTE = sld(layer("<RemoteOWS><Service>WFS</Service></RemoteOWS>", kind="UserLayer"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("not xml", "InvalidParameterValue"),
        ("<StyledLayerDescriptor/>", "InvalidParameterValue"),
        ("<other/>", "InvalidParameterValue"),
        (BOMB, "InvalidParameterValue"),
        (ENTITY, "InvalidParameterValue"),
        (REMOTE, "InvalidParameterValue"),
        (sld(layer("", "nowhere")), "LayerNotDefined"),
        (sld(layer("<NamedStyle><Name>nope</Name></NamedStyle>")), "StyleNotDefined"),
        (sld(layer("<UserStyle/>")), "InvalidParameterValue"),
        (sld(*[layer(USER.format("", "", "008000"))] * 31), None),
    ],
)
def test_a_wrong_document_is_told(client, body, code):
    data = {name: str(value) for name, value in asked(SLD_BODY=body).items()}
    answer = client.request("POST", "/wms", data=data)
    assert answer.status_code == 400
    assert etree.fromstring(answer.content)[0].get("code") == code


def test_no_file_of_the_server_is_drawn(client):
    graphic = (
        '<ExternalGraphic><OnlineResource xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="file:///etc/passwd"/>'
        "<Format>image/svg+xml</Format></ExternalGraphic>"
    )
    rule = f"<Rule><PointSymbolizer><Graphic>{graphic}</Graphic></PointSymbolizer></Rule>"
    body = sld(layer(f"<UserStyle><FeatureTypeStyle>{rule}</FeatureTypeStyle></UserStyle>"))
    assert halves(client, SLD_BODY=body) == (WHITE, WHITE)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="#008000"/></svg>'
PICTURE = (
    "<UserStyle><FeatureTypeStyle><Rule><PolygonSymbolizer><Fill><GraphicFill><Graphic><ExternalGraphic>"
    '<OnlineResource xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{}"/><Format>image/svg+xml</Format>'
    "</ExternalGraphic></Graphic></GraphicFill></Fill></PolygonSymbolizer></Rule></FeatureTypeStyle></UserStyle>"
)


class Handler(BaseHTTPRequestHandler):
    """Gives a style at /style, sends /elsewhere to it, and is too long at /long."""

    def do_GET(self):
        self.server.asked.append(self.path)
        known = {"/style": GREENS.encode(), "/long": b" " * 2_000_000, "/green.svg": SVG, "/green.svg?a=b": SVG}
        body = known.get(self.path, b"")
        self.send_response(302 if self.path == "/elsewhere" else 200)
        self.send_header("Location", "/style")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def styles():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def trusting(registry, *hosts):
    from dataclasses import replace

    return client_of(replace(registry, service=registry.service.model_copy(update={"sld_hosts": hosts})))


def test_a_style_is_read_from_a_listed_host(registry, styles):
    place = f"127.0.0.1:{styles.server_address[1]}"
    assert halves(trusting(registry, place), SLD=f"http://{place}/style") == (GREEN, GREEN)


@pytest.mark.parametrize("path", ["elsewhere", "long"])
def test_a_listed_host_leads_nowhere_else(registry, styles, path):
    place = f"127.0.0.1:{styles.server_address[1]}"
    answer = trusting(registry, place).get("/wms", **asked(SLD=f"http://{place}/{path}"))
    assert (answer.status_code, styles.asked) == (400, [f"/{path}"])


@pytest.mark.parametrize(
    "form", ["http://{}/style", "http://x@{}/style", "file:///etc/passwd", "ftp://{}/", "http://["]
)
def test_no_other_host_is_asked(client, registry, styles, form):
    address = form.format(f"127.0.0.1:{styles.server_address[1]}")
    answer = client.get("/wms", **asked(SLD=address))
    assert (answer.status_code, styles.asked) == (400, [])
    assert trusting(registry, "127.0.0.1").get("/wms", **asked(SLD=address)).status_code == 400
    assert styles.asked == []


@pytest.mark.parametrize("path", ["green.svg", "green.svg?a=b"])
def test_pictures_of_listed_hosts_are_drawn(registry, styles, path):
    place = f"127.0.0.1:{styles.server_address[1]}"
    body = sld(layer(PICTURE.format(f"http://{place}/{path}") * 2))
    assert halves(trusting(registry, place), SLD_BODY=body) == (GREEN, GREEN)
    assert styles.asked == [f"/{path}"]


@pytest.mark.parametrize("form", ["http://{}/green.svg", "http://x@{}/green.svg", "HTTP://{}/green.svg"])
def test_pictures_of_other_hosts_are_never_asked(client, registry, styles, form):
    body = sld(layer(PICTURE.format(form.format(f"127.0.0.1:{styles.server_address[1]}"))))
    for asking in (client, trusting(registry, "example.org"), trusting(registry, "127.0.0.1")):
        assert halves(asking, SLD_BODY=body) == (WHITE, WHITE)
    assert styles.asked == []


@pytest.mark.parametrize("path", ["elsewhere", "long"])
def test_a_picture_that_cannot_be_had_is_told(registry, styles, path):
    place = f"127.0.0.1:{styles.server_address[1]}"
    answer = trusting(registry, place).get(
        "/wms", **asked(SLD_BODY=sld(layer(PICTURE.format(f"http://{place}/{path}"))))
    )
    assert (answer.status_code, styles.asked) == (400, [f"/{path}"])


def test_pictures_without_end_are_refused(registry, styles):
    place = f"127.0.0.1:{styles.server_address[1]}"
    body = sld(layer("".join(PICTURE.format(f"http://{place}/{number}.svg") for number in range(21))))
    answer = trusting(registry, place).request(
        "POST", "/wms", data={k: str(v) for k, v in asked(SLD_BODY=body).items()}
    )
    assert (answer.status_code, styles.asked) == (400, [])


FIELD = '<PropertyName xmlns="http://www.opengis.net/ogc">{}</PropertyName>'
BY_FUNCTION = '<Function xmlns="http://www.opengis.net/ogc" name="property"><Literal>{}</Literal></Function>'
LABEL = (
    "<UserStyle><FeatureTypeStyle><Rule><TextSymbolizer><Label>{}</Label></TextSymbolizer></Rule></FeatureTypeStyle>"
    "</UserStyle>"
)


@pytest.mark.parametrize("name", ["secret", "SECRET", "nulle_part"])
@pytest.mark.parametrize("written", [FIELD, BY_FUNCTION])
@pytest.mark.parametrize("request_name", ["GetMap", "GetFeatureInfo", "GetLegendGraphic"])
def test_a_style_reads_no_field_that_is_hidden_or_not_there(client, name, written, request_name):
    body = sld(layer(LABEL.format(written.format(name))))
    names = {"LAYER": "parcelle", "QUERY_LAYERS": "parcelle", "LAYERS": "parcelle"}
    answer = client.get("/wms", **{**asked(SLD_BODY=body), **names, "REQUEST": request_name, "X": 5, "Y": 5})
    error = etree.fromstring(answer.content)[0]
    assert (answer.status_code, error.get("code")) == (400, "InvalidParameterValue")
    assert "section, nom, surface" in error.text
    assert "caché" not in error.text
