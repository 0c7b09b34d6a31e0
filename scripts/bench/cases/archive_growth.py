"""What keeping and reading a tile costs in a store of 1,000, of 100,000 and of more made-up small tiles.

A million; with BENCH_FULL=1, ten.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.bench.measure import Figure
from tiles.address import TileAddress
from tiles.archives.archive import ArchiveInfo
from tiles.store import Store

TITLE = "The cost of a tile as the store grows: blocks of 64 anywhere, kept as a seed keeps them, read as a view is"
SIZES = {False: (1_000, 100_000, 1_000_000), True: (1_000, 100_000, 10_000_000)}
MOST = 1.5
"""How much more a tile may cost in the largest store than in the smallest."""
LEVEL, CELL, SIDE = 23, 128, 8
"""The last level of a band, of which an archive has 128 × 128 tiles, and the side of a block."""
ROW = 64
"""Archives side by side."""
ROUNDS = 60
INFO = ArchiveInfo(name="made up", format="png", bounds=(-180, -85, 180, 85), grid="PM", attribution="", stamp="s")


def run(folder: Path, seconds: float) -> list[Figure]:
    """Microseconds a tile kept and read; the ratio is to the smallest store."""
    store, filled, figures = Store(folder), 0, []
    first: tuple[float, float] | None = None
    for count in SIZES["BENCH_FULL" in os.environ]:
        filled = _fill(store, filled, count)
        kept, read = _kept(store, count), _read(store, count, seconds)
        first = first or (kept, read)
        for name, value, base in (("kept", kept, first[0]), ("read", read, first[1])):
            figures.append(Figure(f"a tile {name}, {count:,} there", value * 1e6, "µs", value / base, MOST, most=True))
    store.close()
    return figures


def _tile(x: int, y: int) -> bytes:
    return b"%d %d;" % (x, y) * 10


def _address(number: int) -> TileAddress:
    """Cell by cell, row by row in a cell."""
    cell, inside = divmod(number, CELL * CELL)
    x, y = cell % ROW * CELL + inside % CELL, cell // ROW * CELL + inside // CELL
    return TileAddress("made_up", "default", "", "PM", LEVEL, x, y)


def _fill(store: Store, filled: int, count: int) -> int:
    """An archive's tiles in one transaction: how they came there does not matter."""
    while filled < count:
        more = min(count - filled, CELL * CELL - filled % (CELL * CELL))
        addresses = map(_address, range(filled, filled + more))
        store.put_many(((one, _tile(one.x, one.y)) for one in addresses), INFO)
        filled += more
    return count


def _kept(store: Store, count: int) -> float:
    """Seconds a tile of blocks that are made anew all over the store, as seeding does it; the median block."""
    chance, times = random.Random(count), []  # noqa: S311 - repeatable
    for _ in range(ROUNDS):
        at = _address(chance.randrange(count))
        block = list(_block(at._replace(x=at.x - at.x % SIDE, y=at.y - at.y % SIDE)))
        tiles = [(one, b"%d " % chance.getrandbits(60) + _tile(one.x, one.y)) for one in block]
        begun = time.perf_counter()
        store.present(block[0], block[-1], "none")
        store.put_many(tiles, INFO)
        times.append(time.perf_counter() - begun)
    return sorted(times)[ROUNDS // 2] / SIDE**2


def _block(first: TileAddress) -> Iterator[TileAddress]:
    for y in range(first.y, first.y + SIDE):
        for x in range(first.x, first.x + SIDE):
            yield first._replace(x=x, y=y)


def _read(store: Store, count: int, seconds: float) -> float:
    """Seconds a tile of blocks anywhere; the median block."""
    chance, times = random.Random(count), []  # noqa: S311 - repeatable
    end = time.perf_counter() + min(seconds, 4.0)
    while time.perf_counter() < end:
        at = _address(chance.randrange(count))
        block = list(_block(at._replace(x=at.x - at.x % SIDE, y=at.y - at.y % SIDE)))
        begun = time.perf_counter()
        found = [store.get(address) for address in block]
        times.append(time.perf_counter() - begun)
        if None in found[:1]:
            raise RuntimeError(f"{block[0]} is not there")
    return sorted(times)[len(times) // 2] / SIDE**2
