"""garrigue publish to an object store: the same site as in a folder."""

import json
from pathlib import Path

import pytest
from pmtiles.reader import MemorySource, Reader

from support.published_site import garrigue
from support.s3 import s3_server


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
