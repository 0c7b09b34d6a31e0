"""A registry made from facts alone: no data is opened by what is tested here."""

from pathlib import Path
from types import MappingProxyType

import pytest

from layers import model
from layers.facts import Band, Facts, RasterFacts, VectorFacts
from layers.registry import Layer, Registry

BOX = (770000.0, 6279000.0, 771000.0, 6280000.0)
"""A square kilometre of Montpellier (EPSG:2154)."""


def vector(times: tuple[str, ...] = ()) -> VectorFacts:
    return VectorFacts("EPSG:2154", BOX, "Polygon", False, (), 100, "GPKG", "x.gpkg", "x", times=times)


def imagery() -> RasterFacts:
    bands = tuple(Band("uint8", name, None) for name in ("red", "green", "blue"))
    return RasterFacts("EPSG:2154", BOX, (0.05, 0.05), bands, "x.tif")


def layer(layer_id: str, facts: Facts, theme: str = "bati", **declared: object) -> Layer:
    source = {"vector": "x.gpkg"} if isinstance(facts, VectorFacts) else {"raster": "x.tif"}
    definition = model.Layer.model_validate(
        {"title": {"fr": f"Couche « {layer_id} »", "en": layer_id}, "source": source} | declared
    )
    styles = {"default": ""} if not definition.styles else dict.fromkeys(definition.styles, "")
    return Layer(layer_id, theme, definition, facts, styles, stamp="s", data_stamp="d")


@pytest.fixture
def tile_registry(tmp_path: Path) -> Registry:
    """Buildings, imagery of 5 cm, land cover of two vintages in two styles, a layer of another theme."""
    attribution = {"title": "IGN & <Région>"}
    layers = [
        layer("batiment", vector(), keywords=["bâti", "3D & plus"], attribution=attribution),
        layer("ortho", imagery(), tiles={"grids": ["LAMB93_5cm", "PM_5cm"], "levels": "12-22"}),
        layer(
            "ocs",
            vector(times=("2018", "2021")),
            time={"attribute": "millesime"},
            styles={"couverture": "a.sld", "usage": "b.sld"},
            name="OCS.GE",
        ),
        layer("relief", imagery(), theme="relief", tiles={"grids": ["4326", "LAMB93", "PM"], "format": "webp"}),
    ]
    themes = {name: model.Theme(title=model.Text(fr=f"Thème {name}")) for name in ("bati", "relief")}
    contact = model.Contact(organization="Commune d'Essai", person="Zoé Faÿ", email="sig@example.org", phone="0")
    return Registry(
        model.Service(contact=contact, keywords=("essai",)),
        themes,
        MappingProxyType({item.id: item for item in layers}),
        "0123456789abcdef",
        tmp_path,
    )
