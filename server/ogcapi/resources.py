"""The resources of the OGC API: pygeoapi's answer to each, with what it leaves out or gets wrong put right.

This is the one module that imports pygeoapi's `API`.
"""

import html
import logging
from typing import TYPE_CHECKING, Any

import orjson
from pygeoapi import api as pygeoapi_api
from pygeoapi.api import API, APIRequest, itemtypes
from pygeoapi.util import render_j2_template
from starlette.responses import Response

from layers.registry import Layer, Registry
from server.errors import NotFoundError, ServiceError
from server.ogcapi import corrections, links, openapi, parameters, tiles
from server.ogcapi.asked import ASKED, Asked
from server.ogcapi.config import configuration
from server.ogcapi.errors import document
from server.ogcapi.names import collections as feature_collections

if TYPE_CHECKING:
    from server.ogcapi.service import Ask

log = logging.getLogger(__name__)
logging.getLogger("pygeoapi").setLevel(logging.CRITICAL)

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
GEOJSON = "application/geo+json"
_apis: dict[str, API] = {}


class Asking:
    """What pygeoapi reads of a web framework's request."""

    def __init__(self, ask: "Ask", params: dict[str, str]) -> None:
        self.query_params = params
        self.headers = ask.headers
        self.scope = {"path": "/ogcapi"}


def landing(ask: "Ask") -> Response:
    """The landing page (OGC 17-069r4, 7.2)."""
    parameters.check(ask.params, parameters.COMMON)
    found = _ask(ask, pygeoapi_api.landing_page, ask.params)
    return _page(found) or _json(found, corrections.landing(_loaded(found), _language(found)))


def conformance(ask: "Ask") -> Response:
    """The conformance classes (7.4). (pygeoapi's function loads every one of its APIs to tell those of all.)"""
    parameters.check(ask.params, parameters.COMMON)
    api_ = _api(ask.registry)
    request = APIRequest(Asking(ask, ask.params), api_.locales)
    headers = request.get_response_headers()
    templates = api_.config["server"]["templates"]
    html_ = request.format == "html"
    body = render_j2_template(api_.tpl_config, templates, "conformance.html", {}, request.locale) if html_ else ""
    found = (headers, 200, body)
    return _page(found) or _json(found, {"conformsTo": list(corrections.CONFORMANCE)})


def api(ask: "Ask") -> Response:
    """The OpenAPI definition (7.3), JSON unless a page is asked for by name."""
    parameters.check(ask.params, parameters.COMMON)
    request = APIRequest(Asking(ask, ask.params), _api(ask.registry).locales)
    if request.format == "html":
        return _page(_ask(ask, pygeoapi_api.openapi_, {"f": "html"})) or Response(status_code=500)
    return Response(openapi.definition(ask.registry, request.locale.language), media_type=OPENAPI)


def collections(ask: "Ask") -> Response:
    """Every collection (7.13)."""
    parameters.check(ask.params, parameters.COMMON)
    found = _ask(ask, pygeoapi_api.describe_collections, ask.params)
    if page := _page(found):
        return page
    return _json(found, corrections.collections(_loaded(found), ask.registry, _language(found)))


def collection(ask: "Ask") -> Response:
    """A collection (7.14); of a layer that is none of features what OGC API – Tiles needs, as JSON."""
    parameters.check(ask.params, parameters.COMMON)
    other = ask.registry.layers.get(ask.path["collection"])
    if other is not None and not other.is_vector:
        return Response(orjson.dumps(tiles.collection(ask.registry, other)), media_type="application/json")
    layer = _layer(ask)
    found = _ask(ask, pygeoapi_api.describe_collections, ask.params, layer.id)
    if page := _page(found):
        return page
    return _json(found, corrections.collection(_loaded(found), ask.registry, layer, _language(found)))


def queryables(ask: "Ask") -> Response:
    """What filters may name (OGC 19-079r2, 6.2)."""
    return _schema(ask, itemtypes.get_collection_queryables)


def schema(ask: "Ask") -> Response:
    """JSON Schema of the features."""
    return _schema(ask, pygeoapi_api.get_collection_schema)


def items(ask: "Ask") -> Response:
    """Features of a collection (17-069r4, 7.15)."""
    layer = _layer(ask)
    asked = parameters.items(ask.registry, layer, ask.params)
    assert asked.query is not None
    shown = {"limit": str(asked.query.limit), "offset": str(asked.query.offset), **_common(ask)}
    found = _ask(ask, itemtypes.get_collection_items, shown, layer.id, asked=asked)
    if page := _page(found):
        return page
    answer = _loaded(found)
    names = ("type", "timeStamp", "numberMatched", "numberReturned")
    answer = {name: answer[name] for name in names if answer.get(name) is not None}
    answer["links"] = asked.links
    answer["features"] = orjson.Fragment(asked.features)
    headers = {"Link": links.header(asked.links)} | corrections.content_crs(asked.crs)
    return _json(found, answer, GEOJSON, headers)


def item(ask: "Ask") -> Response:
    """A feature (7.16)."""
    layer = _layer(ask)
    asked = parameters.item(ask.registry, layer, ask.params, ask.path["item"])
    found = _ask(ask, itemtypes.get_collection_item, _common(ask), layer.id, ask.path["item"], asked=asked)
    if page := _page(found):
        return page
    answer = orjson.loads(asked.features)[0] | {"links": asked.links}
    return _json(found, answer, GEOJSON, corrections.content_crs(asked.crs))


def failure(ask: "Ask", error: ServiceError) -> Response:
    """An error as JSON, or as a page to who asked for one."""
    headers = {"Cache-Control": "no-store", **error.headers}
    api_ = _api(ask.registry)
    request = APIRequest(Asking(ask, ask.params), api_.locales)
    if request.format != "html":
        body = document(error.status, error.code, error.message)
        return Response(body, error.status, headers, "application/json")
    _, _, body = api_.get_exception(error.status, {}, "html", error.code, error.message)
    return Response(body, error.status, headers, "text/html")


def _api(registry: Registry) -> API:
    """pygeoapi's API object, made once a version of the registry."""
    found = _apis.get(registry.version)
    if found is None:
        found = API(configuration(registry), {})
        _apis.clear()
        _apis[registry.version] = found
    return found


def _ask(
    ask: "Ask", function: Any, params: dict[str, str], *arguments: str, asked: Asked | None = None
) -> tuple[dict[str, str], int, Any]:
    """pygeoapi's headers, status and body. Raises ServiceError for what it refuses."""
    api_ = _api(ask.registry)
    request = APIRequest(Asking(ask, params), api_.locales)
    asked = asked or Asked(ask.registry)
    asked.html = request.format == "html"
    asked.links = links.of(ask, asked, request.format or "json", request.locale.language)
    asked.other_language = links.other_language(ask, request.locale.language)
    ASKED.set(asked)
    headers, status, body = function(api_, request, *arguments)
    if status >= 400:
        told = body if isinstance(body, str) else body.decode()
        raise _refused(int(status), told, html_=asked.html)
    return headers, int(status), body


def _refused(status: int, body: str, *, html_: bool) -> ServiceError:
    """What pygeoapi refuses, as an error of ours."""
    message = "the request cannot be answered"
    code = "NotFound" if status == 404 else "InvalidParameterValue"
    if not html_:
        told = orjson.loads(body)
        message, code = html.unescape(told.get("description", message)), told.get("code", code)
    error = NotFoundError(message) if status == 404 else ServiceError(message)
    error.code, error.status = code, status
    return error


def _schema(ask: "Ask", function: Any) -> Response:
    layer = _layer(ask)
    parameters.check(ask.params, parameters.COMMON)
    found = _ask(ask, function, ask.params, layer.id)
    if page := _page(found):
        return page
    return _json(found, corrections.schema(_loaded(found), layer, _language(found)), "application/schema+json")


def _layer(ask: "Ask") -> Layer:
    """The collection that is asked. Raises NotFoundError, WithheldLayerError."""
    found = feature_collections(ask.registry).get(ask.path["collection"])
    if found is None:
        ask.registry.check_withheld(ask.path["collection"])
        raise NotFoundError(f"there is no collection {ask.path['collection'][:100]!r}")
    return found


def _common(ask: "Ask") -> dict[str, str]:
    return {name: ask.params[name] for name in parameters.COMMON if name in ask.params}


def _language(found: tuple[dict[str, str], int, Any]) -> str:
    return found[0].get("Content-Language", "fr")[:2]


def _page(found: tuple[dict[str, str], int, Any]) -> Response | None:
    """The answer where it is a page."""
    headers, status, body = found
    if not headers["Content-Type"].startswith("text/html"):
        return None
    return Response(body, status, _kept(headers), "text/html")


def _loaded(found: tuple[dict[str, str], int, Any]) -> dict[str, Any]:
    """The document, without the HTML entities that pygeoapi writes into JSON."""
    document_: dict[str, Any] = orjson.loads(found[2].replace("&lt;", "<").replace("&gt;", ">"))
    return document_


def _json(
    found: tuple[dict[str, str], int, Any],
    answer: dict[str, Any],
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    return Response(orjson.dumps(answer), found[1], _kept(found[0]) | (headers or {}), media_type)


def _kept(headers: dict[str, str]) -> dict[str, str]:
    return {"Content-Language": headers["Content-Language"], "Vary": "Accept, Accept-Language"}
