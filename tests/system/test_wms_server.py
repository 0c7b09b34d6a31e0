"""The WMS of a whole server: front, engine and render processes between the client and the map."""

import email.parser
import io
import socket
import time
from urllib.parse import urlencode

import numpy as np
import pytest
from lxml import etree
from PIL import Image

from support.blue_lake import make_lake
from support.server import running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
XML = {"Content-Type": "text/xml"}
STYLE = (
    '<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld"><NamedLayer><Name>lake</Name><UserStyle>'
    "<FeatureTypeStyle><Rule>{}<PolygonSymbolizer><Fill><CssParameter name='fill'>#008000</CssParameter></Fill>"
    "</PolygonSymbolizer></Rule></FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"
)
POSTED = (
    '<GetMap xmlns="http://www.opengis.net/sld" xmlns:ows="http://www.opengis.net/ows" version="1.3.0" service="WMS">'
    + STYLE.format("")
    + "<CRS>CRS:84</CRS><BoundingBox><ows:LowerCorner>-0.002 -0.002</ows:LowerCorner><ows:UpperCorner>0.002 0.002"
    "</ows:UpperCorner></BoundingBox><Output><Size><Width>40</Width><Height>40</Height></Size><Format>image/png</Format>"
    "</Output><Elevation><Value>480</Value></Elevation></GetMap>"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wms")
    with running(make_lake(folder / "config"), folder / "store") as found:
        yield found


def query(**more):
    given = {"VERSION": "1.3.0", "REQUEST": "GetMap", "CRS": "CRS:84", "BBOX": "-0.002,-0.002,0.002,0.002"}
    given |= {"LAYERS": "lake", "STYLES": "", "WIDTH": "40", "HEIGHT": "40", "FORMAT": "image/png", **more}
    return urlencode({name: value for name, value in given.items() if value is not None})


def test_a_map_asked_again_of_another_box_is_that_map(server):
    boxes = ["-0.002,-0.002,0.002,0.002", "-0.001,-0.003,0.003,0.001", "0,0,0.002,0.002", "-0.004,-0.002,0,0.002"]
    again = [server.get(f"/wms?{query(BBOX=box)}") for box in boxes]
    # With a parameter of its own each: nothing is known of such a request.
    anew = [server.get(f"/wms?N={number}&{query(BBOX=box)}") for number, box in enumerate(boxes)]
    for one, other in zip(again, anew, strict=True):
        assert one.body == other.body
        told = [sorted(pair for pair in answer.headers.items() if pair[0] != "Date") for answer in (one, other)]
        assert told[0] == told[1]
    assert len({answer.body for answer in again}) == len(boxes)
    assert "InvalidParameterValue" in server.get(f"/wms?{query(BBOX='1,1,0,0')}").text


def greens(answer):
    """How many pixels have the colour of the client's own style."""
    assert answer.headers["content-type"] == "image/png", answer.text
    picture = np.asarray(Image.open(io.BytesIO(answer.body)).convert("RGB"))
    return int((picture == (0, 128, 0)).all(axis=2).sum())


@pytest.mark.parametrize(
    ("elevation", "warning"),
    [
        (None, "99 Default value used: elevation=500 CRS:88"),
        ("492", "99 Nearest value used: elevation=490 CRS:88"),
        ("480", None),
    ],
)
def test_warnings_reach_the_client(server, elevation, warning):
    answer = server.get(f"/wms?{query(ELEVATION=elevation)}")
    assert (answer.status, answer.headers["warning"]) == (200, warning)


def test_a_style_that_fills_a_long_form_is_drawn(server):
    body = query(LAYERS=None, SLD_BODY=STYLE.format(f"<Title>{'x' * 300_000}</Title>"))
    assert greens(server.get("/wms", FORM, method="POST", body=body)) == 1600


def test_a_map_posted_as_xml_is_drawn(server):
    assert greens(server.get("/wms", XML, method="POST", body=POSTED)) == 400


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("image/tiff", b"II*"),
        ("image/svg+xml", b"<?xml"),
        ("application/pdf", b"%PDF-"),
        ("image/gif", b"GIF8"),
        ("image/apng", b"\x89PNG"),
    ],
)
def test_every_kind_of_map_comes_out_of_a_render_process(server, name, start):
    answer = server.get(f"/wms?{query(FORMAT=name)}")
    assert (answer.status, answer.headers["content-type"]) == (200, name)
    assert answer.body.startswith(start)


def test_documents_that_depend_on_more_are_not_those_that_are_kept(server):
    plain = server.get("/wms?REQUEST=GetCapabilities&VERSION=1.1.1")
    tiled = server.get("/wms?REQUEST=GetCapabilities&VERSION=1.1.1&TILED=true")
    assert b"<TileSet>" not in plain.body
    assert tiled.status == 200
    sequence = etree.fromstring(plain.body).get("updateSequence")
    again = server.get(f"/wms?REQUEST=GetCapabilities&UPDATESEQUENCE={sequence}")
    assert etree.fromstring(again.body)[0].get("code") == "CurrentUpdateSequence"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ELEVATION": "10,20"}, "InvalidDimensionValue"),
        ({"SLD": "http://127.0.0.1:1/style"}, "InvalidParameterValue"),
        ({"SLD_BODY": "<a"}, "InvalidParameterValue"),
        ({"FORMAT": "image/svg+xml", "LAYERS": "terrain"}, "InvalidFormat"),
        ({"REQUEST": "GetLegendGraphic", "LAYER": "lake", "RULE": "nope"}, "InvalidParameterValue"),
    ],
)
def test_mistakes_are_told_from_wherever_they_are_found(server, more, code):
    answer = server.get(f"/wms?{query(**more)}")
    assert (answer.status, answer.headers["cache-control"]) == (400, "no-store")
    assert etree.fromstring(answer.body)[0].get("code") == code


def test_a_legend_of_what_occurs_comes_as_json(server):
    given = query(REQUEST="GetLegendGraphic", LAYER="lake", FORMAT="application/json", WIDTH=None, HEIGHT=None)
    answer = server.get(f"/wms?{given}")
    assert answer.headers["content-type"] == "application/json"
    assert [len(node["symbols"]) for node in answer.json()["nodes"]] == [1]


def test_requests_sent_while_a_map_is_drawn_are_answered_after_it(server):
    boxes = ["-0.002,-0.002,0.002,0.002", "-0.001,-0.003,0.003,0.001", "0,0,0.002,0.002"]
    paths = [f"/wms?{query(BBOX=box, WIDTH=400, HEIGHT=400)}" for box in boxes] + ["/health"]
    expected = [server.get(path).body for path in paths]
    with socket.create_connection((server.host, server.port), timeout=30) as client, client.makefile("rb") as coming:
        for path in paths:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            time.sleep(0.001)
        assert [read_answer(coming) for _ in paths] == expected
        # Two in one piece, and one whose head comes in two.
        client.sendall("".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths[:2]).encode())
        client.sendall(f"GET {paths[2]} HTTP/1.1\r\nHo".encode())
        client.sendall(b"st: a\r\n\r\n")
        assert [read_answer(coming) for _ in range(3)] == expected[:3]


def read_answer(coming):
    """The body of the next answer on a connection."""
    assert coming.readline() == b"HTTP/1.1 200 OK\r\n"
    headers = email.parser.BytesParser().parsebytes(b"".join(iter(coming.readline, b"\r\n")))
    assert len(headers.get_all("Date")) == len(headers.get_all("Access-Control-Allow-Origin")) == 1
    return coming.read(int(headers["Content-Length"]))
