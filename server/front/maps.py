"""Maps of anybody, passed on to the engine before ASGI: the whole answer is waited for and written at once.

What is no plain GetMap, who says who they are, an engine that is not awake: all of that goes the long way
(`server.front.reception`), which knows what to do about it.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import httptools

from server.access import ANYBODY, HEADER, Admission
from server.asked_base import BASE_HEADER
from server.front.lines import Line
from server.front.proxy import Answer, UnansweredError, head_of, shared
from server.front.wake import Engine, EngineError
from server.keys import Keys
from server.published import Published
from server.refusal import refusal

_ASKED = re.compile(
    rb"(?P<path>(?:/themes/[\w.-]+)?/wms/?)\?(?P<query>(?:[^#]*&)?request=getmap(?:&[^#]*)?)", re.IGNORECASE
)

type Done = Callable[[int, list[tuple[bytes, bytes]], bytes], None]
"""Is told status, headers (without the length) and body of an answer."""


class Maps:
    """Of what is published now; a new registry has a new one."""

    def __init__(self, engine: Engine, published: Published, keys: Keys) -> None:
        self.engine = engine
        self.origin = published.origin
        self.seconds = published.seconds + 30.0
        self.admission = Admission(keys, published.origin, published.identity)

    def send(self, url: bytes, scope: Mapping[str, Any], done: Done) -> "Passing | None":
        """Pass a GET on, to be answered later; None for what is no such map.

        `scope` has the headers and the addresses of client and server, as ASGI's has.
        """
        asked = _ASKED.fullmatch(url)
        if asked is None or not self.engine.awake():
            return None
        scope = {**scope, "method": "GET", "raw_path": asked["path"], "query_string": asked["query"]}
        base = self.origin.base(scope)
        if base is None or self.admission.asker(scope) is not ANYBODY:
            return None
        line = self.engine.lines.kept()
        if line is None:
            return None
        return Passing(self.engine, line, head_of(scope, {BASE_HEADER: base, HEADER: ""}, None), self.seconds, done)


class Passing:
    """A map on its way through the engine, which has so many seconds for it."""

    def __init__(self, engine: Engine, line: Line, head: bytes, seconds: float, done: Done) -> None:
        self.engine = engine
        self.line = line
        self.head = head
        self.answer = Answer()
        self.done = done
        engine.begin()
        line.wire.receiver = self
        self.timer = asyncio.get_running_loop().call_later(seconds, self._late)
        line.writer.write(head)

    def received(self, data: bytes) -> None:
        """A piece of the answer."""
        try:
            self.answer.parser.feed_data(data)
        except httptools.HttpParserError:
            self.lost()
            return
        if self.answer.complete:
            self.line.whole = self.answer.keeps
            self.leave()
            headers = [pair for pair in shared(self.answer.headers) if pair[0] != b"content-length"]
            self.done(self.answer.status, headers, b"".join(self.answer.chunks))

    def lost(self) -> None:
        """The engine has closed the line before the end of its answer."""
        self._refuse(UnansweredError())

    def leave(self) -> None:
        """Nothing is waited for any more: a line whose answer is not whole is closed, which tells the engine."""
        self.timer.cancel()
        self.line.wire.receiver = None
        self.engine.lines.keep(self.line)
        self.engine.end()

    def _late(self) -> None:
        self._refuse(EngineError("the engine did not answer in time", 504))

    def _refuse(self, error: EngineError) -> None:
        self.leave()
        path, _, query = self.head.split(b" ", 2)[1].decode("latin-1").partition("?")
        told = refusal(error, path, query)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in told.headers.items()]
        self.done(told.status, shared(headers), told.body)
