"""The only door to Mapnik: `from layers.mapnik_env import mapnik`.

Importing Mapnik points PROJ_LIB, GDAL_DATA and ICU_DATA at its own copies, and then rasterio, pyogrio and pyproj cannot
find theirs: the environment is put back here. Mapnik itself does not need what it set: its PROJ has proj.db inside, and
its ICU keeps the folder that it saw when its first text was laid out, which is done here.

Grids (ntf_r93.gsb and the like) go into PROJ_USER_WRITABLE_DIRECTORY (by default ~/.local/share/proj): Mapnik's and
pyproj's PROJ look there beside their own databases, which PROJ_DATA or PROJ_LIB would hide. rasterio's looks only where
rasterio tells it.
"""

import os
from functools import lru_cache
from pathlib import Path

_VARIABLES = ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "ICU_DATA", "GDAL_DRIVER_PATH")
_before = {name: os.environ.get(name) for name in _VARIABLES}

import mapnik  # noqa: E402

__all__ = ["faces", "mapnik", "register_fonts"]

SYSTEM_FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))

_FIRST_TEXT = """<Map srs="epsg:3857"><Style name="s"><Rule><TextSymbolizer face-name="DejaVu Sans Book" size="8"
 wrap-width="8">[t]</TextSymbolizer></Rule></Style><Layer name="l" srs="epsg:3857"><StyleName>s</StyleName><Datasource>
<Parameter name="type">csv</Parameter><Parameter name="inline">x,y,t
4,4,a b</Parameter></Datasource></Layer></Map>"""


def _lay_out_a_text() -> None:
    """ICU reads ICU_DATA once, at its first use."""
    first = mapnik.Map(8, 8)
    mapnik.load_map_from_string(first, _FIRST_TEXT)
    first.zoom_to_box(mapnik.Box2d(0, 0, 8, 8))
    mapnik.render(first, mapnik.Image(8, 8))


def _restore() -> None:
    for name, value in _before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


_lay_out_a_text()
_restore()
mapnik.logger.set_severity(getattr(mapnik.severity_type, "None"))


@lru_cache(maxsize=8)
def register_fonts(folder: Path | None = None) -> frozenset[str]:
    """Register the fonts of the system and of a folder (`config/fonts`); the wheel brings DejaVu. Gives all faces."""
    for place in (*SYSTEM_FONTS, *([folder] if folder else [])):
        if place.is_dir():
            mapnik.FontEngine.register_fonts(str(place), True)
    return faces()


def faces() -> frozenset[str]:
    """Names of the faces that can be drawn, as "DejaVu Sans Bold"."""
    return frozenset(mapnik.FontEngine.face_names())
