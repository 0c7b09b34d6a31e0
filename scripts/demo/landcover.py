"""Land cover and land use in the classes of OCS GE, in two vintages, from buildings, streets, gardens and waters."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from rasterio.features import rasterize, shapes, sieve
from rasterio.transform import from_origin

from scripts.demo import hydrography, vegetation
from scripts.demo.city import EXTENT, Buildings, carriageways, footways, read_buildings, read_roads, seed_of
from scripts.demo.files import Geometries, publish, read_layer, write_layer

TARGET = Path("data/demo/ocs.gpkg")
CELL = 2.0  # metres
SMALLEST = 80  # cells; smaller patches go to their neighbour
VINTAGES = ("2019", "2022")

COVERS = {
    "CS1.1.1.1": "Zones bâties",
    "CS1.1.1.2": "Zones non bâties",
    "CS1.1.2.1": "Zones à matériaux minéraux",
    "CS1.1.2.2": "Zones à autres matériaux composites",
    "CS1.2.2": "Surfaces d'eau",
    "CS2.1.1.1": "Peuplement de feuillus",
    "CS2.1.2": "Formations arbustives et sous-arbrisseaux",
    "CS2.2.1": "Formations herbacées",
}
USES = {
    "US2": "Production secondaire",
    "US3": "Production tertiaire",
    "US4.1.1": "Réseaux routiers",
    "US4.1.4": "Réseaux de transport fluvial et maritime",
    "US5": "Usage résidentiel",
    "US6.1": "Zones en transition",
    "US235": "Production secondaire, tertiaire et usage résidentiel",
}
CS, US = list(COVERS), list(USES)

type Grid = npt.NDArray[np.uint8]


def _burn(geometry: Geometries, values: list[int] | int, grid: Grid) -> None:
    """Write values into the cells that polygons cover."""
    codes = [values] * len(geometry) if isinstance(values, int) else values
    pairs = [(g, v) for g, v in zip(geometry, codes, strict=True) if not shapely.is_empty(g)]
    if pairs:
        rasterize(pairs, out=grid, transform=from_origin(EXTENT[0], EXTENT[3], CELL, CELL))


def _use_of(buildings: Buildings) -> list[int]:
    codes = {"Résidentiel": "US5", "Commercial et services": "US3", "Industriel": "US2", "Indifférencié": "US235"}
    codes |= {"Annexe": "US5", "Religieux": "US3", "Sportif": "US3", "Agricole": "US2"}
    return [US.index(codes.get(use, "US235")) for use in buildings.uses]


def _standing(buildings: Buildings, vintage: str) -> npt.NDArray[np.bool_]:
    """Which buildings stand in a vintage: in the first, recent ones and a few others are still to be built."""
    if vintage == VINTAGES[-1]:
        return np.ones(len(buildings), dtype=bool)
    return np.array(
        [
            year < 2018 and not (seed_of(ident) % 1000 < 28 and area > 120)
            for ident, year, area in zip(buildings.ids, buildings.built, shapely.area(buildings.geometry), strict=True)
        ]
    )


def _green_covers(green: Geometries, vintage: str) -> list[int]:
    """Woods, shrubs or grass; a few gardens of the first vintage have been paved by the second."""
    codes: list[int] = []
    for x, y in shapely.get_coordinates(shapely.centroid(green)):
        draw = seed_of(f"{x:.0f}/{y:.0f}") % 1000
        kind = "CS2.1.1.1" if draw < 330 else "CS2.1.2" if draw < 430 else "CS2.2.1"
        if draw > 965 and vintage == VINTAGES[-1]:
            kind = "CS1.1.2.1"
        codes.append(CS.index(kind))
    return codes


def grids(config_dir: Path, vintage: str) -> tuple[Grid, Grid]:
    """Cover and use of each cell, as positions in `CS` and `US`, north up over the city's extent."""
    size = (round((EXTENT[3] - EXTENT[1]) / CELL), round((EXTENT[2] - EXTENT[0]) / CELL))
    cover = np.full(size, CS.index("CS1.1.1.2"), dtype=np.uint8)
    use = np.full(size, US.index("US235"), dtype=np.uint8)
    buildings, roads = read_buildings(config_dir), read_roads(config_dir)
    green = read_layer(config_dir / vegetation.TARGET, "espace_vert").geometry
    water = read_layer(config_dir / hydrography.TARGET).geometry
    stands = _standing(buildings, vintage)
    codes = _use_of(buildings)
    near = np.asarray(shapely.buffer(buildings.geometry, 9, quad_segs=1))
    _burn(near, codes, use)
    _burn(near[~stands], US.index("US6.1"), use)
    _burn(near[~stands], CS.index("CS1.1.2.1"), cover)
    _burn(green, _green_covers(green, vintage), cover)
    for ways in (carriageways(roads, vegetation.SIDEWALK), footways(roads)):
        _burn(ways, CS.index("CS1.1.1.2"), cover)
        _burn(ways, US.index("US4.1.1"), use)
    _burn(water, CS.index("CS1.2.2"), cover)
    _burn(water, US.index("US4.1.4"), use)
    _burn(buildings.geometry[stands], CS.index("CS1.1.1.1"), cover)
    _burn(buildings.geometry[stands], [c for c, s in zip(codes, stands, strict=True) if s], use)
    return cover, use


def polygons(cover: Grid, use: Grid) -> tuple[Geometries, list[int], list[int]]:
    """Polygons of equal cover and use, smoothed together, and their codes."""
    both = sieve((cover * np.uint8(16) + use).astype(np.uint8), SMALLEST)
    transform = from_origin(EXTENT[0], EXTENT[3], CELL, CELL)
    pairs = [(shapely.geometry.shape(g), int(v)) for g, v in shapes(both, transform=transform)]
    geometry = shapely.coverage_simplify(np.array([g for g, _ in pairs]), 2.6)
    geometry = np.array([shapely.multipolygons(shapely.get_parts(g)) for g in geometry], dtype=object)
    return geometry, [v // 16 for _, v in pairs], [v % 16 for _, v in pairs]


def make(config_dir: Path) -> None:
    """Write the layer `ocs` (MultiPolygon): both vintages, told apart by `millesime`."""
    parts: list[Geometries] = []
    covers: list[int] = []
    uses: list[int] = []
    vintages: list[str] = []
    for vintage in VINTAGES:
        geometry, cs, us = polygons(*grids(config_dir, vintage))
        parts.append(geometry)
        covers += cs
        uses += us
        vintages += [vintage] * len(geometry)
    every = np.concatenate(parts)
    fields = {
        "code_cs": pa.array([CS[c] for c in covers]),
        "libelle_cs": pa.array([COVERS[CS[c]] for c in covers]),
        "code_us": pa.array([US[u] for u in uses]),
        "libelle_us": pa.array([USES[US[u]] for u in uses]),
        "millesime": pa.array(vintages),
        "surface_m2": pa.array(np.round(shapely.area(every), 1)),
    }
    publish(config_dir / TARGET, lambda part: write_layer(part, "ocs", every, fields, "MultiPolygon"))
