"""The parameters of a request, wherever they stand: query string, form, or XML document (OGC 09-025r2, 6.2.5)."""

from starlette.requests import Request

from server.errors import TooLargeError
from server.kvp import Params
from server.wfs.errors import OperationParsingError

_FORM = "application/x-www-form-urlencoded"


async def read(request: Request, limit: int) -> tuple[Params, ...]:
    """Parameters of each query of a request. `limit` is the most bytes that a body may have."""
    query = request.scope["query_string"].decode("latin-1")
    if request.method != "POST":
        return _split(Params.parse(query))
    body = request.state.body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"the request is larger than {limit} bytes")
    if body.lstrip()[:1] == b"<":
        from server.wfs.xml_request import parse

        return parse(bytes(body), Params.parse(query))
    kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        raise OperationParsingError(f"a body of type {kind[:80]!r} is not read, only XML and {_FORM}")
    return _split(Params.parse("&".join(part for part in (query, body.decode("latin-1").strip()) if part)))


PER_QUERY = ("TYPENAMES", "TYPENAME", "ALIASES", "SRSNAME", "PROPERTYNAME", "FILTER", "SORTBY", "RESOURCEID")


def _split(params: Params) -> tuple[Params, ...]:
    """The queries of a request whose lists stand in parentheses (09-025r2, 6.2.5.3)."""
    lists = {name: _lists(params.text(name)) for name in PER_QUERY if params.text(name).startswith("(")}
    lists = {name: found for name, found in lists.items() if found}
    names = lists.get("TYPENAMES") or lists.get("TYPENAME") or []
    if not names and params.text("VERSION").startswith("1."):
        # Before 2.0 there are no joins: each name of a list is a query (OGC 04-094, 14.7.3).
        names = [name for name in params.items_of("TYPENAME") or params.items_of("TYPENAMES") if name]
        lists |= {"TYPENAME": names, "TYPENAMES": names} if names else {}
    if len(names) < 2:
        single = [(name, found[0]) for name, found in lists.items() if len(found) == 1]
        return (Params([*params.raw, *single]),)
    for name, found in lists.items():
        if len(found) != len(names):
            raise OperationParsingError(f"{name} has {len(found)} lists where TYPENAMES has {len(names)}", name)
    return tuple(
        Params([*params.raw, *((name, found[index]) for name, found in lists.items())]) for index in range(len(names))
    )


def _lists(text: str) -> list[str]:
    """The items of `(a)(b)`; nothing where the parentheses do not close one after the other."""
    items, depth, start = [], 0, 0
    for place, character in enumerate(text):
        if character == "(":
            start = place + 1 if depth == 0 else start
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                items.append(text[start:place])
        elif depth == 0:
            return []
    return items if depth == 0 else []
