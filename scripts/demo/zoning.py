"""Zones of a local plan (CNIG's model): blocks between streets, named after what stands in them."""

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from scripts.demo import hydrography, vegetation
from scripts.demo.city import EXTENT, read_buildings, read_roads
from scripts.demo.files import Geometries, publish, read_layer, write_layer

TARGET = Path("data/demo/plu.gpkg")
APPROVED = datetime.date(2019, 4, 5)

# Zone, long name, kind (CNIG: U, AUc, A, N), main purpose (01 housing, 02 activity, 03 mixed, 05 leisure, 07 green).
ZONES = {
    "UMa": ("Zone urbaine mixte, centralité historique", "U", "03"),
    "UMb": ("Zone urbaine mixte, intensité moyenne", "U", "03"),
    "UMd": ("Zone urbaine mixte à dominante d'habitat", "U", "01"),
    "UE": ("Zone urbaine d'activités économiques", "U", "02"),
    "US": ("Zone urbaine d'équipements d'intérêt collectif", "U", "05"),
    "1AU": ("Zone à urbaniser à court terme", "AUc", "03"),
    "Nl": ("Zone naturelle de loisirs", "N", "07"),
    "Ne": ("Zone naturelle : la Loire, l'Erdre et leurs rives", "N", "07"),
}
CENTRE = (355450.0, 6689450.0)


def blocks(config_dir: Path) -> Geometries:
    """Areas between the streets of some importance, up to the middle of the street; waters apart."""
    roads = read_roads(config_dir)
    chosen = [i for i, rank in enumerate(roads.importances) if rank in "1234" and roads.levels[i] != "-1"]
    chosen += [i for i, rank in enumerate(roads.importances) if rank == "5" and roads.widths[i] >= 4.0]
    frame = shapely.box(*EXTENT).buffer(-5, join_style="mitre").exterior  # inside of where the roads are cut
    lines = shapely.union_all([*roads.geometry[chosen], frame], grid_size=0.1)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    water = shapely.union_all(read_layer(config_dir / hydrography.TARGET).geometry)
    dry = shapely.get_parts(shapely.difference(faces, water, grid_size=0.1))
    return np.asarray([p for p in dry if p.geom_type == "Polygon" and p.area > 250], dtype=object)


def _zone(block: shapely.Geometry, built: float, shops: float, green: float) -> str:
    """The zone of a block, from the shares of it that are built, built for trade, and planted."""
    away = block.centroid.distance(shapely.Point(CENTRE))
    if green > 0.45 and built < 0.15:
        return "Nl"
    if built < 0.12 and block.area > 9000:
        return "1AU"
    if shops > 0.45:
        return "UE" if away > 700 else "US"
    if away < 620:
        return "UMa"
    return "UMb" if built > 0.42 else "UMd"


def _shares(parts: Geometries, weights: Geometries) -> list[float]:
    """The share of each part that the (not overlapping) polygons take, by the polygons' middles."""
    tree = shapely.STRtree(shapely.point_on_surface(weights))
    part, other = tree.query(parts, predicate="contains")
    total = np.bincount(part, shapely.area(weights)[other], minlength=len(parts))
    return [float(share) for share in total / shapely.area(parts)]


def make(config_dir: Path) -> None:
    """Write the layer `zone_urba` (MultiPolygon)."""
    parts, buildings = blocks(config_dir), read_buildings(config_dir)
    trade = np.array([use in ("Commercial et services", "Industriel", "Sportif") for use in buildings.uses])
    green = read_layer(config_dir / vegetation.TARGET, "espace_vert").geometry
    shares = [_shares(parts, g) for g in (buildings.geometry, buildings.geometry[trade], green)]
    zones = [_zone(block, *own) for block, *own in zip(parts, *shares, strict=True)]
    waters = read_layer(config_dir / hydrography.TARGET).geometry
    names = [*zones, *["Ne"] * len(waters)]
    every = np.concatenate([parts, waters])
    geometry = np.array([shapely.multipolygons(shapely.get_parts(g)) for g in every], dtype=object)
    fields = {
        "libelle": pa.array(names),
        "libelong": pa.array([ZONES[n][0] for n in names]),
        "typezone": pa.array([ZONES[n][1] for n in names]),
        "destdomi": pa.array([ZONES[n][2] for n in names]),
        "datappro": pa.array([APPROVED] * len(names)),
        "urlfic": pa.array([f"https://plu.garrigue.example/reglement.pdf#{n}" for n in names]),
    }
    publish(config_dir / TARGET, lambda part: write_layer(part, "zone_urba", geometry, fields, "MultiPolygon"))
