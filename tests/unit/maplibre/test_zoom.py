"""Scales as zooms."""

import pytest

from layers.maplibre.zoom import Piece, Span, pieces, span, zoom
from layers.styles.expressions import Literal
from tiles.grids import grid


@pytest.mark.parametrize("level", [0, 5, 12, 20])
def test_a_level_of_web_mercator_is_the_zoom_before_it(level, config_dir):
    cell = grid("PM", config_dir).cell_sizes[level]
    assert zoom(cell / 0.00028) == pytest.approx(level - 1, abs=1e-6)


def test_a_rule_is_drawn_from_its_greatest_scale_on_and_up_to_its_least():
    found = span((None, None), (5000, 150_000))
    assert found is not None
    assert found.low == pytest.approx(zoom(150_000), abs=0.01)
    assert found.high == pytest.approx(zoom(5000), abs=0.01)


def test_a_layer_narrows_the_scales_of_its_rules():
    assert span((None, 20_000), (None, 150_000)) == span((None, None), (None, 20_000))
    assert span((30_000, None), (None, 20_000)) is None


def test_an_else_rule_is_cut_where_the_others_begin_and_end():
    low, high = Literal("low"), Literal("high")
    found = pieces(Span(0, 20), [(Span(0, 12), low), (Span(8, 20), high)])
    assert found == [Piece(Span(0, 8), (low,)), Piece(Span(8, 12), (low, high)), Piece(Span(12, 20), (high,))]


def test_an_else_rule_has_nothing_left_where_another_takes_everything():
    assert pieces(Span(0, 20), [(Span(10, 24), None)]) == [Piece(Span(0, 10), ())]
