"""Fields that styles read: dates too, which Mapnik's plugin leaves out; those that the data has not are told."""

import shutil

import numpy as np
import pytest

from layers.compile import load
from layers.encode import to_array
from layers.query import MapQuery, Selection
from layers.render import draw
from layers.styles.asked import fields_asked
from layers.styles.sld import read_sld
from support.data import X0, Y0
from support.style_maps import sld

BOX = (X0, Y0, X0 + 1000, Y0 + 1000)
RED = '<PolygonSymbolizer><Fill><CssParameter name="fill">#ff0000</CssParameter></Fill></PolygonSymbolizer>'
SINCE = (
    "<Title>Levé récent</Title><ogc:Filter><ogc:PropertyIsGreaterThan><ogc:PropertyName>LEVE</ogc:PropertyName>"
    "<ogc:Literal>2020-01-01</ogc:Literal></ogc:PropertyIsGreaterThan></ogc:Filter>"
)
YEAR = (
    '<ogc:Filter><ogc:PropertyIsEqualTo><ogc:Function name="dateFormat"><ogc:Literal>{}</ogc:Literal>'
    "<ogc:PropertyName>leve</ogc:PropertyName></ogc:Function><ogc:Literal>{}</ogc:Literal></ogc:PropertyIsEqualTo>"
    "</ogc:Filter>"
)


def red(registry, selection):
    """Which halves of the world, north and south, are red."""
    picture = to_array(draw(registry, MapQuery((selection,), "EPSG:2154", BOX, 50, 50))).astype(int)
    seen = (picture[..., 0] > 200) & (picture[..., 1] < 60)
    return bool(seen[5:20].all()), bool(seen[30:45].all()), bool(seen.any())


@pytest.mark.parametrize(
    ("rule", "north", "south"),
    [
        (SINCE, False, True),
        (YEAR.format("yyyy", "2024"), False, True),
        (YEAR.format("dd/MM/yyyy", "31/12/1999"), True, False),
        (YEAR.format("yyyyMMdd", "20240229"), False, True),
    ],
)
def test_dates_are_read_by_styles(registry, rule, north, south):
    """Parcels were surveyed on 1999-12-31 in the north and on 2024-02-29 in the south."""
    look = read_sld(sld(rule + RED))
    assert look.warnings == ()
    assert red(registry, Selection("parcelle", look=look)) == (north, south, True)


def test_a_published_style_reads_dates_in_every_picture(config_dir, tmp_path):
    config = shutil.copytree(config_dir, tmp_path / "config")
    (config / "styles" / "parcelle.sld").write_bytes(sld(SINCE + RED))
    registry, warnings = load(config, tmp_path / "store")
    assert not [warning for warning in warnings if warning.layer == "parcelle"]
    west, east = (
        to_array(draw(registry, MapQuery((Selection("parcelle"),), "EPSG:2154", box, 20, 20))).astype(int)
        for box in ((X0, Y0, X0 + 400, Y0 + 400), (X0 + 600, Y0, X0 + 1000, Y0 + 400))
    )
    for picture in (west, east):
        assert (abs(picture[..., :3] - np.array([255, 0, 0])).max(axis=2) < 60).all()


def test_a_date_in_other_words_is_told():
    (warning,) = read_sld(sld(YEAR.format("EEEE", "lundi") + RED)).warnings
    assert "a date written 'EEEE'" in warning.what


def test_a_field_that_the_data_has_not_is_told_by_rule_and_line(config_dir, tmp_path):
    config = shutil.copytree(config_dir, tmp_path / "config")
    wrong = SINCE.replace("LEVE", "levee")
    (config / "styles" / "parcelle.sld").write_bytes(sld(f"\n\n{wrong}{RED}"))
    (told,) = [str(warning) for warning in load(config, tmp_path / "store")[1] if warning.layer == "parcelle"]
    assert "parcelle.style: styles/parcelle.sld: line 1: rule 'Levé récent': the data has no field 'levee'" in told
    assert "did you mean 'leve'?" in told


def test_the_geometrys_name_is_none_of_a_field():
    inside = (
        "<Geometry><ogc:Function name='centroid'><ogc:PropertyName>geom</ogc:PropertyName></ogc:Function></Geometry>"
    )
    style = read_sld(sld(f"<PointSymbolizer>{inside}<Graphic><Mark/></Graphic></PointSymbolizer>"))
    assert [rule.fields for rule in fields_asked(style)] == [frozenset()]


def test_a_rule_on_a_field_that_the_data_has_not_leaves_the_others_drawn(config_dir, tmp_path):
    config = shutil.copytree(config_dir, tmp_path / "config")
    (config / "styles" / "parcelle.sld").write_bytes(
        sld(SINCE.replace("LEVE", "levee") + RED.replace("ff0000", "00ff00"), RED)
    )
    registry = load(config, tmp_path / "store")[0]
    assert red(registry, Selection("parcelle")) == (True, True, True)
