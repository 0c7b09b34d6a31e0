"""The city that the demo draws: BD TOPO's buildings and roads of Nantes, flat, ready to be measured and drawn."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

from scripts.demo.files import Bounds, Geometries, read_layer

FILE = Path("data/bdtopo_nantes.gpkg")
EXTENT: Bounds = (353890.0, 6688310.0, 356510.0, 6690475.0)  # of the data, EPSG:2154
WALKED = frozenset({"Sentier", "Escalier", "Chemin"})
STOREY = 3.1  # metres

type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]


def seed_of(text: str) -> int:
    """A number that stays the same for a name, to draw the same thing at every run and in every process."""
    return zlib.crc32(text.encode())


@dataclass(frozen=True, slots=True)
class Buildings:
    """Building parts: polygons (EPSG:2154, 2D), uses, heights in metres, first digit of the roof's material."""

    geometry: Geometries
    ids: list[str]
    uses: list[str]
    natures: list[str]
    heights: Floats
    roofs: list[str]
    light: Bools
    built: list[int]

    def __len__(self) -> int:
        return len(self.geometry)


@dataclass(frozen=True, slots=True)
class Roads:
    """Road lines (EPSG:2154, 2D): names, carriageway widths in metres, what moves on them, level over ground."""

    geometry: Geometries
    ids: list[str]
    names: list[str]
    natures: list[str]
    widths: Floats
    importances: list[str]
    levels: list[str]
    driven: Bools
    two_way: Bools

    def __len__(self) -> int:
        return len(self.geometry)


def read_buildings(config_dir: Path, bounds: Bounds | None = None) -> Buildings:
    """All buildings, or those that meet `bounds`; a multi-polygon gives one row a part."""
    table = read_layer(config_dir / FILE, "batiment", bounds)
    parts, rows = shapely.get_parts(shapely.force_2d(table.geometry), return_index=True)
    column = table.columns
    heights = [h if h else STOREY * (n or 2) for h, n in zip(column["hauteur"], column["nombre_d_etages"], strict=True)]
    return Buildings(
        geometry=parts,
        ids=[column["cleabs"][i] for i in rows],
        uses=[column["usage_1"][i] or "Indifférencié" for i in rows],
        natures=[column["nature"][i] or "Indifférenciée" for i in rows],
        heights=np.clip([heights[i] for i in rows], 2.2, 45.0),
        roofs=[(column["materiaux_de_la_toiture"][i] or "0")[0] for i in rows],
        light=np.array([bool(column["construction_legere"][i]) for i in rows], dtype=bool),
        built=[column["date_d_apparition"][i].year if column["date_d_apparition"][i] else 0 for i in rows],
    )


def read_roads(config_dir: Path, bounds: Bounds | None = None) -> Roads:
    """All road lines, or those that meet `bounds`; a multi-line gives one row a part."""
    table = read_layer(config_dir / FILE, "troncon_de_route", bounds)
    parts, rows = shapely.get_parts(shapely.force_2d(table.geometry), return_index=True)
    column = table.columns
    walked = [
        n in WALKED or a == "Physiquement impossible"
        for n, a in zip(column["nature"], column["acces_vehicule_leger"], strict=True)
    ]
    widths = [w if w else (2.5 if p else 4.0) for w, p in zip(column["largeur_de_chaussee"], walked, strict=True)]
    return Roads(
        geometry=parts,
        ids=[column["cleabs"][i] for i in rows],
        names=[column["nom_voie_ban_gauche"][i] or "" for i in rows],
        natures=[column["nature"][i] for i in rows],
        widths=np.array([widths[i] for i in rows], dtype=float),
        importances=[column["importance"][i] for i in rows],
        levels=[column["position_par_rapport_au_sol"][i] for i in rows],
        driven=np.array([not walked[i] for i in rows], dtype=bool),
        two_way=np.array([column["sens_de_circulation"][i] == "Double sens" for i in rows], dtype=bool),
    )


def carriageways(roads: Roads, margin: float = 0.0) -> Geometries:
    """What vehicles drive on: one polygon a road, `margin` metres wider on each side; none for footpaths."""
    chosen = roads.driven
    return np.asarray(
        shapely.buffer(roads.geometry[chosen], roads.widths[chosen] / 2 + 0.4 + margin, quad_segs=4), dtype=object
    )


def footways(roads: Roads) -> Geometries:
    """Paved ways without cars: one polygon a road."""
    chosen = ~roads.driven
    return np.asarray(shapely.buffer(roads.geometry[chosen], roads.widths[chosen] / 2 + 0.5, quad_segs=4), dtype=object)
