"""GetCapabilities of WFS 1.1.0 (OGC 04-094, 13)."""

from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from layers.filters.build import FUNCTIONS
from layers.registry import Registry
from server.wfs.dialect import WFS11
from server.wfs.feature_type import FeatureType
from server.wfs.formats import advertised
from server.wfs.ows import LOCKING, RELEASING, SECTIONS, SPATIAL, feature_type, identification, operation, provider
from server.wfs.view import View

OPERANDS = ("Envelope", "Point", "LineString", "Polygon")
COMPARISONS = (
    "LessThan",
    "GreaterThan",
    "LessThanEqualTo",
    "GreaterThanEqualTo",
    "EqualTo",
    "NotEqualTo",
    "Like",
    "Between",
    "NullCheck",
)


def document(
    registry: Registry, theme: str | None = None, wanted: Iterable[str] = SECTIONS, language: str = ""
) -> bytes:
    """wfs:WFS_Capabilities in a language, the service's own by default, with addresses that start with BASE."""
    view = View(registry, theme, language or registry.service.language)
    writers = {
        "ServiceIdentification": lambda: _identification(view),
        "ServiceProvider": lambda: provider(view),
        "OperationsMetadata": lambda: _operations(view),
        "FeatureTypeList": lambda: _types(view),
        "Filter_Capabilities": _filters,
    }
    # The filters are not a section that may be left out (04-094, 13.3.2).
    wanted = {*wanted, "Filter_Capabilities"}
    lines = [_root(view)]
    for name, write in writers.items():
        if name in wanted and (view.kinds or name != "FeatureTypeList"):
            lines += write()
    return "\n".join([*lines, "</wfs:WFS_Capabilities>", ""]).encode()


def _root(view: View) -> str:
    space = view.service.namespace
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wfs:WFS_Capabilities version="1.1.0" '
        'xmlns="http://www.opengis.net/wfs" xmlns:wfs="http://www.opengis.net/wfs" '
        'xmlns:ows="http://www.opengis.net/ows" xmlns:ogc="http://www.opengis.net/ogc" '
        'xmlns:gml="http://www.opengis.net/gml" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f"xmlns:{space.prefix}={quoteattr(space.uri)} "
        f'xsi:schemaLocation="{WFS11.wfs} {WFS11.wfs_xsd}">'
    )


def _identification(view: View) -> Iterator[str]:
    for line in identification(view, ("1.1.0",)):
        yield line.replace(' codeSpace="OGC"', "")


def _operations(view: View) -> Iterator[str]:
    formats = advertised(WFS11)
    found: dict[str, Mapping[str, tuple[str, ...]]] = {
        "GetCapabilities": {"AcceptVersions": ("1.1.0", "1.0.0"), "AcceptFormats": ("text/xml",), "Sections": SECTIONS},
        "DescribeFeatureType": {"outputFormat": (formats[0],)},
        "GetFeature": {"resultType": ("results", "hits"), "outputFormat": formats},
    }
    if view.editable:
        locked = {"resultType": ("results",), "outputFormat": formats} | LOCKING
        found |= {"LockFeature": LOCKING, "GetFeatureWithLock": locked, "Transaction": RELEASING}
    yield "<ows:OperationsMetadata>"
    for name, allowed in found.items():
        yield from operation(view, name, allowed, _values)
    yield '  <ows:Parameter name="srsName"><ows:Value>EPSG:4326</ows:Value></ows:Parameter>'
    yield "</ows:OperationsMetadata>"


def _values(allowed: Iterable[str]) -> str:
    """The values allowed, of OWS 1.0."""
    return "".join(f"<ows:Value>{escape(value)}</ows:Value>" for value in allowed)


def _types(view: View) -> Iterator[str]:
    yield "<wfs:FeatureTypeList>"
    yield "  <wfs:Operations><wfs:Operation>Query</wfs:Operation></wfs:Operations>"
    for kind in view.kinds:
        yield from feature_type(view, kind, WFS11, *_changes(kind))
    yield "</wfs:FeatureTypeList>"


def _changes(kind: FeatureType) -> Iterator[str]:
    """What may be done with the features, where that is more than to ask for them."""
    if kind.edits:
        names = ("Query", *(name.capitalize() for name in kind.edits if name != "replace"), "Lock")
        inside = "".join(f"<wfs:Operation>{name}</wfs:Operation>" for name in names)
        yield f"<wfs:Operations>{inside}</wfs:Operations>"


def _filters() -> Iterator[str]:
    yield "<ogc:Filter_Capabilities>\n  <ogc:Spatial_Capabilities><ogc:GeometryOperands>"
    yield from (f"    <ogc:GeometryOperand>gml:{name}</ogc:GeometryOperand>" for name in OPERANDS)
    yield "  </ogc:GeometryOperands><ogc:SpatialOperators>"
    yield from (f'    <ogc:SpatialOperator name="{name}"/>' for name in SPATIAL)
    yield "  </ogc:SpatialOperators></ogc:Spatial_Capabilities>\n  <ogc:Scalar_Capabilities><ogc:LogicalOperators/>"
    yield "  <ogc:ComparisonOperators>"
    yield from (f"    <ogc:ComparisonOperator>{name}</ogc:ComparisonOperator>" for name in COMPARISONS)
    yield "  </ogc:ComparisonOperators><ogc:ArithmeticOperators><ogc:SimpleArithmetic/>"
    names = "".join(f'<ogc:FunctionName nArgs="1">{name}</ogc:FunctionName>' for name in FUNCTIONS)
    yield f"  <ogc:Functions><ogc:FunctionNames>{names}</ogc:FunctionNames></ogc:Functions></ogc:ArithmeticOperators>"
    yield "  </ogc:Scalar_Capabilities>\n  <ogc:Id_Capabilities><ogc:EID/><ogc:FID/></ogc:Id_Capabilities>"
    yield "</ogc:Filter_Capabilities>"
