"""The front's ASGI application: what is no stored tile. Documents, health, status; the rest goes to the engine."""

import gzip
import json
import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from server import cross_origin
from server.access import ANYBODY, HEADER, Admission, Asker, CredentialsError
from server.asked_base import BASE_HEADER, headers_of
from server.document_path import Asked, document_key
from server.encodings import reads_gzip
from server.errors import InvalidParameterError, NotFoundError, ServiceError
from server.fonts import glyph_path
from server.front.connection import Desk
from server.front.missing_tile import enlarged_tile, missing_tile
from server.front.parent_tile import Enlarger, ancestor
from server.front.proxy import forward
from server.front.status import Status
from server.front.tiled_map import parse_tiled
from server.front.wake import Engine
from server.keys import Keys
from server.published import Published
from server.refusal import protocol, refusal
from server.rendered import Ready, make_ready
from server.stale_tile import stale_headers
from server.tile_path import TileRequest, cache_control, parse, parse_kvp
from server.tile_table import FoundTile

log = logging.getLogger("garrigue.front")

COMPUTED = frozenset(("wms", "wfs", "wmts", "ogcapi", "fonts"))
"""Protocols that the engine is woken for; below anything else, what is not stored is not there."""
METHODS = "GET, HEAD, OPTIONS"
_POSTED = frozenset(("wms", "wfs"))


class Reception:
    """Answers from what is published, else from the engine; `engine` is None where nothing is ever computed."""

    def __init__(self, desk: Desk, published: Published, engine: Engine | None, status: Status) -> None:
        self.desk = desk
        self.keys = Keys(desk.hits.store.root)
        self.published = published
        self.engine = engine
        self.enlarger = Enlarger()
        self.status = status

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        assert scope["type"] == "http"
        reply = Reply(scope, send, self.desk.hits.date())
        prefix = self.published.origin.prefix
        if prefix and scope["path"].startswith(prefix + "/"):
            scope["path"] = scope["path"][len(prefix) :]
            scope["raw_path"] = scope["raw_path"][len(quote(prefix)) :]
        try:
            await self._answer(scope, receive, reply)
        except ServiceError as error:
            if not reply.started:
                await reply.refuse(error)

    async def _answer(self, scope: Any, receive: Any, reply: "Reply") -> None:
        published, path = self.published, scope["path"]
        base = published.origin.base(scope)
        if base is None:
            raise InvalidParameterError("the header Host is not a host", "Host")
        if scope["method"] == "OPTIONS" and await self._options(scope, reply):
            return
        reply.asker = Admission(self.keys, published.origin, published.identity).asker(scope)
        if scope["method"] in ("GET", "HEAD"):
            if path in ("/health", "/ready", "/status"):
                await self._machine(path, scope, reply)
                return
            if await self._stored(scope, base, reply):
                return
        await self._compute(scope, receive, reply, base)

    async def _options(self, scope: Any, reply: "Reply") -> bool:
        """Preflights (Fetch, 4.8) and plain OPTIONS; False where the OGC API has to tell what it allows."""
        name = protocol(scope["path"])
        asked = headers_of(scope)
        preflight = "access-control-request-method" in asked
        if name == "ogcapi" and not preflight:
            return False
        allowed = f"{METHODS}, POST" if name in _POSTED else METHODS
        headers = {"Allow": allowed, "Access-Control-Allow-Methods": allowed, "Access-Control-Max-Age": "86400"}
        headers["Access-Control-Allow-Headers"] = asked.get("access-control-request-headers", "*, Authorization")
        await reply.send(204, headers, b"")
        return True

    async def _machine(self, path: str, scope: Any, reply: "Reply") -> None:
        if path == "/status":
            told = self.status.told(headers_of(scope).get("x-garrigue-token", ""))
            body = json.dumps(told, ensure_ascii=False).encode()
            await reply.send(200, {"Content-Type": "application/json", "Cache-Control": "no-store"}, body)
            return
        await reply.send(200, {"Content-Type": "text/plain", "Cache-Control": "no-store"}, b"ok\n")

    async def _stored(self, scope: Any, base: str, reply: "Reply") -> bool:
        """Answer from the store if it is there; raise where it cannot exist."""
        published, path = self.published, scope["path"]
        query = scope["query_string"].decode("latin-1")
        raw = scope["raw_path"].decode("latin-1")
        if protocol(path) == "fonts":
            return await self._glyphs(raw, headers_of(scope), reply)
        tile = parse(raw, query) or parse_kvp(raw, query) or self._tiled(raw, query)
        if tile is not None:
            return await self._tile(tile, scope, reply)
        headers = headers_of(scope)
        asked = Asked(path, query, headers.get("accept-language", ""), headers.get("accept", ""))
        key = document_key(asked, published.table, published.language)
        if key is not None and key in published.rendered and not self._sees_more(path, reply.asker):
            await reply.document(published.rendered.get(key, base), headers)
            return True
        return False

    async def _glyphs(self, raw_path: str, headers: Mapping[str, str], reply: "Reply") -> bool:
        """Glyphs that are kept; while the engine sleeps, none of the rarer characters of a font that is known."""
        asked, store = glyph_path.parse(raw_path), self.desk.hits.store.root
        place = glyph_path.place(store, asked)
        if place.is_file():
            await reply.document(kept_glyphs(place, place.stat().st_mtime_ns), headers)
            return True
        if self.engine is not None and not self.engine.settings.hours.asleep():
            return False
        if not place.parent.is_dir():
            known = ", ".join(glyph_path.kept_stacks(store))
            raise NotFoundError(f"there are no glyphs of {asked.name[:200]!r} now; there are those of {known}")
        await reply.send(200, {"Content-Type": glyph_path.MEDIA_TYPE, "Cache-Control": "no-store"}, b"")
        return True

    def _tiled(self, path: str, query: str) -> TileRequest | None:
        """The tile of a GetMap, while there is no engine to draw the map."""
        if self.engine is not None and not self.engine.settings.hours.asleep():
            return None
        return parse_tiled(path, query, self.published.table)

    def _sees_more(self, path: str, asker: Asker) -> bool:
        """True where documents of an asker's own can be made: those that are kept tell what is for everybody."""
        engine = self.engine
        if asker.groups.isdisjoint(self.published.groups) or protocol(path) == "static":
            return False
        return engine is not None and not engine.settings.hours.asleep()

    async def _tile(self, tile: TileRequest, scope: Any, reply: "Reply") -> bool:
        """A tile that the connection did not answer itself: the error, or a tile behind others in the pipeline."""
        found = self.published.table.find(tile)
        access = self.published.table.layers[found.address.layer].access
        if not reply.asker.may(access):
            # As if it were not there, but for who may only have forgotten to say who they are.
            raise self.published.table.unknown(tile) if reply.asker.known else CredentialsError()
        stored = self.desk.hits.store.get(found.address)
        if stored is None:
            return await self._missing(found, reply)
        current = stored[2] == found.stamp
        if not current and self.engine is not None and not self.engine.settings.hours.asleep():
            return False
        etag, data, headers = _written(stored, found, headers_of(scope).get("accept-encoding", ""))
        headers |= {"ETag": etag, "Cache-Control": _kept(scope)}
        if not current:
            headers |= stale_headers(self.desk.hits.store.made(found.address))
        self.desk.hits.count(found.address.layer)
        if etag in headers_of(scope).get("if-none-match", ""):
            await reply.send(304, headers, b"")
        else:
            await reply.send(200, headers, data)
        return True

    async def _missing(self, found: FoundTile, reply: "Reply") -> bool:
        """A tile that was never made: True where what is declared was answered, False where the engine may make it."""
        published, engine = self.published, self.engine
        if engine is not None and not engine.settings.hours.asleep():
            return False
        tiling = published.table.grids[found.address.grid]
        if published.missing_tile == "parent" and not found.packed:
            above = ancestor(self.desk.hits.store, found.address, tiling)
            picture = above and await self.enlarger.enlarge(above, tiling.tile_size, found.media_type)
            told = enlarged_tile(picture, found.media_type) if picture else missing_tile("blank", tiling.tile_size)
        else:
            told = missing_tile(published.missing_tile, 0 if found.packed else tiling.tile_size, found.media_type)
        if told is not None:
            await reply.send(*told)
            return True
        if engine is None:
            raise NotFoundError("this tile is not stored")
        return False

    async def _compute(self, scope: Any, receive: Any, reply: "Reply", base: str) -> None:
        name = protocol(scope["path"])
        tile = name in ("tiles", "tms") and parse(scope["raw_path"].decode("latin-1")) is not None
        if self.engine is None or not (tile or name in COMPUTED or reply.asker.groups):
            raise NotFoundError(f"there is nothing at {scope['path'][:200]!r}")
        limits = (self.published.body_limit, self.published.seconds + 30.0)
        async with self.engine.use() as lines:
            told = {BASE_HEADER: base, HEADER: reply.asker.header()}
            await forward(scope, receive, reply.pass_on, lines, told, limits)


class Reply:
    """One answer: status, headers, body, with the headers that every answer has."""

    def __init__(self, scope: Any, send: Any, date: bytes) -> None:
        self.scope = scope
        self.started = False
        self.asker = ANYBODY
        self._send = send
        self._date = (b"date", date[6:-2])

    async def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer."""
        pairs = [
            (name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()
        ]
        await self._whole(status, pairs, body)

    async def document(self, ready: Ready, asked: Mapping[str, str]) -> None:
        """A rendered document: 304 where the client has it, with gzip where it reads that."""
        known = asked.get("if-none-match", "")
        if known == "*" or ready.etag in known:
            kept = [pair for pair in ready.headers if pair[0] != b"content-type"]
            await self._whole(304, kept, b"")
        elif ready.packed is not None and reads_gzip(asked.get("accept-encoding", "")):
            await self._whole(200, [*ready.headers, (b"content-encoding", b"gzip")], ready.packed)
        else:
            await self._whole(200, list(ready.headers), ready.body)

    async def refuse(self, error: ServiceError) -> None:
        """An error in the form of the path's protocol."""
        told = refusal(error, self.scope["path"], self.scope["query_string"].decode("latin-1"))
        await self.send(told.status, told.headers, told.body)

    async def pass_on(self, message: dict[str, Any]) -> None:
        """A message of the engine's answer."""
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = [*self._kept_by(message["headers"]), self._date]
        await self._send(message)

    def _kept_by(self, pairs: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Headers that let nobody but the asker keep what is answered to who has said who they are."""
        if not self.asker.known:
            return pairs
        kept = [(n, v.replace(b"public", b"private") if n == b"cache-control" else v) for n, v in pairs]
        return [*kept, (b"vary", b"Authorization, X-API-Key")]

    async def _whole(self, status: int, pairs: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.started = True
        pairs = self._kept_by(pairs)
        pairs += [*cross_origin.HEADERS, self._date]
        if status not in (204, 304):
            pairs.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})
        await self._send({"type": "http.response.body", "body": body})


def _written(
    stored: tuple[str, bytes, str], found: FoundTile, accept_encoding: str
) -> tuple[str, bytes, dict[str, str]]:
    """ETag, bytes and headers of a tile; what is kept with gzip is unpacked for who does not read that."""
    headers = {"Content-Type": found.media_type}
    if not found.packed:
        return f'"{stored[0]}"', stored[1], headers
    headers["Vary"] = "Accept-Encoding"
    if reads_gzip(accept_encoding):
        return f'"{stored[0]}"', stored[1], headers | {"Content-Encoding": "gzip"}
    return f'"{stored[0]}-plain"', gzip.decompress(stored[1]), headers


@lru_cache(maxsize=16)
def kept_glyphs(place: Path, _time: int) -> Ready:
    """A file of glyphs with everything that is sent beside it."""
    return make_ready(place.read_bytes(), glyph_path.MEDIA_TYPE, glyph_path.HEADERS)


def _kept(scope: Any) -> str:
    return cache_control(scope["query_string"].decode("latin-1"))
