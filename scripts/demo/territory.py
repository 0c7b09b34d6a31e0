"""Departements and groupings of municipalities (EPCI): the communes of Occitanie, united."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from scripts.demo.files import Geometries, publish, read_layer, write_layer

SOURCE = Path("data/communes_occitanie.fgb")
TARGET = Path("data/demo/territoire.gpkg")
KINDS = ("Métropole", "Communauté urbaine", "Communauté d'agglomération", "Communauté de communes")


def _united(geometry: Geometries, groups: Sequence[str]) -> tuple[list[str], Geometries, list[list[int]]]:
    """Names of groups in order, the union of each, and the rows in each."""
    rows: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        rows.setdefault(group, []).append(i)
    names = sorted(rows)
    unions = [shapely.union_all(geometry[rows[name]], grid_size=0.1) for name in names]
    shapes = [shapely.multipolygons(shapely.get_parts(_without_slivers(u))) for u in unions]
    return names, np.array(shapes, dtype=object), [rows[name] for name in names]


def _without_slivers(area: shapely.Geometry) -> shapely.Geometry:
    """Close the hair-thin gaps that simplified neighbours leave between them."""
    parts = [
        shapely.Polygon(p.exterior, [r for r in p.interiors if shapely.Polygon(r).area > 2e6])
        for p in shapely.get_parts(area)
    ]
    return shapely.union_all([p for p in parts if p.area > 2e4])


def _kind(name: str) -> str:
    found = next((kind for kind in KINDS if name.startswith(kind)), None)
    return found or ("Métropole" if "Métropole" in name else KINDS[-1])


def make(config_dir: Path) -> None:
    """Write the layers `departement` and `epci` (MultiPolygon, EPSG:2154)."""
    communes = read_layer(config_dir / SOURCE)
    column = communes.columns
    people = np.array(column["population"])
    codes = dict(zip(column["nom_du_departement"], column["code_insee_du_departement"], strict=True))
    names, shapes, members = _united(communes.geometry, column["nom_du_departement"])
    departements = {
        "code_insee": pa.array([codes[name] for name in names]),
        "nom": pa.array(names),
        "nombre_de_communes": pa.array([len(m) for m in members], pa.int32()),
        "population": pa.array([int(people[m].sum()) for m in members], pa.int32()),
    }
    groups, outlines, rows = _united(communes.geometry, [name or "" for name in column["nom_de_l_epci"]])
    kept = [i for i, name in enumerate(groups) if name]
    epci = {
        "nom": pa.array([groups[i] for i in kept]),
        "nature": pa.array([_kind(groups[i]) for i in kept]),
        "nombre_de_communes": pa.array([len(rows[i]) for i in kept], pa.int32()),
        "population": pa.array([int(people[rows[i]].sum()) for i in kept], pa.int32()),
    }

    def write(part: Path) -> None:
        write_layer(part, "departement", shapes, departements, "MultiPolygon")
        write_layer(part, "epci", outlines[kept], epci, "MultiPolygon")

    publish(config_dir / TARGET, write)
