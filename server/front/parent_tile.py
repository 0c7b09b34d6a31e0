"""In place of a tile that was never made: the part of a tile above it, enlarged by a short-lived process."""

import asyncio
import json
import logging
import os
import struct
import sys
from typing import NamedTuple

from tiles.address import TileAddress
from tiles.archives.reader import Reader
from tiles.grids import Grid

log = logging.getLogger("garrigue.front")

LEVELS = 6
"""How many levels above a tile are looked at."""
WAITING = 64
"""Tiles that may wait for the process; more are answered without it."""
PATIENCE = 10.0
"""Seconds that one tile may take."""
IDLE = 10.0
"""Seconds after which the process ends."""
MOST = 4 * 1024 * 1024
"""Bytes of a tile that is enlarged, and of what it becomes."""


class Ancestor(NamedTuple):
    """A stored tile that covers another one, and where in it: left, upper, right, lower, in pixels."""

    data: bytes
    box: tuple[float, float, float, float]


def ancestor(store: Reader, address: TileAddress, tiling: Grid) -> Ancestor | None:
    """The nearest stored tile above; None where there is none, or where levels do not halve."""
    if not tiling.dyadic:
        return None
    for up in range(1, min(LEVELS, address.z - tiling.first) + 1):
        above = address._replace(z=address.z - up, x=address.x >> up, y=address.y >> up)
        stored = store.get(above)
        if stored is not None:
            side = tiling.tile_size / (1 << up)
            left, upper = (address.x - (above.x << up)) * side, (address.y - (above.y << up)) * side
            return Ancestor(stored[1], (left, upper, left + side, upper + side))
    return None


class Enlarger:
    """Asks the process, one tile after another; starts it when it is needed and ends it when it is idle."""

    def __init__(self) -> None:
        self.process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._end: asyncio.TimerHandle | None = None

    async def enlarge(self, found: Ancestor, size: int, media_type: str) -> bytes | None:
        """The picture of a part; None where there is none to be had (too many ask, the process fails)."""
        if self._waiting >= WAITING or len(found.data) > MOST:
            return None
        self._waiting += 1
        try:
            async with self._turn, asyncio.timeout(PATIENCE):
                return await self._ask(found, size, media_type)
        except (OSError, TimeoutError, EOFError) as error:
            log.error("a tile could not be enlarged: %r", error)
            self.close()
            return None
        except asyncio.CancelledError:
            # Half an answer may be left in the pipe.
            self.close()
            raise
        finally:
            self._waiting -= 1

    async def _ask(self, found: Ancestor, size: int, media_type: str) -> bytes | None:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        told = {"bytes": len(found.data), "type": media_type, "size": size, "box": found.box}
        process.stdin.write(json.dumps(told).encode() + b"\n" + found.data)
        await process.stdin.drain()
        (length,) = struct.unpack(">I", await process.stdout.readexactly(4))
        if length > MOST:
            raise EOFError(f"{length} bytes")
        picture = await process.stdout.readexactly(length)
        self._end = asyncio.get_running_loop().call_later(IDLE, self.close)
        return picture or None

    async def _running(self) -> asyncio.subprocess.Process:
        if self._end is not None:
            self._end.cancel()
        if self.process is None or self.process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            command = (sys.executable, "-m", "server.front.enlarge", str(os.getpid()))
            self.process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        return self.process

    def close(self) -> None:
        """End the process."""
        if self._end is not None:
            self._end.cancel()
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
        self.process = None
