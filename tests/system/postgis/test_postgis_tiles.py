"""Tiles of a table that changes: by transactions, which the journal tells, and by others, which a comparison finds."""

from pathlib import Path

import pytest

from layers.compile import load
from layers.journal import journal_path
from layers.sources.edits import Edit, apply
from layers.sources.postgis.address import connection_string
from layers.sources.postgis.connections import close_all
from server.watched import patterns, stamp
from server.wfs.journal import write_journal
from support import postgis
from support.postgres import run_sql
from support.vectors import X0, Y0, table
from tiles.seeding.changes import take_changes
from tiles.seeding.plan import make_plan
from tiles.seeding.seed import Means, Report, seed
from tiles.stamp import tile_stamp, vector_stamp

pytestmark = pytest.mark.postgis

SERVICE = "title: Essai\ncrs: [EPSG:2154, EPSG:3857]\n"


@pytest.fixture
def config(database: str, tmp_path: Path) -> Path:
    """A configuration of one layer that may be edited, over a table of its own."""
    address = connection_string(database)
    run_sql(address, "DROP TABLE IF EXISTS carte")
    postgis.load(address, "carte", table("Polygon"), "Polygon")
    folder = tmp_path / "config"
    (folder / "layers").mkdir(parents=True)
    (folder / "service.yaml").write_text(SERVICE, encoding="utf-8")
    source = f"{{postgis: '{database}', table: carte}}"
    tiles = "{grids: [LAMB93_5cm], levels: 12-21}"
    text = f"carte:\n  title: Carte\n  edit: true\n  source: {source}\n  tiles: {tiles}\n"
    (folder / "layers" / "base.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_transaction_makes_tiles_stale_as_a_change_of_a_file_does(config, tmp_path):
    store = tmp_path / "store"
    before, _ = load(config, store)
    same, _ = load(config, store, before)
    assert same.version == before.version
    watched = patterns(before, store)["data"]
    assert watched == [str(journal_path(store, "carte"))]
    seen = stamp(watched)
    done = apply([Edit("delete", before.layers["carte"], filter=_everything())])
    assert len(done[0].ids) == 8
    write_journal(store, done)
    assert stamp(watched) != seen
    after, _ = load(config, store, before)
    assert after.layers["carte"].facts.count == 0
    for one in (lambda layer: tile_stamp(layer, "default"), vector_stamp):
        assert one(after.layers["carte"]) != one(before.layers["carte"])


def _everything():
    from layers.filters.tree import Always

    return Always(True)


def make(config: Path, store: Path) -> Report:
    registry, _ = load(config, store)
    plan = make_plan(registry, "carte", grid_name="LAMB93_5cm", levels=(14, 21))
    return seed(registry, store, plan, Means(workers=1))


@pytest.mark.filterwarnings("ignore:calling un-configured base_config:DeprecationWarning")
def test_only_tiles_that_a_change_by_others_reaches_are_made_again(config, database, tmp_path):
    store = tmp_path / "store"
    first = make(config, store)
    assert first.failed == 0
    assert take_changes(load(config, store)[0], store, "carte").parts is None
    moved = f"ST_MakeEnvelope({X0}, {Y0}, {X0 + 5}, {Y0 + 5}, 2154)"
    run_sql(connection_string(database), f"UPDATE carte SET geometry = {moved} WHERE fid = 1")
    found = take_changes(load(config, store)[0], store, "carte")
    assert found.parts == 1
    assert found.kept + found.stale == first.total
    assert 0 < found.stale < found.kept
    again = make(config, store)
    assert (again.failed, again.drawn >= found.stale, again.drawn < first.total) == (0, True, True)
    close_all()
