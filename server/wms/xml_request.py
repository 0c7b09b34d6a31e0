"""Requests posted as XML: GetMap with its SLD (OGC 05-078r4, annex B; OGC 02-070, 8), GetCapabilities.

They become the parameters that a GET would have.
"""

from collections.abc import Iterator

from lxml import etree

from layers.styles import xml
from layers.styles.xml import StyleError
from server.errors import InvalidParameterError, OperationNotSupportedError
from server.kvp import Params

OPERATIONS = ("GetMap", "GetCapabilities")


def parameters_of(body: bytes) -> Params:
    """The parameters of a document. Raises InvalidParameterError, OperationNotSupportedError."""
    try:
        root = xml.parse(body)
    except StyleError as error:
        raise InvalidParameterError(f"the request is not read: {error}") from None
    operation = xml.name(root)
    if operation not in OPERATIONS:
        raise OperationNotSupportedError(f"{operation} is not one of {', '.join(OPERATIONS)}", "REQUEST")
    pairs = [("REQUEST", operation), ("SERVICE", root.get("service", "WMS"))]
    if root.get("version"):
        pairs.append(("VERSION", root.get("version", "")))
    if operation == "GetMap":
        pairs += _map(root)
    return Params([(name, value) for name, value in pairs if value])


def _map(root: etree._Element) -> Iterator[tuple[str, str]]:
    style, box, output = (xml.child(root, name) for name in ("StyledLayerDescriptor", "BoundingBox", "Output"))
    if style is not None:
        yield "SLD_BODY", etree.tostring(style, encoding="unicode", with_tail=False)
    if box is not None:
        yield "BBOX", _box(box)
        name = xml.text(root, "CRS") or box.get("crs") or box.get("srsName") or ""
        # 1.0.0 writes http://www.opengis.net/gml/srs/epsg.xml#4326.
        name = f"EPSG:{name.rpartition('#')[2]}" if "epsg.xml#" in name else name
        yield "CRS" if root.get("version", "1.3.0") >= "1.3.0" else "SRS", name
    for name in ("Format", "Transparent"):
        yield name, xml.text(output, name)
    yield "BGCOLOR", (xml.text(output, "BGcolor") or xml.text(output, "BGColor")).replace("#", "0x")
    for name in ("Width", "Height"):
        yield name, xml.text(output, "Size", name)
    yield "EXCEPTIONS", xml.text(root, "Exceptions")
    for name in ("Time", "Elevation"):
        yield name, ",".join(_values(xml.child(root, name)))


def _values(element: etree._Element | None) -> Iterator[str]:
    """The values of a dimension: the text itself, or a Value or Interval each."""
    if element is None:
        return
    if not len(element):
        yield (element.text or "").strip()
    for item in element:
        if xml.name(item) == "Interval":
            yield f"{xml.text(item, 'Min')}/{xml.text(item, 'Max')}"
        else:
            yield (item.text or "").strip()


def _box(element: etree._Element) -> str:
    """Corners as ows:BoundingBox (1.3.0), as gml:coord or as gml:coordinates (1.1.1) writes them."""
    corners = [xml.text(element, name).split() for name in ("LowerCorner", "UpperCorner")]
    if not any(corners):
        corners = [[xml.text(one, "X"), xml.text(one, "Y")] for one in xml.children(element, "coord")]
    if not any(corners):
        corners = [pair.split(",") for pair in xml.text(element, "coordinates").split()]
    return ",".join(number for corner in corners for number in corner)
