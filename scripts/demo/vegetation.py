"""Green spaces and trees, put where buildings and streets leave room; the imagery draws the same ones."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from scripts.demo import hydrography
from scripts.demo.city import (
    EXTENT,
    Buildings,
    Floats,
    Roads,
    carriageways,
    footways,
    read_buildings,
    read_roads,
    seed_of,
)
from scripts.demo.files import Geometries, publish, read_layer, write_layer

TARGET = Path("data/demo/vegetation.gpkg")
SIDEWALK = 2.4  # metres
AVENUES = ("Cours", "Boulevard", "Quai", "Allée", "Place", "Avenue", "Mail", "Esplanade")

# French name, Latin name, mean height and crown diameter (m), share along streets and in gardens.
SPECIES = (
    ("Platane commun", "Platanus × hispanica", 17.0, 9.0, 0.30, 0.06),
    ("Tilleul à grandes feuilles", "Tilia platyphyllos", 14.0, 7.0, 0.22, 0.12),
    ("Magnolia à grandes fleurs", "Magnolia grandiflora", 10.0, 6.0, 0.12, 0.16),
    ("Érable plane", "Acer platanoides", 13.0, 7.0, 0.12, 0.10),
    ("Charme commun", "Carpinus betulus", 11.0, 5.0, 0.08, 0.08),
    ("Chêne vert", "Quercus ilex", 12.0, 8.0, 0.02, 0.14),
    ("Cerisier du Japon", "Prunus serrulata", 7.0, 5.0, 0.07, 0.12),
    ("Arbre aux quarante écus", "Ginkgo biloba", 15.0, 6.0, 0.05, 0.04),
    ("Camélia d'automne", "Camellia sasanqua", 4.0, 3.0, 0.0, 0.18),
    ("Hêtre pourpre", "Fagus sylvatica 'Atropurpurea'", 18.0, 10.0, 0.02, 0.0),
)


@dataclass(frozen=True, slots=True)
class Room:
    """What is built or driven on, indexed, to ask what is free."""

    walls: shapely.STRtree
    traffic: shapely.STRtree
    water: shapely.STRtree

    def free(self, points: Geometries, wall: float) -> Geometries:
        """The points at least `wall` metres from buildings and on neither street nor water."""
        taken = np.zeros(len(points), dtype=bool)
        taken[self.walls.query(points, predicate="dwithin", distance=wall)[0]] = True
        taken[self.traffic.query(points, predicate="dwithin", distance=0.5)[0]] = True
        taken[self.water.query(points, predicate="dwithin", distance=2.0)[0]] = True
        return points[~taken]


def green_spaces(roads: Roads, buildings: Buildings, water: Geometries) -> Geometries:
    """Polygons of more than 120 m² that neither buildings (and 2 m around), streets, pavements nor water take."""
    taken = np.concatenate(
        [
            carriageways(roads, SIDEWALK + 0.6),
            footways(roads),
            shapely.buffer(buildings.geometry, 2.0, quad_segs=1, join_style="mitre"),
            shapely.buffer(water, 9.0),
        ]
    )
    free = shapely.box(*EXTENT).difference(shapely.union_all(taken))
    opened = shapely.buffer(shapely.buffer(free, -3.0, quad_segs=4), 2.6, quad_segs=4)
    parts = shapely.get_parts(shapely.simplify(opened, 0.25))
    areas = shapely.area(parts)
    planted = np.array([seed_of(f"{x:.0f} {y:.0f}") % 100 for x, y in shapely.get_coordinates(shapely.centroid(parts))])
    share = np.where(areas < 400.0, 62, 84)  # the rest is paved
    return np.asarray(parts[(areas > 120.0) & (planted < share)], dtype=object)


def _public(parts: Geometries, roads: Roads) -> tuple[list[str | None], list[str]]:
    """Names (of the avenue next to it; none for private gardens) and kinds."""
    named = np.array([i for i, name in enumerate(roads.names) if name.startswith(AVENUES)])
    tree = shapely.STRtree(roads.geometry[named])
    near = tree.nearest(parts)
    far = shapely.distance(parts, roads.geometry[named][near])
    names: list[str | None] = []
    kinds: list[str] = []
    for part, i, distance in zip(parts, near, far, strict=True):
        public = distance < 14.0 and part.area > 220.0
        street = roads.names[int(named[i])]
        kind = "Square" if part.area < 3000 else "Parc"
        names.append(f"{kind} – {street}" if public else None)
        kinds.append(kind if public else ("Cœur d'îlot" if part.area > 900 else "Jardin privé"))
    return names, kinds


def _along(roads: Roads, room: Room) -> Geometries:
    """Points every nine metres on both sides of avenues, where there is room."""
    points: list[shapely.Geometry] = []
    for line, name, width, level in zip(roads.geometry, roads.names, roads.widths, roads.levels, strict=True):
        if level != "0" or not (name.startswith(AVENUES) or width >= 7.0) or line.length < 12:
            continue
        for side in (1.0, -1.0):
            row = shapely.offset_curve(line, side * (width / 2 + 1.9))
            if row.is_empty:
                continue
            points += [row.interpolate(d) for d in np.arange(4.5, row.length - 3.0, 9.0)]
    return room.free(np.array(points, dtype=object), 3.2)


def _within(parts: Geometries, room: Room, rng: np.random.Generator) -> Geometries:
    """Points scattered in gardens, on a shaken grid."""
    west, south, east, north = EXTENT
    x, y = np.meshgrid(np.arange(west, east, 6.5), np.arange(south, north, 6.5))
    shaken = np.stack([x.ravel(), y.ravel()], axis=1) + rng.uniform(-3.0, 3.0, (x.size, 2))
    points = np.asarray(shapely.points(shaken[rng.random(x.size) < 0.34]), dtype=object)
    inner = np.asarray(shapely.buffer(parts, -0.8, quad_segs=2), dtype=object)
    inside = np.unique(shapely.STRtree(points).query(inner, predicate="contains")[1])
    return room.free(points[inside], 2.2)


def _thinned(points: Geometries, distance: float) -> Geometries:
    """Drop points closer than `distance` to one that comes before them."""
    left, right = shapely.STRtree(points).query(points, predicate="dwithin", distance=distance)
    kept: Geometries = points[np.setdiff1d(np.arange(len(points)), right[right > left])]
    return kept


def _species(count: int, column: int, rng: np.random.Generator) -> tuple[list[int], Floats]:
    shares = np.array([float(row[column]) for row in SPECIES])
    return rng.choice(len(SPECIES), count, p=shares / shares.sum()).tolist(), rng.uniform(0.65, 1.25, count)


def _tree_fields(street: int, garden: int, rng: np.random.Generator) -> dict[str, pa.Array]:
    kinds, vigour = _species(street, 4, rng)
    others, strength = _species(garden, 5, rng)
    kinds, vigour = kinds + others, np.concatenate([vigour, strength])
    sizes = np.array([[SPECIES[k][2], SPECIES[k][3]] for k in kinds]) * vigour[:, None]
    years = (2023 - 60 * (vigour - 0.65) - rng.uniform(0, 25, len(kinds))).astype(int)
    return {
        "essence": pa.array([SPECIES[k][0] for k in kinds]),
        "nom_latin": pa.array([SPECIES[k][1] for k in kinds]),
        "hauteur": pa.array(np.round(sizes[:, 0], 1)),
        "diametre": pa.array(np.round(sizes[:, 1], 1)),
        "annee_plantation": pa.array(years.tolist(), pa.int32()),
        "situation": pa.array(["alignement"] * street + ["jardin"] * garden),
        "remarquable": pa.array((vigour > 1.22).tolist()),
    }


def make(config_dir: Path) -> None:
    """Write the layers `espace_vert` (Polygon) and `arbre` (Point)."""
    rng = np.random.default_rng(44109)
    roads, buildings = read_roads(config_dir), read_buildings(config_dir)
    water = read_layer(config_dir / hydrography.TARGET).geometry
    parts = green_spaces(roads, buildings, water)
    names, kinds = _public(parts, roads)
    room = Room(shapely.STRtree(buildings.geometry), shapely.STRtree(carriageways(roads)), shapely.STRtree(water))
    street = _thinned(_along(roads, room), 5.5)
    garden = _within(parts, room, rng)
    garden = garden[~_near(garden, street, 5.0)]
    fields = _tree_fields(len(street), len(garden), rng)
    areas = np.round(shapely.area(parts)).astype(int).tolist()
    spaces = {"nom": pa.array(names, pa.string()), "nature": pa.array(kinds), "surface_m2": pa.array(areas, pa.int32())}

    def write(part: Path) -> None:
        write_layer(part, "espace_vert", parts, spaces, "Polygon")
        write_layer(part, "arbre", np.concatenate([street, garden]), fields, "Point")

    publish(config_dir / TARGET, write)


def _near(points: Geometries, others: Geometries, distance: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    near = np.zeros(len(points), dtype=bool)
    near[shapely.STRtree(others).query(points, predicate="dwithin", distance=distance)[0]] = True
    return near
