"""GetCapabilities of WFS 1.1.0 (OGC 04-094, 13)."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from layers.crs import urn
from layers.registry import Registry
from server.urls import BASE
from server.wfs.capabilities import LOCKING, RELEASING
from server.wfs.dialect import WFS11
from server.wfs.feature_type import FeatureType, feature_types
from server.wfs.formats import advertised
from server.wfs.ows import SECTIONS, identification, keywords, provider

OPERANDS = ("Envelope", "Point", "LineString", "Polygon")
SPATIAL = (
    "BBOX",
    "Equals",
    "Disjoint",
    "Intersects",
    "Touches",
    "Crosses",
    "Within",
    "Contains",
    "Overlaps",
    "Beyond",
    "DWithin",
)
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


def document(registry: Registry, theme: str | None = None, wanted: Iterable[str] = SECTIONS) -> bytes:
    """wfs:WFS_Capabilities, with addresses that start with BASE."""
    address = f"{BASE}/themes/{theme}/wfs" if theme else f"{BASE}/wfs"
    kinds = list(feature_types(registry, theme))
    writers = {
        "ServiceIdentification": lambda: _identification(registry, theme),
        "ServiceProvider": lambda: provider(registry),
        "OperationsMetadata": lambda: _operations(address, editable=any(kind.edits for kind in kinds)),
        "FeatureTypeList": lambda: _types(registry, kinds),
        "Filter_Capabilities": _filters,
    }
    # The filters are not a section that may be left out (04-094, 13.3.2).
    wanted = {*wanted, "Filter_Capabilities"}
    lines = [_root(registry)]
    for name, write in writers.items():
        if name in wanted and (kinds or name != "FeatureTypeList"):
            lines += write()
    return "\n".join([*lines, "</wfs:WFS_Capabilities>", ""]).encode()


def _root(registry: Registry) -> str:
    space = registry.service.namespace
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wfs:WFS_Capabilities version="1.1.0" '
        'xmlns="http://www.opengis.net/wfs" xmlns:wfs="http://www.opengis.net/wfs" '
        'xmlns:ows="http://www.opengis.net/ows" xmlns:ogc="http://www.opengis.net/ogc" '
        'xmlns:gml="http://www.opengis.net/gml" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f"xmlns:{space.prefix}={quoteattr(space.uri)} "
        f'xsi:schemaLocation="{WFS11.wfs} {WFS11.wfs_xsd}">'
    )


def _identification(registry: Registry, theme: str | None) -> Iterator[str]:
    for line in identification(registry, theme, ("1.1.0",)):
        yield line.replace(' codeSpace="OGC"', "")


def _operations(address: str, *, editable: bool) -> Iterator[str]:
    formats = advertised(WFS11)
    parameters: dict[str, dict[str, tuple[str, ...]]] = {
        "GetCapabilities": {"AcceptVersions": ("1.1.0", "1.0.0"), "AcceptFormats": ("text/xml",), "Sections": SECTIONS},
        "DescribeFeatureType": {"outputFormat": (formats[0],)},
        "GetFeature": {"resultType": ("results", "hits"), "outputFormat": formats},
    }
    if editable:
        locked = {"resultType": ("results",), "outputFormat": formats} | LOCKING
        parameters |= {"LockFeature": LOCKING, "GetFeatureWithLock": locked, "Transaction": RELEASING}
    yield "<ows:OperationsMetadata>"
    for name, allowed in parameters.items():
        yield f'  <ows:Operation name="{name}">\n    <ows:DCP><ows:HTTP>'
        if name != "Transaction":
            yield f"      <ows:Get xlink:href={quoteattr(address + '?')}/>"
        yield f"      <ows:Post xlink:href={quoteattr(address)}/>"
        yield "    </ows:HTTP></ows:DCP>"
        for parameter, values in allowed.items():
            inside = "".join(f"<ows:Value>{escape(value)}</ows:Value>" for value in values)
            yield f'    <ows:Parameter name="{parameter}">{inside}</ows:Parameter>'
        yield "  </ows:Operation>"
    yield '  <ows:Parameter name="srsName"><ows:Value>EPSG:4326</ows:Value></ows:Parameter>'
    yield "</ows:OperationsMetadata>"


def _types(registry: Registry, kinds: list[FeatureType]) -> Iterator[str]:
    yield "<wfs:FeatureTypeList>"
    yield "  <wfs:Operations><wfs:Operation>Query</wfs:Operation></wfs:Operations>"
    for kind in kinds:
        yield from _type(registry, kind)
    yield "</wfs:FeatureTypeList>"


def _type(registry: Registry, kind: FeatureType) -> Iterator[str]:
    definition, language = kind.layer.definition, registry.service.language
    yield f"  <wfs:FeatureType>\n    <wfs:Name>{kind.name}</wfs:Name>"
    yield f"    <wfs:Title>{escape(definition.title.get(language))}</wfs:Title>"
    if definition.abstract:
        yield f"    <wfs:Abstract>{escape(definition.abstract.get(language))}</wfs:Abstract>"
    yield from keywords(definition.keywords, "    ")
    yield f"    <wfs:DefaultSRS>{urn(kind.facts.crs)}</wfs:DefaultSRS>"
    for crs in registry.crs_ids:
        if crs != kind.facts.crs:
            yield f"    <wfs:OtherSRS>{urn(crs)}</wfs:OtherSRS>"
    if kind.edits:
        names = ("Query", *(name.capitalize() for name in kind.edits if name != "replace"), "Lock")
        allowed = "".join(f"<wfs:Operation>{name}</wfs:Operation>" for name in names)
        yield f"    <wfs:Operations>{allowed}</wfs:Operations>"
    inside = "".join(f"<wfs:Format>{name}</wfs:Format>" for name in advertised(WFS11))
    yield f"    <wfs:OutputFormats>{inside}</wfs:OutputFormats>"
    west, south, east, north = (round(value, 7) for value in kind.layer.geographic_extent)
    yield f"    <ows:WGS84BoundingBox><ows:LowerCorner>{west} {south}</ows:LowerCorner>"
    yield f"      <ows:UpperCorner>{east} {north}</ows:UpperCorner></ows:WGS84BoundingBox>"
    for link in definition.metadata:
        yield f'    <wfs:MetadataURL type="TC211" format="text/xml">{escape(link.url)}</wfs:MetadataURL>'
    yield "  </wfs:FeatureType>"


def _filters() -> Iterator[str]:
    yield "<ogc:Filter_Capabilities>\n  <ogc:Spatial_Capabilities><ogc:GeometryOperands>"
    yield from (f"    <ogc:GeometryOperand>gml:{name}</ogc:GeometryOperand>" for name in OPERANDS)
    yield "  </ogc:GeometryOperands><ogc:SpatialOperators>"
    yield from (f'    <ogc:SpatialOperator name="{name}"/>' for name in SPATIAL)
    yield "  </ogc:SpatialOperators></ogc:Spatial_Capabilities>\n  <ogc:Scalar_Capabilities><ogc:LogicalOperators/>"
    yield "  <ogc:ComparisonOperators>"
    yield from (f"    <ogc:ComparisonOperator>{name}</ogc:ComparisonOperator>" for name in COMPARISONS)
    yield "  </ogc:ComparisonOperators><ogc:ArithmeticOperators><ogc:SimpleArithmetic/></ogc:ArithmeticOperators>"
    yield "  </ogc:Scalar_Capabilities>\n  <ogc:Id_Capabilities><ogc:EID/><ogc:FID/></ogc:Id_Capabilities>"
    yield "</ogc:Filter_Capabilities>"
