"""The waters of the quarter: the Loire, the Erdre and the moat of the castle, fitted between quays and streets."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from scripts.demo.city import EXTENT, read_buildings, read_roads
from scripts.demo.files import Geometries, publish, write_layer

TARGET = Path("data/demo/hydrographie.gpkg")
LAYER = "surface_hydrographique"

# Name, kind and a rough outline (EPSG:2154), drawn wider than the water: quays and buildings cut it to shape.
WATERS: tuple[tuple[str, str, tuple[tuple[int, int], ...]], ...] = (
    (
        "La Loire – bras de la Madeleine",
        "Ecoulement naturel",
        (
            (353890, 6688312), (353890, 6688420), (354080, 6688560), (354330, 6688680), (354560, 6688775),
            (354790, 6688830), (354960, 6688835), (355110, 6688775), (355330, 6688730), (355560, 6688660),
            (355760, 6688620), (355960, 6688680), (356180, 6688800), (356330, 6688920), (356440, 6689060),
            (356510, 6689110), (356510, 6688680), (356380, 6688600), (356150, 6688560), (355900, 6688450),
            (355750, 6688420), (355560, 6688470), (355330, 6688520), (355060, 6688630), (354930, 6688650),
            (354760, 6688655), (354640, 6688615), (354480, 6688550), (354330, 6688480), (354190, 6688400),
            (354110, 6688312),
        ),
    ),
    (
        "L'Erdre",
        "Ecoulement naturel",
        (
            (355596, 6690475), (355676, 6690475), (355678, 6690330), (355686, 6690235), (355750, 6690085),
            (355640, 6690030), (355560, 6690000), (355520, 6690010), (355560, 6690070), (355615, 6690160),
            (355630, 6690260),
        ),
    ),
)  # fmt: skip
MOAT = ("Douves du château", "Plan d'eau artificiel", (355920, 6689461))
SMALLEST = 800.0  # square metres


def _moat(obstacles: Geometries, castle: shapely.Geometry) -> shapely.Geometry:
    """A ring of water around the walls, as far as the streets let it go."""
    wall = shapely.buffer(shapely.concave_hull(castle, ratio=0.35), 3)
    ring = shapely.buffer(wall, 19).difference(shapely.buffer(wall, 1))
    free = ring.difference(shapely.union_all(obstacles[shapely.intersects(obstacles, ring)]))
    return shapely.buffer(shapely.buffer(free, -3.5), 3.5)


def waters(config_dir: Path) -> list[tuple[str, str, shapely.Geometry]]:
    """Name, kind and polygon (EPSG:2154) of each water, cut by quays, streets and buildings."""
    roads, buildings = read_roads(config_dir), read_buildings(config_dir)
    ground = np.array([level == "0" for level in roads.levels])
    near_way = np.asarray(shapely.buffer(roads.geometry[ground], roads.widths[ground] / 2 + 7, quad_segs=4))
    obstacles = np.concatenate([near_way, shapely.buffer(buildings.geometry, 8, quad_segs=2)])
    out: list[tuple[str, str, shapely.Geometry]] = []
    for name, kind, ring in WATERS:
        polygon = shapely.make_valid(shapely.Polygon(ring))
        near = shapely.union_all(obstacles[shapely.intersects(obstacles, polygon)])
        free = shapely.intersection(polygon, shapely.box(*EXTENT)).difference(near)
        for part in shapely.get_parts(shapely.buffer(shapely.buffer(free, -12), 12)):
            solid = shapely.buffer(shapely.buffer(shapely.Polygon(part.exterior), 10), -10)
            out.append((name, kind, solid))
    castle = buildings.geometry[shapely.distance(buildings.geometry, shapely.Point(MOAT[2])) < 75]
    tight = np.asarray(shapely.buffer(roads.geometry[ground], roads.widths[ground] / 2 + 1.5, quad_segs=4))
    kept = np.concatenate([tight, shapely.buffer(buildings.geometry, 1.5, quad_segs=2)])
    out += [(*MOAT[:2], part) for part in shapely.get_parts(_moat(kept, shapely.union_all(castle)))]
    simple = [(name, kind, shapely.simplify(polygon, 0.4)) for name, kind, polygon in out]
    return [row for row in simple if row[2].area > SMALLEST]


def make(config_dir: Path) -> None:
    """Write the layer `surface_hydrographique` (Polygon)."""
    rows = waters(config_dir)
    geometry = np.array([polygon for _, _, polygon in rows], dtype=object)
    fields = {
        "nom": pa.array([name for name, _, _ in rows]),
        "nature": pa.array([kind for _, kind, _ in rows]),
        "persistance": pa.array(["Permanent"] * len(rows)),
    }
    publish(config_dir / TARGET, lambda part: write_layer(part, LAYER, geometry, fields, "Polygon"))
