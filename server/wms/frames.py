"""The frames of an animated map: TIME's values, one a frame (OGC 06-042, annex C.3.3 leaves the form to the format)."""

from dataclasses import replace
from datetime import datetime

from layers.query import MapQuery, Selection
from server.errors import InvalidParameterError
from server.kvp import Params
from server.wms import parameters
from server.wms.dimensions import start_of
from server.wms.errors import InvalidDimensionError
from server.wms.parameters import Asked

DELAY = 500
"""Milliseconds that a frame stays where nothing is asked."""
SHORTEST, LONGEST = 20, 60_000

_GEOSERVER = "gif_frames_delay:"


def frames(asked: Asked, query: MapQuery) -> tuple[MapQuery, ...]:
    """A map a moment, in their order; one where no layer has a time.

    A layer that has nothing of a moment's own is shown as it was last. Raises InvalidDimensionError for too many
    frames, InvalidParameterError for too many pixels.
    """
    moments = sorted({start_of(value) for selection in query.layers for value in selection.time})
    limits = asked.registry.service.limits
    if len(moments) > limits.frames:
        message = f"TIME means {len(moments)} moments, and an animation has {limits.frames} frames at the most"
        raise InvalidDimensionError(message, "TIME")
    if (pixels := query.width * query.height * len(moments)) > limits.frame_pixels:
        message = f"WIDTH × HEIGHT × {len(moments)} frames is {pixels} pixels, and {limits.frame_pixels} are the most"
        raise InvalidParameterError(message, "WIDTH")
    return tuple(replace(query, layers=_at(moment, query.layers)) for moment in moments) or (query,)


def _at(moment: datetime, selections: tuple[Selection, ...]) -> tuple[Selection, ...]:
    """What is drawn at a moment: of each layer with times its own of then, or else its last ones before."""
    shown: list[Selection] = []
    for selection in selections:
        past = [value for value in selection.time if start_of(value) <= moment]
        if past or not selection.time:
            shown.append(replace(selection, time=tuple(v for v in past if start_of(v) == start_of(past[-1]))))
    return tuple(shown)


def delay(params: Params) -> int:
    """Milliseconds a frame: FRAME_DELAY, or GeoServer's FORMAT_OPTIONS=gif_frames_delay:n."""
    options = params.text("FORMAT_OPTIONS").split(";")
    option = next((item for item in options if item.lower().startswith(_GEOSERVER)), "")
    if not params.text("FRAME_DELAY") and not option:
        return DELAY
    name = "FRAME_DELAY" if params.text("FRAME_DELAY") else "FORMAT_OPTIONS"
    value = parameters.number(params.text("FRAME_DELAY") or option[len(_GEOSERVER) :], name)
    if not SHORTEST <= value <= LONGEST:
        raise InvalidParameterError(f"{name}: a frame stays {SHORTEST} to {LONGEST} milliseconds", name)
    return round(value)
