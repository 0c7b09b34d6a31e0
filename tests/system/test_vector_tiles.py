"""Vector tiles: seeded, served by the front with and without gzip, made on demand, refused where there can be none."""

import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from layers.registry import Registry
from server.compile import write
from support.data import X0, Y0
from support.server import Running, running
from support.vector_tile import layers_of
from tiles.address import VECTOR, TileAddress
from tiles.limits import LevelLimits, vector_limits
from tiles.store import Store
from tiles.table import vector_grid

ROOT = Path(__file__).parents[2]
TYPE = "application/vnd.mapbox-vector-tile"


def garrigue_seed(config: Path, store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", "seed", *arguments, "--format", "mvt"]
    command += ["--config", str(config), "--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def seeded(config_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("mvt") / "store"
    done = garrigue_seed(config_dir, store, "parcelle", "arbre")
    assert done.returncode == 0, done.stderr
    return store


@pytest.fixture(scope="module")
def server(registry: Registry, config_dir: Path, seeded: Path):
    """The front alone: nothing can be made."""
    write(registry, seeded)
    with running(config_dir, seeded, "--tiles-only") as found:
        yield found


def level(registry: Registry, layer: str, z: int) -> LevelLimits:
    grid = vector_grid(registry.layers[layer], registry)
    assert grid is not None
    return next(one for one in vector_limits(registry.layers[layer], grid) if one.z == z)


def address(registry: Registry, z: int = 14) -> str:
    at = level(registry, "parcelle", z)
    return f"/tiles/parcelle/PM/{z}/{at.x0}/{at.y0}"


def test_a_hit_has_gzip_and_everything_that_a_client_needs(server: Running, registry: Registry) -> None:
    for path in (f"{address(registry)}.mvt", f"{address(registry)}.pbf", f"{address(registry)}.mvt?v=1"):
        answer = server.get(path, {"Accept-Encoding": "gzip, deflate"})
        assert (answer.status, answer.headers["content-type"]) == (200, TYPE)
        assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
        assert answer.headers["access-control-allow-origin"] == "*"
        known = {"Accept-Encoding": "gzip", "If-None-Match": answer.headers["etag"]}
        assert server.get(path, known).status == 304
        head = server.get(path, {"Accept-Encoding": "gzip"}, method="HEAD")
        assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(answer.body)))
        (found,) = layers_of(gzip.decompress(answer.body))
        assert found.name == "parcelle"
        assert {"section", "numero"} <= found.keys
        assert "secret" not in found.keys
        assert any(isinstance(value, int) for value in found.values), "whole numbers are numbers"


def test_who_reads_no_gzip_gets_the_same_tile_unpacked(server: Running, registry: Registry) -> None:
    path = f"{address(registry)}.mvt"
    packed = server.get(path, {"Accept-Encoding": "gzip"})
    for encodings in ({}, {"Accept-Encoding": "gzip;q=0"}, {"Accept-Encoding": "br"}):
        plain = server.get(path, encodings)
        assert plain.status == 200
        assert plain.headers["content-encoding"] is None
        assert plain.body == gzip.decompress(packed.body)
        assert plain.headers["etag"] != packed.headers["etag"]
        assert server.get(path, {**encodings, "If-None-Match": plain.headers["etag"]}).status == 304
    weighed = server.get(path, {"Accept-Encoding": "br;q=1, gzip;q=0.5"})
    assert weighed.headers["content-encoding"] == "gzip"


def test_the_same_tile_by_ogc_api_and_tms(server: Running, registry: Registry) -> None:
    at = level(registry, "parcelle", 14)
    expected = server.get(f"{address(registry)}.mvt", {"Accept-Encoding": "gzip"}).body
    south = 2**14 - 1 - at.y0
    for path in (
        f"/ogcapi/collections/parcelle/tiles/WebMercatorQuad/14/{at.y0}/{at.x0}",
        f"/ogcapi/collections/parcelle/tiles/PM/14/{at.y0}/{at.x0}?f=mvt",
        f"/tms/1.0.0/parcelle@PM/14/{at.x0}/{south}.pbf",
    ):
        answer = server.get(path, {"Accept-Encoding": "gzip"})
        assert (answer.status, answer.body) == (200, expected), path


def test_every_tile_within_the_limits_is_there_and_none_beyond(server: Running, registry: Registry) -> None:
    at = level(registry, "parcelle", 15)
    for x in range(at.x0, at.x1 + 1):
        for y in range(at.y0, at.y1 + 1):
            assert server.get(f"/tiles/parcelle/PM/15/{x}/{y}.mvt", {"Accept-Encoding": "gzip"}).status == 200
    for path in (
        f"/tiles/parcelle/PM/15/{at.x1 + 1}/{at.y0}.mvt",
        f"/tiles/parcelle/PM/16/{at.x0 * 2}/{at.y0 * 2}.mvt",
        f"/tiles/parcelle/LAMB93_5cm/15/{at.x0}/{at.y0}.mvt",
        "/tiles/ortho/PM/14/8000/6000.mvt",
        f"/ogcapi/collections/parcelle/tiles/PM/15/{at.y0}/{at.x0}?f=png",
        "/ogcapi/collections/parcelle/tiles/PM/15/2147483647/2147483647",
    ):
        answer = server.get(path, {"Accept-Encoding": "gzip"})
        assert answer.status == 404, path
        assert answer.json()["description"], path


def test_a_time_has_tiles_of_its_own(config_dir: Path, tmp_path: Path, registry: Registry) -> None:
    done = garrigue_seed(config_dir, tmp_path, "arbre", "--time", "all", "--levels", "15", "--json")
    jobs = json.loads(done.stdout)["jobs"]
    assert [job["plan"]["time"] for job in jobs] == list(registry.layers["arbre"].times)
    at = level(registry, "arbre", 15)
    store = Store(tmp_path)
    found = [
        store.get(TileAddress("arbre", VECTOR, time, "PM", 15, at.x0, at.y1)) for time in registry.layers["arbre"].times
    ]
    store.close()
    assert all(found)


def test_archives_are_mbtiles_that_sqlite_alone_reads(seeded: Path) -> None:
    files = list(Store(seeded).files("parcelle"))
    assert files
    for file in files:
        with closing(sqlite3.connect(file)) as db:
            facts = dict(db.execute("SELECT name, value FROM metadata"))
            (packed,) = db.execute("SELECT tile_data FROM tiles ORDER BY LENGTH(tile_data) DESC LIMIT 1").fetchone()
        assert facts["format"] == "pbf"
        (told,) = json.loads(facts["json"])["vector_layers"]
        assert told["id"] == "parcelle"
        assert told["fields"]["section"] == "String"
        assert packed[:2] == b"\x1f\x8b"


def test_a_second_seed_has_nothing_to_do_and_a_lost_archive_is_made_again(config_dir: Path, tmp_path: Path) -> None:
    asked = ("parcelle", "--levels", "6-12")
    first = json.loads(garrigue_seed(config_dir, tmp_path, *asked, "--json").stdout)["jobs"][0]
    assert first["drawn"] == first["total"] > 0
    assert "nothing to do" in garrigue_seed(config_dir, tmp_path, *asked).stdout
    next(file for file in Store(tmp_path).files() if "/08/" in str(file)).unlink()
    again = json.loads(garrigue_seed(config_dir, tmp_path, *asked, "--json").stdout)["jobs"][0]
    assert 0 < again["drawn"] < first["drawn"]
    assert again["drawn"] + again["before"] == first["total"]
    assert not list((tmp_path / "jobs").glob("*.mvt"))


def test_what_was_made_before_a_kill_is_not_made_again(config_dir: Path, tmp_path: Path, registry: Registry) -> None:
    from tiles.seeding.plan import make_vector_plan
    from tiles.vector.features import write_features
    from tiles.vector.tippecanoe import make

    plan, layer = make_vector_plan(registry, "parcelle", levels=(6, 9)), registry.layers["parcelle"]
    folder = tmp_path / "jobs" / f"{plan.id}.mvt"
    folder.mkdir(parents=True)
    assert write_features(layer, "", None, folder / "features.fgb")
    # Of what waits the tiles are taken away: what is kept then tells that it came from there.
    make(layer, folder / "features.fgb", folder / "tiles.mbtiles", (6, 9), 15, threads=1)
    with closing(sqlite3.connect(folder / "tiles.mbtiles")) as db:
        db.execute("DROP VIEW IF EXISTS tiles")
        db.execute("CREATE TABLE IF NOT EXISTS tiles (zoom_level, tile_column, tile_row, tile_data)")
        db.execute("DELETE FROM tiles")
        db.commit()
    job = json.loads(garrigue_seed(config_dir, tmp_path, "parcelle", "--levels", "6-9", "--json").stdout)["jobs"][0]
    assert job["empty"] == job["drawn"] == job["total"]


def test_deep_levels_are_made_inside_their_area_and_what_it_costs_is_told_after(config_dir: Path, tmp_path: Path):
    deep = f"13:{X0},{Y0},{X0 + 100},{Y0 + 100},EPSG:2154"
    wanted = ("parcelle", "--grid", "PM", "--levels", "11-14", "--deep-area", deep, "--json")
    above, below = json.loads(garrigue_seed(config_dir, tmp_path, *wanted).stdout)["jobs"]
    assert (above["plan"]["levels"], below["plan"]["levels"]) == ("11-12", "13-14")
    ahead = json.loads(garrigue_seed(config_dir, tmp_path, "parcelle", "--dry-run", "--json").stdout)["jobs"][0]
    whole = {row["level"]: row["tiles"] for row in ahead["levels"]}
    assert above["drawn"] == whole[11] + whole[12]
    assert 0 < below["drawn"] < whole[13] + whole[14]
    sizes = Store(tmp_path).sizes("parcelle")
    assert all(row["measured"] for row in ahead["levels"])
    assert ahead["levels"][0]["bytes"] == round(ahead["levels"][0]["tiles"] * sizes.bytes / sizes.tiles)


WRONG = [
    (("ortho",), 2, "the layer ortho has no features"),
    (("nulle_part",), 2, "nulle_part"),
    (("parcelle", "--style", "default"), 2, "--style is not for vector tiles"),
    (("parcelle", "--since", "2026-01-01"), 2, "--changed compares features"),
    (("parcelle", "--deep-area", "14:0,40,1,41"), 2, "off the layer"),
    (("parcelle", "--grid", "LAMB93_5cm"), 2, "are on the grid PM, not on 'LAMB93_5cm'"),
    (("parcelle", "--scheduler", "tcp://127.0.0.1:9"), 2, "--scheduler is not for vector tiles"),
    (("parcelle", "--levels", "17-18"), 2, "none of 17 to 18"),
    (("parcelle", "--time", "2020"), 2, "has no time"),
    (("arbre", "--time", "1789"), 2, "has no time '1789'"),
    (("parcelle", "--area", "0,40,1,41"), 2, "off the layer"),
]


@pytest.mark.parametrize(("asked", "status", "words"), WRONG, ids=[" ".join(asked) for asked, *_ in WRONG])
def test_wrong_use_is_told(config_dir: Path, tmp_path: Path, asked: tuple[str, ...], status: int, words: str) -> None:
    done = garrigue_seed(config_dir, tmp_path, *asked)
    assert done.returncode == status
    assert words in done.stderr
    assert not list(Store(tmp_path).files())


def test_a_tile_that_was_never_made_is_made_by_the_engine(
    compiled: Path, config_dir: Path, tmp_path: Path, registry: Registry
) -> None:
    store = Path(shutil.copytree(compiled, tmp_path / "store"))
    with running(config_dir, store, "--idle", "60") as server:
        path = f"{address(registry, 13)}.mvt"
        made = server.get(path, {"Accept-Encoding": "gzip"})
        assert (made.status, made.headers["content-encoding"], made.headers["content-type"]) == (200, "gzip", TYPE)
        assert layers_of(gzip.decompress(made.body))[0].features > 0
        plain = server.get(path)
        assert plain.body == gzip.decompress(made.body)
        again = server.get(path, {"Accept-Encoding": "gzip"})
        assert again.headers["etag"] == made.headers["etag"]
        assert server.status()["engine"]["starts"] == 1
    assert Store(store).sizes("parcelle").tiles == 1


def test_a_task_may_make_vector_tiles(config_dir: Path, tmp_path: Path) -> None:
    config = Path(shutil.copytree(config_dir, tmp_path / "config"))
    (config / "seeds.yaml").write_text("both: {seeds: [{layers: [parcelle], levels: 10-11, format: mvt}]}")
    command = [sys.executable, "-m", "scripts.cli", "seed", "--task", "both", "--config", str(config)]
    done = subprocess.run([*command, "--store", str(tmp_path / "store")], capture_output=True, text=True, check=True)
    assert "parcelle vector tiles" in done.stdout
    assert list(Store(tmp_path / "store").archives("parcelle", VECTOR, "", "PM"))
