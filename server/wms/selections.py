"""LAYERS and STYLES, with what goes by layer: TIME, OPACITIES, filters (OGC 06-042, 7.3.3.3 and 7.3.3.4)."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from layers.errors import UnknownLayerError, UnknownStyleError, WithheldLayerError
from layers.query import Selection
from layers.registry import Layer
from server.errors import InvalidParameterError, MissingParameterError
from server.wms import parameters, user_styles, values
from server.wms.dimensions import chosen_times
from server.wms.errors import LayerNotDefinedError, StyleNotDefinedError, WmsError
from server.wms.groups import group_names, members
from server.wms.parameters import Asked
from server.wms.user_styles import Wanted

if TYPE_CHECKING:
    from server.wms.filters import Condition


@dataclass(frozen=True, slots=True)
class Named:
    """A name of LAYERS: what it draws, lowest first, and what the Warning header has to say of it."""

    name: str
    selections: tuple[Selection, ...]
    warnings: tuple[str, ...] = ()


def named(asked: Asked) -> list[Named]:
    """Every name of LAYERS, or of the request's own SLD, the lowest first. Raises the first one's error."""
    wanted = _wanted(asked)
    limit = asked.registry.service.limits.layers
    if len(wanted) > limit:
        raise WmsError(f"LAYERS has {len(wanted)} names, LayerLimit is {limit}", "LAYERS")
    opacities = _opacities(asked, len(wanted))
    conditions = _conditions(asked, [one.name for one in wanted])
    return [_named(asked, *item) for item in zip(wanted, opacities, conditions, strict=True)]


def _wanted(asked: Asked) -> list[Wanted]:
    names = asked.params.items_of("LAYERS")
    if not names and asked.styles:
        return user_styles.listed(asked)
    if not names:
        raise MissingParameterError("LAYERS")
    pairs = zip(names, _styles(asked, len(names)), strict=True)
    if not asked.styles:
        return [Wanted(name, style) for name, style in pairs]
    return [user_styles.from_library(asked, name, style) for name, style in pairs]


def drawn(layers: list[Named]) -> tuple[Selection, ...]:
    """Everything that is drawn, first to last."""
    return tuple(selection for layer in layers for selection in layer.selections)


def warnings(layers: list[Named]) -> list[str]:
    """Every Warning header's value, once."""
    return list(dict.fromkeys(warning for layer in layers for warning in layer.warnings))


def layers_of(asked: Asked, name: str, parameter: str = "LAYERS") -> tuple[Layer, ...]:
    """The layer of a name, or those of a group. Raises UnknownLayerError."""
    group = members(asked.registry, asked.theme, name)
    if group is not None:
        return group
    offered = (
        *(layer.name for layer in asked.registry.in_theme(asked.theme)),
        *group_names(asked.registry, asked.theme),
    )
    if not name:
        raise LayerNotDefinedError(f"{parameter} has an empty name", parameter)
    try:
        layer = asked.registry.layer(name, parameter=parameter)
    except WithheldLayerError:
        raise
    except UnknownLayerError:
        raise UnknownLayerError(name, offered, parameter=parameter) from None
    if asked.theme not in (None, layer.theme):
        raise UnknownLayerError(name, offered, parameter=parameter)
    return (layer,)


def style_of(layer: Layer, name: str, *, group: bool, parameter: str = "STYLES") -> str:
    """The layer's style of a name; a group has no style but the default one. Raises UnknownStyleError."""
    if group and name not in ("", "default"):
        raise UnknownStyleError(name, ("default",), parameter=parameter)
    try:
        return layer.style("" if group else name)
    except UnknownStyleError:
        raise UnknownStyleError(name, layer.styles, parameter=parameter) from None


def in_default_style(asked: Asked, name: str) -> Named:
    """A name as it is drawn when nothing more is said of it."""
    return _named(asked, Wanted(name), 1.0, None)


def _named(asked: Asked, wanted: Wanted, opacity: float, condition: "Condition | None") -> Named:
    layers = members(asked.registry, asked.theme, wanted.name)
    group = layers is not None
    found: list[Selection] = []
    told: list[str] = []
    for layer in layers or layers_of(asked, wanted.name):
        if wanted.look:
            user_styles.check_fields(layer, wanted.look)
        selection = Selection(
            layer.id,
            style_of(layer, wanted.style, group=group),
            filter=_filter(layer, wanted.filter, condition),
            opacity=opacity,
            look=wanted.look,
        )
        if layer.times:
            times = chosen_times(layer, asked.params.text("TIME"))
            told += times.warnings
            if not times.values:
                continue
            selection = replace(selection, time=times.values)
        if layer.definition.other_dimensions:
            selection, warnings_of = values.narrowed(layer, selection, asked.params)
            told += warnings_of
        found.append(selection)
    return Named(wanted.name, tuple(found), tuple(told))


def _filter(layer: Layer, own: str, condition: "Condition | None") -> Any:
    """The request's condition on a layer and that of its SLD, both."""
    tree = condition.tree(layer) if condition else None
    if not own:
        return tree
    from layers.filters import both
    from server.wms.filters import Condition

    return both(Condition(own, "SLD_BODY").tree(layer), tree)


def _styles(asked: Asked, count: int) -> list[str]:
    styles = asked.params.items_of("STYLES")
    if styles and len(styles) != count:
        message = f"STYLES has {len(styles)} names and LAYERS {count}: one style a layer, each may be empty"
        raise StyleNotDefinedError(message, "STYLES")
    return styles or [""] * count


def _opacities(asked: Asked, count: int) -> list[float]:
    """OPACITIES is 0 to 255 a layer (QGIS), MAP_OPACITY 0 to 100 for the whole."""
    whole = _bounded(asked.params.text("MAP_OPACITY", "100"), 100, "MAP_OPACITY") / 100
    texts = asked.params.items_of("OPACITIES")
    if len(texts) > count:
        raise InvalidParameterError(f"OPACITIES has {len(texts)} values for {count} layers", "OPACITIES")
    given = [_bounded(text, 255, "OPACITIES") / 255 if text else 1.0 for text in texts]
    return [whole * opacity for opacity in given + [1.0] * (count - len(given))]


def _bounded(text: str, maximum: float, parameter: str) -> float:
    value = parameters.number(text, parameter)
    if not 0 <= value <= maximum:
        raise InvalidParameterError(f"{parameter}: {text[:60]} is not between 0 and {maximum:g}", parameter)
    return value


def _conditions(asked: Asked, names: list[str]) -> "list[Condition | None]":
    if not asked.params.text("FILTER") and not asked.params.text("CQL_FILTER"):
        return [None] * len(names)
    # Imported by need: few pictures are filtered.
    from server.wms.filters import conditions

    return [*conditions(asked, names)]
