"""Glyphs as MapLibre reads them."""

import numpy as np
import pytest

from layers.maplibre.fonts import faces
from layers.maplibre.glyphs import glyph_range
from layers.mapnik_env import register_fonts
from support.vector_tile import fields

SANS = "DejaVu Sans Book"


def read(body: bytes):
    """Name, range, and glyphs by character: bitmap, width, height, left, top, advance."""
    ((_, stack),) = fields(body)
    parts = list(fields(stack))
    glyphs = [dict(fields(glyph)) for number, glyph in parts if number == 3]
    return dict(parts)[1].decode(), dict(parts)[2].decode(), {glyph[1]: glyph for glyph in glyphs}


def signed(value: int) -> int:
    return value >> 1 if value % 2 == 0 else -(value + 1 >> 1)


def test_every_face_that_mapnik_draws_has_a_file():
    assert register_fonts() - set(faces()) == frozenset()


def test_a_letter_is_measured_in_pixels_of_24_with_three_around():
    name, characters, glyphs = read(glyph_range(SANS, [SANS], 0))
    assert (name, characters) == (SANS, "0-255")
    letter = glyphs[ord("I")]
    assert len(letter[2]) == (letter[3] + 6) * (letter[4] + 6)
    assert letter[4] == pytest.approx(0.729 * 24, abs=1.1)
    assert letter[7] == pytest.approx(0.295 * 24, abs=0.6)
    assert signed(letter[6]) == pytest.approx(0.729 * 24 - 26, abs=1)
    assert glyphs[ord(" ")][7] > 0
    assert 2 not in glyphs[ord(" ")]


def test_three_quarters_of_the_values_are_within_the_letter():
    glyph = read(glyph_range(SANS, [SANS], 0))[2][ord("I")]
    pixels = np.frombuffer(glyph[2], np.uint8).reshape(glyph[4] + 6, glyph[3] + 6).astype(float)
    row = pixels[pixels.shape[0] // 2]
    # The stem is 0.098 of the size wide: where the value passes 191 is its edge.
    inside = row > 191.25
    assert inside.sum() == pytest.approx(0.098 * 24, abs=1)
    steps = np.abs(np.diff(row))
    assert steps[:2].max() == pytest.approx(255 / 8, abs=4)


def test_a_character_is_taken_from_the_first_font_that_has_it():
    mono, sans = "DejaVu Sans Mono Book", SANS
    both = read(glyph_range(f"{mono},{sans}", [mono, sans], 0x0600))[2]
    arabic = read(glyph_range(sans, [sans], 0x0600))[2]
    only_mono = read(glyph_range(mono, [mono], 0x0600))[2]
    assert set(both) == set(arabic) | set(only_mono)
    assert all(both[code] == glyph for code, glyph in only_mono.items())


def test_a_range_without_characters_is_a_stack_without_glyphs():
    assert read(glyph_range(SANS, [SANS], 0x3000)) == (SANS, "12288-12543", {})
