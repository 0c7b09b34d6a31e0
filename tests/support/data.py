"""A small configuration with data of every trait that matters: accents, quotes, Z, nulls, dates, two CRSs, nodata."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import rasterio
import shapely
from rasterio.transform import from_origin

X0, Y0 = 770000.0, 6279000.0
"""Lower left corner of the small world (EPSG:2154, Montpellier), 1,000 m a side."""

SERVICE = """
title: {fr: Essai d'été, en: Summer trial}
abstract: {fr: Données d'essai & <balises>, en: Trial data}
keywords: [essai, été]
contact: {organization: Commune d'Essai, person: Zoé Faÿ, email: sig@example.org, city: Sète, country: France}
crs: [EPSG:2154, EPSG:3857, EPSG:4326, CRS:84, EPSG:3943, EPSG:3944, EPSG:4171, EPSG:4258]
namespace: {prefix: essai, uri: "https://essai.example/ns"}
limits: {width: 2048, height: 2048, features: 1000}
engine: {idle: 5}
"""

LAYERS = """
theme: {title: {fr: Bâti, en: Built}}
parcelle:
  title: {fr: Parcelles, en: Parcels}
  abstract: {fr: Un damier de 10 × 10, en: A chequerboard}
  source: {vector: data/essai.gpkg, layer: parcelle}
  style: styles/parcelle.sld
  fields:
    section: {title: {fr: Section cadastrale, en: Section}, values: {A: {fr: À l'ouest, en: West}, B: {en: East}}}
    secret: {hidden: true}
arbre:
  title: {fr: Arbres, en: Trees}
  source: {vector: data/essai.gpkg, layer: arbre}
  time: {attribute: annee}
chemin:
  title: {fr: Chemins, en: Paths}
  source: {vector: data/chemin.fgb}
"""

RASTERS = """
theme: {title: {fr: Images, en: Imagery}}
ortho:
  title: {fr: Orthophoto, en: Orthophoto}
  source: {raster: "data/ortho/*.tif"}
  tiles: {grids: [PM, LAMB93_5cm], format: jpeg, levels: 12-20}
relief:
  title: {fr: Relief, en: Terrain}
  source: {raster: data/relief.tif}
"""

PARCELLE_SLD = """<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc" version="1.0.0">
  <NamedLayer><Name>parcelle</Name><UserStyle><FeatureTypeStyle>
    <Rule><Title>Section A</Title>
      <ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>section</ogc:PropertyName><ogc:Literal>A</ogc:Literal>
      </ogc:PropertyIsEqualTo></ogc:Filter>
      <PolygonSymbolizer><Fill><CssParameter name="fill">#c0392b</CssParameter></Fill></PolygonSymbolizer></Rule>
    <Rule><Title>Autres sections</Title><ElseFilter/>
      <PolygonSymbolizer><Fill><CssParameter name="fill">#2980b9</CssParameter></Fill></PolygonSymbolizer></Rule>
  </FeatureTypeStyle></UserStyle></NamedLayer>
</StyledLayerDescriptor>
"""


def make_config(folder: Path) -> Path:
    """Write the configuration and its data into a new folder."""
    for name in ("layers", "styles", "data/ortho"):
        (folder / name).mkdir(parents=True)
    (folder / "service.yaml").write_text(SERVICE, encoding="utf-8")
    (folder / "layers" / "bati.yaml").write_text(LAYERS, encoding="utf-8")
    (folder / "layers" / "images.yaml").write_text(RASTERS, encoding="utf-8")
    (folder / "styles" / "parcelle.sld").write_text(PARCELLE_SLD, encoding="utf-8")
    _parcels(folder / "data" / "essai.gpkg")
    _trees(folder / "data" / "essai.gpkg")
    _paths(folder / "data" / "chemin.fgb")
    _ortho(folder / "data" / "ortho")
    _relief(folder / "data" / "relief.tif")
    return folder


def _parcels(path: Path) -> None:
    """100 squares of 100 m; sections A (the western half) and B; names with accents, quotes, markup and nulls."""
    cells = [(column, row) for row in range(10) for column in range(10)]
    boxes = shapely.box(
        *(np.array([(X0 + c * 100, Y0 + r * 100, X0 + c * 100 + 100, Y0 + r * 100 + 100) for c, r in cells]).T)
    )
    names = [None if c == 9 else f'L\'été « {c} » & <{r}> "œ"' for c, r in cells]
    table = {
        "section": ["A" if c < 5 else "B" for c, _ in cells],
        "nom": names,
        "surface": [10000.0 + c + r / 10 for c, r in cells],
        "numero": [c + 10 * r for c, r in cells],
        "leve": np.array(["2024-02-29"] * 50 + ["1999-12-31"] * 50, dtype="datetime64[D]"),
        "secret": ["caché"] * 100,
    }
    _write(path, "parcelle", boxes, table, "Polygon", "EPSG:2154")


def _trees(path: Path) -> None:
    """50 points with Z, in degrees (EPSG:4326), of the years 2020 and 2023."""
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(2154, 4326, always_xy=True).transform(
        X0 + 20 + np.arange(50) * 19.0, Y0 + 500 + 300 * np.sin(np.arange(50))
    )
    points = shapely.points(lon, lat, 12.5 + np.arange(50))
    table = {
        "essence": [("Chêne vert", "Pin d'Alep", "Olivier")[i % 3] for i in range(50)],
        "annee": ["2020" if i % 2 else "2023" for i in range(50)],
        "hauteur": [None if i == 7 else i / 2 for i in range(50)],
    }
    _write(path, "arbre", points, table, "Point Z", "EPSG:4326")


def _paths(path: Path) -> None:
    """Ten lines across the small world."""
    lines = [shapely.LineString([(X0, Y0 + 50 + i * 100), (X0 + 1000, Y0 + 80 + i * 100)]) for i in range(10)]
    _write(path, "chemin", np.array(lines), {"rang": list(range(10))}, "LineString", "EPSG:2154")


def _write(path: Path, layer: str, shapes, table: dict, kind: str, crs: str) -> None:
    columns = {name: pa.array(values, from_pandas=True) for name, values in table.items()}
    columns["geometry"] = pa.array(shapely.to_wkb(shapes, output_dimension=3 if "Z" in kind else 2))
    pyogrio.write_arrow(
        pa.table(columns),
        path,
        layer=layer,
        geometry_name="geometry",
        geometry_type=kind,
        crs=crs,
        append=path.exists(),
    )


def _ortho(folder: Path) -> None:
    """Four dalles of 500 m at 2 m; each of its own colour, so that seams and places can be told."""
    colours = {(0, 0): (200, 40, 40), (1, 0): (40, 200, 40), (0, 1): (40, 40, 200), (1, 1): (200, 200, 40)}
    for (column, row), colour in colours.items():
        west, north = X0 + column * 500, Y0 + 1000 - row * 500
        profile = {"driver": "GTiff", "width": 250, "height": 250, "count": 3, "dtype": "uint8", "crs": "EPSG:2154"}
        with rasterio.open(
            folder / f"dalle_{column}_{row}.tif", "w", transform=from_origin(west, north, 2, 2), **profile
        ) as out:
            for band, value in enumerate(colour, start=1):
                out.write(np.full((250, 250), value, "uint8"), band)


def _relief(path: Path) -> None:
    """A slope from 0 m in the west to 100 m in the east, 10 m cells, with a square of nodata in the middle."""
    heights = np.tile(np.linspace(0, 100, 100, dtype="float32"), (100, 1))
    heights[45:55, 45:55] = -9999
    profile = {"driver": "GTiff", "width": 100, "height": 100, "count": 1, "dtype": "float32", "crs": "EPSG:2154"}
    with rasterio.open(path, "w", transform=from_origin(X0, Y0 + 1000, 10, 10), nodata=-9999, **profile) as out:
        out.write(heights, 1)
