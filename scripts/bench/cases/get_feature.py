"""GetFeature over a region of real buildings, repeated: ours from a GeoPackage, MapServer and QGIS Server from a
FlatGeobuf.

200,000 features; with BENCH_FULL=1, a million. QGIS Server, which is far from the others, writes some of them.
"""

import os
import random
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from scripts.bench import data
from scripts.bench.ask import Answer, Client, Times, alternate, answered
from scripts.bench.cases.get_map import get_map
from scripts.bench.measure import Figure
from scripts.bench.peers.garrigue import garrigue
from scripts.bench.peers.mapserver import VectorLayer, mapserver
from scripts.bench.peers.peer import MissingPeerError, Peer
from scripts.bench.peers.qgis_server import qgis_server
from scripts.bench.peers.style import MAPSERVER
from scripts.bench.places import places
from scripts.bench.watch import downloads, memory

TITLE = "GetFeature over a region of buildings (WFS 2.0.0)"
LAYER = "batiment"
GML, GEOJSON = "application/gml+xml; version=3.2", "geojson"
KINDS = {GML: ("text/xml", "application/"), GEOJSON: ("application/",)}
ROUNDS = 3
PAGE = 1000
SOME = 20_000
"""Features that QGIS Server writes."""


def run(folder: Path, seconds: float) -> list[Figure]:
    """All features, a box, one by its id, hits, pages; then maps beside downloads."""
    features = data.region(folder / "data", 1_000_000 if os.environ.get("BENCH_FULL") else 200_000)
    ours = {LAYER: {"source": {"vector": str(features.gpkg)}, "style": f"styles/{LAYER}.sld"}}
    theirs = [VectorLayer(LAYER, features.fgb, "POLYGON", MAPSERVER[LAYER], features.extent)]
    with (
        garrigue(folder / "garrigue", ours) as peer,
        mapserver(folder / "mapserver", theirs, features.extent, processes=1) as other,
    ):
        clients = [Client(peer), Client(other)]
        figures = _everything(clients, features.count)
        figures += _qgis(folder / "qgis", features, figures)
        figures += _small(clients, features, max(20, int(seconds * 5)))
        figures += _pages(clients, features.count)
        for form in (GML, GEOJSON):
            figures += _beside_downloads(peer, form, max(20, int(seconds * 5)))
    return figures


def get_feature(peer: Peer, **parameters: object) -> str:
    """The request, as this server takes it (OGC 09-025r2, 11.2)."""
    asked = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "TYPENAMES": LAYER, **parameters}
    return ("/wfs?" if peer.name == "garrigue" else "") + urlencode(asked, safe="/,:")


def _everything(clients: Sequence[Client], count: int) -> list[Figure]:
    """All features in both formats, first byte and the growth of our memory."""
    figures = []
    for form, aim in ((GML, 4.0), (GEOJSON, 5.0)):
        answers, growth = _downloads(clients, form)
        name = "GML 3.2" if form == GML else "GeoJSON"
        rates = {
            server: count / statistics.median(answer.seconds for answer in found) for server, found in answers.items()
        }
        for server, rate in rates.items():
            size = f"{count:,} features, {answers[server][0].size / 1e6:.0f} MB"
            ratio = (rates["garrigue"] / rate, aim) if server != "garrigue" else (None, None)
            figures.append(Figure(f"{name}: {server} ({size})", rate, "features/s", *ratio))
        first = 1000 * statistics.median(answer.first for answer in answers["garrigue"])
        figures.append(Figure(f"{name}: garrigue, first byte", first, "ms", target=100, most=True))
        figures.append(Figure(f"{name}: garrigue, memory growth", growth, "MB", target=100, most=True))
    return figures


def _qgis(folder: Path, features: data.Buildings, ours: Sequence[Figure]) -> list[Figure]:
    """What QGIS Server writes in a second, in WFS 1.1.0, the last version that it has."""
    figures = []
    forms = ((GML, "GML 3.2", "GML3"), (GEOJSON, "GeoJSON", "application/vnd.geo+json"))
    try:
        with qgis_server(folder, {LAYER: features.fgb}, processes=1) as peer:
            client = Client(peer)
            for form, name, its in forms:
                asked = partial(get_feature, peer, VERSION="1.1.0", TYPENAME=LAYER, OUTPUTFORMAT=its)
                client.ask(asked(MAXFEATURES=10), KINDS[form])
                rate = SOME / client.ask(asked(MAXFEATURES=SOME), KINDS[form]).seconds
                own = next(figure.value for figure in ours if figure.name.startswith(f"{name}: garrigue ("))
                figures.append(Figure(f"{name}: qgis ({SOME:,} features)", rate, "features/s", own / rate))
            client.close()
    except MissingPeerError as error:
        print(f"get_feature: QGIS Server SKIPPED, {error}", file=sys.stderr)
    return figures


def _downloads(clients: Sequence[Client], form: str) -> tuple[Mapping[str, list[Answer]], float]:
    """Answers by server, asked in turn, and the most that our memory grew by (MB), after a page as warm-up."""
    answers: dict[str, list[Answer]] = {client.peer.name: [] for client in clients}
    growths = []
    for client in clients:
        client.ask(get_feature(client.peer, OUTPUTFORMAT=form, COUNT=PAGE), KINDS[form])
    for _ in range(ROUNDS):
        for client in clients:
            with memory(client.peer) as seen:
                answer = client.ask(get_feature(client.peer, OUTPUTFORMAT=form), KINDS[form])
            answers[client.peer.name].append(answer)
            if client.peer.name == "garrigue":
                growths.append(seen.growth)
    return answers, max(growths)


def _small(clients: Sequence[Client], features: data.Buildings, count: int) -> list[Figure]:
    chance = random.Random(7)  # noqa: S311 - repeatable
    numbers = [chance.randrange(1, features.count) for _ in range(max(12, count // 4))]
    squares = places("EPSG:2154", 1000, 1.0, count, features.extent)
    boxes = [",".join(f"{value:.1f}" for value in place.bbox) + ",urn:ogc:def:crs:EPSG::2154" for place in squares]
    boxes = answered(clients, boxes, lambda peer, box: get_feature(peer, BBOX=box), KINDS[GML])

    def by_id(peer: Peer) -> list[str]:
        return [get_feature(peer, RESOURCEID=_resource_id(peer, number)) for number in numbers]

    rows: list[tuple[str, Callable[[Peer], Iterable[str]]]] = [
        ("1 km²", lambda peer: [get_feature(peer, BBOX=box) for box in boxes]),
        ("by id", by_id),
    ]
    figures = []
    for name, paths in rows:
        figures += _rows(name, alternate(clients, paths, KINDS[GML], warm_up=2), 0.5)
    hits = alternate(clients, lambda peer: [get_feature(peer, RESULTTYPE="hits")] * 8, KINDS[GML], warm_up=2)
    figures += _rows("hits", hits, None)
    figures.append(Figure("hits: garrigue", hits["garrigue"].median, "ms", target=20, most=True))
    return figures


def _resource_id(peer: Peer, number: int) -> str:
    """Ours are named by the GeoPackage's fid, MapServer's by BD TOPO's cleabs."""
    return f"{LAYER}.{number}" if peer.name == "garrigue" else f"{LAYER}.BATIMENT{number:016d}"


def _rows(name: str, times: Mapping[str, Times], aim: float | None) -> list[Figure]:
    ours = times["garrigue"].median
    return [
        Figure(
            f"{name}: {server}, median ({found.size / 1000:.1f} kB)",
            found.median,
            "ms",
            ours / found.median if server != "garrigue" else None,
            aim if server != "garrigue" else None,
            True,
        )
        for server, found in times.items()
    ]


def _pages(clients: Sequence[Client], count: int) -> list[Figure]:
    """A page of a thousand at 90 % of the features against the first one."""
    figures = []
    deep = count * 9 // 10
    medians: dict[tuple[str, int], float] = {}
    for start in (0, deep):
        page = partial(_page, start=start)
        times = alternate(clients, page, KINDS[GML], warm_up=2)
        medians |= {(server, start): found.median for server, found in times.items()}
    for client in clients:
        name = client.peer.name
        ratio = medians[name, deep] / medians[name, 0]
        figures.append(Figure(f"page at 0: {name}", medians[name, 0], "ms"))
        aim = 1.5 if name == "garrigue" else None
        figures.append(Figure(f"page at {deep:,}: {name}", medians[name, deep], "ms", ratio, aim, True))
    return figures


def _page(peer: Peer, *, start: int) -> list[str]:
    return [get_feature(peer, COUNT=PAGE, STARTINDEX=start)] * 10


def _beside_downloads(peer: Peer, form: str, count: int) -> list[Figure]:
    """GetMap alone, and while eight clients download everything."""
    client = Client(peer)
    paths = [get_map(peer, place, [LAYER]) for place in places("EPSG:2154", 256, 0.4, count)]
    alone = alternate([client], lambda _: paths, "image/png", warm_up=5)["garrigue"].median
    with downloads(peer, get_feature(peer, OUTPUTFORMAT=form), 8):
        beside = alternate([client], lambda _: paths, "image/png", warm_up=5)["garrigue"].median
    client.close()
    name = "GML" if form == GML else "GeoJSON"
    return [
        Figure("GetMap: garrigue, alone", alone, "ms"),
        Figure(f"GetMap: garrigue, beside 8 downloads of {name}", beside, "ms", beside / alone, 2.0, True),
    ]
