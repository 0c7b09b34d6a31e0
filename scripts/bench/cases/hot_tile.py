"""Stored tiles over keep-alive connections, and 304s, against nginx on one plain file of the same size."""

import http.client
from pathlib import Path

from scripts.bench.measure import Figure
from scripts.bench.load import front, nginx, wrk
from scripts.bench.peers.peer import installed
from scripts.bench.site import LEVEL, X0, Y0, compile_site, make_site, random_tiles, seed
from server.memory import private

TITLE = "A hot tile of 15 kB, one core for the server, random tiles"
SIZE = 15000
AIM = 0.4
MIB = 1024 * 1024


def run(folder: Path, seconds: float) -> list[Figure]:
    """Ours and nginx, tiles and 304s."""
    for program in ("nginx", "wrk", "taskset"):
        installed(program)
    config, store = make_site(folder / "config"), folder / "store"
    compile_site(config, store)
    seed(store, SIZE)
    return measure(folder, config, store, seconds)


def measure(folder: Path, config: Path, store: Path, seconds: float) -> list[Figure]:
    """The figures of a site that is seeded."""
    one = folder / "one.lua"
    one.write_text('wrk.path = "/tile.jpg"\n')
    again = folder / "again.lua"
    with nginx(folder / "nginx", bytes(SIZE)) as port:
        etag = _etag(port, "/tile.jpg")
        again.write_text(f"wrk.path = '/tile.jpg'\nwrk.headers['If-None-Match'] = '{etag}'\n")
        peer, peer_304 = wrk(port, one, seconds), wrk(port, again, seconds)
    with front(config, store, "--tiles-only") as (port, pid):
        etag = _etag(port, f"/tiles/ortho/PM/{LEVEL}/{X0}/{Y0}.jpg")
        ours = wrk(port, random_tiles(folder / "random.lua"), seconds)
        known = random_tiles(folder / "known.lua", '["If-None-Match"] = "*"')
        ours_304, memory = wrk(port, known, seconds), private(pid) / MIB
    return [
        Figure("nginx, one plain file", peer, "requests/s"),
        Figure("garrigue, random tiles", ours, "requests/s", ours / peer, AIM),
        Figure("nginx, 304", peer_304, "requests/s"),
        Figure("garrigue, 304", ours_304, "requests/s", ours_304 / peer_304),
        Figure("front, private memory afterwards", memory, "MiB", target=60, most=True),
    ]


def _etag(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status}")
    return str(answer.getheader("ETag"))
