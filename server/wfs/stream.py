"""Bytes made by a thread, sent by the event loop: bounded in between, and stopped when the client leaves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from server.asked_base import headers_of
from server.engine.downloads import Download
from server.pipes import HEADER

type Chunk = bytes | memoryview
"""Some bytes of an answer."""

WAITING = 3
"""Chunks made and not yet sent, at most."""

DOWNLOADS = 8
"""Answers that are made at once; more wait for their turn."""

_POOL = ThreadPoolExecutor(max_workers=DOWNLOADS, thread_name_prefix="wfs")


async def in_thread[T](func: Callable[[], T]) -> T:
    """What a function gives, run in one of the threads that write."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, copy_context().run, func)


class Stream:
    """Runs a generator of bytes in a thread. `first` waits for its first chunk, or raises what it raised."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks = chunks
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Chunk | BaseException | None] = asyncio.Queue(maxsize=WAITING)
        self._stopped = False
        self._head: Chunk | None = None
        self._work = self._loop.run_in_executor(_POOL, self._make)

    async def first(self) -> None:
        """Waits until there is something to send: from here on the status is 200."""
        try:
            item = await self._queue.get()
        except asyncio.CancelledError:
            self.stop()
            raise
        if isinstance(item, BaseException):
            raise item
        self._head = item

    async def __aiter__(self) -> AsyncIterator[Chunk]:
        """The chunks in order. An error after the first breaks the answer off, so that no client takes it for whole."""
        try:
            item: Chunk | BaseException | None = self._head
            while item is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
                item = await self._queue.get()
        finally:
            self.stop()

    def _make(self) -> None:
        """In the thread: every chunk, then None; an error in their place."""
        try:
            with contextlib.closing(self._chunks):  # type: ignore[type-var]
                for chunk in self._chunks:
                    if self._stopped or not self._put(chunk):
                        return
            self._put(None)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: it is raised again in the event loop
            self._put(error)

    def _put(self, item: Chunk | BaseException | None) -> bool:
        with contextlib.suppress(RuntimeError, asyncio.CancelledError, CancelledError):
            waiting = asyncio.run_coroutine_threadsafe(self._queue.put(item), self._loop)
            while not self._loop.is_closed():
                try:
                    waiting.result(timeout=5)
                    return not self._stopped
                except TimeoutError:
                    continue
        return False

    def stop(self) -> None:
        """Lets the thread go on to see that nobody waits any more."""
        self._stopped = True
        while not self._queue.empty():
            self._queue.get_nowait()


class StreamedResponse(StreamingResponse):
    """The answer made by a stream, which ends when the answer does, whatever the reason."""

    def __init__(self, stream: Stream | Download, **options: Any) -> None:
        self._stream = stream
        super().__init__(stream, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer (ASGI); where a front takes the bytes of a download itself, the head only."""
        try:
            stream, pipe = self._stream, headers_of(scope).get(HEADER, "")
            if isinstance(stream, Download) and stream.hand_over(pipe):
                self.headers[HEADER] = pipe
                self.body_iterator = stream.elsewhere()
            await super().__call__(scope, receive, send)
        finally:
            self._stream.stop()
