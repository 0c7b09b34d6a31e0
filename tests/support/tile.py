"""A stored tile of the small configuration."""

from pathlib import Path

from server.published import open_current
from tiles.address import TileAddress
from tiles.archives.archive import ArchiveInfo
from tiles.store import Store

Z = 15


def put_tile(store: Path, data: bytes = b"\xff\xd8tile\xff\xd9", z: int = Z) -> str:
    """Store the first tile that the layer ortho has at a level on PM, and return its address."""
    published = open_current(store)
    assert published is not None
    layer = published.table.layers["ortho"]
    x, y = layer.limits["PM"][z][:2]
    info = ArchiveInfo("ortho", "jpg", bounds=(3, 43, 4, 44), grid="PM", stamp=layer.stamps["default"])
    Store(store).put_many([(TileAddress("ortho", "default", "", "PM", z, x, y), data)], info)
    return f"/tiles/ortho/PM/{z}/{x}/{y}.jpg"
