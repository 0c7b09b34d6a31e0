"""What the parameters of a WMS request say, one function a parameter; any mistake is raised as the standard's code."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from layers.crs import CRS84, BBox, Crs, parse_crs, swap
from layers.errors import UnknownCrsError, hint
from layers.formats import ImageFormat
from layers.query import STANDARD_DPI, MapQuery, Selection
from layers.registry import Registry
from server.errors import (
    InvalidParameterError,
    MissingParameterError,
    OperationNotSupportedError,
    ServiceError,
    TooLargeError,
)
from server.kvp import Params
from server.wms.errors import InvalidFormatError
from server.wms.formats import MAP_FORMATS, map_format

if TYPE_CHECKING:
    from layers.styles.user import UserLayer

VERSIONS = ("1.1.1", "1.3.0")
LANGUAGES = {"fr": "fre", "en": "eng"}
"""ISO 639-2/B codes, which INSPIRE asks, by ours."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\- ]?\d+)?", re.ASCII)
_COLOR = re.compile(r"(?:0[xX]|#)?([0-9a-fA-F]{6})")
_VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,2}", re.ASCII)
_FORM = "application/x-www-form-urlencoded"
_XML = ("text/xml", "application/xml")


@dataclass(frozen=True, slots=True)
class Asked:
    """A WMS request: the registry it is answered from, the theme it is confined to, its parameters and version,
    the public address of the server, the path and query string of a GET, and the styles that came with it.
    """

    registry: Registry
    theme: str | None
    params: Params
    version: str
    base: str
    sent: tuple[str, bytes] | None = None
    styles: "tuple[UserLayer, ...]" = ()

    @property
    def crs_parameter(self) -> str:
        """CRS in 1.3.0, SRS before."""
        return "CRS" if self.version == "1.3.0" else "SRS"


async def read(request: Request, limit: int) -> Params:
    """The parameters of a GET, or of a POST with a form or XML; `limit` is the most bytes that a body may have."""
    query = request.scope["query_string"].decode("latin-1")
    if request.method != "POST":
        return Params.parse(query)
    kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind not in (_FORM, *_XML):
        raise OperationNotSupportedError(f"a body of type {kind!r} is not read, only {_FORM} and {', '.join(_XML)}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"the request is larger than {limit} bytes")
    if kind in _XML:
        # Imported by need: it brings an XML parser along.
        from server.wms.xml_request import parameters_of

        return Params([*Params.parse(query).raw, *(await run_in_threadpool(parameters_of, bytes(body))).raw])
    # Of a parameter in both places the body's holds: the last one wins.
    return Params.parse("&".join(part for part in (query, body.decode("latin-1").strip()) if part))


def negotiated(params: Params) -> str:
    """The highest version served that is not above the one asked, else the lowest (06-042, 6.2.4)."""
    text = params.text("VERSION") or params.text("WMTVER")
    if not _VERSION.fullmatch(text):
        return VERSIONS[-1]
    asked = _numbers(text)
    return max((version for version in VERSIONS if _numbers(version) <= asked), default=VERSIONS[0])


def required_version(params: Params) -> str:
    """The version of an operation that must name it (06-042, 7.3.3.2), 1.0.0 and 1.1.0 being answered as 1.1.1."""
    text = params.text("VERSION") or params.text("WMTVER")
    if not text:
        raise MissingParameterError("VERSION")
    if not _VERSION.fullmatch(text) or not (_numbers("1.0.0") <= _numbers(text) <= _numbers("1.3.0")):
        raise InvalidParameterError(f"VERSION={text!r} is not one of {', '.join(reversed(VERSIONS))}", "VERSION")
    return negotiated(params)


def _numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def format_of(params: Params, default: str | None = None) -> ImageFormat:
    """The picture format that is asked. Raises InvalidFormatError."""
    text = params.text("FORMAT") or default
    if text is None:
        raise MissingParameterError("FORMAT")
    found = map_format(text)
    if found is None:
        allowed = ", ".join(MAP_FORMATS)
        message = f"FORMAT={text[:200]!r} is not one of {allowed}{hint(text[:200], MAP_FORMATS)}"
        raise InvalidFormatError(message, "FORMAT")
    return found


def crs_of(asked: Asked) -> Crs:
    """The CRS as it is written in the request, if it is served. Raises UnknownCrsError."""
    name = asked.crs_parameter
    if not asked.params.text(name):
        other = "SRS" if name == "CRS" else "CRS"
        if asked.params.text(other):
            raise OtherNameError(name, other, asked.version)
        raise MissingParameterError(name)
    crs = parse_crs(asked.params.text(name)[:200], parameter=name)
    served = asked.registry.crs_ids
    # EPSG:4326 of WMS 1.1.1 is CRS:84 under another name.
    if crs.id not in served and not (name == "SRS" and crs.id == "EPSG:4326" and CRS84 in served):
        raise UnknownCrsError(crs.text, asked.registry.service.crs, parameter=name)
    return crs


class OtherNameError(MissingParameterError):
    """The parameter is there under the name that another version gives it."""

    def __init__(self, name: str, other: str, version: str) -> None:
        ServiceError.__init__(self, f"the parameter {name} is missing: WMS {version} has no {other}", name)


def bbox_of(asked: Asked, crs: Crs) -> BBox:
    """xmin, ymin, xmax, ymax, whatever the order of the axes in the request (06-042, 7.3.3.6)."""
    return read_box(asked.params.required("BBOX"), swapped=north_first(asked, crs))


def north_first(asked: Asked, crs: Crs) -> bool:
    """True where BBOX has y first."""
    return crs.swapped(short_is_authority=asked.version == "1.3.0")


def read_box(text: str, *, swapped: bool) -> BBox:
    """xmin, ymin, xmax, ymax of what BBOX says, with y first where it is `swapped`. Raises InvalidParameterError."""
    parts = text.split(",")
    numbers = [number(part, "BBOX") for part in parts[:5]]
    if len(numbers) != 4:
        raise InvalidParameterError(f"BBOX={text[:200]!r} is not four numbers", "BBOX")
    box = (numbers[0], numbers[1], numbers[2], numbers[3])
    if box[0] >= box[2] or box[1] >= box[3]:
        message = f"BBOX={text[:200]!r} has no area: the minimum of each axis comes first and is below the maximum"
        raise InvalidParameterError(message, "BBOX")
    if not math.isfinite(box[2] - box[0]) or not math.isfinite(box[3] - box[1]):
        raise InvalidParameterError(f"BBOX={text[:200]!r} is too large", "BBOX")
    return swap(box) if swapped else box


def number(text: str, parameter: str) -> float:
    """A finite decimal number, exponents allowed (06-042, 6.5)."""
    text = text.strip()
    # An unescaped plus sign in an exponent arrives as a blank.
    value = float(text.replace(" ", "+")) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise InvalidParameterError(f"{parameter}: {text[:60]!r} is not a number", parameter)
    return value


def boolean(params: Params, name: str) -> bool:
    """TRUE or FALSE in any case; absent is FALSE."""
    text = params.text(name, "FALSE")
    if text.upper() not in ("TRUE", "FALSE", "1", "0"):
        raise InvalidParameterError(f"{name}={text[:60]!r} is not one of TRUE, FALSE", name)
    return text.upper() in ("TRUE", "1")


def color(params: Params, name: str = "BGCOLOR") -> str:
    """A colour 0xRRGGBB as "#rrggbb"; absent is white (06-042, 7.3.3.10)."""
    text = params.text(name, "0xFFFFFF")
    match = _COLOR.fullmatch(text)
    if not match:
        raise InvalidParameterError(f"{name}={text[:60]!r} is not a colour written 0xRRGGBB", name)
    return f"#{match[1].lower()}"


def dpi(params: Params) -> float:
    """Dots an inch that the client draws for: DPI, MAP_RESOLUTION or FORMAT_OPTIONS=dpi:n (QGIS sends all three)."""
    option = next((item for item in params.text("FORMAT_OPTIONS").split(";") if item.lower().startswith("dpi:")), "")
    for name, text in (("DPI", params.text("DPI")), ("MAP_RESOLUTION", params.text("MAP_RESOLUTION"))):
        if text:
            return _resolution(text, name)
    return _resolution(option[4:], "FORMAT_OPTIONS") if option else STANDARD_DPI


def _resolution(text: str, parameter: str) -> float:
    value = number(text, parameter)
    if not 10 <= value <= 2400:
        raise InvalidParameterError(f"{parameter}={text[:60]} is not between 10 and 2400 dots an inch", parameter)
    return value


def canvas(asked: Asked) -> tuple[int, int]:
    """WIDTH and HEIGHT in pixels, within MaxWidth and MaxHeight."""
    limits = asked.registry.service.limits
    width = asked.params.integer("WIDTH", minimum=1, maximum=limits.width)
    return width, asked.params.integer("HEIGHT", minimum=1, maximum=limits.height)


def picture(asked: Asked, selections: tuple[Selection, ...], picture_format: ImageFormat) -> MapQuery:
    """The picture that GetMap draws, or that GetFeatureInfo points into."""
    crs = crs_of(asked)
    bbox = bbox_of(asked, crs)
    width, height = canvas(asked)
    return MapQuery(
        layers=selections,
        crs=crs.id,
        bbox=bbox,
        width=width,
        height=height,
        format=picture_format.name,
        transparent=boolean(asked.params, "TRANSPARENT") and picture_format.alpha,
        background=color(asked.params),
        dpi=dpi(asked.params),
    )


def language(asked: Asked) -> str:
    """ "fr" or "en" for LANGUAGE in ISO 639-1 or 639-2; anything else means the service's own (INSPIRE TG, 4.2)."""
    text = asked.params.text("LANGUAGE").lower()
    codes = {code: ours for ours, code in LANGUAGES.items()} | {ours: ours for ours in LANGUAGES} | {"fra": "fr"}
    return codes.get(text, asked.registry.service.language)
