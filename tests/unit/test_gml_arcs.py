"""Arcs of GML read as the chords that stand for them everywhere else, and what cannot be read told."""

import math

import pytest
import shapely
from lxml import etree

from layers.errors import FilterError
from layers.filters.gml_geometry import read_geometry

GML = 'xmlns:gml="http://www.opengis.net/gml/3.2" srsName="EPSG:2154"'
ARC = "<gml:Arc><gml:posList>0 0 10 10 20 0</gml:posList></gml:Arc>"
LINE = "<gml:LineStringSegment><gml:posList>20 0 0 0</gml:posList></gml:LineStringSegment>"


def read(text: str, *, heights: bool = False):
    return read_geometry(etree.fromstring(text), "EPSG:2154", heights=heights)[0]


def curve(segments: str, attributes: str = GML) -> str:
    return f"<gml:Curve {attributes}><gml:segments>{segments}</gml:segments></gml:Curve>"


@pytest.mark.parametrize("name", ["Arc", "ArcString"])
def test_an_arc_is_chords_of_its_circle(name):
    found = read(curve(ARC.replace("Arc", name)))
    assert found.length == pytest.approx(10 * math.pi, rel=1e-3)
    assert shapely.distance(shapely.Point(10, 0), shapely.points(found.coords)).tolist() == pytest.approx([10] * 47)


def test_segments_follow_each_other_in_the_order_in_which_they_stand():
    found = read(curve(ARC + LINE))
    assert (found.coords[0], found.coords[-1]) == ((0, 0), (0, 0))
    assert found.length == pytest.approx(10 * math.pi + 20, rel=1e-3)


def test_a_ring_of_curves_bounds_a_polygon():
    members = f"<gml:curveMember>{curve(ARC, '')}</gml:curveMember><gml:curveMember>{curve(LINE, '')}</gml:curveMember>"
    ring = f"<gml:exterior><gml:Ring>{members}</gml:Ring></gml:exterior>"
    for text in (
        f"<gml:Polygon {GML}>{ring}</gml:Polygon>",
        f"<gml:Surface {GML}><gml:patches><gml:PolygonPatch>{ring}</gml:PolygonPatch></gml:patches></gml:Surface>",
    ):
        found = read(text)
        assert (found.geom_type, found.is_valid) == ("Polygon", True)
        assert found.area == pytest.approx(50 * math.pi, rel=5e-3)


def test_heights_of_an_arc_are_kept():
    text = '<gml:ArcString><gml:posList srsDimension="3">0 0 1 10 10 2 20 0 3</gml:posList></gml:ArcString>'
    found = read(curve(text), heights=True)
    assert found.has_z
    assert found.coords[-1] == (20, 0, 3)


@pytest.mark.parametrize(
    "segments",
    [
        LINE + "<gml:CubicSpline><gml:posList>0 0 1 1 2 0</gml:posList></gml:CubicSpline>",
        "<gml:Circle><gml:posList>0 0 10 10 20 0</gml:posList></gml:Circle>",
        "<gml:Arc><gml:posList>0 0 10 10</gml:posList></gml:Arc>",
        "",
    ],
)
def test_what_cannot_be_read_is_told_and_not_left_out(segments):
    with pytest.raises(FilterError):
        read(curve(segments))
