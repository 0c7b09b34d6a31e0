"""MapLibre styles and sprites of layers that are not rendered ahead: those that are not for everybody."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from layers.registry import Layer, Registry
from server.context import Context
from server.documents import Document
from server.errors import NotFoundError
from server.urls import BASE
from tiles.table import vector_grid


def routes(_context: Context) -> list[Route]:
    """The addresses of styles and sprites."""
    return [Route("/styles/{rest:path}", document), Route("/sprites/{rest:path}", document)]


async def document(request: Request) -> Response:
    """The document of a path. Raises NotFoundError."""
    context: Context = request.app.state.context
    key = request.url.path.strip("/")
    layer = _layer(context.registry, key.split("/")[1] if "/" in key else "")
    found = await context.run(rendered, layer.id, key)
    body = found.body.replace(BASE.encode(), context.base(request).encode())
    return Response(body, media_type=found.content_type, headers={"Cache-Control": "no-cache"})


def rendered(registry: Registry, layer: str, key: str) -> Document:
    """The document of a key, in a render process. Raises NotFoundError."""
    from server.styles.documents import layer_documents

    known: list[str] = []
    for item in layer_documents(registry, registry.layers[layer]):
        if item.key == key:
            return item
        known.append(f"/{item.key}")
    raise NotFoundError(f"there is nothing at '/{key[:200]}'; the layer {layer} has {', '.join(known)}")


def _layer(registry: Registry, name: str) -> Layer:
    layer = registry.layers.get(name.removesuffix(".json"))
    if layer is None or vector_grid(layer, registry) is None:
        raise NotFoundError(f"there is no layer {name.removesuffix('.json')[:100]!r} with vector tiles")
    return layer
