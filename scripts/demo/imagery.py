"""The "PCRS" picture: a quarter of Nantes at five centimetres a pixel, drawn from its buildings, streets and trees.

Every dalle is drawn alone, in any process and any order: all that is random is drawn from names and places, so
that neighbours fit. Coordinates inside are metres from `ORIGIN` (single precision is then enough).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import rasterio
import shapely
from PIL import Image
from rasterio.features import rasterize
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import Affine, from_origin

from scripts.demo import hydrography, roofs, sprites, streets, vegetation
from scripts.demo.city import Buildings, Roads, carriageways, footways, read_buildings, read_roads, seed_of
from scripts.demo.files import CRS, Bounds, Geometries, publish, read_layer, write_layer
from scripts.demo.noise import noise

FOLDER = Path("data/demo/pcrs")
INDEX = Path("data/demo/dallage.gpkg")
ORIGIN = (355200.0, 6689000.0)  # south-west corner, EPSG:2154
COLUMNS, ROWS, SIDE = 4, 4, 200.0
SIZE, PIXEL = 4000, 0.05
COARSE, MARGIN = 0.1, 300  # heights and slopes: metres a pixel, pixels around the dalle
REACH = 45.0  # metres around a dalle in which things may cast a shadow into it
SHADE, DROP = (1, 2), 0.285  # a step of shadow: pixels east and north, metres down
TILE = 1000  # pixels after which textures repeat; a divisor of SIZE

# What the ground is made of: colour, grain, blotches and cloudiness (in grey levels).
COURT, PAVING, STONE, ASPHALT, GRASS, WATER, WHITE, KERB, ROOF = range(9)
GROUND = np.array(
    [(178, 169, 153), (184, 180, 172), (199, 189, 173), (126, 126, 128), (124, 137, 88), (98, 110, 97),
     (230, 230, 226), (200, 197, 190), (120, 120, 120)],
    dtype=np.uint8,
)  # fmt: skip
TEXTURE = np.array(
    [(7, 5, 9), (4, 3, 6), (6, 3, 6), (5, 3, 6), (12, 10, 9), (2, 1, 5), (4, 4, 2), (5, 2, 2), (0, 0, 0)],
    dtype=np.int16,
)

type Pixels = npt.NDArray[np.uint8]
type Heights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands in and around a dalle, in metres from `ORIGIN`; trees as rows of x, y, height, diameter, kind."""

    buildings: Buildings
    roads: Roads
    water: Geometries
    green: Geometries
    trees: npt.NDArray[np.float64]


def dalles() -> list[tuple[int, int]]:
    """Column and row (from the south-west) of each dalle."""
    return [(column, row) for row in range(ROWS) for column in range(COLUMNS)]


def corner(column: int, row: int) -> tuple[float, float]:
    """North-west corner of a dalle, in metres from `ORIGIN`."""
    return column * SIDE, (row + 1) * SIDE


def name_of(column: int, row: int) -> str:
    """The name of a dalle: departement, year, north-west corner in hectometres, projection, pixel, bands."""
    west, north = corner(column, row)
    x, y = round((ORIGIN[0] + west) / 100), round((ORIGIN[1] + north) / 100)
    return f"44-2025-{x:05d}-{y:05d}-LA93-0M05-RVB"


def _shifted(geometry: Geometries) -> Geometries:
    return np.asarray(shapely.transform(geometry, lambda c: c - np.array(ORIGIN)), dtype=object)


def _bounds(column: int, row: int, reach: float) -> Bounds:
    west, north = corner(column, row)
    west, north = west + ORIGIN[0], north + ORIGIN[1]
    return west - reach, north - SIDE - reach, west + SIDE + reach, north + reach


def read_scene(config_dir: Path, column: int, row: int) -> Scene:
    """Everything within `REACH` of a dalle."""
    bounds = _bounds(column, row, REACH)
    buildings, roads = read_buildings(config_dir, bounds), read_roads(config_dir, bounds)
    buildings.geometry[:] = _shifted(buildings.geometry)
    roads.geometry[:] = _shifted(roads.geometry)
    trees = read_layer(config_dir / vegetation.TARGET, "arbre", bounds)
    xy = shapely.get_coordinates(_shifted(trees.geometry)) if len(trees) else np.zeros((0, 2))
    size = np.array([trees.columns["hauteur"], trees.columns["diametre"]], dtype=float).T
    latin = [[row[1] for row in vegetation.SPECIES].index(n) for n in trees.columns["nom_latin"]]
    kinds = np.array([k + 10 * (seed_of(f"{x:.1f}") % 3) for k, (x, _) in zip(latin, xy, strict=True)], dtype=float)
    return Scene(
        buildings,
        roads,
        _shifted(read_layer(config_dir / hydrography.TARGET, bounds=bounds).geometry),
        _shifted(read_layer(config_dir / vegetation.TARGET, "espace_vert", bounds).geometry),
        np.column_stack([xy, size, kinds]) if len(trees) else np.zeros((0, 5)),
    )


def _at_level(roads: Roads, level: str) -> Roads:
    keep = [i for i, own in enumerate(roads.levels) if own == level]
    return Roads(
        geometry=roads.geometry[keep],
        ids=[roads.ids[i] for i in keep],
        names=[roads.names[i] for i in keep],
        natures=[roads.natures[i] for i in keep],
        widths=roads.widths[keep],
        importances=[roads.importances[i] for i in keep],
        levels=[level] * len(keep),
        driven=roads.driven[keep],
        two_way=roads.two_way[keep],
    )


def ground(scene: Scene, transform: Affine) -> Pixels:
    """What the ground of a dalle is made of, SIZE × SIZE."""
    roads, bridges = _at_level(scene.roads, "0"), _at_level(scene.roads, "1")
    asphalt = shapely.union_all(carriageways(roads), grid_size=0.01)
    layers: list[tuple[Geometries, int]] = [
        (carriageways(roads, 7.0), PAVING),
        (np.asarray(shapely.buffer(roads.geometry[~roads.driven], 4.5, quad_segs=4)), STONE),
        (scene.green, GRASS),
        (carriageways(roads, vegetation.SIDEWALK), PAVING),
        (footways(roads), STONE),
        (np.array([shapely.buffer(asphalt, 0.16, quad_segs=2)]), KERB),
        (np.array([asphalt]), ASPHALT),
        (scene.water, WATER),
        (carriageways(bridges, 2.0), PAVING),
        (carriageways(bridges), ASPHALT),
        (streets.markings(scene.roads), WHITE),
        (scene.buildings.geometry, ROOF),
    ]
    shapes = [(g, value) for geometry, value in layers for g in geometry if not shapely.is_empty(g)]
    return np.asarray(rasterize(shapes, (SIZE, SIZE), fill=COURT, transform=transform, dtype="uint8"))


@cache
def _textures() -> npt.NDArray[np.int16]:
    """Grain, blotches and clouds as integers, 64 being one deviation; TILE × TILE each."""
    layers = (noise(TILE, 0.25, 1), noise(TILE, 1.1, 2, 2.0), noise(TILE, 1.9, 3))
    return np.stack([np.clip(layer * 64, -180, 180).astype(np.int16) for layer in layers])


def _texture(rows: slice) -> npt.NDArray[np.int16]:
    start = rows.start % TILE
    return np.tile(_textures()[:, start : start + rows.stop - rows.start], (1, 1, SIZE // TILE))


def _slabs(labels: Pixels, rows: slice) -> npt.NDArray[np.int16]:
    """Joints between paving slabs and stones, as darkening."""
    y = np.arange(rows.start, rows.stop)
    x = np.arange(labels.shape[1])
    paving = (y % 12 == 0)[:, None] | (((x + 6 * (y[:, None] // 12)) % 20) == 0)
    stones = (y % 7 == 0)[:, None] | (((x + 3 * (y[:, None] // 7)) % 7) == 0)
    return np.where(labels == PAVING, paving * 9, np.where(labels == STONE, stones * 11, 0)).astype(np.int16)


def paint_ground(labels: Pixels) -> Pixels:
    """RGB of the ground: colour by material, with grain, blotches, clouds and joints."""
    image = np.empty((*labels.shape, 3), dtype=np.uint8)
    for top in range(0, SIZE, 500):
        rows = slice(top, top + 500)
        own = labels[rows]
        texture = _texture(rows)
        relief = sum((TEXTURE[:, k].take(own) * texture[k] for k in range(3)), np.int16(0)) >> 6
        relief -= _slabs(own, rows)
        for band in range(3):
            tint = GROUND[:, band].take(own).astype(np.int16) + relief
            image[rows, :, band] = np.clip(tint, 0, 255)
    return image


def _coarse(west: float, north: float) -> tuple[Affine, int]:
    """Transform and side of the coarse grid: the dalle and its margin."""
    edge = MARGIN * COARSE
    return from_origin(west - edge, north + edge, COARSE, COARSE), round(SIDE / COARSE) + 2 * MARGIN


def building_ids(scene: Scene, transform: Affine, size: int, touched: bool) -> npt.NDArray[np.int32]:
    """The building on each coarse pixel, counted from 1; 0 for none. Lower ones first, so that towers win.

    `touched` also takes the pixels that a building only touches.
    """
    order = np.argsort(scene.buildings.heights)
    shapes = [(scene.buildings.geometry[i], int(i) + 1) for i in order]
    if not shapes:
        return np.zeros((size, size), dtype=np.int32)
    ids = rasterize(shapes, (size, size), transform=transform, all_touched=touched, dtype="int32")
    return np.asarray(ids, dtype=np.int32)


def slope_rows(scene: Scene, ids: npt.NDArray[np.int32], west: float, north: float, table: roofs.Slopes) -> roofs.Ints:
    """The slope on each coarse pixel of the dalle (no margin): a row of `table`, or -1."""
    inner = ids[MARGIN:-MARGIN, MARGIN:-MARGIN]
    rows = np.full(inner.shape, -1, dtype=np.int32)
    for i, (x0, y0, x1, y1) in enumerate(shapely.bounds(scene.buildings.geometry)):
        c0, c1 = (int(np.floor((x - west) / COARSE)) for x in (x0, x1))
        r0, r1 = (int(np.floor((north - y) / COARSE)) for y in (y1, y0))
        window = slice(max(r0 - 1, 0), max(r1 + 2, 0)), slice(max(c0 - 1, 0), max(c1 + 2, 0))
        r, c = np.nonzero(inner[window] == i + 1)
        if not len(r):
            continue
        r, c = r + window[0].start, c + window[1].start
        x = (west + (c + 0.5) * COARSE).astype(np.float32)
        y = (north - (r + 0.5) * COARSE).astype(np.float32)
        rows[r, c] = roofs.nearest_slope(x, y, table, i)
    return rows


def _ridges(rows: roofs.Ints) -> npt.NDArray[np.int16]:
    """Where slopes meet (ridges lighter) and where roofs end (gutters darker), on coarse pixels."""
    out = np.zeros(rows.shape, dtype=np.int16)
    east, south = rows[:, :-1] != rows[:, 1:], rows[:-1] != rows[1:]
    inner_east, inner_south = (rows[:, :-1] >= 0) & (rows[:, 1:] >= 0), (rows[:-1] >= 0) & (rows[1:] >= 0)
    out[:, :-1][east & inner_east] = 13
    out[:-1][south & inner_south] = 13
    end_east, end_south = east & ~inner_east, south & ~inner_south
    for view, edge in (
        (out[:, :-1], end_east),
        (out[:, 1:], end_east),
        (out[:-1], end_south),
        (out[1:], end_south),
    ):
        view[edge] = -30
    return out


def paint_roofs(
    image: Pixels, labels: Pixels, rows: roofs.Ints, west: float, north: float, table: roofs.Slopes
) -> None:
    """Paint slopes with their rows of tiles, slates or seams into the RGB picture."""
    ridges = _ridges(rows)
    colour, axis = table.colour.astype(np.float32), table.row_axis.astype(np.float32)
    strength = (table.strength * 255).astype(np.float32)
    for top in range(0, SIZE, 500):
        window = slice(top, top + 500)
        half = slice(top // 2, top // 2 + 250)
        slope = np.repeat(np.repeat(rows[half], 2, axis=0), 2, axis=1)
        r, c = np.nonzero((labels[window] == ROOF) & (slope >= 0))
        if not len(r):
            continue
        k = slope[r, c]
        x = (west + (c + 0.5) * PIXEL).astype(np.float32)
        y = (north - (r + top + 0.5) * PIXEL).astype(np.float32)
        phase = axis[:, 0].take(k) * x + axis[:, 1].take(k) * y
        wave = np.abs(phase - np.floor(phase) - np.float32(0.5)) * 4 - 1
        texture = _texture(window)
        relief = wave * strength.take(k) + texture[0, r, c] * np.float32(0.055) + texture[1, r, c] * np.float32(0.06)
        relief += texture[2, r, c] * np.float32(0.08)
        relief += ridges[half][r // 2, c // 2]
        for band in range(3):
            image[r + top, c, band] = np.clip(colour[:, band].take(k) + relief, 0, 255)


def _rectangle(image: Pixels, x: float, y: float, direction: tuple[float, float], size: tuple[float, float],
               colour: tuple[int, int, int]) -> None:  # fmt: skip
    """Fill a turned rectangle; (x, y) in pixels, `size` in pixels along and across the direction."""
    reach = int(max(size)) + 2
    r0, r1 = max(int(y) - reach, 0), min(int(y) + reach, image.shape[0])
    c0, c1 = max(int(x) - reach, 0), min(int(x) + reach, image.shape[1])
    if r0 >= r1 or c0 >= c1:
        return
    rr, cc = np.mgrid[r0:r1, c0:c1].astype(np.float32)
    east, up = cc + 0.5 - x, y - rr - 0.5
    along = np.abs(east * direction[0] + up * direction[1]) <= size[0] / 2
    across = np.abs(up * direction[0] - east * direction[1]) <= size[1] / 2
    image[r0:r1, c0:c1][along & across] = colour


@dataclass(frozen=True, slots=True)
class Fitting:
    """A chimney, a roof window or a box on a roof: middle, direction, length, width (m), colour, height (m)."""

    x: float
    y: float
    direction: tuple[float, float]
    length: float
    width: float
    colour: tuple[int, int, int]
    height: float


def _fittings_on(table: roofs.Slopes, i: int, polygon: shapely.Polygon, ident: str) -> list[Fitting]:
    rng = np.random.default_rng(seed_of(ident))
    first, last = table.first[i], table.first[i + 1]
    out: list[Fitting] = []
    for k in range(first, last):
        start, end, inward = table.start[k], table.end[k], table.inward[k]
        length = float(np.hypot(*(end - start)))
        along = (float((end - start)[0] / length), float((end - start)[1] / length))
        count = int(length // (6.0 if table.flat[k] else 3.4))
        for t, depth, kind in zip(rng.random(count), rng.random(count), rng.random(count), strict=True):
            if kind > 0.62:
                continue
            up = (2.0 + 5.0 * depth) if table.flat[k] else (1.6 + 2.2 * depth)
            x, y = start + (end - start) * (0.1 + 0.8 * t) + inward * up
            if table.flat[k]:
                grey = int(175 + 40 * depth)
                out.append(Fitting(x, y, along, 1.0 + 1.6 * t, 0.9 + depth, (grey, grey, grey + 3), 1.3))
            elif kind < 0.2:
                out.append(Fitting(x, y, along, 0.55 + 0.9 * t, 0.5, (168, 122, 100), 1.6))
            else:
                out.append(Fitting(x, y, along, 0.8, 1.1, (62, 74, 88), 0.0))
    if not out:
        return out
    inside = shapely.contains_xy(shapely.buffer(polygon, -0.9), [f.x for f in out], [f.y for f in out])
    return [f for f, ok in zip(out, inside, strict=True) if ok]


def fittings(scene: Scene, table: roofs.Slopes) -> list[Fitting]:
    """Chimneys, roof windows and boxes of all buildings larger than 35 m²."""
    out: list[Fitting] = []
    for i, polygon in enumerate(scene.buildings.geometry):
        if polygon.area > 35:
            out += _fittings_on(table, i, polygon, scene.buildings.ids[i])
    return out


def _raise(heights: Heights, x: float, y: float, radius: float, top: float, west: float, north: float) -> None:
    """Put a dome (a crown; flat for a small radius) into the coarse heights."""
    edge = MARGIN * COARSE
    column, row, reach = (x - west + edge) / COARSE, (north + edge - y) / COARSE, radius / COARSE
    r0, r1 = max(int(row - reach), 0), min(int(row + reach) + 1, heights.shape[0])
    c0, c1 = max(int(column - reach), 0), min(int(column + reach) + 1, heights.shape[1])
    if r0 >= r1 or c0 >= c1:
        return
    rr, cc = np.mgrid[r0:r1, c0:c1].astype(np.float32)
    span = ((rr + 0.5 - row) ** 2 + (cc + 0.5 - column) ** 2) / np.float32(reach * reach)
    dome = np.where(span < 0.82, top * (0.62 + 0.38 * np.sqrt(np.clip(1 - span, 0, 1))), 0)
    window = heights[r0:r1, c0:c1]
    np.maximum(window, dome, out=window)


def surface(scene: Scene, ids: npt.NDArray[np.int32], things: list[Fitting], cars: list[sprites.Car],
            west: float, north: float) -> Heights:  # fmt: skip
    """Heights over the ground (m) on coarse pixels: buildings, what stands on them, trees, cars."""
    heights = np.concatenate([[0.0], scene.buildings.heights]).astype(np.float32).take(ids)
    edge = MARGIN * COARSE
    for thing in (t for t in things if t.height):
        r, c = int((north + edge - thing.y) / COARSE), int((thing.x - west + edge) / COARSE)
        half = max(int(thing.length / COARSE / 2), 2)
        if half < r < heights.shape[0] - half and half < c < heights.shape[1] - half:
            heights[r - half : r + half, c - half : c + half] += thing.height
    for x, y, height, diameter, _ in scene.trees:
        _raise(heights, x, y, diameter / 2, height, west, north)
    for car in cars:
        for step in (-1.2, 0.0, 1.2):
            _raise(heights, car.x + step * car.east, car.y + step * car.north, 0.95, 1.4, west, north)
    return heights


def shadow(heights: Heights) -> npt.NDArray[np.float32]:
    """How much of the sun is hidden on each coarse pixel of the dalle, 0 to 1."""
    cast = heights.copy()
    for power in range(7):
        step = 2**power
        east, north = SHADE[0] * step, SHADE[1] * step
        moved = cast[north:, : cast.shape[1] - east] - np.float32(DROP * step)
        np.maximum(cast[:-north, east:], moved, out=cast[:-north, east:])
    depth = (cast - heights)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return np.asarray(np.clip(depth * np.float32(1.6) - np.float32(0.5), 0, 1), dtype=np.float32)


def apply_shadow(image: Pixels, hidden: npt.NDArray[np.float32]) -> None:
    """Darken the picture, less in blue: shadows are lit by the sky."""
    full = np.asarray(Image.fromarray(hidden).resize((SIZE, SIZE), Image.Resampling.BILINEAR))
    for top in range(0, SIZE, 500):
        rows = slice(top, top + 500)
        weight = (full[rows] * 256).astype(np.uint16)
        for band, dark in enumerate((124, 116, 99)):
            factor = np.uint16(256) - ((weight * np.uint16(dark)) >> np.uint16(8))
            image[rows, :, band] = (image[rows, :, band] * factor) >> np.uint16(8)


@cache
def _tree(kind: int, size: int) -> Image.Image:
    picture = sprites.tree(kind)
    return picture.resize((size, size), Image.Resampling.BILINEAR)


def paint_trees(image: Pixels, trees: npt.NDArray[np.float64], west: float, north: float) -> Pixels:
    """Paste crowns, lower trees first; sizes in steps of a quarter of a metre."""
    picture = Image.fromarray(image)
    for x, y, _, diameter, kind in trees[np.argsort(trees[:, 2])]:
        size = int(round(diameter * 4) / 4 / PIXEL)
        at = round((x - west) / PIXEL - size / 2), round((north - y) / PIXEL - size / 2)
        if size > 4 and -size < at[0] < SIZE and -size < at[1] < SIZE:
            crown = _tree(int(kind), size)
            picture.paste(crown, at, crown)
    return np.array(picture)


def soften(image: Pixels) -> Pixels:
    """A lens's blur: each pixel mixed with its neighbours (1 2 1, both ways)."""
    out = np.empty_like(image)
    for top in range(0, SIZE, 100):
        first, last = max(top - 1, 0), min(top + 101, SIZE)
        rows = np.pad(
            image[first:last].astype(np.uint16), ((top - first < 1, last - top < 101), (1, 1), (0, 0)), "edge"
        )
        mixed = rows[:-2] + rows[1:-1] + rows[1:-1] + rows[2:]
        out[top : top + 100] = (
            mixed[:, :-2] + mixed[:, 1:-1] + mixed[:, 1:-1] + mixed[:, 2:] + np.uint16(8)
        ) >> np.uint16(4)
    return out


def draw(config_dir: Path, column: int, row: int) -> Pixels:
    """The RGB picture of a dalle, SIZE × SIZE × 3."""
    scene = read_scene(config_dir, column, row)
    west, north = corner(column, row)
    labels = ground(scene, from_origin(west, north, PIXEL, PIXEL))
    image = paint_ground(labels)
    table = roofs.slopes(scene.buildings)
    touched = building_ids(scene, *_coarse(west, north), touched=True)
    paint_roofs(image, labels, slope_rows(scene, touched, west, north, table), west, north, table)
    things = fittings(scene, table)
    for t in things:
        at = (t.x - west) / PIXEL, (north - t.y) / PIXEL
        _rectangle(image, *at, t.direction, (t.length / PIXEL, t.width / PIXEL), t.colour)
    cars = streets.parked_cars(scene.roads, scene.buildings.geometry)
    for car in cars:
        sprites.draw_car(image, (car.x - west) / PIXEL, (north - car.y) / PIXEL, car, PIXEL)
    image = paint_trees(image, scene.trees, west, north)
    ids = building_ids(scene, *_coarse(west, north), touched=False)
    apply_shadow(image, shadow(surface(scene, ids, things, cars, west, north)))
    return soften(image)


def write_cog(target: Path, image: Pixels, west: float, north: float) -> None:
    """Write an RGB picture as a cloud-optimised GeoTIFF: JPEG (YCbCr), blocks of 512, overviews inside."""
    profile = {
        "driver": "GTiff", "width": image.shape[1], "height": image.shape[0], "count": 3, "dtype": "uint8", "crs": CRS,
        "transform": from_origin(west, north, PIXEL, PIXEL), "photometric": "RGB", "interleave": "pixel",
    }  # fmt: skip
    options = {
        "compress": "JPEG",
        "quality": 85,
        "blocksize": 512,
        "overview_quality": 85,
        "overview_resampling": "average",
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(np.moveaxis(image, 2, 0))
        with rasterio.Env(GDAL_NUM_THREADS="1"), memory.open() as dataset:
            copy(dataset, target, driver="COG", **options)


def make_dalle(config_dir: Path, column: int, row: int) -> None:
    """Draw and write a dalle."""
    west, north = corner(column, row)
    image = draw(config_dir, column, row)
    target = config_dir / FOLDER / f"{name_of(column, row)}.tif"
    publish(target, lambda part: write_cog(part, image, west + ORIGIN[0], north + ORIGIN[1]))


def make_index(config_dir: Path) -> None:
    """Write the layer `pcrs_dalle`: the outline of every dalle, its name, file, date and resolution."""
    places = dalles()
    geometry = np.array([shapely.box(*_bounds(c, r, 0.0)) for c, r in places])
    names = [name_of(c, r) for c, r in places]
    fields = {
        "nom": pa.array(names),
        "fichier": pa.array([f"{name}.tif" for name in names]),
        "date_prise_de_vue": pa.array(["2025-06-15"] * len(names)).cast(pa.date32()),
        "resolution": pa.array([PIXEL] * len(names)),
    }
    publish(config_dir / INDEX, lambda part: write_layer(part, "pcrs_dalle", geometry, fields, "Polygon"))
