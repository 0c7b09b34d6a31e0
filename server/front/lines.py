"""Connections to the engine, kept between requests: to open one costs the front as much as to pass a map on."""

import asyncio
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from server.pipes import Pipes

CHUNK = 65536
KEPT = 32
"""Connections that are kept at most."""
IDLE = 10.0
"""Seconds that one is kept without use: less than the engine waits for a request."""


class Receiver(Protocol):
    """Is told what comes over a line as soon as it comes."""

    def received(self, data: bytes) -> None:
        """A piece of an answer."""

    def lost(self) -> None:
        """The engine has closed the line."""


class Wire(asyncio.StreamReaderProtocol):
    """The protocol of a line: what comes is for its receiver, where it has one, else it is to be read."""

    receiver: Receiver | None = None

    def data_received(self, data: bytes) -> None:
        """A piece of an answer."""
        if self.receiver is not None:
            self.receiver.received(data)
        else:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """The engine ends."""
        kept = super().eof_received()
        if self.receiver is not None:
            self.receiver.lost()
        return kept

    def connection_lost(self, exc: Exception | None) -> None:
        """The engine is gone."""
        super().connection_lost(exc)
        if self.receiver is not None:
            self.receiver.lost()


@dataclass(slots=True)
class Line:
    """A connection. `whole`: the answer in hand is complete, and another may follow; `left`: the client is gone.

    `splicing` is what sends the client a body that does not come by this connection.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    wire: Wire
    since: float = 0.0
    whole: bool = False
    left: bool = False
    splicing: "asyncio.Future[None] | None" = None

    def leave(self) -> None:
        """The client is gone: nothing more is asked, nor sent."""
        self.left = True
        self.close()
        if self.splicing is not None:
            self.splicing.cancel()

    def close(self) -> None:
        """Close it at once, whatever is under way."""
        self.writer.transport.abort()

    @property
    def closed(self) -> bool:
        """True where the engine has closed it."""
        return self.reader.at_eof() or self.writer.is_closing()


class Lines:
    """To the socket of an engine; those of an engine that ended are found closed. `pipes` are what it hands over."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.pipes = Pipes()
        self._kept: deque[Line] = deque()

    def kept(self) -> Line | None:
        """The connection that was used last, where one is kept."""
        oldest = asyncio.get_running_loop().time() - IDLE
        while self._kept and (self._kept[0].closed or self._kept[0].since < oldest):
            self._kept.popleft().close()
        while self._kept:
            line = self._kept.pop()
            line.whole, line.splicing = False, None
            if not line.closed:
                return line
        return None

    async def open(self) -> Line:
        """A new connection. Raises OSError."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(CHUNK, loop)
        transport, wire = await loop.create_unix_connection(lambda: Wire(reader, loop=loop), str(self.socket))
        return Line(reader, asyncio.StreamWriter(transport, wire, reader, loop), wire)

    def keep(self, line: Line) -> None:
        """Keep a connection whose answer is whole; any other one is closed."""
        if not line.whole or line.closed or len(self._kept) >= KEPT:
            line.close()
            return
        line.since = asyncio.get_running_loop().time()
        self._kept.append(line)

    def close(self) -> None:
        """Close all that are kept."""
        while self._kept:
            self._kept.pop().close()
