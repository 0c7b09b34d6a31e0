"""Files that are too large to wait for: made aside, 202 with an address to poll (RFC 9110, 15.3.3; RFC 7240, 4.1)."""

import hashlib
import time
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from layers.errors import GarrigueError
from layers.query import FeatureQuery
from layers.sources import open_features
from server.errors import NotFoundError, ServiceError
from server.portal.language import choose
from server.wfs.asked import Asked
from server.wfs.errors import answer, told
from server.wfs.export import Export
from server.wfs.exports import Exports
from server.wfs.feature_type import FeatureType
from server.wfs.formats import STREAMED, FileFormat

if TYPE_CHECKING:
    from jinja2 import Environment

    from server.context import Context
    from server.wfs.get_feature import Parts

SAMPLE = 1000
"""Features that are written to estimate the size of a file."""
POLL = 5
"""Seconds between looks of who waits."""
_NOT_ASKED = frozenset(("APIKEY", "LANGUAGE", "SERVICE"))
"""Parameters that do not tell one file from another."""

TEXTS = {
    "fr": {
        "accepted": "En attente",
        "running": "En préparation",
        "successful": "Prêt",
        "failed": "Échec",
        "download": "Télécharger",
        "features": "objets",
        "about": "environ",
        "kept": "Le fichier est gardé jusqu’au",
        "again": "Le fichier n’a pas pu être préparé ; redemandez-le à la même adresse.",
        "wait": "Cette page se met à jour d’elle-même ; vous pouvez aussi y revenir plus tard.",
        "units": "o ko Mo Go",
        "date": "%d/%m/%Y à %H:%M UTC",
    },
    "en": {
        "accepted": "Waiting",
        "running": "Being made",
        "successful": "Ready",
        "failed": "Failed",
        "download": "Download",
        "features": "features",
        "about": "about",
        "kept": "The file is kept until",
        "again": "The file could not be made; ask for it again at the same address.",
        "wait": "This page renews itself; you can also come back later.",
        "units": "B kB MB GB",
        "date": "%Y-%m-%d, %H:%M UTC",
    },
}


async def aside(asked: Asked, parts: "Parts", form: FileFormat, name: str) -> Response | None:
    """The answer where the file is to be made aside, for its size or because the client prefers it; else None."""
    exports, service = asked.exports, asked.registry.service
    if exports is None or asked.request is None:
        return None
    preferred = asked.prefers_aside
    if form.key in STREAMED and not preferred:
        return None
    wanted = exports.find(_digest(asked, parts)) or await _estimated(asked, parts, form, name)
    if wanted.estimate <= service.exports.larger_than and not preferred:
        return None
    from server.wfs.get_feature import rows

    found = exports.ask(wanted, partial(rows, parts, form.key), service.exports, service.free_space)
    headers = {"Vary": "Prefer"} | ({"Preference-Applied": "respond-async"} if preferred else {})
    if found.status == "successful":
        return Response(status_code=303, headers=headers | {"Location": _file_address(asked.base, found)})
    return _status(asked.request, asked.base, found, service.exports.hours, service.language, headers)


async def _estimated(asked: Asked, parts: "Parts", form: FileFormat, name: str) -> Export:
    """An export that nobody has asked for before."""
    sizes = [await run_in_threadpool(estimated, kind, query, form.key) for kind, query in parts]
    features, size = sum(count for count, _ in sizes), sum(size for _, size in sizes)
    layers = [kind.layer.id for kind, _ in parts]
    return Export(_digest(asked, parts), layers, name, form.media_type, features, size, time.time())


def estimated(kind: FeatureType, query: FeatureQuery, key: str) -> tuple[int, int]:
    """How many features a file will have, and its bytes, guessed from those of the first ones."""
    from server.wfs.get_feature import rows

    matched = max(0, open_features(kind.layer).count(query) - query.offset)
    features = min(matched, query.limit) if query.limit is not None else matched
    if not features:
        return 0, 0
    sample = min(features, SAMPLE)
    size = sum(len(chunk) for chunk in rows(((kind, replace(query, limit=sample)),), key))
    return features, size * features // sample


def _digest(asked: Asked, parts: "Parts") -> str:
    """The same for the same request over the same data, whoever sends it."""
    pairs = sorted(
        (name.upper(), value)
        for params in asked.queries
        for name, value in params.raw
        if name.upper() not in _NOT_ASKED
    )
    data = [[kind.layer.id, kind.layer.stamp, kind.layer.data_stamp, _changed(kind)] for kind, _ in parts]
    text = orjson.dumps([data, pairs])
    return hashlib.sha256(text).hexdigest()[:32]


def _changed(kind: FeatureType) -> int:
    """When the data changed. What is in no file does not tell: an export of it is taken for the same within an hour."""
    path = Path(kind.facts.path)
    return path.stat().st_mtime_ns if path.exists() else int(time.time()) // 3600


def routes() -> list[Route]:
    """The addresses of exports."""
    return [Route("/wfs/exports/{id}", export_status), Route("/wfs/exports/{id}/{file}", export_file)]


async def export_status(request: Request) -> Response:
    """How an export is getting on: JSON, or a page for a browser."""
    context: Context = request.app.state.context
    try:
        export, service = _export(context, request), context.registry.service
        base = context.base(request)
    except ServiceError as error:
        return answer(error)
    except GarrigueError as error:
        return answer(told(error))
    return _status(request, base, export, service.exports.hours, service.language, {})


async def export_file(request: Request) -> Response:
    """The file, in whole or in part (Range)."""
    context: Context = request.app.state.context
    try:
        export = _export(context, request)
        if export.status != "successful" or export.file != request.path_params["file"]:
            raise NotFoundError(f"there is no file {request.path_params['file'][:100]!r} here, or not yet")
    except ServiceError as error:
        return answer(error)
    except GarrigueError as error:
        return answer(told(error))
    path = context.exports.path(export)
    return FileResponse(path, media_type=export.media_type, filename=export.file, headers={"Cache-Control": "no-cache"})


def _export(context: "Context", request: Request) -> Export:
    """The export of an address. Raises NotFoundError, and WithheldLayerError for one of a layer kept for a group."""
    exports: Exports = context.exports
    exports.sweep(context.everything.service.exports.hours)
    found = exports.find(request.path_params["id"])
    for name in found.layers if found else ():
        context.registry.check_withheld(name)
    if found is None or not set(found.layers) <= context.registry.layers.keys():
        raise NotFoundError(f"there is no export {request.path_params['id'][:60]!r}; each is kept for some hours only")
    return found


def _address(base: str, export: Export) -> str:
    return f"{base}/wfs/exports/{export.id}"


def _file_address(base: str, export: Export) -> str:
    return f"{_address(base, export)}/{export.file}"


def _status(request: Request, base: str, export: Export, hours: int, default: str, headers: dict[str, str]) -> Response:
    """202 until it is made, then 200."""
    headers = headers | {"Cache-Control": "no-store", "Location": _address(base, export)}
    if not export.ended:
        headers |= {"Retry-After": str(POLL)}
    status = 200 if export.ended else 202
    until = export.ended + hours * 3600
    form = request.query_params.get("f") or ("html" if "text/html" in request.headers.get("accept", "") else "json")
    if form != "html":
        return Response(orjson.dumps(_document(base, export, until)), status, headers, "application/json")
    wanted = request.query_params.get("lang", "")
    language = choose(wanted, request.headers.get("accept-language", ""), default)
    return Response(_page(base, export, until, language), status, headers, "text/html")


def _page(base: str, export: Export, until: float, language: str) -> str:
    """The status for people."""
    texts = TEXTS[language]
    return (
        _templates()
        .get_template("export.html")
        .render(
            export=export,
            t=texts,
            language=language,
            base=base,
            file=_file_address(base, export),
            size=_size(export.size or export.estimate, texts["units"], "," if language == "fr" else "."),
            until=time.strftime(texts["date"], time.gmtime(until)),
            seconds=POLL,
        )
    )


def _size(size: float, units: str, point: str) -> str:
    """Bytes as people read them, with a non-breaking space before the unit."""
    names = units.split()
    while size >= 1000 and len(names) > 1:
        size, names = size / 1000, names[1:]
    text = f"{size:.1f}" if size < 10 and names[0] not in ("o", "B") else f"{size:.0f}"
    return f"{text.replace('.', point)}\u00a0{names[0]}"


def _document(base: str, export: Export, until: float) -> dict[str, Any]:
    """The status as OGC API – Processes writes it (18-062r2, 7.12)."""
    links = [{"rel": "self", "href": _address(base, export), "type": "application/json"}]
    found: dict[str, Any] = {
        "jobID": export.id,
        "type": "process",
        "processID": "GetFeature",
        "status": export.status,
        "created": _time(export.created),
        "features": export.features,
        "estimatedSize": export.estimate,
        "links": links,
    }
    if export.ended:
        found["finished"] = _time(export.ended)
    if export.error:
        found["message"] = export.error
    if export.status == "successful":
        found |= {"size": export.size, "keptUntil": _time(until)}
        enclosure = {"rel": "enclosure", "href": _file_address(base, export), "type": export.media_type}
        links.append(enclosure | {"title": export.file})
    return found


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@lru_cache(maxsize=1)
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
