"""GetCapabilities of WFS 1.0.0 (OGC 02-058, 12)."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from layers.crs import CRS84
from layers.filters.build import FUNCTIONS
from layers.registry import Registry
from server.wfs.feature_type import FeatureType
from server.wfs.ows import SPATIAL
from server.wfs.view import View

OPERATIONS = {
    "GetCapabilities": "",
    "DescribeFeatureType": "<SchemaDescriptionLanguage><XMLSCHEMA/></SchemaDescriptionLanguage>",
    "GetFeature": "<ResultFormat><GML2/></ResultFormat>",
}
"""Each operation with what stands before its addresses."""


def document(registry: Registry, theme: str | None = None, wanted: Iterable[str] = (), language: str = "") -> bytes:
    """WFS_Capabilities in a language, with addresses that start with BASE; this version knows no sections."""
    del wanted
    view = View(registry, theme, language or registry.service.language)
    space = view.service.namespace
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<WFS_Capabilities version="1.0.0" xmlns="http://www.opengis.net/wfs" '
        'xmlns:ogc="http://www.opengis.net/ogc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f"xmlns:{space.prefix}={quoteattr(space.uri)} "
        'xsi:schemaLocation="http://www.opengis.net/wfs http://schemas.opengis.net/wfs/1.0.0/WFS-capabilities.xsd">',
        *_service(view),
        *_capability(view.address, editable=view.editable),
        "<FeatureTypeList>\n  <Operations><Query/></Operations>",
    ]
    for kind in view.kinds:
        lines += _type(view, kind)
    return "\n".join([*lines, "</FeatureTypeList>", *_filters(), "</WFS_Capabilities>", ""]).encode()


def _service(view: View) -> Iterator[str]:
    service, about = view.service, view.about
    yield "<Service>\n  <Name>WFS</Name>"
    yield f"  <Title>{escape(about.title.get(view.language))}</Title>"
    yield f"  <Abstract>{escape((about.abstract or service.abstract).get(view.language))}</Abstract>"
    if service.keywords:
        yield f"  <Keywords>{escape(', '.join(service.keywords))}</Keywords>"
    yield f"  <OnlineResource>{escape(view.address)}</OnlineResource>"
    yield f"  <Fees>{escape(service.fees)}</Fees>"
    yield f"  <AccessConstraints>{escape(service.access_constraints)}</AccessConstraints>\n</Service>"


def _capability(address: str, *, editable: bool) -> Iterator[str]:
    get, post = quoteattr(address + "?"), quoteattr(address)
    yield "<Capability><Request>"
    for name, before in OPERATIONS.items():
        yield f"  <{name}>{before}"
        yield f"    <DCPType><HTTP><Get onlineResource={get}/></HTTP></DCPType>"
        yield f"    <DCPType><HTTP><Post onlineResource={post}/></HTTP></DCPType>\n  </{name}>"
    if editable:
        yield f"  <Transaction><DCPType><HTTP><Post onlineResource={post}/></HTTP></DCPType></Transaction>"
        yield f"  <LockFeature><DCPType><HTTP><Post onlineResource={post}/></HTTP></DCPType></LockFeature>"
        yield "  <GetFeatureWithLock><ResultFormat><GML2/></ResultFormat>"
        yield f"    <DCPType><HTTP><Post onlineResource={post}/></HTTP></DCPType></GetFeatureWithLock>"
    yield "</Request></Capability>"


def _type(view: View, kind: FeatureType) -> Iterator[str]:
    definition, language = kind.layer.definition, view.language
    yield f"  <FeatureType>\n    <Name>{kind.name}</Name>"
    yield f"    <Title>{escape(definition.title.get(language))}</Title>"
    if definition.abstract:
        yield f"    <Abstract>{escape(definition.abstract.get(language))}</Abstract>"
    if definition.keywords:
        yield f"    <Keywords>{escape(', '.join(definition.keywords))}</Keywords>"
    yield f"    <SRS>{'EPSG:4326' if kind.facts.crs == CRS84 else kind.facts.crs}</SRS>"
    if kind.edits:
        changes = "".join(f"<{name.capitalize()}/>" for name in kind.edits if name != "replace")
        yield f"    <Operations><Query/>{changes}<Lock/></Operations>"
    west, south, east, north = (round(value, 7) for value in kind.layer.geographic_extent)
    yield f'    <LatLongBoundingBox minx="{west}" miny="{south}" maxx="{east}" maxy="{north}"/>'
    for link in definition.metadata:
        yield f'    <MetadataURL type="TC211" format="XML">{escape(link.url)}</MetadataURL>'
    yield "  </FeatureType>"


def _filters() -> Iterator[str]:
    yield "<ogc:Filter_Capabilities>\n  <ogc:Spatial_Capabilities><ogc:Spatial_Operators>"
    # Intersects is spelled so in this version's capabilities only.
    names = ("Intersect" if name == "Intersects" else name for name in SPATIAL)
    yield "    " + "".join(f"<ogc:{name}/>" for name in names)
    yield "  </ogc:Spatial_Operators></ogc:Spatial_Capabilities>\n  <ogc:Scalar_Capabilities><ogc:Logical_Operators/>"
    yield "    <ogc:Comparison_Operators><ogc:Simple_Comparisons/><ogc:Like/><ogc:Between/><ogc:NullCheck/>"
    yield "    </ogc:Comparison_Operators>"
    yield "    <ogc:Arithmetic_Operators><ogc:Simple_Arithmetic/>"
    functions = "".join(f'<ogc:Function_Name nArgs="1">{name}</ogc:Function_Name>' for name in FUNCTIONS)
    yield f"    <ogc:Functions><ogc:Function_Names>{functions}</ogc:Function_Names></ogc:Functions>"
    yield "    </ogc:Arithmetic_Operators>"
    yield "  </ogc:Scalar_Capabilities>\n</ogc:Filter_Capabilities>"
