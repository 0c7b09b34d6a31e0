"""A map that the front passes on, to a small HTTP server in the engine's place."""

import asyncio

import pytest

from server.front.maps import Passing
from server.front.wake import Engine, Settings
from server.hours import Hours

HEAD = b"GET /wms?VERSION=1.3.0&REQUEST=GetMap HTTP/1.1\r\nhost: a\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 4\r\n\r\n"


def passed(tmp_path, *pieces, seconds=5.0, closes=False):
    """What is told of an answer that comes in these pieces, whether its line is kept, and requests under way then."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.02)
        if not closes:
            await reader.read()
        writer.close()

    async def whole():
        engine = Engine(Settings(tmp_path, 1, 60.0, Hours(())))
        server = await asyncio.start_unix_server(serve, str(engine.socket))
        told = asyncio.get_running_loop().create_future()
        Passing(engine, await engine.lines.open(), HEAD, seconds, lambda *answer: told.set_result(answer))
        try:
            answer = await told
            if line := engine.lines.kept():
                line.close()
            return *answer, line is not None, engine.in_flight
        finally:
            await engine.close()
            server.close()

    return asyncio.run(asyncio.wait_for(whole(), 20))


def test_an_answer_in_pieces_is_told_whole_and_its_line_kept(tmp_path):
    status, headers, body, kept, under_way = passed(tmp_path, WHOLE[:20], WHOLE[20:] + b"ab", b"cd")
    assert (status, body, kept, under_way) == (200, b"abcd", True, 0)
    assert dict(headers)[b"content-type"] == b"image/png"
    assert dict(headers)[b"access-control-allow-origin"] == b"*"


@pytest.mark.parametrize(
    ("pieces", "closes", "status"),
    [((), False, 504), ((), True, 502), ((WHOLE + b"ab",), True, 502), ((b"no HTTP\r\n\r\n",), False, 502)],
)
def test_what_does_not_come_whole_is_refused_in_the_protocols_form(tmp_path, pieces, closes, status):
    found, headers, body, kept, under_way = passed(tmp_path, *pieces, seconds=0.5, closes=closes)
    assert (found, kept, under_way) == (status, False, 0)
    assert b"<ServiceExceptionReport" in body
    assert dict(headers)[b"cache-control"] == b"no-store"
