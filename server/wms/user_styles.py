"""SLD and SLD_BODY: styles that come with a request (OGC 05-078r4, 7; OGC 02-070, 10).

With LAYERS the document is a library of styles; without, it says what is drawn. It is read beside the loop.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from layers.errors import UnknownPropertyError
from layers.facts import VectorFacts
from layers.registry import Layer
from server.errors import InvalidParameterError
from server.wms.parameters import Asked

if TYPE_CHECKING:
    from layers.styles.user import UserLayer

NAMES = ("SLD_BODY", "SLD")
MOST_PICTURES = 20
"""Pictures of other servers that one style may have."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name to draw, the style of ours or the client's own look, and a filter as FES."""

    name: str
    style: str = ""
    look: Any = None
    filter: str = ""


async def styled(asked: Asked) -> Asked:
    """The request with the styles that it brings. Raises InvalidParameterError for what is no style."""
    parameter = next((name for name in NAMES if asked.params.text(name)), None)
    if parameter is None:
        return asked
    return replace(asked, styles=await run_in_threadpool(_read, asked, parameter))


def _read(asked: Asked, parameter: str) -> "tuple[UserLayer, ...]":
    # Imported by need: few requests bring styles.
    from layers.styles.sld import StyleError
    from layers.styles.user import read_layers

    text = asked.params.text(parameter)
    if parameter == "SLD":
        from server.wms.remote_style import fetched

        body = fetched(text, asked.registry.service.sld_hosts)
    else:
        body = text.encode()
    try:
        layers = read_layers(body)
    except StyleError as error:
        raise InvalidParameterError(f"{parameter}: {error}", parameter) from None
    hosts = asked.registry.service.sld_hosts
    return _with_pictures(layers, hosts) if hosts else layers


def _with_pictures(layers: "tuple[UserLayer, ...]", hosts: tuple[str, ...]) -> "tuple[UserLayer, ...]":
    """The layers with the pictures that their styles name on listed hosts; of other hosts nothing is asked."""
    from layers.styles.pictures import addresses, with_contents
    from server.wms.remote_style import fetched, is_listed

    wanted = [address for address in addresses(layers) if is_listed(address, hosts)]
    if len(wanted) > MOST_PICTURES:
        message = f"the style names {len(wanted)} pictures of other servers, and {MOST_PICTURES} are the most"
        raise InvalidParameterError(message, "SLD_BODY")
    return with_contents(layers, {address: fetched(address, hosts) for address in wanted}) if wanted else layers


def listed(asked: Asked) -> list[Wanted]:
    """Everything that a document without LAYERS draws, each layer in each of its styles."""
    return [
        Wanted(layer.name, "" if style is None or style.look else style.name, style and style.look, layer.filter)
        for layer in asked.styles
        for style in layer.styles or (None,)
    ]


def from_library(asked: Asked, name: str, style: str) -> Wanted:
    """A name of LAYERS in the document's style of that name, else in ours."""
    for layer in asked.styles:
        found = layer.style(style) if _same(asked, layer.name, name) else None
        if found is not None:
            return Wanted(name, "" if found.look else found.name, found.look, layer.filter)
    return Wanted(name, style)


def look_of(asked: Asked, layer: Layer, style: str) -> Any:
    """The document's style for a layer, None where it has none."""
    look = from_library(asked, layer.name, style).look
    if look:
        check_fields(layer, look)
    return look


def _same(asked: Asked, one: str, other: str) -> bool:
    """True for two names of one layer: with a prefix or without, the name or the id."""
    prefix = f"{asked.registry.service.namespace.prefix}:"
    names = {name: layer.id for layer in asked.registry.layers.values() for name in (layer.name, layer.id)}
    one, other = one.removeprefix(prefix), other.removeprefix(prefix)
    return names.get(one, one) == names.get(other, other)


def check_fields(layer: Layer, look: Any) -> None:
    """A client's style reads what everybody may read. Raises UnknownPropertyError."""
    if not isinstance(layer.facts, VectorFacts):
        return
    from layers.styles.asked import fields_asked

    hidden = {name.lower() for name, alias in layer.definition.fields.items() if alias.hidden}
    known = {field.name.lower(): field.name for field in layer.facts.fields if field.name.lower() not in hidden}
    for rule in fields_asked(look):
        for name in sorted(rule.fields):
            if name.lower() not in known:
                raise UnknownPropertyError(name, known.values(), parameter="sld_body")
