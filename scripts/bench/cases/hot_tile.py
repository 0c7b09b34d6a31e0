"""Stored tiles over keep-alive connections, and 304s, against nginx on one plain file of the same size."""

import http.client
from collections.abc import Mapping
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
ROUNDS = 4
_ONE = 'wrk.path = "/tile.jpg"'


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
    with nginx(folder / "nginx", bytes(SIZE)) as other, front(config, store, "--tiles-only") as (port, pid):
        etag = _etag(other, "/tile.jpg")
        _etag(port, f"/tiles/ortho/PM/{LEVEL}/{X0}/{Y0}.jpg")
        loads = {
            "nginx": (other, _script(folder / "one.lua", _ONE)),
            "ours": (port, random_tiles(folder / "random.lua")),
            "nginx 304": (other, _script(folder / "again.lua", f"wrk.headers['If-None-Match'] = '{etag}'\n{_ONE}")),
            "ours 304": (port, random_tiles(folder / "known.lua", '["If-None-Match"] = "*"')),
        }
        best = _best(loads, seconds / ROUNDS)
        memory = private(pid) / MIB
    return [
        Figure("nginx, one plain file", best["nginx"], "requests/s"),
        Figure("garrigue, random tiles", best["ours"], "requests/s", best["ours"] / best["nginx"], AIM),
        Figure("nginx, 304", best["nginx 304"], "requests/s"),
        Figure("garrigue, 304", best["ours 304"], "requests/s", best["ours 304"] / best["nginx 304"]),
        Figure("front, private memory afterwards", memory, "MiB", target=60, most=True),
    ]


def _best(loads: Mapping[str, tuple[int, Path]], seconds: float) -> dict[str, float]:
    """The best of some short runs, taken in turns: what else the machine does harms all of them alike."""
    rounds = [{name: wrk(*load, seconds) for name, load in loads.items()} for _ in range(ROUNDS)]
    return {name: max(each[name] for each in rounds) for name in loads}


def _script(path: Path, text: str) -> Path:
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _etag(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answers {answer.status}")
    return str(answer.getheader("ETag"))
