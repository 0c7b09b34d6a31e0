"""Glyphs that the front has not: made, and kept where a style asks for their stack."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from layers.errors import hint
from layers.registry import Registry
from server.context import Context
from server.errors import NotFoundError
from server.fonts.glyph_path import HEADERS, MEDIA_TYPE, GlyphRequest, parse


def routes(_context: Context) -> list[Route]:
    """The one address."""
    return [Route("/fonts/{rest:path}", glyphs)]


async def glyphs(request: Request) -> Response:
    """A range of a stack; of its fonts those that are not installed are passed over, as long as one is."""
    context: Context = request.app.state.context
    asked = parse(request.scope["raw_path"].decode("latin-1"))
    body = await context.run(made, asked, context.store)
    return Response(body, media_type=MEDIA_TYPE, headers=HEADERS)


def made(_registry: Registry, asked: GlyphRequest, store: Path) -> bytes:
    """The glyphs, in a render process. Raises NotFoundError."""
    from layers.maplibre.fonts import faces
    from server.fonts.kept import installed, keep

    if not installed(asked.stack):
        words = f"no font of {asked.name[:200]!r} is installed{hint(asked.stack[0], faces())}"
        raise NotFoundError(f"{words}; installed: {', '.join(sorted(faces()))[:2000]}")
    return keep(store, asked)
