"""Symbols, lines and labels that reach into a picture from features far outside of it: no edge cuts them."""

import numpy as np
import pyarrow as pa
import pytest
import shapely

from layers.compile import load
from layers.encode import to_array
from layers.query import STANDARD_DPI, MapQuery, Selection
from layers.registry import Registry
from layers.render import draw
from layers.styles.reach import reach
from layers.styles.sld import read_sld
from support.style_maps import sld
from support.vectors import write

X0, Y0 = 700_000.0, 6_600_000.0
UNIT = ' uom="http://www.opengeospatial.org/se/units/{}"'
PAINT = '<Fill><CssParameter name="fill">#ff0000</CssParameter></Fill>'


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A point and a line upwards, 10 m left of the middle of 400 × 400 m."""
    folder = tmp_path_factory.mktemp("reach")
    for name, kind, shape in (
        ("point", "Point", shapely.Point(X0 + 190, Y0 + 200)),
        ("trait", "LineString", shapely.LineString([(X0 + 190, Y0 - 100), (X0 + 190, Y0 + 500)])),
    ):
        table = pa.table({"nom": ["Saint-Barthélemy-de-la-Montagne"], "geometry": shapely.to_wkb([shape])})
        write(folder / f"{name}.gpkg", kind, name, data=table)
    (folder / "layers").mkdir()
    (folder / "service.yaml").write_text("title: Essai\n")
    layers = "".join(f"{name}: {{title: T, source: {{vector: {name}.gpkg}}}}\n" for name in ("point", "trait"))
    (folder / "layers" / "essai.yaml").write_text(f"theme: {{title: Essai}}\n{layers}")
    return load(folder, folder / "store")[0]


def line(width: float, unit: str = "") -> bytes:
    given = (
        f'<CssParameter name="stroke">#ff0000</CssParameter><CssParameter name="stroke-width">{width}</CssParameter>'
    )
    return sld(f"<LineSymbolizer{UNIT.format(unit) if unit else ''}><Stroke>{given}</Stroke></LineSymbolizer>")


def mark(size: float, unit: str = "", more: str = "") -> bytes:
    inside = f"<Mark><WellKnownName>square</WellKnownName>{PAINT}</Mark><Size>{size}</Size>{more}"
    return sld(f"<PointSymbolizer{UNIT.format(unit) if unit else ''}><Graphic>{inside}</Graphic></PointSymbolizer>")


def label(size: float) -> bytes:
    font = f'<Font><CssParameter name="font-size">{size}</CssParameter></Font>'
    return sld(f"<TextSymbolizer><Label><ogc:PropertyName>nom</ogc:PropertyName></Label>{font}{PAINT}</TextSymbolizer>")


FAR = "<Displacement><DisplacementX>150</DisplacementX></Displacement>"


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize(
    ("layer", "style", "strip"),
    [
        ("trait", line(150), (245, 262)),
        ("trait", line(150, "metre"), (245, 262)),
        ("point", mark(300), (300, 330)),
        ("point", mark(300, "metre"), (300, 330)),
        ("point", mark(40, "", FAR), (330, 350)),
        ("point", label(24), (300, 330)),
    ],
    ids=["line", "line in metres", "mark", "mark in metres", "mark far off", "label"],
)
def test_a_picture_is_a_part_of_a_larger_one(world, layer, style, strip, factor):
    """The right half alone, and a strip further right, are what they are in the whole."""

    def drawn(left: float, right: float) -> np.ndarray:
        width, box = round(right - left) * factor, (X0 + left, Y0, X0 + right, Y0 + 400)
        look, dpi = read_sld(style), STANDARD_DPI * factor
        query = MapQuery((Selection(layer, look=look),), "EPSG:2154", box, width, 400 * factor, dpi=dpi)
        return to_array(draw(world, query)).astype(int)

    whole = drawn(0, 400)
    for left, right in ((200, 400), strip):
        part = drawn(left, right)
        assert (np.abs(part - whole[:, left * factor : right * factor]).max(axis=2) > 40).mean() < 0.01
        assert (part[..., 1] < 128).any()


def test_what_only_features_tell_is_not_reached_for():
    by_field = mark(300).replace(b"<Size>300</Size>", b"<Size><ogc:PropertyName>t</ogc:PropertyName></Size>")
    assert (reach(read_sld(mark(300))).pixels, reach(read_sld(by_field)).pixels) == (pytest.approx(213), 0)
    assert reach(read_sld(line(100, "foot"))).metres == pytest.approx(66 * 0.3048)
