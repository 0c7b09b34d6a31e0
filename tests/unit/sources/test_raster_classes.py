import numpy as np
import pytest

from layers.compile import load
from layers.encode import to_array
from layers.info import point_info
from layers.query import MapQuery, PointQuery, Selection
from layers.render import draw
from support.data import SERVICE
from support.rasters import X0, Y0, write

SLD = """<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" version="1.0.0"><NamedLayer><UserStyle>
<FeatureTypeStyle><Rule><RasterSymbolizer><ColorMap type="values">
<ColorMapEntry color="#00ff00" quantity="111" label="Tissu urbain continu"/>
<ColorMapEntry color="#0000ff" quantity="512" label="Plans d'eau"/>
</ColorMap></RasterSymbolizer></Rule></FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"""

LAYERS = """
theme: {title: Classes}
classes: {title: Classes, style: styles/classes.sld, source: {raster: classes.tif, resampling: nearest}}
infrarouge: {title: IRC, source: {raster: irc.tif, bands: [4, 1, 2], stretch: [0, 4000]}}
"""


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "layers").mkdir()
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles" / "classes.sld").write_text(SLD, encoding="utf-8")
    (tmp_path / "service.yaml").write_text(SERVICE, encoding="utf-8")
    (tmp_path / "layers" / "a.yaml").write_text(LAYERS, encoding="utf-8")
    data = np.full((1, 20, 20), 111, "uint16")
    data[0, :, 10:] = 512
    write(tmp_path / "classes.tif", data)
    write(tmp_path / "irc.tif", np.stack([np.full((20, 20), v, "uint16") for v in (1000, 2000, 3000, 4000)]))
    return load(tmp_path, tmp_path / "store")[0]


def picture(layer):
    return MapQuery((Selection(layer),), "EPSG:2154", (X0, Y0 - 20, X0 + 20, Y0), 40, 40, transparent=True)


def test_classes_are_drawn_unmixed_and_told_by_their_label(registry):
    drawn = to_array(draw(registry, picture("classes")))
    assert {tuple(colour) for colour in drawn.reshape(-1, 4).tolist()} == {(0, 255, 0, 255), (0, 0, 255, 255)}
    (info,) = point_info(registry, PointQuery(picture("classes"), 30, 5))
    assert (info.values[0].value, info.values[0].label) == (512, "Plans d'eau")
    assert info.features[0].properties == {"value": 512, "label": "Plans d'eau"}


def test_chosen_bands_of_sixteen_bits_are_stretched(registry):
    drawn = to_array(draw(registry, picture("infrarouge")))
    assert np.abs(drawn[20, 20].astype(int) - (255, 64, 128, 255)).max() <= 1
