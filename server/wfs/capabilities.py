"""GetCapabilities of WFS 2.0 (OGC 09-025r2, 8): what the service does and its feature types; every claim holds."""

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

from starlette.responses import Response

from layers.filters.build import FUNCTIONS, TEMPORAL
from layers.registry import Registry
from server.access import asker
from server.urls import BASE
from server.wfs import inspire
from server.wfs.asked import Asked
from server.wfs.describe_feature_type import XSD_TYPES
from server.wfs.dialect import WFS10, WFS11, WFS20, negotiated
from server.wfs.formats import advertised
from server.wfs.ows import (
    LOCKING,
    RELEASING,
    SECTIONS,
    SPATIAL,
    constraint,
    feature_type,
    identification,
    operation,
    provider,
    sections,
    values,
)
from server.wfs.service import VERSIONS
from server.wfs.stored_query import LANGUAGES
from server.wfs.view import View

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

FILTER_CONFORMANCE = {
    "ImplementsQuery": True,
    "ImplementsAdHocQuery": True,
    "ImplementsFunctions": True,
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
OPERANDS = ("Envelope", "Point", "LineString", "Polygon", "MultiPoint", "MultiCurve", "MultiSurface", "MultiGeometry")


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
    body = write(asked.registry, asked.theme, wanted, asked.language).replace(BASE.encode(), asked.base.encode())
    return Response(_with_key(asked, body), media_type="text/xml")


def _with_key(asked: Asked, body: bytes) -> bytes:
    """The document with the key of who asked by `?apikey=` in its addresses, for QGIS posts its changes to these."""
    if not (asker().known and asked.params.text("APIKEY")):
        return body
    key = urlencode({"apikey": asked.params.text("APIKEY")})
    body = body.replace(f'"{asked.address}?"'.encode(), f'"{asked.address}?{key}&amp;"'.encode())
    return body.replace(f'"{asked.address}"'.encode(), f'"{asked.address}?{key}"'.encode())


def document(
    registry: Registry, theme: str | None = None, wanted: Iterable[str] = SECTIONS, language: str = ""
) -> bytes:
    """wfs:WFS_Capabilities in a language, the service's own by default, with addresses that start with BASE."""
    view = View(registry, theme, language or registry.service.language)
    writers = {
        "ServiceIdentification": lambda: identification(view, VERSIONS),
        "ServiceProvider": lambda: provider(view),
        "OperationsMetadata": lambda: _operations(view),
        "FeatureTypeList": lambda: _types(view),
        "Filter_Capabilities": _filters,
    }
    wanted = tuple(wanted)
    lines = [_root(view)]
    for name, write in writers.items():
        if name in wanted and (view.kinds or name != "FeatureTypeList"):
            lines += write()
    return "\n".join([*lines, "</wfs:WFS_Capabilities>", ""]).encode()


def _root(view: View) -> str:
    space, inspired = view.service.namespace, view.service.inspire_download is not None
    schemas = f"{WFS20.wfs} {WFS20.wfs_xsd}" + (f" {inspire.SCHEMA}" if inspired else "")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wfs:WFS_Capabilities version="2.0.0" '
        'xmlns="http://www.opengis.net/wfs/2.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" '
        'xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:fes="http://www.opengis.net/fes/2.0" '
        'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {inspire.NAMESPACES if inspired else ""} '
        f'xmlns:{space.prefix}={quoteattr(space.uri)} xsi:schemaLocation="{schemas}">'
    )


def _operations(view: View) -> Iterator[str]:
    count = constraint("CountDefault", str(view.service.limits.features))
    yield "<ows:OperationsMetadata>"
    for name, allowed in _parameters(view).items():
        # GDAL looks for it here only, and QGIS takes either place.
        more = (count,) if name in ("GetFeature", "GetFeatureWithLock") else ()
        yield from operation(view, name, allowed, values, *more)
    yield f'  <ows:Parameter name="version">{values(VERSIONS)}</ows:Parameter>'
    claims = CONFORMANCE | {
        "ImplementsTransactionalWFS": view.editable,
        "ImplementsLockingWFS": view.editable,
        "ManageStoredQueries": view.service.manage_stored_queries is not None,
    }
    for name, value in claims.items():
        yield f"  {constraint(name, str(value).upper())}"
    yield f"  {count}"
    yield f'  <ows:Constraint name="QueryExpressions">{values(("wfs:Query", "wfs:StoredQuery"))}</ows:Constraint>'
    yield from inspire.extended_capabilities(view)
    yield "</ows:OperationsMetadata>"


def _parameters(view: View) -> dict[str, Mapping[str, tuple[str, ...]]]:
    """The operations, with the parameters whose values are told."""
    formats = advertised(WFS20)
    features = {"resolve": ("local",), "outputFormat": formats, "resultType": ("results", "hits")}
    found: dict[str, Mapping[str, tuple[str, ...]]] = {
        "GetCapabilities": {"AcceptVersions": VERSIONS, "AcceptFormats": ("text/xml",), "Sections": SECTIONS},
        "DescribeFeatureType": {"outputFormat": (formats[0],)},
        "GetFeature": features,
        "GetPropertyValue": {"resolve": ("local",), "outputFormat": (formats[0],)},
        "ListStoredQueries": {},
        "DescribeStoredQueries": {},
    }
    if view.service.manage_stored_queries is not None:
        found |= {"CreateStoredQuery": {"language": LANGUAGES}, "DropStoredQuery": {}}
    if view.editable:
        found |= {"LockFeature": LOCKING, "GetFeatureWithLock": features | LOCKING, "Transaction": RELEASING}
    return found


def _types(view: View) -> Iterator[str]:
    yield "<wfs:FeatureTypeList>"
    for kind in view.kinds:
        yield from feature_type(view, kind, WFS20)
    yield "</wfs:FeatureTypeList>"


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
    # The schema's list of names leaves one of the operators out.
    named = (name for name in TEMPORAL if name != "AnyInteracts")
    yield from (f'    <fes:TemporalOperator name="{name}"/>' for name in named)
    yield "  </fes:TemporalOperators></fes:Temporal_Capabilities>\n  <fes:Functions>"
    for name, kind in FUNCTIONS.items():
        argument = XSD_TYPES["real" if name == "abs" else "string"]
        yield f'    <fes:Function name="{name}"><fes:Returns>{XSD_TYPES[kind]}</fes:Returns><fes:Arguments>'
        yield f'      <fes:Argument name="value"><fes:Type>{argument}</fes:Type></fes:Argument>'
        yield "    </fes:Arguments></fes:Function>"
    yield "  </fes:Functions>\n</fes:Filter_Capabilities>"
