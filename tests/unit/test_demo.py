"""The demo: committed data, declared layers, styles, and the data made from them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
import yaml
from lxml import etree

from layers.model import Layer, Service, Theme
from scripts.demo import (
    city,
    heritage,
    hydrography,
    imagery,
    landcover,
    prepare,
    temperature,
    terrain,
    territory,
    vegetation,
)
from scripts.demo.files import read_layer

CONFIG = Path(__file__).parents[2] / "config"
REQUIRED = {"pcrs", "batiment", "troncon_de_route", "commune", "ocs", "mnt", "temperature", "patrimoine"}


def declared() -> Iterator[tuple[str, Layer]]:
    for file in sorted((CONFIG / "layers").glob("*.yaml")):
        content = yaml.safe_load(file.read_text())
        Theme.model_validate(content.pop("theme"))
        for name, layer in content.items():
            yield name, Layer.model_validate(layer)


def styles_of(layer: Layer) -> list[str]:
    return [layer.style] if layer.style else list(layer.styles.values())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with the committed data, and what is made from it, but for the imagery."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "data").mkdir()
    for file in (CONFIG / "data").iterdir():
        if file.is_file():
            (folder / "data" / file.name).symlink_to(file)
    for part in prepare.parts():
        if part.targets[0].parent != imagery.FOLDER:
            part.make(folder)
    return folder


def test_layers_and_themes() -> None:
    names = [name for name, _ in declared()]
    assert set(names) >= REQUIRED
    assert len(names) == len(set(names)) >= 12
    assert len(list((CONFIG / "layers").glob("*.yaml"))) >= 5
    Service.model_validate(yaml.safe_load((CONFIG / "service.yaml").read_text()))


def test_words_in_both_languages() -> None:
    for name, layer in declared():
        assert layer.title.fr, name
        assert layer.title.en, name
        assert layer.abstract.fr, name
        assert layer.abstract.en, name
        assert layer.keywords, name


def test_committed_data_is_small_and_whole() -> None:
    files = [file for file in (CONFIG / "data").iterdir() if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 10_000_000
    assert len(read_layer(CONFIG / city.FILE, "batiment")) == 8639
    roads = read_layer(CONFIG / city.FILE, "troncon_de_route")
    assert len(roads) == 3696
    assert shapely.has_z(roads.geometry).all()
    communes = read_layer(CONFIG / territory.SOURCE)
    assert "Conques-en-Rouergue" in communes.columns["nom_officiel"]
    assert shapely.is_valid(communes.geometry).all()


@pytest.mark.parametrize("path", sorted((CONFIG / "styles").glob("*.sld")), ids=lambda path: path.stem)
def test_style_is_used_and_well_formed(path: Path) -> None:
    used = {style for _, layer in declared() for style in styles_of(layer)}
    assert f"styles/{path.name}" in used
    root = etree.parse(path).getroot()
    assert root.get("version") in ("1.0.0", "1.1.0")
    for link in root.iter("{*}OnlineResource"):
        assert (path.parent / str(link.get("{http://www.w3.org/1999/xlink}href"))).is_file()


@pytest.mark.parametrize("name", [name for name, layer in declared() if styles_of(layer)])
def test_styles_exist(name: str) -> None:
    layer = dict(declared())[name]
    assert all((CONFIG / style).is_file() for style in styles_of(layer))


def test_fields_of_styles_exist(config: Path) -> None:
    for name, layer in declared():
        source = layer.source
        if not hasattr(source, "vector"):
            continue
        columns = set(read_layer(config / source.vector, source.layer).columns)
        assert set(layer.fields) <= columns, name
        for style in styles_of(layer):
            asked = {e.text for e in etree.parse(CONFIG / style).getroot().iter("{*}PropertyName")}
            assert asked <= columns, (name, style)


def test_waters_are_where_the_river_is(config: Path) -> None:
    table = read_layer(config / hydrography.TARGET)
    rivers = table.geometry[[name.startswith("La Loire") for name in table.columns["nom"]]]
    assert shapely.contains_xy(shapely.union_all(rivers), 355300, 6688620)
    buildings = city.read_buildings(config)
    wet = shapely.STRtree(buildings.geometry).query(rivers, predicate="intersects")
    assert wet.size == 0


def test_trees_stand_clear_of_walls(config: Path) -> None:
    trees = read_layer(config / vegetation.TARGET, "arbre")
    walls = shapely.STRtree(city.read_buildings(config).geometry)
    assert len(trees) > 3000
    assert walls.query(trees.geometry, predicate="dwithin", distance=2.0).size == 0


def test_land_cover_changes_between_vintages(config: Path) -> None:
    table = read_layer(config / landcover.TARGET)
    vintage = np.array(table.columns["millesime"])
    code = np.array(table.columns["code_cs"])
    area = shapely.area(table.geometry)
    built = [area[(vintage == v) & (code == "CS1.1.1.1")].sum() for v in landcover.VINTAGES]
    assert set(vintage) == set(landcover.VINTAGES)
    assert built[1] > built[0] * 1.005
    assert set(code) <= set(landcover.COVERS)


def test_terrain(config: Path) -> None:
    with rasterio.open(config / terrain.MODEL) as model:
        heights = model.read(1, masked=True)
        assert model.crs.to_epsg() == 2154
        assert model.nodata == terrain.NODATA
        assert model.overviews(1)
    assert 0 < heights.min() < 3
    assert 30 < heights.max() < 60
    altitudes = set(read_layer(config / terrain.CONTOURS).columns["altitude"])
    assert {10, 20, 30} <= altitudes


def test_temperature_is_a_series_of_days(config: Path) -> None:
    with rasterio.open(f"netcdf:{config / temperature.TARGET}:t2m") as dataset:
        assert dataset.count == 365
        assert dataset.crs.to_epsg() == 4326
        assert dataset.tags()["time#units"] == "days since 2025-01-01 00:00:00"
        winter, summer = (dataset.read(band, masked=True).mean() for band in (15, 196))
    assert -5 < winter < 10 < summer < 28


def test_heritage_has_awkward_values(config: Path) -> None:
    columns = read_layer(config / heritage.TARGET).columns
    assert any("\n" in words for words in columns["description"] if words)
    assert any("'" in name for name in columns["nom"])
    assert None in columns["date_protection"]
    assert all("&" in url for url in columns["url"])


def test_a_dalle_is_drawn_with_roofs_streets_and_trees(config: Path) -> None:
    image = imagery.draw(config, 1, 1)
    assert image.shape == (imagery.SIZE, imagery.SIZE, 3)
    red, green, blue = (image[::8, ::8, band].astype(int) for band in range(3))
    planted = (green > red + 4) & (green > blue + 12)
    slated = (blue > red + 3) & (blue < 200)
    assert 0.05 < planted.mean() < 0.6
    assert slated.mean() > 0.1
    assert 60 < image.mean() < 170


def test_dalle_is_a_cog(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 255, (1024, 1024, 3)).astype(np.uint8)
    imagery.write_cog(tmp_path / "dalle.tif", image, 355200.0, 6689200.0)
    with rasterio.open(tmp_path / "dalle.tif") as dataset:
        assert dataset.profile["compress"] == "jpeg"
        assert dataset.profile["photometric"] == "ycbcr"
        assert dataset.block_shapes[0] == (512, 512)
        assert dataset.overviews(1)
        assert dataset.bounds.left == 355200.0
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_neighbouring_dalles_fit() -> None:
    assert len(imagery.dalles()) >= 16
    assert imagery.SIZE * imagery.PIXEL == imagery.SIDE
    names = {imagery.name_of(column, row) for column, row in imagery.dalles()}
    assert len(names) == len(imagery.dalles())
    assert imagery.name_of(0, 0) == "44-2025-03552-66892-LA93-0M05-RVB"


def test_parts_are_made_once(tmp_path: Path) -> None:
    target = Path("data/demo/thing.txt")
    made: list[Path] = []

    def make(config_dir: Path) -> None:
        (config_dir / target).parent.mkdir(parents=True, exist_ok=True)
        (config_dir / target).write_text("whole")
        made.append(config_dir)

    part = prepare.Part("thing", make, (target,))
    assert not prepare.is_current(tmp_path, part, "a")
    prepare.make_part(tmp_path, part, "a")
    assert prepare.is_current(tmp_path, part, "a")
    assert not prepare.is_current(tmp_path, part, "b")
    (tmp_path / target).unlink()
    assert not prepare.is_current(tmp_path, part, "a")
    assert len(made) == 1


def test_parts_wait_for_what_they_read() -> None:
    names = [part.name for part in prepare.parts()]
    assert len(names) == len(set(names))
    for part in prepare.parts():
        assert all(names.index(other) < names.index(part.name) for other in part.after)


def test_the_quarter_lies_in_the_imagery() -> None:
    quarter = read_layer(CONFIG / "areas/quartier.geojson").geometry[0]
    from pyproj import Transformer

    project = Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True)
    flat = shapely.transform(quarter, lambda c: np.stack(project.transform(*c.T), axis=1))
    x, y = imagery.ORIGIN
    side_x, side_y = imagery.COLUMNS * imagery.SIDE, imagery.ROWS * imagery.SIDE
    assert shapely.box(x, y, x + side_x, y + side_y).contains(flat)
