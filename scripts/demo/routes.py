"""Cycling and walking routes that BD TOPO names: their sections, joined."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from scripts.demo.city import FILE
from scripts.demo.files import publish, read_layer, write_layer

TARGET = Path("data/demo/itineraires.gpkg")
CYCLE, WALK = "cpx_toponyme_itineraire_cyclable", "cpx_toponyme_itineraire_autre"


def _named(values: list[Any]) -> dict[str, list[int]]:
    """Rows of each name; a section may carry several, apart by slashes."""
    rows: dict[str, list[int]] = {}
    for i, value in enumerate(values):
        for name in (value or "").split("/"):
            if name:
                rows.setdefault(name, []).append(i)
    return rows


def make(config_dir: Path) -> None:
    """Write the layer `itineraire` (MultiLineString)."""
    roads = read_layer(config_dir / FILE, "troncon_de_route")
    flat = shapely.force_2d(roads.geometry)
    routes = [("vélo", n, i) for n, i in sorted(_named(roads.columns[CYCLE]).items())]
    routes += [("à pied", n, i) for n, i in sorted(_named(roads.columns[WALK]).items())]
    joined = [shapely.line_merge(shapely.union_all(flat[rows])) for _, _, rows in routes]
    geometry = np.array([shapely.multilinestrings(shapely.get_parts(line)) for line in joined], dtype=object)
    fields = {
        "nom": pa.array([name[0].upper() + name[1:] for _, name, _ in routes]),
        "mode": pa.array([mode for mode, _, _ in routes]),
        "nature": pa.array(["Véloroute" if mode == "vélo" else "Promenade" for mode, _, _ in routes]),
        "longueur": pa.array(np.round(shapely.length(geometry)).astype(int).tolist(), pa.int32()),
    }
    publish(config_dir / TARGET, lambda part: write_layer(part, "itineraire", geometry, fields, "MultiLineString"))
