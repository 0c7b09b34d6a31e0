"""What `garrigue check` says of a configuration: every mistake, with its file, line, layer and key."""

import json
import shutil
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from layers.compile import load
from layers.errors import RegistryError
from layers.extents import extents
from layers.legend import legend
from layers.query import LegendQuery
from layers.registry import Registry

LAYER = "{id}:\n  title: Essai\n  source: {{vector: data/essai.gpkg, layer: parcelle}}\n"


@pytest.fixture
def config(config_dir: Path, tmp_path: Path) -> Path:
    """A copy of the small configuration that a test may spoil."""
    return Path(shutil.copytree(config_dir, tmp_path / "config"))


def problems(config: Path, text: str, name: str = "layers/faute.yaml") -> list[str]:
    """What is said of the configuration with this file in it."""
    (config / name).write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        load(config, config / "store")
    return [str(problem) for problem in caught.value.problems]


def test_the_small_configuration_is_read_whole(registry):
    assert list(registry.layers) == ["parcelle", "arbre", "chemin", "ortho", "relief"]
    parcel = registry.layer("essai:parcelle")
    assert parcel.crs == "EPSG:2154"
    assert parcel.extent == (770000, 6279000, 771000, 6280000)
    assert parcel.facts.count == 100
    assert {f.name: f.type for f in parcel.facts.fields} | {"leve": "date"} == {
        f.name: f.type for f in parcel.facts.fields
    }
    assert registry.layer("arbre").times == ("2020", "2023")
    assert registry.layer("arbre").default_time == "2023"
    assert registry.layer("ortho").facts.files == 4


def test_a_registry_comes_back_from_json_as_it_was(registry):
    again = Registry.from_json(registry.to_json())
    assert again.to_json() == registry.to_json()
    assert again.layers["arbre"] == registry.layers["arbre"]
    assert again.layers["relief"].facts == registry.layers["relief"].facts


def test_a_registry_has_what_is_measured_of_its_layers(registry):
    found = Registry.from_json(registry.to_json())
    assert {layer.id: layer.boxes for layer in found.layers.values()} == extents(registry)
    relief = found.layers["relief"]
    assert set(relief.legends) == {"fr", "en"}
    for language, sizes in relief.legends.items():
        for style, size in sizes.items():
            picture = Image.open(BytesIO(legend(registry, LegendQuery("relief", style, language))))
            assert picture.size == size


CASES = [
    ("a: [1,\n", "layers/faute.yaml:2: not YAML"),
    ("a: 1\na: 2\n", "found duplicate key"),
    ("- a\n", "is a list"),
    ("A1:\n  title: x\n", "layers/faute.yaml:1: A1: a layer's id"),
    (LAYER.format(id="x") + "  titel: y\n", "layers/faute.yaml:4: x.titel: is not a key here; did you mean 'title'?"),
    ("x:\n  source: {vector: data/essai.gpkg, layer: parcelle}\n", "layers/faute.yaml:1: x.title: is missing"),
    (
        "x:\n  title: t\n  source: {vektor: a}\n",
        "layers/faute.yaml:3: x.source: exactly one of vector, postgis, raster",
    ),
    (
        "x:\n  title: t\n  source: {vector: data/essai.gpkg, laier: parcelle}\n",
        "x.source.laier: is not a key here; did you mean 'layer'?",
    ),
    (
        LAYER.format(id="x") + "  tiles: {format: jpg}\n",
        "x.tiles.format: 'jpg' is not one of png, png8, jpeg, webp; did you mean 'jpeg'?",
    ),
    (LAYER.format(id="x") + "  tiles: {levels: 20-10}\n", "layers/faute.yaml:4: x.tiles.levels: levels are written"),
    (LAYER.format(id="parcelle"), "parcelle: is declared in layers/bati.yaml too"),
    (
        LAYER.format(id="x") + "  style: styles/parcele.sld\n",
        "x.style: there is no file styles/parcele.sld; did you mean 'styles/parcelle.sld'?",
    ),
    (LAYER.format(id="x").replace("parcelle", "parcele"), "layers/faute.yaml:3: x.source.vector"),
    ("x:\n  title: t\n  source: {vector: data/rien.gpkg}\n", "data/rien.gpkg"),
    ("x:\n  title: t\n  source: {raster: 'data/rien/*.tif'}\n", "data/rien/*.tif"),
    (
        LAYER.format(id="x") + "  fields: {numero: {values: [1, deux]}}\n",
        "x.fields.numero.values: 'deux' is not a value of type integer",
    ),
    (
        LAYER.format(id="x") + "  fields: {leve: {values: [2024-01-01]}}\n",
        "a field of type date has no list of values, only string, integer, real",
    ),
    (
        LAYER.format(id="x") + "  fields: {sektion: {hidden: true}}\n",
        "the data has no field 'sektion'; did you mean 'section'?",
    ),
    (LAYER.format(id="x") + "  time: {attribute: annee}\n", "x.time.attribute: the data has no field 'annee'"),
    (LAYER.format(id="x") + "  abstract: ${RIEN_DE_TEL}\n", "the environment variable RIEN_DE_TEL is not set"),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[expected[:40] for _, expected in CASES])
def test_a_mistake_is_told_with_file_line_layer_and_key(config, text, expected):
    said = problems(config, text)
    assert any(expected in line for line in said), said


def test_several_mistakes_are_told_at_once(config):
    text = LAYER.format(id="x") + "  titel: y\n  tiles: {format: jpg}\n" + "y:\n  title: t\n  source: {}\n"
    assert len(problems(config, text)) == 3


def test_a_service_with_an_unknown_crs_is_told_its_line(config):
    said = problems(config, "title: t\ncrs:\n  - EPSG:2154\n  - EPSG:99999\n", "service.yaml")
    assert "service.yaml:4: crs: 'EPSG:99999' is not a CRS that PROJ knows" in said[0]


def test_data_that_does_not_keep_to_a_list_of_values_is_told_once(config):
    text = LAYER.format(id="x") + "  fields: {section: {values: [A]}, numero: {values: [1, 2]}}\n"
    (config / "layers" / "faute.yaml").write_text(text, encoding="utf-8")
    registry, warnings = load(config, config / "store")
    told = [str(one) for one in warnings if "faute.yaml" in str(one)]
    assert len(told) == 2
    assert "x.fields.section.values: the data has 'B', which is not in the list" in told[0]
    assert load(config, config / "store", previous=registry)[1] == []


STORED = """stored_queries:
  urn:x:
    title: t
    layers: [{layers}]
    parameters: {{n: {{type: integer}}}}
    filter: {filter}
"""


@pytest.mark.parametrize(
    ("layers", "condition", "message"),
    [
        ("parcele", '"fid < {n}"', "layers: 'parcele' is not a layer of features; did you mean 'parcelle'?"),
        ("ortho", '"fid < {n}"', "layers: 'ortho' is not a layer of features"),
        ("parcelle", '"nulle_part < {n}"', "service.yaml:6: stored_queries.urn:x.filter: over parcelle:"),
        ("parcelle", '"geometry < {n}"', "filter: over parcelle: 'geometry' is a geometry"),
        ("parcelle", '"numero < {m}"', "{m} is not one of the parameters"),
        ("parcelle", "INCLUDE", "service.yaml:5: stored_queries.urn:x.parameters.n: the filter has no {n}"),
        ("parcelle", "\"numero = '{n}'\"", "the filter has no {n}"),
    ],
)
def test_a_stored_query_that_cannot_be_asked_is_told(config, layers, condition, message):
    said = problems(config, STORED.format(layers=layers, filter=condition), "service.yaml")
    assert any(message in line for line in said), said


def test_a_secret_comes_from_the_environment(config, monkeypatch):
    monkeypatch.setenv("CLEF", "s3cr3t")
    (config / "service.yaml").write_text("fees: ${CLEF}\n")
    assert load(config, config / "store")[0].service.fees == "s3cr3t"


def test_unchanged_data_is_not_opened_again(config):
    first, _ = load(config, config / "store")
    facts = first.layers["chemin"].facts
    again, _ = load(config, config / "store", previous=first)
    assert again.version == first.version
    assert again.layers["chemin"].facts is facts
    (config / "styles" / "parcelle.sld").write_text((config / "styles" / "parcelle.sld").read_text() + "\n")
    assert load(config, config / "store", previous=first)[0].version != first.version


def test_the_committed_json_schemas_are_current():
    from scripts.check import schemas

    folder = Path(__file__).parents[2] / "config" / "schemas"
    for name, text in schemas().items():
        assert (folder / name).read_text(encoding="utf-8") == text, f"make schemas: {name} is stale"
    assert json.loads(text)["properties"]["theme"]
