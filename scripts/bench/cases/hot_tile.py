"""Stored tiles over keep-alive connections, and 304s, against nginx on one plain file of the same size.

nginx has one worker on our core, no access log and its cache of open files; once as it comes, once with sendfile.
"""

import http.client
from pathlib import Path
from statistics import median

from scripts.bench.load import front, nginx, wrk
from scripts.bench.measure import Figure
from scripts.bench.peers.peer import installed
from scripts.bench.site import LEVEL, X0, Y0, compile_site, make_site, one_file, random_tiles, seed
from server.memory import private

TITLE = "A hot tile of 15 kB, one core for the server, random tiles"
SIZE = 15000
AIM = 0.4
MIB = 1024 * 1024
ROUNDS = 5


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
    with (
        nginx(folder / "nginx", bytes(SIZE)) as other,
        nginx(folder / "sendfile", bytes(SIZE), "sendfile on; tcp_nopush on;") as sending,
        front(config, store, "--tiles-only") as (port, pid),
    ):
        known = f"[\"If-None-Match\"] = '{_etag(other, '/tile.jpg')}'"
        _etag(port, f"/tiles/ortho/PM/{LEVEL}/{X0}/{Y0}.jpg")
        loads = {
            "nginx": (other, one_file(folder / "one.lua")),
            "nginx sendfile": (sending, one_file(folder / "one.lua")),
            "ours": (port, random_tiles(folder / "random.lua")),
            "nginx 304": (other, one_file(folder / "again.lua", known)),
            "ours 304": (port, random_tiles(folder / "known.lua", '["If-None-Match"] = "*"')),
        }
        rounds = [{name: wrk(*load, seconds / ROUNDS)[0] for name, load in loads.items()} for _ in range(ROUNDS)]
        memory = private(pid) / MIB
    return [
        Figure("nginx, one plain file", _middle(rounds, "nginx"), "requests/s"),
        Figure("nginx with sendfile", _middle(rounds, "nginx sendfile"), "requests/s"),
        Figure("garrigue, random tiles", _middle(rounds, "ours"), "requests/s", _ratio(rounds, "ours", "nginx"), AIM),
        Figure(
            "the same, to sendfile", _middle(rounds, "ours"), "requests/s", _ratio(rounds, "ours", "nginx sendfile")
        ),
        Figure("nginx, 304", _middle(rounds, "nginx 304"), "requests/s"),
        Figure("garrigue, 304", _middle(rounds, "ours 304"), "requests/s", _ratio(rounds, "ours 304", "nginx 304")),
        Figure("front, private memory afterwards", memory, "MiB", target=60, most=True),
    ]


def _middle(rounds: list[dict[str, float]], name: str) -> float:
    return median(each[name] for each in rounds)


def _ratio(rounds: list[dict[str, float]], ours: str, peer: str) -> float:
    """The median of the rounds' ratios: what else the machine does changes from round to round."""
    return median(each[ours] / each[peer] for each in rounds)


def _etag(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status}")
    return str(answer.getheader("ETag"))
