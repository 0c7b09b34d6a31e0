"""A site in an object store: what is written, in which order, and what is told where it cannot be."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.s3 import KEYS, Bucket, s3_server
from tiles.site.bucket import new_bucket_version
from tiles.site.folder import SiteError

FILES = {
    "tiles/a/default/PM/1/1/1.png": b"one",
    "tiles/a/default/PM/1/1/2.png": b"two",
    "tiles/a.json": b"{}",
    "vector/a/PM/1/1/1.mvt": b"zipped",
    "ogcapi/index.json": b"{}",
    "index.html": b"<p>",
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s3") / "s3.log"


@pytest.fixture(scope="module")
def server(log: Path) -> Iterator[Bucket]:
    with s3_server(log.parent) as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


def fill(prefix: str, files: dict[str, Any], bucket: str = "tuiles") -> tuple[int, int, int]:
    with new_bucket_version(f"s3://{bucket}/{prefix}") as version:
        for name, data in files.items():
            version.put(name, data)
    return version.written, version.kept, version.removed


def asked(log: Path, prefix: str) -> list[str]:
    """What the server was asked to write and delete, in order: method and the end of the path."""
    lines = re.findall(rf'"(PUT|DELETE|POST) (/tuiles/{prefix}/\S+|/tuiles\S*delete\S*) ', log.read_text())
    return [f"{method} {path.removeprefix(f'/tuiles/{prefix}/')}" for method, path in lines]


def test_a_site_is_there_with_the_headers_that_clients_need(bucket: Bucket) -> None:
    assert fill("a", FILES) == (7, 0, 0)
    found = bucket.objects("a")
    assert {name: found[name] for name in FILES} == FILES
    assert found["ogcapi"] == b"{}"
    tile, document = bucket.headers("a", "tiles/a/default/PM/1/1/1.png"), bucket.headers("a", "tiles/a.json")
    assert (tile["Content-Type"], tile["Cache-Control"]) == ("image/png", "public, max-age=86400")
    assert (document["Content-Type"], document["Cache-Control"]) == ("application/json", "no-cache")
    assert bucket.headers("a", "vector/a/PM/1/1/1.mvt")["Content-Encoding"] == "gzip"
    assert bucket.headers("a", "ogcapi")["Content-Type"] == "application/json"


def test_only_what_changed_is_written_tiles_first_the_list_after_the_documents_then_what_is_gone(
    bucket: Bucket, log: Path
) -> None:
    fill("b", FILES)
    before = len(asked(log, "b"))
    assert fill("b", FILES) == (0, 7, 0)
    assert asked(log, "b")[before:] == []
    changed = {**FILES, "index.html": b"<h1>", "tiles/a/default/PM/1/1/1.png": b"other"}
    del changed["tiles/a/default/PM/1/1/2.png"]
    assert fill("b", changed) == (2, 4, 3)
    *writes, last = asked(log, "b")[before:]
    assert writes == ["PUT tiles/a/default/PM/1/1/1.png", "PUT index.html", "PUT .garrigue.json.gz"]
    assert last.startswith(("DELETE", "POST"))
    assert {*bucket.objects("b")} == {*changed, "ogcapi", ".garrigue.json.gz"}


def test_what_others_make_and_what_is_kept(bucket: Bucket) -> None:
    with new_bucket_version("s3://tuiles/c") as version:
        assert not version.keep("pmtiles/a.pmtiles", "1")
        assert not version.keep("tiles/a", "1")
        version.put("tiles/a/1.png", b"one")
        version.put("tiles/ab/1.png", b"beside")
        version.made("pmtiles/a.pmtiles").write_bytes(b"archive")
    assert bucket.get("c", "pmtiles/a.pmtiles") == b"archive"
    with new_bucket_version("s3://tuiles/c") as version:
        assert version.keep("pmtiles/a.pmtiles", "1")
        assert version.keep("tiles/a", "1")
    assert (version.written, version.kept, version.gone) == (0, 2, ["tiles/ab/1.png"])
    assert {*bucket.objects("c")} == {"pmtiles/a.pmtiles", "tiles/a/1.png", ".garrigue.json.gz"}


def test_who_is_stopped_halfway_leaves_the_documents_of_the_old_site(bucket: Bucket) -> None:
    fill("d", FILES)
    before = bucket.objects("d")
    with pytest.raises(TypeError):
        fill("d", {"tiles/a/default/PM/1/1/9.png": b"new", "index.html": b"new", "wrong": "no bytes"})
    after = bucket.objects("d")
    assert {name: after[name] for name in before} == before
    assert fill("d", FILES | {"tiles/a/default/PM/1/1/9.png": b"new"})[0] == 1


def test_a_list_that_is_not_ours_is_told(bucket: Bucket) -> None:
    import obstore

    obstore.put(bucket._store("e"), ".garrigue.json.gz", b"something")
    with pytest.raises(SiteError, match=r"s3://tuiles/e/.garrigue.json.gz is not what garrigue wrote"):
        fill("e", FILES)


@pytest.mark.parametrize("address", ["s3:/tuiles/a", "s3://", "gs://tuiles/a"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(SiteError, match="is no address of a bucket: s3://bucket/prefix"), new_bucket_version(address):
        pass


def test_a_bucket_that_is_not_there(bucket: Bucket) -> None:
    with pytest.raises(SiteError, match=rf"there is no bucket 'nulle-part' at {bucket.endpoint}"):
        fill("a", FILES, "nulle-part")


def test_a_server_that_is_not_there(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(SiteError, match=r"s3://tuiles/a cannot be reached at http://127.0.0.1:9: "):
        fill("a", FILES)


def test_keys_that_may_not_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server(tmp_path, INITIAL_NO_AUTH_ACTION_COUNT="1") as bucket:
        for name, value in {**KEYS, **bucket.environment}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SiteError, match="does not let these keys write to s3://tuiles/a: set AWS_ACCESS_KEY_ID"):
            fill("a", FILES)
