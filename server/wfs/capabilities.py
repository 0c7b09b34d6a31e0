"""GetCapabilities of WFS 2.0 (OGC 09-025r2, 8): what the service does and its feature types; every claim holds."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from layers.crs import urn
from layers.registry import Registry
from server.urls import BASE
from server.wfs.asked import Asked
from server.wfs.dialect import WFS10, WFS11, WFS20, negotiated
from server.wfs.feature_type import FeatureType, feature_types
from server.wfs.formats import advertised
from server.wfs.ows import SECTIONS, constraint, identification, keywords, provider, sections, values
from server.wfs.service import VERSIONS
from server.wfs.stored_query import LANGUAGES

CONFORMANCE = {
    "ImplementsBasicWFS": True,
    "ImplementsTransactionalWFS": False,
    "ImplementsLockingWFS": False,
    "KVPEncoding": True,
    "XMLEncoding": True,
    "SOAPEncoding": False,
    "ImplementsInheritance": False,
    "ImplementsRemoteResolve": False,
    "ImplementsResultPaging": True,
    "ImplementsStandardJoins": False,
    "ImplementsSpatialJoins": False,
    "ImplementsTemporalJoins": False,
    "ImplementsFeatureVersioning": False,
    "ManageStoredQueries": False,
}

POSTED = ("Transaction", "CreateStoredQuery")
"""Operations that have no encoding in key-value pairs."""

LOCKING: dict[str, tuple[str, ...]] = {"lockAction": ("ALL", "SOME")}
RELEASING: dict[str, tuple[str, ...]] = {"releaseAction": ("ALL", "SOME")}

FILTER_CONFORMANCE = {
    "ImplementsQuery": True,
    "ImplementsAdHocQuery": True,
    "ImplementsFunctions": False,
    "ImplementsResourceId": True,
    "ImplementsMinStandardFilter": True,
    "ImplementsStandardFilter": True,
    "ImplementsMinSpatialFilter": True,
    "ImplementsSpatialFilter": True,
    "ImplementsMinTemporalFilter": True,
    "ImplementsTemporalFilter": True,
    "ImplementsVersionNav": False,
    "ImplementsSorting": True,
    "ImplementsExtendedOperators": False,
    "ImplementsMinimumXPath": True,
    "ImplementsSchemaElementFunc": False,
}

COMPARISONS = (
    "PropertyIsEqualTo",
    "PropertyIsNotEqualTo",
    "PropertyIsLessThan",
    "PropertyIsGreaterThan",
    "PropertyIsLessThanOrEqualTo",
    "PropertyIsGreaterThanOrEqualTo",
    "PropertyIsLike",
    "PropertyIsNull",
    "PropertyIsNil",
    "PropertyIsBetween",
)
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
OPERANDS = ("Envelope", "Point", "LineString", "Polygon", "MultiPoint", "MultiCurve", "MultiSurface", "MultiGeometry")
TEMPORAL = (
    "After",
    "Before",
    "Begins",
    "BegunBy",
    "TContains",
    "During",
    "EndedBy",
    "Ends",
    "TEquals",
    "Meets",
    "MetBy",
    "TOverlaps",
    "OverlappedBy",
)


async def get_capabilities(asked: Asked) -> Response:
    """The capabilities document of the negotiated version, or the sections that are asked."""
    params = asked.params
    dialect = negotiated([text for text in params.items_of("ACCEPTVERSIONS") if text], params.text("VERSION"))
    wanted = sections(params.items_of("SECTIONS"))
    write = document
    if dialect is WFS11:
        from server.wfs.capabilities_1_1 import document as write
    elif dialect is WFS10:
        from server.wfs.capabilities_1_0 import document as write
    body = write(asked.registry, asked.theme, wanted).replace(BASE.encode(), asked.base.encode())
    return Response(body, media_type="text/xml")


def document(registry: Registry, theme: str | None = None, wanted: Iterable[str] = SECTIONS) -> bytes:
    """wfs:WFS_Capabilities, with addresses that start with BASE."""
    address = f"{BASE}/themes/{theme}/wfs" if theme else f"{BASE}/wfs"
    kinds = list(feature_types(registry, theme))
    writers = {
        "ServiceIdentification": lambda: identification(registry, theme, VERSIONS),
        "ServiceProvider": lambda: provider(registry),
        "OperationsMetadata": lambda: _operations(registry, address, editable=any(kind.edits for kind in kinds)),
        "FeatureTypeList": lambda: _types(registry, kinds),
        "Filter_Capabilities": _filters,
    }
    wanted = tuple(wanted)
    lines = [_root(registry)]
    for name, write in writers.items():
        if name in wanted and (kinds or name != "FeatureTypeList"):
            lines += write()
    return "\n".join([*lines, "</wfs:WFS_Capabilities>", ""]).encode()


def _root(registry: Registry) -> str:
    space = registry.service.namespace
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wfs:WFS_Capabilities version="2.0.0" '
        'xmlns="http://www.opengis.net/wfs/2.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" '
        'xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:fes="http://www.opengis.net/fes/2.0" '
        'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f"xmlns:{space.prefix}={quoteattr(space.uri)} "
        'xsi:schemaLocation="http://www.opengis.net/wfs/2.0 http://schemas.opengis.net/wfs/2.0/wfs.xsd">'
    )


def _operations(registry: Registry, address: str, *, editable: bool) -> Iterator[str]:
    formats = advertised(WFS20)
    features = {"resolve": ("local",), "outputFormat": formats, "resultType": ("results", "hits")}
    parameters: dict[str, dict[str, tuple[str, ...]]] = {
        "GetCapabilities": {"AcceptVersions": VERSIONS, "AcceptFormats": ("text/xml",), "Sections": SECTIONS},
        "DescribeFeatureType": {"outputFormat": (formats[0],)},
        "GetFeature": features,
        "GetPropertyValue": {"resolve": ("local",), "outputFormat": (formats[0],)},
        "ListStoredQueries": {},
        "DescribeStoredQueries": {},
    }
    managed = registry.service.manage_stored_queries is not None
    if managed:
        parameters |= {"CreateStoredQuery": {"language": LANGUAGES}, "DropStoredQuery": {}}
    if editable:
        parameters |= {"LockFeature": LOCKING, "GetFeatureWithLock": features | LOCKING, "Transaction": RELEASING}
    yield "<ows:OperationsMetadata>"
    for name, allowed in parameters.items():
        yield f'  <ows:Operation name="{name}">\n    <ows:DCP><ows:HTTP>'
        if name not in POSTED:
            yield f"      <ows:Get xlink:href={quoteattr(address + '?')}/>"
        yield f"      <ows:Post xlink:href={quoteattr(address)}/>"
        yield "    </ows:HTTP></ows:DCP>"
        for parameter, allowed_values in allowed.items():
            yield f'    <ows:Parameter name="{parameter}">{values(allowed_values)}</ows:Parameter>'
        if name in ("GetFeature", "GetFeatureWithLock"):
            # GDAL looks for it here only, and QGIS takes either place.
            yield f"    {constraint('CountDefault', str(registry.service.limits.features))}"
        yield "  </ows:Operation>"
    yield f'  <ows:Parameter name="version">{values(VERSIONS)}</ows:Parameter>'
    claims = CONFORMANCE | {"ImplementsTransactionalWFS": editable, "ImplementsLockingWFS": editable}
    claims |= {"ManageStoredQueries": managed}
    for name, value in claims.items():
        yield f"  {constraint(name, str(value).upper())}"
    yield f"  {constraint('CountDefault', str(registry.service.limits.features))}"
    yield f'  <ows:Constraint name="QueryExpressions">{values(("wfs:Query", "wfs:StoredQuery"))}</ows:Constraint>'
    yield "</ows:OperationsMetadata>"


def _types(registry: Registry, kinds: list[FeatureType]) -> Iterator[str]:
    yield "<wfs:FeatureTypeList>"
    for kind in kinds:
        yield from _type(registry, kind)
    yield "</wfs:FeatureTypeList>"


def _type(registry: Registry, kind: FeatureType) -> Iterator[str]:
    definition, language = kind.layer.definition, registry.service.language
    yield "  <wfs:FeatureType>"
    yield f"    <wfs:Name>{kind.name}</wfs:Name>"
    yield f"    <wfs:Title>{escape(definition.title.get(language))}</wfs:Title>"
    if definition.abstract:
        yield f"    <wfs:Abstract>{escape(definition.abstract.get(language))}</wfs:Abstract>"
    yield from keywords(definition.keywords, "    ")
    yield f"    <wfs:DefaultCRS>{urn(kind.facts.crs)}</wfs:DefaultCRS>"
    for crs in registry.crs_ids:
        if crs != kind.facts.crs:
            yield f"    <wfs:OtherCRS>{urn(crs)}</wfs:OtherCRS>"
    inside = "".join(f"<wfs:Format>{name}</wfs:Format>" for name in advertised(WFS20))
    yield f"    <wfs:OutputFormats>{inside}</wfs:OutputFormats>"
    west, south, east, north = (round(value, 7) for value in kind.layer.geographic_extent)
    yield f"    <ows:WGS84BoundingBox><ows:LowerCorner>{west} {south}</ows:LowerCorner>"
    yield f"      <ows:UpperCorner>{east} {north}</ows:UpperCorner></ows:WGS84BoundingBox>"
    for link in definition.metadata:
        yield f"    <wfs:MetadataURL xlink:href={quoteattr(link.url)}/>"
    yield "  </wfs:FeatureType>"


def _filters() -> Iterator[str]:
    yield "<fes:Filter_Capabilities>\n  <fes:Conformance>"
    for name, value in FILTER_CONFORMANCE.items():
        yield f"    {constraint(name, str(value).upper(), 'fes')}"
    yield "  </fes:Conformance>"
    yield '  <fes:Id_Capabilities><fes:ResourceIdentifier name="fes:ResourceId"/></fes:Id_Capabilities>'
    yield "  <fes:Scalar_Capabilities><fes:LogicalOperators/><fes:ComparisonOperators>"
    yield from (f'    <fes:ComparisonOperator name="{name}"/>' for name in COMPARISONS)
    yield "  </fes:ComparisonOperators></fes:Scalar_Capabilities>\n  <fes:Spatial_Capabilities><fes:GeometryOperands>"
    yield from (f'    <fes:GeometryOperand name="gml:{name}"/>' for name in OPERANDS)
    yield "  </fes:GeometryOperands><fes:SpatialOperators>"
    yield from (f'    <fes:SpatialOperator name="{name}"/>' for name in SPATIAL)
    yield "  </fes:SpatialOperators></fes:Spatial_Capabilities>\n  <fes:Temporal_Capabilities><fes:TemporalOperands>"
    yield '    <fes:TemporalOperand name="gml:TimeInstant"/><fes:TemporalOperand name="gml:TimePeriod"/>'
    yield "  </fes:TemporalOperands><fes:TemporalOperators>"
    yield from (f'    <fes:TemporalOperator name="{name}"/>' for name in TEMPORAL)
    yield "  </fes:TemporalOperators></fes:Temporal_Capabilities>\n</fes:Filter_Capabilities>"
