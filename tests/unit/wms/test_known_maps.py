"""Maps that are asked again, of another box, without being read again."""

import pytest

from layers.query import MapQuery, Selection
from server.wms.known_maps import LIMIT, LONGEST, Known, KnownMaps

QUERY = MapQuery((Selection("parcelle"),), "EPSG:2154", (0.0, 0.0, 1.0, 1.0), 256, 256)
KNOWN = Known(QUERY, swapped=False, headers=((b"content-type", b"image/png"),))
REST = b"SERVICE=WMS&REQUEST=GetMap&BBOX=%s&LAYERS=parcelle"


def kept(known=KNOWN, query=REST % b"0,0,1,1"):
    maps = KnownMaps()
    maps.keep("1", "/wms", query, known)
    return maps


@pytest.mark.parametrize("box", [b"10,20,30.5,40", b"10%2C20%2C30.5%2c40", b"1e%2B1,20,30.5,4e1", b" 10,20,30.5,40"])
def test_another_box_of_a_map_is_understood(box):
    found = kept().find("1", "/wms", REST % box)
    assert found.query.bbox == (10.0, 20.0, 30.5, 40.0)
    assert (found.query.layers, found.headers) == (QUERY.layers, KNOWN.headers)


def test_y_comes_first_where_it_came_first_before():
    swapped = Known(QUERY, swapped=True, headers=())
    assert kept(swapped).find("1", "/wms", REST % b"43,2,44,3").query.bbox == (2.0, 43.0, 3.0, 44.0)


def test_the_box_may_stand_anywhere_under_a_name_in_any_case():
    for query in (b"bbox=%s&LAYERS=a", b"LAYERS=a&Bbox=%s", b"BBOX=%s"):
        maps = kept(query=query % b"0,0,1,1")
        assert maps.find("1", "/wms", query % b"5,5,6,6").query.bbox == (5.0, 5.0, 6.0, 6.0)


@pytest.mark.parametrize(
    "box", [b"", b"1,2,3", b"3,2,1,4", b"a,b,c,d", b"nan,0,1,1", b"0,0,1,1&BBOX=2,2,3,3", b"-9e999,0,1,1"]
)
def test_a_box_that_is_none_goes_the_long_way(box):
    assert kept().find("1", "/wms", REST % box) is None


def test_what_differs_in_anything_else_is_not_known():
    maps = kept()
    assert maps.find("2", "/wms", REST % b"0,0,1,1") is None
    assert maps.find("1", "/themes/a/wms", REST % b"0,0,1,1") is None
    assert maps.find("1", "/wms", REST % b"0,0,1,1" + b"&DPI=180") is None


@pytest.mark.parametrize("more", [b"&BBOX=0,0,1,1", b"&%42BOX=0,0,1,1", b"&bb%6Fx=0,0,1,1", b"&X=" + b"x" * LONGEST])
def test_what_is_ambiguous_or_long_is_not_kept(more):
    query = REST % b"0,0,1,1" + more
    assert kept(query=query).find("1", "/wms", query) is None


def test_as_many_are_kept_as_the_limit_says_the_last_used_ones():
    maps = kept()
    for number in range(LIMIT - 1):
        maps.keep("1", "/wms", REST % b"0,0,1,1" + b"&N=%d" % number, KNOWN)
    assert maps.find("1", "/wms", REST % b"0,0,1,1")
    maps.keep("1", "/wms", REST % b"0,0,1,1" + b"&N=more", KNOWN)
    assert maps.find("1", "/wms", REST % b"0,0,1,1" + b"&N=0") is None
    assert maps.find("1", "/wms", REST % b"0,0,1,1")
