"""Text can be read on what it stands on, in daylight and at night (RGAA 3.2: 4.5 to 1)."""

import re

import pytest

from server.portal.static_files import FOLDER

CSS = (FOLDER / "garrigue.css").read_text("utf-8")
DAY, NIGHT = (dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root {(.*?)}", CSS, re.S)[:2])
PAIRS = [(text, ground) for text in ("ink", "soft", "thyme", "ochre") for ground in ("stone", "paper")]
PAIRS += [("ink", "sand"), ("thyme", "sand"), ("ochre", "sand")]
FIXED = [
    ("#ffffff", "#4d6a47"),
    ("#ffffff", "#34492f"),
    ("#2a3c26", "#f3dfb2"),
    ("#2c2a24", "#f3dfb2"),
    ("#f2eddd", "#34492f"),
    ("#f3cf86", "#34492f"),
    ("#d8d9c3", "#34492f"),
    ("#5b3206", "#fff8e6"),
]


def light(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [DAY, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out(colours, text, ground):
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize(("text", "ground"), FIXED)
def test_text_stands_out_where_colours_do_not_change(text, ground):
    assert text[:4] in CSS or text in CSS
    assert contrast(text, ground) >= 4.5
