"""A registry written by hand: what is asked of WMS before any data is opened."""

from pathlib import Path
from types import MappingProxyType

import pytest

from layers import model
from layers.facts import Band, CascadeFacts, Facts, Field, RasterFacts, VectorFacts
from layers.registry import Layer, Registry

CRS = ("EPSG:2154", "EPSG:3857", "EPSG:4326", "CRS:84", "EPSG:3943", "EPSG:3035", "EPSG:4258")
LAMBERT = (770000.0, 6279000.0, 771000.0, 6280000.0)
DAYS = tuple(f"2024-06-{day:02d}" for day in range(1, 11))


def vector(geometry: str, *, crs="EPSG:2154", extent=LAMBERT, times=()) -> VectorFacts:
    fields = (Field("nom", "string"), Field("année", "integer"))
    return VectorFacts(crs, extent, geometry, False, fields, 10, "GPKG", "/nowhere.gpkg", "t", times=times)


def layer(layer_id: str, theme: str, facts: Facts, styles=("default",), **declared) -> Layer:
    source = {"raster": "x.tif"} if isinstance(facts, RasterFacts) else {"vector": "x.gpkg"}
    declared.setdefault("title", {"fr": f"Titre « {layer_id} » & <été>", "en": f"Title {layer_id}"})
    definition = model.Layer.model_validate({"source": source, **declared})
    return Layer(layer_id, theme, definition, facts, MappingProxyType(dict.fromkeys(styles, "")), "stamp")


def make_registry(layers: list[Layer], themes: dict[str, dict], **service) -> Registry:
    service.setdefault("crs", CRS)
    return Registry(
        service=model.Service.model_validate(service),
        themes={name: model.Theme.model_validate(theme) for name, theme in themes.items()},
        layers=MappingProxyType({item.id: item for item in layers}),
        version="v1",
        config=Path("/nowhere"),
    )


@pytest.fixture(scope="session")
def paper() -> Registry:
    """Seven layers in three themes; the theme `arbre` has the name of a layer and is no group."""
    raster = RasterFacts("EPSG:2154", LAMBERT, (1.0, 1.0), (Band("uint8", "red", None),), "/nowhere.tif", times=DAYS)
    cascade = CascadeFacts("EPSG:3857", (4e5, 5.3e6, 4.5e5, 5.4e6))
    box = (3.8, 43.5, 3.9, 43.6)
    layers = [
        layer("borne", "bati", vector("Point")),
        layer("parcelle", "bati", vector("Polygon"), min_scale=100, max_scale=50000, keywords=["cadastre"]),
        layer("rue", "bati", vector("MultiLineString"), queryable=False),
        layer("ocs", "sol", vector("Polygon", times=("2019", "2022")), ("couverture", "usage")),
        layer("temperature", "sol", raster),
        layer("arbre", "arbre", vector("Point", crs="EPSG:4326", extent=box)),
        layer("ailleurs", "arbre", cascade, queryable=False, name="ORTHO.AUTRE"),
    ]
    themes = {"bati": {"title": {"fr": "Bâti", "en": "Built"}}, "sol": {"title": "Sol"}, "arbre": {"title": "Arbres"}}
    contact = {"organization": "Ville", "email": "sig@example.org"}
    limits = {"width": 2048, "height": 1024, "layers": 8}
    return make_registry(layers, themes, title={"fr": "Été", "en": "Summer"}, contact=contact, limits=limits)


@pytest.fixture(scope="session")
def thousand() -> Registry:
    """A thousand layers in fifty themes, in the CRSs that are served by default."""
    layers = [
        layer(f"l{i}", f"t{i % 50}", vector("Polygon", extent=(7e5 + i, 6.2e6, 7.2e5 + i, 6.3e6))) for i in range(1000)
    ]
    crs = ("EPSG:2154", "EPSG:3857", "EPSG:4326", "CRS:84")
    return make_registry(layers, {f"t{i}": {"title": f"Thème {i}"} for i in range(50)}, crs=crs)
