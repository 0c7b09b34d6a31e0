"""The WFS alone, over small vector files: no front, no engine around it."""

import pytest

from layers.registry import Registry
from support.vectors import make_registry
from support.wfs import Client, editable


@pytest.fixture(scope="session")
def vectors(tmp_path_factory) -> Registry:
    """A registry over vector files of every trait."""
    return make_registry(tmp_path_factory.mktemp("vectors"))


@pytest.fixture(scope="session")
def wfs(vectors) -> Client:
    """The WFS over these files."""
    return Client(vectors)


@pytest.fixture
def edited(tmp_path):
    """A WFS over files of its own, whose points and collections of polygons may be edited."""
    return editable(tmp_path)
