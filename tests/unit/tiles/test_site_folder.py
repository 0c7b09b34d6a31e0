"""A folder that is replaced as a whole."""

from pathlib import Path

import pytest

from tiles.site.folder import SiteError, new_version


def fill(home: Path, files: dict[str, bytes]) -> tuple[int, int, int]:
    with new_version(home) as version:
        for name, data in files.items():
            version.put(name, data)
    return version.written, version.kept, version.removed


def test_what_is_the_same_stays_the_same_file(tmp_path: Path) -> None:
    assert fill(tmp_path, {"a/1": b"one", "b": b"two"}) == (2, 0, 0)
    before = (tmp_path / "site/a/1").stat().st_ino
    assert fill(tmp_path, {"a/1": b"one", "b": b"three"}) == (1, 1, 1)
    assert (tmp_path / "site/a/1").stat().st_ino == before
    assert (tmp_path / "site/b").read_bytes() == b"three"


def test_who_fails_halfway_leaves_the_old_site_and_nothing_beside(tmp_path: Path) -> None:
    fill(tmp_path, {"a": b"one"})
    with pytest.raises(TypeError):
        fill(tmp_path, {"a": b"two", "b": "no bytes"})
    assert (tmp_path / "site/a").read_bytes() == b"one"
    assert len(list(tmp_path.glob(".site-*"))) == 1


def test_the_rest_of_a_killed_writer_is_removed(tmp_path: Path) -> None:
    fill(tmp_path, {"a": b"one"})
    (tmp_path / ".site-killed").mkdir()
    fill(tmp_path, {"a": b"one"})
    assert not (tmp_path / ".site-killed").exists()
    assert (tmp_path / "site/a").read_bytes() == b"one"


def test_two_writers_and_a_folder_of_somebody_else_are_refused(tmp_path: Path) -> None:
    with new_version(tmp_path), pytest.raises(SiteError, match="another"), new_version(tmp_path):
        pass
    (tmp_path / "other" / "site").mkdir(parents=True)
    with pytest.raises(SiteError, match="not published by garrigue"), new_version(tmp_path / "other"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(SiteError, match="cannot be written"), new_version(tmp_path / "file"):
        pass
