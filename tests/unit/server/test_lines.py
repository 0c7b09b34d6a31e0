"""Connections to the engine that are kept between requests, to a small HTTP server in the engine's place."""

import asyncio
from contextlib import suppress

import pytest

from server.front.lines import KEPT, Lines
from server.front.proxy import forward
from server.front.wake import EngineError

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CLOSING = ANSWER.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


class Upstream:
    """Answers the `first` requests, and all others, as is set: b"" is silence, None the end of the connection."""

    def __init__(self, path):
        self.path = path
        self.answer = ANSWER
        self.first: list[bytes | None] = []
        self.connections = 0
        self.open = 0

    async def serve(self, reader, writer):
        self.connections += 1
        self.open += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                answer = self.first.pop(0) if self.first else self.answer
                writer.write(answer or b"")
                if answer in (None, CLOSING):
                    break
        self.open -= 1
        writer.close()


class Client:
    """What ASGI gives the front of a client; `leaves` is set when it does."""

    def __init__(self, method="GET"):
        self.scope = {"method": method, "path": "/wms", "raw_path": b"/wms", "query_string": b"", "headers": []}
        self.leaves = asyncio.Event()
        self.messages = []

    async def receive(self):
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.messages.append(message)

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.messages)


async def ask(lines, method="GET", seconds=5.0):
    client = Client(method)
    await forward(client.scope, client.receive, client.send, lines, {}, (1000, seconds))
    return client.body


@pytest.fixture
def with_upstream(tmp_path):
    """Runs a scenario with an upstream and lines to it."""

    def run(scenario):
        async def whole():
            upstream = Upstream(tmp_path / "engine.sock")
            server = await asyncio.start_unix_server(upstream.serve, str(upstream.path))
            lines = Lines(upstream.path)
            try:
                return await scenario(upstream, lines)
            finally:
                lines.close()
                server.close()
                await server.wait_closed()

        return asyncio.run(whole())

    return run


@pytest.mark.parametrize("answer", [ANSWER, CHUNKED])
def test_requests_follow_each_other_on_one_connection(with_upstream, answer):
    async def scenario(upstream, lines):
        upstream.answer = answer
        assert [await ask(lines) for _ in range(5)] == [b"ok"] * 5
        return upstream.connections

    assert with_upstream(scenario) == 1


@pytest.mark.parametrize(("answer", "method"), [(CLOSING, "GET"), (ANSWER, "HEAD")])
def test_a_connection_after_which_nothing_is_certain_is_not_kept(with_upstream, answer, method):
    async def scenario(upstream, lines):
        upstream.answer = answer
        for _ in range(3):
            await ask(lines, method)
        return upstream.connections

    assert with_upstream(scenario) == 3


def test_a_kept_connection_that_the_engine_closes_over_a_request_costs_no_answer(with_upstream):
    async def scenario(upstream, lines):
        upstream.first = [ANSWER, None]
        await ask(lines)
        return await ask(lines), upstream.connections

    assert with_upstream(scenario) == (b"ok", 2)


def test_an_engine_that_answers_nothing_is_told_as_such(with_upstream):
    async def scenario(upstream, lines):
        upstream.answer = None
        with pytest.raises(EngineError, match="ended") as ended:
            await ask(lines)
        upstream.answer = b""
        with pytest.raises(EngineError, match="in time") as late:
            await ask(lines, seconds=0.05)
        return ended.value.status, late.value.status

    assert with_upstream(scenario) == (502, 504)


def test_an_engine_that_is_gone_is_told_as_such(tmp_path):
    with pytest.raises(EngineError, match="reached"):
        asyncio.run(ask(Lines(tmp_path / "none.sock")))


def test_a_client_that_leaves_closes_its_connection(with_upstream):
    async def scenario(upstream, lines):
        upstream.answer = b""
        client = Client()
        asked = asyncio.create_task(forward(client.scope, client.receive, client.send, lines, {}, (1000, 5)))
        while not upstream.open:
            await asyncio.sleep(0.001)
        client.leaves.set()
        await asked
        while upstream.open:
            await asyncio.sleep(0.001)
        return client.messages, lines.kept()

    assert with_upstream(scenario) == ([], None)


def test_no_more_are_kept_than_the_bound(with_upstream):
    async def scenario(upstream, lines):
        await asyncio.gather(*(ask(lines) for _ in range(KEPT + 8)))
        while upstream.open > KEPT:
            await asyncio.sleep(0.001)
        return upstream.open

    assert with_upstream(scenario) <= KEPT
