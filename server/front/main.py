"""The front: the one process that is always on. Run as `python -m server.front.main` (`garrigue serve` does that).

Imports uvicorn, uvloop, httptools, xxhash and the standard library only: no GDAL, Mapnik, MapProxy, pygeoapi, pydantic,
numpy or pyproj ever comes into it.
"""

import argparse
import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import uvicorn
import uvloop

from server.front.connection import Desk, connection_class
from server.front.maps import Maps
from server.front.open_files import raise_limit
from server.front.reception import Reception
from server.front.served import Served
from server.front.status import Status
from server.front.tile_hit import Hits
from server.front.wake import Engine, Settings
from server.front.watch import Watch
from server.published import Published, open_current
from tiles.archives.reader import Reader

log = logging.getLogger("garrigue.front")

KEEP_ALIVE = 30
"""Seconds that a connection may be idle, or a request's head take."""
BACKLOG = 2048
HANDLES = 512
"""Archives that stay open: some 40 kB each, so that the front keeps well below 60 MB."""
HOLD = 0.02
"""Seconds between looks at archives whose reads share a transaction: the most that they keep a writer waiting."""


class Server(uvicorn.Server):
    """uvicorn's server, which sleeps until it is told to stop (its own looks up ten times a second)."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_stop = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals without raising them again afterwards: there is an engine to stop first."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        super().handle_exit(sig, frame)
        self.told_to_stop.set()

    async def main_loop(self) -> None:
        """Wait for a signal."""
        await self.told_to_stop.wait()


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to stop."""
    asked = _arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    published = open_current(asked.store)
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    if published is None:
        sys.exit(f"garrigue: nothing has been compiled in {asked.store}; run garrigue check --compile")
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(asked, published), loop_factory=uvloop.new_event_loop)


async def _serve(asked: argparse.Namespace, published: Published) -> None:
    served = Served(asked.store)
    desk = Desk(Hits(_reader(asked), published.table, served))
    status = Status(asked.store, served)
    engine = None if asked.tiles_only else Engine(_settings(asked, published))
    reception = Reception(desk, published, engine, status)

    if engine is not None:
        desk.maps = Maps(engine, published, reception.keys)

    def take_up(new: Published) -> None:
        desk.hits = Hits(desk.hits.store, new.table, served)
        reception.published = new
        if engine is not None:
            engine.settings = _settings(asked, new)
            desk.maps = Maps(engine, new, reception.keys)

    def tick() -> None:
        served.keep_now_and_then()
        desk.hits.store.rest()

    watch = Watch(asked.config or published.config, asked.store, published, take_up, tick)
    status.engine, status.watch = engine, watch
    listening = _listen(asked.host, asked.port)
    server = Server(_uvicorn(reception, desk))
    address = _address(listening)
    status.announce(address)
    print(welcome(address, published), flush=True)
    watching = asyncio.create_task(watch.run())
    try:
        await server.serve([listening])
    finally:
        watching.cancel()
        status.withdraw()
        served.keep()
        reception.enlarger.close()
        if engine is not None:
            await engine.close()


def _reader(asked: argparse.Namespace) -> Reader:
    """The store, whose reads share transactions: looked at every few milliseconds as long as there are some."""
    loop = asyncio.get_running_loop()

    def hold() -> None:
        loop.call_later(HOLD, release)

    def release() -> None:
        if reader.release():
            hold()

    reader = Reader(asked.store, hold, handles=_handles(asked.handles))
    return reader


def _handles(wanted: int) -> int:
    """Archives that stay open: half of the files that may be open at the most, the others are clients'."""
    limit = raise_limit()
    if limit // 2 >= wanted:
        return wanted
    log.warning("only %d files may be open (ulimit -n, LimitNOFILE): %d archives stay so", limit, limit // 2)
    return limit // 2


def _uvicorn(reception: Reception, desk: Desk) -> uvicorn.Config:
    return uvicorn.Config(
        reception,
        http=connection_class(desk),
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=5,
        backlog=BACKLOG,
    )


def _settings(asked: argparse.Namespace, published: Published) -> Settings:
    return Settings(
        store=asked.store,
        workers=asked.workers or published.processes,
        idle=asked.idle if asked.idle is not None else published.idle,
        hours=published.hours,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        sys.exit(f"garrigue: cannot listen on {host}:{port}: {error.strerror}")
    # From here on clients may come: they wait until uvicorn takes over.
    found.listen(BACKLOG)
    found.setblocking(False)
    return found


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)  # noqa: S104 - told, not listened on
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def welcome(address: str, published: Published) -> str:
    """What to paste where."""
    base = published.origin.public_url or address
    tiles = next(iter(_xyz(published)), "{layer}/PM/{z}/{x}/{y}.png")
    return f"""
Garrigue · {published.title.get(published.language) or "geoservices"}

  start page   {base}/

  QGIS         WMS      {base}/wms
               WFS      {base}/wfs
               WMTS     {base}/wmts/1.0.0/WMTSCapabilities.xml
               OGC API  {base}/ogcapi
               XYZ      {base}/tiles/{tiles}
  web map      {base}/tiles/{tiles.partition("/")[0]}.json   (TileJSON: MapLibre, Leaflet, OpenLayers)

  stop with Ctrl+C
"""


def _xyz(published: Published) -> list[str]:
    found = []
    for layer in published.table.layers.values():
        if "PM" in layer.limits:
            extension = next((ext for ext in sorted(layer.formats) if "/" not in ext and ext != "jpeg"), "png")
            found.append(f"{layer.id}/PM/{{z}}/{{x}}/{{y}}.{extension}")
    return found


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="garrigue-front")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--idle", type=float)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--handles", type=int, default=HANDLES)
    parser.add_argument("--tiles-only", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    main()
