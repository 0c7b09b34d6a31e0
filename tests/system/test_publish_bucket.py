"""garrigue publish to an object store: the same site as in a folder."""

import json
from pathlib import Path

import pytest
from pmtiles.reader import MemorySource, Reader

from support.published_site import garrigue
from support.s3 import s3_server
from support.s3_of_files import s3_of_files


def publish(config: Path, store: Path, to: object, *more: object, status: int = 0) -> str:
    ask = ("--config", config, "--store", store, "--to", to, "--url", "https://tuiles.example.org")
    return garrigue("publish", "ortho", *ask, *more, status=status)


def test_a_site_in_a_bucket_is_that_of_a_folder(
    config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = tmp_path / "store", tmp_path / "to"
    garrigue("seed", "ortho", "--config", config_dir, "--store", store, "--levels", "14-16")
    publish(config_dir, store, folder)
    with s3_server(tmp_path) as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        told = json.loads(publish(config_dir, store, "s3://tuiles/essai/", "--json"))
        assert told["written"] > 10
        site = (folder / "site").resolve()
        files = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
        found = bucket.objects("essai")
        assert {name: data for name, data in found.items() if name in files} == {
            name: data for name, data in files.items() if not name.startswith(".")
        }
        reader = Reader(MemorySource(found["pmtiles/ortho.default.pmtiles"]))
        assert reader.header()["min_zoom"] == 14
        assert "0 files written" in publish(config_dir, store, "s3://tuiles/essai")
        assert "there is no bucket 'rien'" in publish(config_dir, store, "s3://rien/essai", status=1)


def test_a_store_that_keeps_objects_as_files_gets_the_same_site(
    config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no object at the address of a folder: the documents lead to files."""
    store, objects = tmp_path / "store", tmp_path / "objects"
    garrigue("seed", "ortho", "--config", config_dir, "--store", store, "--levels", "14-15")
    with s3_of_files(objects) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert json.loads(publish(config_dir, store, "s3://tuiles/un essai", "--json"))["written"] > 10
        assert "0 files written" in publish(config_dir, store, "s3://tuiles/un essai")
        publish(config_dir, store, "s3://tuiles/un essai", "--levels", "14")
    site = objects / "un essai"
    assert not list(site.glob("tiles/ortho/default/PM/15/*/*.jpeg"))
    tilesets = json.loads((site / "ogcapi/collections/ortho/map/tiles/index.json").read_bytes())["tilesets"]
    assert tilesets
    for tileset in tilesets:
        own = next(link["href"] for link in tileset["links"] if link["rel"] == "self")
        document = json.loads((site / own.removeprefix("https://tuiles.example.org/")).read_bytes())
        grid = document["tileMatrixSetDefinition"].removeprefix("https://tuiles.example.org/")
        assert json.loads((site / grid).read_bytes())["tileMatrices"]
