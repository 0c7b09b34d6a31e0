"""Legends: one swatch a class, drawn as the map draws it."""

from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from layers import model
from layers.errors import RequestError, UnknownStyleError
from layers.facts import Band, Facts, RasterFacts, VectorFacts
from layers.legend import legend, legend_size
from layers.query import LegendQuery
from layers.registry import Layer, Registry

DATA = Path(__file__).parents[2] / "data/styles"
POLYGONS = VectorFacts("EPSG:2154", (0, 0, 9, 9), "Polygon", False, (), 1, "GPKG", "", "")
POINTS = VectorFacts("EPSG:2154", (0, 0, 9, 9), "Point", False, (), 1, "GPKG", "", "")
RELIEF = RasterFacts("EPSG:2154", (0, 0, 9, 9), (1, 1), (Band("float32", "gray", None),), "")


def layer(name: str, facts: Facts, **styles: str) -> Layer:
    source = {"raster": "a.tif"} if isinstance(facts, RasterFacts) else {"vector": "a.gpkg"}
    declared = model.Layer.model_validate({"title": {"fr": f"Couche {name}", "en": f"Layer {name}"}, "source": source})
    paths = {key: str(DATA / path) if path else "" for key, path in styles.items()}
    return Layer(name, "t", declared, facts, MappingProxyType(paths), "1")


@pytest.fixture(scope="module")
def legends() -> Registry:
    layers = (
        layer("zones", POLYGONS, default="qgis_polygones.sld", fonctions="fonctions.sld"),
        layer("points", POINTS, default=""),
        layer("relief", RELIEF, default="relief.sld"),
        layer("photo", RELIEF, default=""),
    )
    return Registry(model.Service(), {}, {found.id: found for found in layers}, "1", Path())


def pixels(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(body)).convert("RGBA"))


@pytest.mark.parametrize("dpi", [25.4 / 0.28, 181.4])
@pytest.mark.parametrize("name", ["zones", "points", "relief", "photo"])
def test_a_legend_has_the_size_that_is_told(legends, name, dpi):
    height, width = pixels(legend(legends, LegendQuery(name, dpi=dpi))).shape[:2]
    assert legend_size(legends, LegendQuery(name, dpi=dpi)) == (width, height)


def test_a_class_has_its_colour_and_hatch(legends):
    found = pixels(legend(legends, LegendQuery("zones")))
    assert found[13, 13].tolist() == [255, 136, 0, 255]
    hatch = found[28:45, 5:21]
    assert 0.05 < (hatch[..., 3] > 100).mean() < 0.5
    assert (hatch[..., 2] > 200).any()


def test_a_scale_leaves_out_what_is_not_drawn_there(legends):
    assert (
        legend_size(legends, LegendQuery("zones", scale=5000))[1]
        > legend_size(legends, LegendQuery("zones", scale=50000))[1]
    )


def test_a_rule_alone_is_its_swatch(legends):
    found = pixels(legend(legends, LegendQuery("zones", rule="Été", size=(30, 16))))
    assert found.shape == (16, 30, 4)
    assert found[8, 15].tolist() == [255, 136, 0, 255]


def test_an_unknown_rule_or_style_is_told(legends):
    with pytest.raises(RequestError, match="Hiver"):
        legend(legends, LegendQuery("zones", rule="Hiver"))
    with pytest.raises(UnknownStyleError):
        legend(legends, LegendQuery("zones", "nuit"))


def test_the_background_is_white_or_transparent(legends):
    assert pixels(legend(legends, LegendQuery("zones")))[0, 0].tolist() == [255, 255, 255, 0]
    assert pixels(legend(legends, LegendQuery("zones", transparent=False)))[0, 0].tolist() == [255, 255, 255, 255]


def test_a_ramp_goes_from_the_highest_value_to_the_lowest(legends):
    column = pixels(legend(legends, LegendQuery("relief")))[:, 10]
    reds = [int(p[0]) for p in column[5:-5]]
    assert reds == sorted(reds, reverse=True)
    assert reds[0] - reds[-1] > 200


def test_the_default_look_bears_the_layers_title_in_the_language_asked(legends):
    assert legend(legends, LegendQuery("points", language="fr")) != legend(
        legends, LegendQuery("points", language="en")
    )


def test_a_choice_shows_one_of_its_branches(legends):
    found = pixels(legend(legends, LegendQuery("zones", "fonctions")))
    assert found[13, 13, 3] == 255
