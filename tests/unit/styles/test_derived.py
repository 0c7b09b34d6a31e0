"""Styles that paint features in an order of theirs (`sortBy`), and geometries that functions make."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from layers.compile import load
from layers.encode import to_array
from layers.query import MapQuery, Selection
from layers.registry import Registry
from layers.render import draw
from layers.styles.sld import read_sld
from support.style_maps import sld
from support.vectors import write

X0, Y0 = 700_000.0, 6_600_000.0
SQUARES = [("#ff0000", 2, "b", 20), ("#00ff00", 3, "a", 30), ("#0000ff", 1, "b", 40)]
"""Colour, rank, letter, half a side in metres: one above the other in the middle of 100 × 100 m."""
COLOURED = (
    '<PolygonSymbolizer><Fill><CssParameter name="fill"><ogc:PropertyName>couleur</ogc:PropertyName></CssParameter>'
    "</Fill></PolygonSymbolizer>"
)


@pytest.fixture(scope="module", params=["gpkg", "geojson", "fgb"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The squares, and a line from the lower left to the right, in one format."""
    folder = tmp_path_factory.mktemp("derived")
    colour, rank, letter, half = zip(*SQUARES, strict=True)
    squares = [shapely.box(X0 + 50 - h, Y0 + 50 - h, X0 + 50 + h, Y0 + 50 + h) for h in half]
    fields = {"couleur": pa.array(colour), "rang": pa.array(rank), "lettre": pa.array(letter)}
    line = shapely.LineString([(X0 + 20, Y0 + 20), (X0 + 50, Y0 + 80), (X0 + 80, Y0 + 20)])
    for name, kind, data, shapes in (("carre", "Polygon", fields, squares), ("trait", "LineString", {}, [line])):
        table = pa.table({"large": pa.array([10.0] * len(shapes)), **data, "geometry": shapely.to_wkb(shapes)})
        write(folder / f"{name}.{request.param}", kind, name, data=table)
    (folder / "layers").mkdir()
    (folder / "service.yaml").write_text("title: Essai\n")
    layers = "".join(
        f"{n}: {{title: T, source: {{vector: {n}.{request.param}, crs: EPSG:2154}}}}\n" for n in ("carre", "trait")
    )
    (folder / "layers" / "essai.yaml").write_text(f"theme: {{title: Essai}}\n{layers}")
    return load(folder, folder / "store")[0]


def drawn(world: Registry, layer: str, style: bytes, box: tuple[float, ...] = (0, 0, 100, 100)) -> np.ndarray:
    """RGBA of 100 × 100 pixels; the box in metres off the corner."""
    look = read_sld(style)
    assert look.warnings == ()
    bounds = (X0 + box[0], Y0 + box[1], X0 + box[2], Y0 + box[3])
    query = MapQuery((Selection(layer, look=look),), "EPSG:2154", bounds, 100, 100, transparent=True)
    return to_array(draw(world, query))


def name(pixel: np.ndarray) -> str:
    return "#{:02x}{:02x}{:02x}".format(*pixel[:3].tolist()) if pixel[3] else ""


@pytest.mark.parametrize(
    ("order", "seen"),
    [
        ("rang", ["#00ff00", "#00ff00", "#0000ff"]),
        ("rang D", ["#0000ff", "#0000ff", "#0000ff"]),
        ("RANG DESC", ["#0000ff", "#0000ff", "#0000ff"]),
        ("lettre D, rang A", ["#00ff00", "#00ff00", "#0000ff"]),
        ("lettre, rang", ["#ff0000", "#0000ff", "#0000ff"]),
    ],
)
def test_features_are_painted_in_the_order_that_is_asked(world, order, seen):
    """Seen at 5, 25 and 35 m off the middle."""
    pixels = drawn(world, "carre", sld(COLOURED, options=f'<VendorOption name="sortBy">{order}</VendorOption>'))
    assert [name(pixels[50, 50 + away]) for away in (5, 25, 35)] == seen


def function(what: str, *numbers: object) -> str:
    more = "".join(n if isinstance(n, str) else f"<ogc:Literal>{n}</ogc:Literal>" for n in numbers)
    return f'<ogc:Function name="{what}"><ogc:PropertyName>geom</ogc:PropertyName>{more}</ogc:Function>'


def red(symbolizer: str, geometry: str) -> bytes:
    ink = '<CssParameter name="{}">#ff0000</CssParameter>'
    inside = {
        "Polygon": f"<Fill>{ink.format('fill')}</Fill>",
        "Line": f'<Stroke>{ink.format("stroke")}<CssParameter name="stroke-width">2</CssParameter></Stroke>',
        "Point": f"<Graphic><Mark><Fill>{ink.format('fill')}</Fill></Mark><Size>8</Size></Graphic>",
    }[symbolizer]
    return sld(f"<{symbolizer}Symbolizer><Geometry>{geometry}</Geometry>{inside}</{symbolizer}Symbolizer>")


WIDE = "<ogc:PropertyName>large</ogc:PropertyName>"
MADE = {
    "buffer": ("Polygon", function("buffer", 5), (15, 15, 85, 85)),
    "a field's buffer": ("Polygon", function("buffer", WIDE), (10, 10, 90, 90)),
    "hull": ("Polygon", function("convexHull"), (20, 20, 80, 80)),
    "envelope": ("Polygon", function("envelope"), (20, 20, 80, 80)),
    "offset": ("Line", function("offset", 10, -5), (29, 14, 91, 76)),
    "start": ("Point", function("startPoint"), (16, 16, 24, 24)),
    "end": ("Point", function("endPoint"), (76, 16, 84, 24)),
    "vertices": ("Point", function("vertices"), (16, 16, 84, 84)),
    "one in another": (
        "Polygon",
        f'<ogc:Function name="buffer">{function("centroid")}<ogc:Literal>10</ogc:Literal></ogc:Function>',
        (40, 40, 60, 60),
    ),
}
"""Of the line: the symbolizer, the geometry, and where it lies: left, lower, right, upper."""


@pytest.mark.parametrize("what", MADE)
def test_a_geometry_is_made_by_a_function(world, what):
    symbolizer, geometry, expected = MADE[what]
    rows, columns = np.nonzero(drawn(world, "trait", red(symbolizer, geometry))[..., 3] > 100)
    found = (columns.min(), 99 - rows.max(), columns.max() + 1, 100 - rows.min())
    assert found == pytest.approx(expected, abs=1.5)


def test_marks_lie_on_every_vertex_of_a_line(world):
    mark = '<Mark><Fill><CssParameter name="fill">#ff0000</CssParameter></Fill></Mark><Size>6</Size>'
    stroke = f"<Stroke><GraphicStroke><Graphic>{mark}</Graphic></GraphicStroke></Stroke>"
    style = sld(f'<LineSymbolizer>{stroke}<VendorOption name="placement">points</VendorOption></LineSymbolizer>')
    pixels = drawn(world, "trait", style)
    assert [name(pixels[99 - y, x]) for x, y in ((20, 20), (50, 80), (80, 20), (35, 50))] == ["#ff0000"] * 3 + [""]


def test_what_is_made_reaches_into_a_picture_that_the_feature_does_not_touch(world):
    pixels = drawn(world, "trait", red("Polygon", function("buffer", 400)), (400, 20, 500, 120))
    assert (pixels[..., 3] > 100).mean() > 0.5


def test_symbolizers_with_and_without_a_function_are_painted_by_one_rule(world):
    rule = (
        "<ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>rang</ogc:PropertyName><ogc:Literal>2</ogc:Literal>"
        "</ogc:PropertyIsEqualTo></ogc:Filter>"
    )
    shrunk = COLOURED.replace("<Fill>", f"<Geometry>{function('buffer', -10)}</Geometry><Fill>", 1).replace(
        "<ogc:PropertyName>couleur</ogc:PropertyName>", "#ffff00"
    )
    other = "<ElseFilter/>" + COLOURED.replace("<ogc:PropertyName>couleur</ogc:PropertyName>", "#000000")
    pixels = drawn(world, "carre", sld(rule + COLOURED + shrunk, other))
    assert [name(pixels[50, 50 + away]) for away in (5, 25, 35)] == ["#ffff00", "#000000", "#000000"]


def test_a_function_that_is_not_known_is_told_by_rule_and_line():
    style = read_sld(sld("\n<Title>R</Title>" + COLOURED, "\n<Name>S</Name>" + red_rule("mystery")))
    assert [(w.rule, w.what) for w in style.warnings] == [("S", "a geometry by the function mystery: not drawn")]


def red_rule(what: str) -> str:
    return COLOURED.replace("<Fill>", f"<Geometry>{function(what)}</Geometry><Fill>", 1)


def test_a_published_style_is_ordered_in_a_copy_too(tmp_path: Path):
    """A copy in another CRS has another order of its own."""
    from layers.sources import copies

    squares = [shapely.box(X0 + 50 - h, Y0 + 50 - h, X0 + 50 + h, Y0 + 50 + h) for *_, h in SQUARES]
    colour, rank, *_ = zip(*SQUARES, strict=True)
    table = pa.table({"couleur": colour, "rang": rank, "geometry": shapely.to_wkb(squares)})
    write(tmp_path / "carre.fgb", "Polygon", "carre", data=table)
    (tmp_path / "layers").mkdir()
    (tmp_path / "service.yaml").write_text("title: Essai\n")
    (tmp_path / "ordre.sld").write_bytes(sld(COLOURED, options='<VendorOption name="sortBy">rang</VendorOption>'))
    (tmp_path / "layers" / "essai.yaml").write_text(
        "theme: {title: Essai}\ncarre: {title: T, source: {vector: carre.fgb}, style: ordre.sld, copies: [EPSG:3857]}\n"
    )
    store = tmp_path / "store"
    copies.make(load(tmp_path, store)[0].layers["carre"], store, "EPSG:3857")
    registry = load(tmp_path, store)[0]
    assert registry.layers["carre"].facts.copies
    left, bottom, right, top = registry.layers["carre"].extent_in("EPSG:3857")
    query = MapQuery((Selection("carre"),), "EPSG:3857", (left, bottom, right, top), 80, 80, transparent=True)
    pixels = to_array(draw(registry, query))
    assert [name(pixels[40, 40 + away]) for away in (5, 25, 35)] == ["#00ff00", "#00ff00", "#0000ff"]
