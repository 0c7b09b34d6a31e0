"""Addresses of tiles are read to one request whatever the form."""

import pytest

from server.tile_path import TileRequest, parse, parse_kvp

KVP = (
    "SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=l&STYLE=&FORMAT=image/png"
    "&TILEMATRIXSET=PM&TILEMATRIX=3&TILEROW=2&TILECOL=5"
)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/tiles/l/PM/3/5/2.png", "", TileRequest("l", "", "", "PM", 3, 5, 2, "png", "xyz")),
        ("/tiles/l/PM/3/5/2.png", "style=s&time=2020&v=1", TileRequest("l", "s", "2020", "PM", 3, 5, 2, "png", "xyz")),
        ("/tiles/l/PM/3/5/2@2x.png", "", TileRequest("l", "", "", "PM@2x", 3, 5, 2, "png", "xyz")),
        ("/tiles/l/PM@2x/3/5/2@2x.png", "", TileRequest("l", "", "", "PM@2x", 3, 5, 2, "png", "xyz")),
        ("/tms/1.0.0/l@PM@2x/3/5/2.png", "", TileRequest("l", "", "", "PM@2x", 3, 5, 5, "png", "tms")),
        ("/tms/1.0.0/l@PM/3/5/2.png", "", TileRequest("l", "", "", "PM", 3, 5, 5, "png", "tms")),
        ("/wmts/l/s/PM/3/2/5.jpeg", "", TileRequest("l", "s", "", "PM", 3, 5, 2, "jpeg", "wmts")),
        ("/wmts/l/s/2020-01-01/PM/3/2/5.png", "", TileRequest("l", "s", "2020-01-01", "PM", 3, 5, 2, "png", "wmts")),
        ("/themes/t/wmts/l/s/PM/3/2/5.png", "", TileRequest("l", "s", "", "PM", 3, 5, 2, "png", "wmts", "t")),
        (
            "/wmts/l/%C3%A9t%C3%A9/EPSG%3A3857/EPSG:3857:3/2/5.png",
            "",
            TileRequest("l", "été", "", "EPSG:3857", 3, 5, 2, "png", "wmts"),
        ),
    ],
)
def test_a_path_is_read(path: str, query: str, expected: TileRequest) -> None:
    assert parse(path, query) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/wms",
        "/tiles/l.json",
        "/tiles/l/PM/3/5/-2.png",
        "/tiles/l/PM/3/5/2@3x.png",
        "/tiles/l/PM/3/5/2",
        "/tiles/l/PM/3/5/2.png/x",
        "/tiles/l/PM/3/5/٢.png",
        "/tiles/l/PM/EPSG:3857:3/5/2.png",
        "/wmts/l/s/PM/3/99999999999/5.png",
    ],
)
def test_what_is_no_tile_is_left(path: str) -> None:
    assert parse(path) is None


def test_get_tile_by_key_value_pairs_is_read() -> None:
    assert parse_kvp("/wmts", KVP) == TileRequest("l", "", "", "PM", 3, 5, 2, "image/png", "kvp")
    assert parse_kvp("/themes/t/wmts", KVP.lower().replace("gettile", "GetTile").replace("=wmts", "=WMTS"))
    assert parse_kvp("/wmts", KVP.replace("PM", "EPSG:3857").replace("TILEMATRIX=3", "TILEMATRIX=EPSG:3857:3"))


@pytest.mark.parametrize(
    "change", [("GetTile", "GetCapabilities"), ("1.0.0", "2.0.0"), ("ROW=2", "ROW=-2"), ("&STYLE=", "")]
)
def test_other_key_value_requests_are_left_to_the_engine(change: tuple[str, str]) -> None:
    assert parse_kvp("/wmts", KVP.replace(*change)) is None
