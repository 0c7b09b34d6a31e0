"""Tiles that a change of the data does not reach are kept."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from layers.compile import load
from tiles.seeding.changes import ChangeError, take_changes
from tiles.seeding.plan import make_plan, make_vector_plan
from tiles.seeding.seed import Means, Report, seed
from tiles.store import Store
from tiles.vector.seed import seed_vector

ALONE = Means(workers=1)


def make(config: Path, store: Path, layer: str, levels: tuple[int, int]) -> Report:
    registry, _ = load(config, store)
    return seed(registry, store, make_plan(registry, layer, grid_name="LAMB93_5cm", levels=levels), ALONE)


def change(config: Path, sql: str) -> None:
    file = config / "data" / "essai.gpkg"
    db = sqlite3.connect(file)
    with db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute(sql)
    db.close()
    later = file.stat().st_mtime_ns + 10**9
    os.utime(file, ns=(later, later))


def pictures(store: Path) -> dict[tuple[int, int, int], np.ndarray]:
    found = {}
    for file in Store(store).files():
        with closing(sqlite3.connect(file)) as db:
            for *place, data in db.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"):
                found[tuple(place)] = np.asarray(Image.open(BytesIO(data)).convert("RGBA"), np.int16)
    return found


def test_only_tiles_of_changed_features_are_made_again(config_dir: Path, tmp_path: Path) -> None:
    config, store = shutil.copytree(config_dir, tmp_path / "config"), tmp_path / "store"
    first = make(config, store, "parcelle", (14, 19))
    assert take_changes(load(config, store)[0], store, "parcelle").parts is None
    change(config, "UPDATE parcelle SET section = 'B' WHERE numero = 0")
    found = take_changes(load(config, store)[0], store, "parcelle")
    assert found.parts == 1
    assert found.kept + found.stale == first.total
    assert 0 < found.stale < found.kept
    again = make(config, store, "parcelle", (14, 19))
    assert again.failed == 0
    assert (again.drawn, again.before) == (found.stale, found.kept)
    assert take_changes(load(config, store)[0], store, "parcelle").stale == 0
    # A part of a block looks as it does in the whole, but for the edges between two features.
    make(config, tmp_path / "anew", "parcelle", (14, 19))
    now, anew = pictures(store), pictures(tmp_path / "anew")
    assert now.keys() == anew.keys()
    assert max(np.abs(now[place] - anew[place]).mean() for place in now) < 0.1


def test_vector_tiles_off_the_changes_are_kept(config_dir: Path, tmp_path: Path) -> None:
    config, store = shutil.copytree(config_dir, tmp_path / "config"), tmp_path / "store"

    def made() -> Report:
        registry, _ = load(config, store)
        return seed_vector(registry, store, make_vector_plan(registry, "parcelle", levels=(10, 15)), ALONE)

    first = made()
    take_changes(load(config, store)[0], store, "parcelle")
    change(config, "UPDATE parcelle SET nom = nom")
    assert take_changes(load(config, store)[0], store, "parcelle").parts == 0
    assert made().drawn == 0
    change(config, "UPDATE parcelle SET nom = 'autre' WHERE numero = 0")
    found = take_changes(load(config, store)[0], store, "parcelle")
    assert found.kept + found.stale == first.total
    assert 0 < found.stale < first.total
    assert made().drawn >= found.stale
    assert made().drawn == 0


def test_a_change_of_style_leaves_nothing_current(config_dir: Path, tmp_path: Path) -> None:
    config, store = shutil.copytree(config_dir, tmp_path / "config"), tmp_path / "store"
    first = make(config, store, "parcelle", (14, 15))
    take_changes(load(config, store)[0], store, "parcelle")
    style = config / "styles" / "parcelle.sld"
    style.write_text(style.read_text().replace("#c0392b", "#00ff00"))
    found = take_changes(load(config, store)[0], store, "parcelle")
    assert (found.parts, found.kept) == (0, 0)
    assert make(config, store, "parcelle", (14, 15)).drawn == first.total


def test_sheets_are_told_by_date(config_dir: Path, tmp_path: Path) -> None:
    config, store = shutil.copytree(config_dir, tmp_path / "config"), tmp_path / "store"
    first = make(config, store, "ortho", (17, 18))
    later = datetime.now() + timedelta(hours=1)
    os.utime(config / "data" / "ortho" / "dalle_0_0.tif", (later.timestamp(), later.timestamp()))
    found = take_changes(load(config, store)[0], store, "ortho", later - timedelta(minutes=1))
    assert found.parts == 1
    assert found.kept + found.stale == first.total
    assert 0 < found.stale < first.total
    with pytest.raises(ChangeError, match="use --changed"):
        take_changes(load(config, store)[0], store, "parcelle", later)
