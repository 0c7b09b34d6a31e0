"""Light and shade, and slopes, of heights: as gdaldem has them, without seams, in any CRS."""

import numpy as np
import pytest
import rasterio

from layers.query import MapQuery, Selection
from layers.render import raster_pixels
from layers.styles.sld import read_sld
from support import gdal
from support.rasters import write
from support.style_maps import sld

X0, Y0, SIDE, CELL = 770000.0, 6280000.0, 64, 5.0
BOX = (X0, Y0 - SIDE * CELL, X0 + SIDE * CELL, Y0)
SHADED = "<RasterSymbolizer><ShadedRelief><ReliefFactor>2</ReliefFactor>{}</ShadedRelief>{}</RasterSymbolizer>"
SLOPE = (
    '<RasterSymbolizer><ColorMap><ColorMapEntry color="#000000" quantity="0"/>'
    '<ColorMapEntry color="#ffffff" quantity="51"/></ColorMap>'
    '<VendorOption name="terrain">slope</VendorOption></RasterSymbolizer>'
)
LAYERS = "theme: {title: t}\nmnt: {title: MNT, source: {raster: mnt.tif}}\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A hill and a hole, with a corner that nobody has measured."""
    from layers.compile import load

    folder = tmp_path_factory.mktemp("relief")
    (folder / "layers").mkdir()
    (folder / "layers" / "t.yaml").write_text(LAYERS, encoding="utf-8")
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    hill = 60 * np.exp(-((rows - 20) ** 2 + (columns - 24) ** 2) / 150)
    hole = 40 * np.exp(-((rows - 44) ** 2 + (columns - 40) ** 2) / 90)
    heights = (100 + hill - hole)[None]
    heights[0, :4, :4] = -9999
    write(folder / "mnt.tif", heights, left=X0, top=Y0, size=CELL, nodata=-9999)
    return load(folder, folder / "store")[0]


def shown(registry, symbolizer, box=BOX, width=SIDE, height=SIDE, crs="EPSG:2154"):
    look = read_sld(sld(symbolizer))
    assert look.warnings == ()
    selection = Selection("mnt", look=look)
    return raster_pixels(registry.layers["mnt"], selection, MapQuery((selection,), crs, box, width, height)).astype(int)


def gdaldem(registry, tmp_path, *command):
    gdal.run("gdaldem", command[0], str(registry.config / "mnt.tif"), str(tmp_path / "o.tif"), *command[1:])
    with rasterio.open(tmp_path / "o.tif") as found:
        return found.read(1).astype(float)


@pytest.mark.parametrize(("azimuth", "altitude"), [(315, 45), (120, 30)])
def test_a_hillshade_is_gdals(registry, tmp_path, azimuth, altitude):
    options = (
        f'<VendorOption name="azimuth">{azimuth}</VendorOption><VendorOption name="altitude">{altitude}</VendorOption>'
    )
    ours = shown(registry, SHADED.format(options, ""))
    light = ("-z", "2", "-az", str(azimuth), "-alt", str(altitude))
    theirs = gdaldem(registry, tmp_path, "hillshade", *light)
    inner = (slice(6, -6), slice(6, -6))
    assert abs(ours[..., 0] - theirs)[inner].max() <= 2
    assert (ours[..., 3] == 255)[inner].all()


def test_a_hillshade_from_all_sides_is_gdals(registry, tmp_path):
    ours = shown(registry, SHADED.format('<VendorOption name="multidirectional">1</VendorOption>', ""))
    theirs = gdaldem(registry, tmp_path, "hillshade", "-z", "2", "-multidirectional")
    assert abs(ours[..., 0] - theirs)[6:-6, 6:-6].max() <= 3


def test_slopes_are_gdals_in_degrees(registry, tmp_path):
    ours, theirs = shown(registry, SLOPE), gdaldem(registry, tmp_path, "slope")
    assert abs(ours[..., 0] / 5 - theirs)[6:-6, 6:-6].max() < 0.3
    assert ours[..., 0].max() > 100


def test_the_steepness_of_ground_does_not_depend_on_the_maps_crs(registry):
    layer = registry.layers["mnt"]
    steepest = {}
    for crs in ("EPSG:2154", "EPSG:3857", "EPSG:4326"):
        box = layer.extent_in(crs)
        steepest[crs] = np.percentile(shown(registry, SLOPE, box, 96, 96, crs)[8:-8, 8:-8, 0] / 5, 99)
    assert max(steepest.values()) - min(steepest.values()) < 1.5, steepest


def test_pictures_side_by_side_have_no_seam(registry):
    middle = X0 + SIDE * CELL / 2
    whole = shown(registry, SHADED.format("", ""))
    west = shown(registry, SHADED.format("", ""), (BOX[0], BOX[1], middle, BOX[3]), SIDE // 2)
    east = shown(registry, SHADED.format("", ""), (middle, BOX[1], BOX[2], BOX[3]), SIDE // 2)
    assert (np.hstack([west, east]) == whole).all()


def test_what_was_not_measured_is_transparent_and_throws_no_shade(registry):
    picture = shown(registry, SHADED.format("", ""))
    assert (picture[:4, :4, 3] == 0).all()
    assert picture[4, 1:4, 0].min() > 100


def test_a_colour_map_is_shaded(registry):
    entries = (f'<ColorMapEntry color="#00c000" quantity="{height}"/>' for height in (0, 500))
    colours = f"<ColorMap>{''.join(entries)}</ColorMap>"
    picture, gray = shown(registry, SHADED.format("", colours)), shown(registry, SHADED.format("", ""))
    assert (picture[..., 0] == 0).all()
    level = gray[60, 10, 0]
    assert abs(picture[60, 10, 1] - 192) <= 3
    darker, brighter = gray[..., 0] < level - 30, gray[..., 0] > level + 10
    assert picture[..., 1][darker & (picture[..., 3] == 255)].max() < 192 < picture[..., 1][brighter].min()


@pytest.mark.parametrize(("factor", "as_metres"), [(1 / 111120, True), (1.0, True), (4.0, False)])
def test_a_factor_from_metres_to_degrees_exaggerates_nothing(tmp_path, factor, as_metres):
    """As QGIS has it for a terrain model in degrees."""
    from layers.compile import load
    from layers.encode import to_array
    from layers.render import draw

    heights = np.fromfunction(lambda y, x: 200 * np.sin(x / 5) + 100 * np.cos(y / 7), (60, 60)).astype(np.float32)
    write(tmp_path / "mnt.tif", heights[None], left=3.0, top=43.06, size=0.001, crs="EPSG:4326")
    (tmp_path / "layers").mkdir()
    (tmp_path / "service.yaml").write_text("title: Essai\n")
    (tmp_path / "layers" / "a.yaml").write_text("theme: {title: A}\nmnt: {title: M, source: {raster: mnt.tif}}\n")
    registry = load(tmp_path, tmp_path / "store")[0]

    def shaded(number: float) -> np.ndarray:
        relief = f"<ShadedRelief><ReliefFactor>{number}</ReliefFactor></ShadedRelief>"
        look = read_sld(sld(f"<RasterSymbolizer>{relief}</RasterSymbolizer>"))
        box = (3.01, 43.01, 3.05, 43.05)
        return to_array(draw(registry, MapQuery((Selection("mnt", look=look),), "EPSG:4326", box, 40, 40))).astype(int)

    assert (np.abs(shaded(factor) - shaded(1.0)).max() <= 2) == as_metres
