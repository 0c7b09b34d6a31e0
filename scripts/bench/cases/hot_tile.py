"""Stored tiles over keep-alive connections, and 304s, each server on one core and with the same tiles.

What is measured is the processor's time a request, of all processes of a server: on a core of its own its inverse is
the requests a second, and on a machine that others use too it changes least. nginx has one worker, no access log
and its cache of open files: on one plain file, whose bytes never leave the processor's cache, and on the same
random tiles as plain files. Then ours with many layers and archives in use.
"""

import http.client
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median

from scripts.bench import site
from scripts.bench.load import CLIENT_CORE, SERVER_CORE, front, nginx, wrk
from scripts.bench.measure import Figure
from scripts.bench.peers import tile_servers
from scripts.bench.peers.peer import MissingPeerError, Peer, installed
from scripts.bench.site import LEVEL, X0, Y0

TITLE = "A hot tile of 15 kB, one core for the server, random tiles"
SIZE = 15000
MIB = 1024 * 1024
ROUNDS = 5
FIRST = f"{LEVEL}/{X0}/{Y0}"
_LEVEL = f'{LEVEL}/" .. x .. "/" .. y'
_PEERS: Mapping[str, tuple[Callable[[Path, Path, str], AbstractContextManager[Peer]], str, str, float]] = {
    "MapProxy": (tile_servers.mapproxy, "files", ".jpeg", 10),
    "MapCache": (tile_servers.mapcache, "files", ".jpg", 3),
    "martin": (tile_servers.martin, "ortho.mbtiles", "", 1),
}
"""Each with what it reads, the end of its addresses, and the ratio that is aimed at."""

type Loads = dict[str, tuple[Peer, Path]]
type Costs = dict[str, float]
"""Microseconds of the processor a request, by load."""


def run(folder: Path, seconds: float) -> list[Figure]:
    """Ours, nginx, and the peers that are there."""
    for program in ("nginx", "wrk", "taskset"):
        installed(program)
    config, store = site.make_site(folder / "config"), folder / "store"
    site.compile_site(config, store)
    site.seed(store, SIZE)
    site.seed_files(folder / "files", SIZE)
    site.seed_mbtiles(folder / "ortho.mbtiles", SIZE)
    return [*measure(folder, config, store, seconds), *many_archives(folder / "many", seconds)]


def measure(folder: Path, config: Path, store: Path, seconds: float) -> list[Figure]:
    """The figures of a site that is seeded."""
    with ExitStack() as servers:
        one = servers.enter_context(nginx(folder / "nginx", bytes(SIZE)))
        files = servers.enter_context(nginx(folder / "plain", bytes(SIZE), root=folder / "files"))
        ours = servers.enter_context(front(config, store, "--tiles-only"))
        known = f"[\"If-None-Match\"] = '{_etag(one.port, '/tile.jpg')}'"
        _etag(ours.port, f"/tiles/ortho/PM/{FIRST}.jpg")
        tile, file = f'"/tiles/ortho/PM/{_LEVEL} .. ".jpg"', '"/tile.jpg?" .. x .. "/" .. y'
        loads: Loads = {
            "nginx": (one, site.random_tiles(folder / "one.lua", file)),
            "files": (files, site.random_tiles(folder / "files.lua", f'"/{_LEVEL} .. ".jpg"')),
            "ours": (ours, site.random_tiles(folder / "random.lua", tile)),
            "nginx 304": (one, site.random_tiles(folder / "again.lua", file, known)),
            "ours 304": (ours, site.random_tiles(folder / "known.lua", tile, '["If-None-Match"] = "*"')),
        }
        loads |= servers.enter_context(_peers(folder))
        rounds = _rounds(loads, seconds)
        memory = ours.memory() / MIB
    return [*_figures(rounds), Figure("front, private memory afterwards", memory, "MiB", target=60, most=True)]


def many_archives(folder: Path, seconds: float) -> list[Figure]:
    """8 layers of 200 archives, each request another one: more than stay open."""
    columns, rows = (cells * site.CELL for cells in site.CELLS)
    config, store = site.make_site(folder / "config", site.many_layers(), columns, rows), folder / "store"
    site.compile_site(config, store)
    site.seed_many(store, SIZE)
    with nginx(folder / "nginx", bytes(SIZE)) as one, front(config, store, "--tiles-only") as ours:
        rounds = _rounds(
            {
                "nginx": (one, site.random_tiles(folder / "one.lua", '"/tile.jpg?" .. x .. "/" .. y')),
                "ours": (ours, site.random_archives(folder / "many.lua")),
            },
            seconds,
        )
        memory = ours.memory() / MIB
    return [
        _figure(rounds, "ours", "garrigue, 1,600 archives; to nginx on one file", _ratio(rounds, "nginx", "ours")),
        Figure("front, private memory then", memory, "MiB", target=60, most=True),
    ]


@contextmanager
def _peers(folder: Path) -> Iterator[Loads]:
    """The peers that are installed, on the servers' core."""
    loads: Loads = {}
    cores = os.sched_getaffinity(0)
    with ExitStack() as servers:
        os.sched_setaffinity(0, {SERVER_CORE})
        try:
            for name, (start, data, end, _) in _PEERS.items():
                try:
                    peer = servers.enter_context(start(folder / name, folder / data, FIRST))
                except MissingPeerError:
                    continue
                path = f'"{peer.base}{_LEVEL} .. "{end}"'
                loads[name] = (peer, site.random_tiles(folder / f"{name}.lua", path))
        finally:
            os.sched_setaffinity(0, cores | {CLIENT_CORE})
        yield loads


def _rounds(loads: Loads, seconds: float) -> list[Costs]:
    return [{name: _cost(*load, seconds / ROUNDS) for name, load in loads.items()} for _ in range(ROUNDS)]


def _cost(server: Peer, script: Path, seconds: float) -> float:
    before = server.worked()
    _, count = wrk(server.port, script, seconds)
    return (server.worked() - before) / count * 1e6


def _figures(rounds: list[Costs]) -> Iterator[Figure]:
    yield _figure(rounds, "nginx", "nginx, one plain file")
    yield _figure(rounds, "files", "nginx, the same tiles as plain files")
    yield _figure(rounds, "ours", "garrigue, to nginx on one file", _ratio(rounds, "nginx", "ours"), 0.45)
    yield _figure(rounds, "ours", "garrigue, to nginx on the tiles as files", _ratio(rounds, "files", "ours"))
    yield _figure(rounds, "nginx 304", "nginx, 304")
    yield _figure(rounds, "ours 304", "garrigue, 304", _ratio(rounds, "nginx 304", "ours 304"))
    for name, (_, _, _, aim) in _PEERS.items():
        if name in rounds[0]:
            yield _figure(rounds, name, f"{name}, and garrigue to it", _ratio(rounds, name, "ours"), aim)


def _figure(rounds: list[Costs], name: str, told: str, ratio: float | None = None, aim: float | None = None) -> Figure:
    return Figure(told, median(each[name] for each in rounds), "µs", ratio, aim)


def _ratio(rounds: list[Costs], peer: str, ours: str) -> float:
    """How many times more the peer works: the median of the rounds' ratios."""
    return median(each[peer] / each[ours] for each in rounds)


def _etag(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status}")
    return str(answer.getheader("ETag"))
