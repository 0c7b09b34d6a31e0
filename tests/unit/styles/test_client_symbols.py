"""Files that clients' styles need: kept apart, bounded, gone with their process."""

import os
import subprocess
import sys

import pytest

from layers.errors import StyleLimitError
from layers.styles import symbols
from layers.styles.mapnik import drawn
from layers.styles.sld import read_sld
from layers.styles.user import read_layers
from support.style_maps import sld

MARK = (
    "<PointSymbolizer><Graphic><Mark><WellKnownName>square</WellKnownName><Fill>"
    "<CssParameter name='fill'>#{:06x}</CssParameter></Fill></Mark></Graphic></PointSymbolizer>"
)
HATCH = (
    "<PolygonSymbolizer><Fill><GraphicFill><Graphic><Mark><WellKnownName>shape://slash</WellKnownName><Stroke>"
    "<CssParameter name='stroke'>#{:06x}</CssParameter></Stroke></Mark></Graphic></GraphicFill>"
    "</Fill></PolygonSymbolizer>"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder for symbols."""
    monkeypatch.setenv("GARRIGUE_SYMBOLS", str(tmp_path))
    for cached in (symbols.folder, symbols._clients):
        cached.cache_clear()
    yield tmp_path
    for cached in (symbols.folder, symbols._clients):
        cached.cache_clear()


def brought(body):
    """A client's style."""
    return read_layers(body.replace(b"<NamedLayer>", b"<NamedLayer><Name>a</Name>", 1))[0].styles[0].look


@pytest.mark.parametrize("symbolizer", [MARK, HATCH])
def test_files_of_clients_lie_in_the_processs_own_folder(place, symbolizer):
    found = drawn(brought(sld(symbolizer.format(7))), "s")
    (mine,) = place.iterdir()
    assert mine.name == f"clients-{os.getpid()}"
    assert len(list(mine.iterdir())) == 1
    assert str(mine) in found.styles[0][1]
    # The same of our own is a file of its own, whatever was made before.
    assert str(mine) not in drawn(read_sld(sld(symbolizer.format(7))), "s").styles[0][1]


@pytest.mark.parametrize("symbolizer", [MARK, HATCH])
def test_a_style_with_too_many_is_refused(place, symbolizer):
    body = sld("".join(symbolizer.format(number) for number in range(symbols.MOST + 1)))
    with pytest.raises(StyleLimitError, match="more than 500 different"):
        drawn(brought(body), "s")


def test_the_folder_is_emptied_when_it_is_full(place):
    for start in range(0, 3000, 300):
        drawn(brought(sld("".join(MARK.format(start + number) for number in range(300)))), "s")
        assert len(list((place / f"clients-{os.getpid()}").iterdir())) <= symbols.MOST + 300


def test_folders_of_processes_that_have_ended_are_removed(place):
    program = "from layers.styles import symbols\nwith symbols.of_client(): print(symbols.keep(b'x', 'svg'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "clients-" in done.stdout
    assert len(list(place.glob("clients-*"))) == 1
    drawn(brought(sld(MARK.format(1))), "s")
    assert [path.name for path in place.glob("clients-*")] == [f"clients-{os.getpid()}"]
