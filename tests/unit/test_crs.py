"""Every spelling of a CRS and the order of its axes."""

import pyproj
import pytest

from layers.crs import (
    CRS84,
    Spelling,
    metres_per_unit,
    north_first,
    parse_crs,
    swap,
    transform_bbox,
    transformer,
    uri,
    urn,
    wms_name,
)
from layers.errors import UnknownCrsError

SERVED = ["2154", "3857", "4326", "4171", "4258", "3035", "27572", "32631", "9794", *map(str, range(3942, 3951))]
NORTH_FIRST = {"4326", "4171", "4258", "3035"}
SPELLINGS = [
    ("EPSG:{}", Spelling.SHORT),
    ("epsg:{}", Spelling.SHORT),
    ("urn:ogc:def:crs:EPSG::{}", Spelling.URN),
    ("urn:ogc:def:crs:EPSG:6.9:{}", Spelling.URN),
    ("urn:x-ogc:def:crs:EPSG:{}", Spelling.URN),
    ("http://www.opengis.net/def/crs/EPSG/0/{}", Spelling.URI),
    ("https://www.opengis.net/def/crs/EPSG/0/{}", Spelling.URI),
    ("http://www.opengis.net/gml/srs/epsg.xml#{}", Spelling.GML),
]


@pytest.mark.parametrize("code", SERVED)
@pytest.mark.parametrize(("pattern", "spelling"), SPELLINGS)
def test_every_spelling_means_the_same_crs(code, pattern, spelling):
    crs = parse_crs(pattern.format(code))
    assert (crs.id, crs.spelling) == (f"EPSG:{code}", spelling)


@pytest.mark.parametrize("code", SERVED)
def test_axis_order_is_what_proj_says(code):
    first = pyproj.CRS.from_epsg(code).axis_info[0].direction
    assert north_first(f"EPSG:{code}") == (first == "north") == (code in NORTH_FIRST)


@pytest.mark.parametrize("code", SERVED)
def test_only_authority_spellings_swap_where_short_names_do_not(code):
    swapped = {spelling: parse_crs(p.format(code)).swapped(short_is_authority=False) for p, spelling in SPELLINGS}
    expected = code in NORTH_FIRST
    assert swapped == {
        Spelling.SHORT: False,
        Spelling.URN: expected,
        Spelling.URI: expected,
        Spelling.GML: False,
    }
    assert parse_crs(f"EPSG:{code}").swapped(short_is_authority=True) == expected


@pytest.mark.parametrize(
    "text", ["CRS:84", "crs:84", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", uri(CRS84), urn(CRS84)]
)
def test_crs84_is_never_swapped(text):
    crs = parse_crs(text)
    assert crs.id == CRS84
    assert not crs.swapped(short_is_authority=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EPSG:",
        "EPSG:999999",
        "EPSG:2154;DROP",
        "epsg:٢١٥٤",
        "+proj=longlat",
        "2154",
        "EPSG:2154 ' OR 1=1",
        "x" * 9999,
    ],
)
def test_what_is_no_crs_is_refused_with_the_parameter_named(text):
    with pytest.raises(UnknownCrsError, match="SRSNAME"):
        parse_crs(text, parameter="SRSNAME")


def test_ign_writes_lambert_93_its_own_way():
    assert parse_crs("IGNF:LAMB93").id == "EPSG:2154"
    assert parse_crs("EPSG:900913").id == "EPSG:3857"


def test_uris_and_urns_come_back():
    for code in SERVED:
        assert parse_crs(uri(f"EPSG:{code}")).id == parse_crs(urn(f"EPSG:{code}")).id == f"EPSG:{code}"
    assert wms_name(CRS84) == "CRS:84"


def test_a_degree_is_what_the_standard_takes_it_for():
    assert metres_per_unit("EPSG:4326") == pytest.approx(6378137 * 3.141592653589793 / 180)
    assert metres_per_unit("EPSG:2154") == 1.0


def test_transformation_is_x_first_on_both_sides():
    x, y = transformer("EPSG:4326", "EPSG:2154").transform(3.0, 46.5)
    assert (x, y) == pytest.approx((700000, 6600000), abs=1e-3)
    box = transform_bbox((699000, 6599000, 701000, 6601000), "EPSG:2154", CRS84)
    assert box[0] < 3.0 < box[2]
    assert box[1] < 46.5 < box[3]
    assert swap(swap(box)) == box
