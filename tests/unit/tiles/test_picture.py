"""Blocks of tiles: what is drawn around them."""

from pathlib import Path

import numpy as np
import pytest

from layers.encode import to_array
from layers.registry import Registry
from layers.render import draw
from tiles.format import tile_format
from tiles.grids import grid
from tiles.picture import block_query, level_buffer, selection
from tiles.seeding.plan import blocks, make_plan

PM = grid("PM")


@pytest.mark.parametrize(("layer", "buffer"), [("parcelle", 0), ("chemin", 0), ("arbre", 64), ("ortho", 0)])
def test_only_symbols_and_labels_need_a_buffer(registry: Registry, layer: str, buffer: int) -> None:
    assert level_buffer(registry.layers[layer], "", PM, 17) == buffer


@pytest.mark.parametrize("layer", ["parcelle", "chemin"])
def test_fills_and_lines_are_the_same_without(registry: Registry, layer: str) -> None:
    plan = make_plan(registry, layer, grid_name="PM", levels=(16, 17))
    for block in blocks(plan, PM):
        what, kind = selection(plan.address(block.z, block.x0, block.y0)), tile_format(registry.layers[layer])
        alone, wide = (to_array(draw(registry, block_query(PM, block, by, what, kind))) for by in (0, 64))
        difference = np.abs(alone.astype(int) - wide[64:-64, 64:-64])
        edges = np.concatenate((difference[:4].ravel(), difference[-4:].ravel(), difference[:, :4].ravel()))
        # places are rounded to a 256th of a pixel from the picture's corner
        assert difference.mean() < 0.03
        assert edges.mean() < 0.1


def test_labels_of_other_scales_need_none(registry: Registry, tmp_path: Path) -> None:
    """The demo's municipalities have labels from some scale on."""
    from layers.compile import load

    demo = Path(__file__).parents[3] / "config"
    layers = "theme: {title: x}\ncommune: {title: x, source: {vector: %s}, style: %s}\n"
    (tmp_path / "layers").mkdir()
    (tmp_path / "service.yaml").write_text("title: x\n")
    text = layers % (demo / "data" / "communes_occitanie.fgb", demo / "styles" / "commune.sld")
    (tmp_path / "layers" / "x.yaml").write_text(text)
    commune = load(tmp_path, tmp_path / "store")[0].layers["commune"]
    assert [level_buffer(commune, "", PM, z) for z in (7, 10)] == [0, 64]
