import pickle

import pytest

from layers.crs import transform_bbox
from layers.info import BandValue, point_info
from layers.query import MapQuery, PointQuery, Selection
from layers.styles.sld import read_sld
from support.data import X0, Y0

WORLD = (X0, Y0, X0 + 1000.0, Y0 + 1000.0)


def ask(registry, *layers, at=(50, 50), crs="EPSG:2154", bbox=WORLD, limit=1, **more):
    selections = tuple(Selection(item) if isinstance(item, str) else item for item in layers)
    box = transform_bbox(bbox, "EPSG:2154", crs)
    return point_info(registry, PointQuery(MapQuery(selections, crs, box, 100, 100), *at, limit=limit, **more))


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857", "EPSG:4326", "EPSG:3943"])
def test_the_feature_under_the_pixel_is_found_in_the_map_s_crs(registry, crs):
    (info,) = ask(registry, "parcelle", at=(25, 35), crs=crs)
    (feature,) = info.features
    assert feature.properties["numero"] == 2 + 10 * 6
    box = transform_bbox((X0 + 200, Y0 + 600, X0 + 300, Y0 + 700), "EPSG:2154", crs)
    assert feature.geometry.bounds == pytest.approx(box, rel=1e-6)


def test_fields_keep_their_types_and_hidden_ones_stay_hidden(registry):
    (info,) = ask(registry, "parcelle", at=(5, 5))
    properties = info.features[0].properties
    assert "secret" not in properties
    assert properties["nom"] == 'L\'été « 0 » & <9> "œ"'
    assert properties["leve"].isoformat() == "1999-12-31"


def test_the_nearest_come_first_up_to_the_limit(registry):
    (info,) = ask(registry, "parcelle", at=(41, 55), limit=2, radius=3.0)
    assert [feature.properties["numero"] for feature in info.features] == [44, 43]
    (info,) = ask(registry, "parcelle", at=(41, 55), limit=9, radius=0.5)
    assert len(info.features) == 1


def test_a_line_is_found_from_some_pixels_away(registry):
    assert ask(registry, "chemin", at=(50, 94))[0].features
    assert not ask(registry, "chemin", at=(50, 88))[0].features


SIZE = "<Function name='Interpolate'><PropertyName>rang</PropertyName><Literal>0</Literal><Literal>{}</Literal>"
SIZE += "<Literal>9</Literal><Literal>{}</Literal></Function>"
LINE = """<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" version="1.0.0"><NamedLayer>
<Name>a</Name><UserStyle><FeatureTypeStyle><Rule>
<LineSymbolizer {unit}><Stroke><CssParameter name="stroke-width">{width}</CssParameter></Stroke>
</LineSymbolizer></Rule></FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"""
METRE = 'uom="http://www.opengeospatial.org/se/units/metre"'


@pytest.mark.parametrize(
    ("unit", "width", "dpi", "reach"),
    [
        ("", "4", 90.7, 2),
        ("", "20", 90.7, 10),
        ("", "20", 181.4, 20),
        ("", "500", 90.7, 32),
        ("", SIZE.format(2, 24), 90.7, 12),
        (METRE, "20", 90.7, 10),
        (METRE, "20", 181.4, 10),
    ],
)
def test_a_feature_is_found_as_far_as_its_symbol_reaches(registry, unit, width, dpi, reach):
    look = read_sld(LINE.format(unit=unit, width=width).encode())
    # a metre a pixel, the lowest line in the middle
    box = (X0 + 400, Y0 - 35, X0 + 600, Y0 + 165)
    picture = MapQuery((Selection("chemin", look=look),), "EPSG:2154", box, 200, 200, dpi=dpi)
    for row, there in ((100 - reach + 1, True), (100 - reach - 2, False)):
        (info,) = point_info(registry, PointQuery(picture, 100, row, radius=0.5))
        assert bool(info.features) == there, row


def test_time_decides_which_features_are_there(registry):
    found = [
        {f.properties["annee"] for f in ask(registry, Selection("arbre", time=time), limit=99, radius=70)[0].features}
        for time in (("2020",), ("2020", "2023"), ())
    ]
    assert found == [{"2020"}, {"2020", "2023"}, {"2023"}]


def test_layers_answer_in_their_order_and_nothing_is_nothing(registry):
    infos = ask(registry, "chemin", "parcelle", "relief", "ortho", bbox=(X0 + 9e4, Y0, X0 + 9.1e4, Y0 + 1000))
    assert [info.layer for info in infos] == ["chemin", "parcelle", "relief", "ortho"]
    assert not any(info.features or info.values for info in infos)


def test_bands_tell_their_values(registry):
    (info,) = ask(registry, "ortho")
    assert [value.band for value in info.values] == ["red", "green", "blue"]
    assert all(isinstance(value.value, int) for value in info.values)
    assert info.features[0].properties == {value.band: value.value for value in info.values}
    assert not ask(registry, "relief")[0].values
    (info,) = ask(registry, "relief", at=(10, 10))
    assert isinstance(info.values[0], BandValue)
    assert info.values[0].band == "value"


def test_what_is_found_travels_between_processes(registry):
    infos = ask(registry, "parcelle", "ortho")
    assert pickle.loads(pickle.dumps(infos)) == infos
