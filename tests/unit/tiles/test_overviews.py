"""Overviews draw what the source draws, class by class; they are kept, used again, made again when the data changes."""

import fcntl
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from pyogrio.raw import read_arrow, write_arrow

from layers.compile import load
from layers.encode import to_array
from layers.errors import SourceError
from layers.registry import Registry
from layers.render import draw
from layers.styles.load import style_of
from support.style_maps import sld
from tiles.area import read_area
from tiles.format import tile_format
from tiles.grids import grid
from tiles.overview import files as overview_files
from tiles.overview import store as overview_store
from tiles.overview.make import drawn_from, overviews
from tiles.overview.recipe import recipe
from tiles.picture import block_query, selection
from tiles.purge import Which, purge
from tiles.seeding.changes import take_changes
from tiles.seeding.plan import blocks, make_plan
from tiles.seeding.seed import Means, seed

DEMO = Path(__file__).parents[3] / "config"
PM = grid("PM")
LAYERS = """
theme: {title: Essai}
batiment:
  title: Bâtiments
  source: {vector: bdtopo_nantes.gpkg, layer: batiment}
  styles: {usage: styles/batiment.sld, hauteur: styles/batiment_hauteur.sld}
  tiles: {grids: [PM], levels: 11-20}
troncon_de_route:
  title: Routes
  source: {vector: bdtopo_nantes.gpkg, layer: troncon_de_route}
  style: styles/troncon_de_route.sld
  tiles: {grids: [PM], levels: 11-20}
commune:
  title: Communes
  source: {vector: communes_occitanie.fgb}
  style: styles/commune.sld
  tiles: {grids: [PM], levels: 6-12}
"""


@pytest.fixture
def demo(tmp_path: Path) -> Registry:
    """Real buildings, roads and municipalities with the demo's styles; the data is a copy that may be changed."""
    config = tmp_path / "config"
    (config / "layers").mkdir(parents=True)
    (config / "service.yaml").write_text("title: Essai\n")
    (config / "layers" / "essai.yaml").write_text(LAYERS)
    (config / "styles").symlink_to(DEMO / "styles")
    for name in ("bdtopo_nantes.gpkg", "communes_occitanie.fgb"):
        shutil.copyfile(DEMO / "data" / name, config / name)
    return load(config, tmp_path / "store")[0]


def made(registry: Registry, store: Path, layer: str, style: str = "", **where):
    plan = make_plan(registry, layer, style=style, **where)
    todo = list(blocks(plan, PM))
    with overviews(registry, store, plan, PM, todo) as files:
        return plan, todo, dict(files)


@pytest.mark.parametrize(
    ("layer", "style", "coarse"),
    [("batiment", "usage", 14), ("batiment", "hauteur", 14), ("troncon_de_route", "", 11), ("commune", "", 0)],
)
def test_pictures_are_those_of_the_source(demo: Registry, tmp_path: Path, layer: str, style: str, coarse: int) -> None:
    plan, todo, files = made(demo, tmp_path, layer, style)
    assert {block.z for block in todo} == files.keys()
    assert not coarse or files[coarse].name != "deep.fgb"
    for block in [next(one for one in todo if one.z == z) for z in files if z <= 16]:
        what = selection(plan.address(block.z, block.x0, block.y0))
        query = block_query(PM, block, 16, what, tile_format(demo.layers[layer]))
        own = drawn_from(demo, layer, PM, files[block.z])
        one, two = (to_array(draw(source, query)).astype(int) for source in (demo, own))
        assert np.abs(one - two).mean() < 0.02 * max(one[..., 3].mean(), 40), block
        assert two[..., 3].sum() == pytest.approx(one[..., 3].sum(), rel=0.03), block


@pytest.mark.parametrize(("style", "field"), [("usage", "usage_1"), ("hauteur", "hauteur")])
def test_no_class_is_lost_and_each_keeps_its_area(demo: Registry, tmp_path: Path, style: str, field: str) -> None:
    layer, deep, coarse = demo.layers["batiment"], tmp_path / "deep.fgb", tmp_path / "coarse.fgb"
    overview_files.write_deep(layer, "EPSG:3857", frozenset({field}), None, deep)
    kept = recipe(layer, style_of(layer, style), 140_000)
    assert overview_files.write_level(deep, "EPSG:3857", kept, 152.9, coarse)
    assert len(read_arrow(coarse)[1]) < len(read_arrow(deep)[1]) * 0.9
    before, after = areas(deep, field), areas(coarse, field)
    assert before.keys() == after.keys()
    for name, size in before.items():
        assert after[name] == pytest.approx(size, rel=0.03)


def areas(file: Path, field: str) -> dict[object, float]:
    """Area by what the style tells apart: the use, or the class of height."""
    table = read_arrow(file)[1]
    sizes = shapely.area(shapely.from_wkb(table.columns[-1].to_numpy()))
    found: dict[object, float] = {}
    for value, size in zip(table.column(field).to_pylist(), sizes, strict=True):
        key = (
            value
            if field != "hauteur" or value is None
            else int(np.searchsorted((4, 8, 12, 16, 22, 30), value, "right"))
        )
        found[key] = found.get(key, 0.0) + size
    return found


def test_overviews_are_used_again_and_made_again_for_new_data(demo: Registry, tmp_path: Path) -> None:
    _, _, first = made(demo, tmp_path, "batiment", "usage")
    folder = first[11].parent
    changed = first[11].stat().st_mtime_ns
    assert made(demo, tmp_path, "batiment", "usage", levels=(11, 12))[2] == first
    assert first[11].stat().st_mtime_ns == changed
    os.utime(demo.config / "bdtopo_nantes.gpkg")
    again, _ = load(demo.config, tmp_path / "store")
    _, _, second = made(again, tmp_path, "batiment", "usage")
    assert second[11].parent != folder
    assert not folder.exists()


def test_what_another_seed_draws_from_stays_until_it_ends(demo: Registry, tmp_path: Path) -> None:
    _, _, files = made(demo, tmp_path, "troncon_de_route")
    with overview_store.held(files[11].parent):
        overview_store.remove(tmp_path, "troncon_de_route")
        assert files[11].exists()
    overview_store.remove(tmp_path, "troncon_de_route")
    assert not (tmp_path / "overviews" / "troncon_de_route").exists()


def test_an_area_has_its_own_and_a_second_area_widens_it(demo: Registry, tmp_path: Path) -> None:
    def seeded(west: float) -> Path:
        area = read_area(f"{west},47.20,{west + 0.008},47.218")
        return made(demo, tmp_path, "batiment", "usage", levels=(17, 20), area=area)[2][17].parent

    small = seeded(-1.566)
    whole = len(read_arrow(DEMO / "data" / "bdtopo_nantes.gpkg", layer="batiment")[1])
    assert 0 < len(read_arrow(small / "deep.fgb")[1]) < whole
    wide = seeded(-1.560)
    assert (small.exists(), wide.exists()) == (False, True)
    assert seeded(-1.566) == wide
    west = json.loads((wide / "made.json").read_text())["box"][0]
    assert west < 6378137 * np.radians(-1.566)


def test_a_few_blocks_are_drawn_from_the_source(demo: Registry, tmp_path: Path) -> None:
    assert made(demo, tmp_path, "batiment", "usage", levels=(11, 12))[2] == {}
    assert not (tmp_path / "overviews").exists()


def test_a_style_that_reads_dates_is_drawn_from_the_source(demo: Registry, tmp_path: Path) -> None:
    since = "<ogc:PropertyName>date_d_apparition</ogc:PropertyName><ogc:Literal>2000-01-01</ogc:Literal>"
    since = f"<ogc:Filter><ogc:PropertyIsGreaterThan>{since}</ogc:PropertyIsGreaterThan></ogc:Filter>"
    (demo.config / "dates.sld").write_bytes(sld(f"{since}<PolygonSymbolizer><Fill/></PolygonSymbolizer>"))
    layers = LAYERS.replace("styles/batiment.sld", "dates.sld")
    (demo.config / "layers" / "essai.yaml").write_text(layers)
    dated = load(demo.config, tmp_path / "store")[0]
    assert made(dated, tmp_path, "batiment", "usage")[2] == {}
    assert made(dated, tmp_path, "batiment", "hauteur")[2] != {}


def test_after_a_small_change_they_are_not_made_again(demo: Registry, tmp_path: Path) -> None:
    plan = make_plan(demo, "batiment", style="usage", levels=(13, 17))
    take_changes(demo, tmp_path, "batiment")
    assert seed(demo, tmp_path, plan, Means(workers=1)).drawn
    overview_store.remove(tmp_path, "batiment")
    file = demo.config / "bdtopo_nantes.gpkg"
    meta, table = read_arrow(file, layer="batiment")
    use = table.column("usage_1").to_pylist()
    use[0] = "Sportif" if use[0] == "Religieux" else "Religieux"
    table = table.set_column(table.schema.get_field_index("usage_1"), "usage_1", pa.array(use))
    file.unlink()
    how = {"geometry_name": meta["geometry_name"], "geometry_type": "MultiPolygon Z", "crs": meta["crs"]}
    write_arrow(table, file, layer="batiment", driver="GPKG", **how)
    (demo.config / "layers" / "essai.yaml").write_text(LAYERS.partition("troncon_de_route:")[0])
    changed, _ = load(demo.config, tmp_path / "store")
    assert take_changes(changed, tmp_path, "batiment").parts == 1
    again = seed(changed, tmp_path, make_plan(changed, "batiment", style="usage", levels=(13, 17)), Means(workers=1))
    assert 0 < again.drawn < again.before
    assert overview_store.size(tmp_path, "batiment") == 0


def test_a_copy_that_cannot_be_written_is_told_and_leaves_nothing(demo: Registry, tmp_path: Path) -> None:
    parent = overview_store.place(tmp_path, "batiment", "PM")
    parent.parent.mkdir(parents=True)
    parent.write_text("in the way")
    with pytest.raises(SourceError, match="overviews cannot be written"):
        made(demo, tmp_path, "batiment", "usage")
    parent.unlink()
    with pytest.raises(SourceError, match="cannot be written at"):
        overview_files.write_deep(demo.layers["batiment"], "EPSG:3857", frozenset(), None, tmp_path / "no" / "deep.fgb")


def test_two_at_once_make_them_once(demo: Registry, tmp_path: Path) -> None:
    parent = overview_store.place(tmp_path, "commune", "PM")
    parent.mkdir(parents=True)
    with (parent / "making.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert overview_store.find(parent, "x", None) is None
    calls: list[Path] = []

    def write(_: object, folder: Path) -> dict[int, str]:
        calls.append(folder)
        return {3: "3.fgb"}

    folders = {overview_store.make(parent, "data", "kept", None, write) for _ in range(2)}
    assert len(folders) == len(calls) == 1


def test_purging_a_layer_takes_its_overviews_along(demo: Registry, tmp_path: Path) -> None:
    _, _, files = made(demo, tmp_path, "batiment", "usage")
    size = overview_store.size(tmp_path, "batiment")
    assert size > files[11].stat().st_size
    assert purge(demo, tmp_path, "batiment", Which(levels=(11, 12))).overviews == 0
    assert purge(demo, tmp_path, "batiment", Which(), dry_run=True).overviews == size
    assert purge(demo, tmp_path, "batiment", Which(grid="PM")).overviews == size
    assert not (tmp_path / "overviews" / "batiment").exists()
