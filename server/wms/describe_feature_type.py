"""DescribeFeatureType of WMS: the GML 2.1.2 application schema of what GetFeatureInfo writes as GML (OGC 02-069).

No operation of the standard: its address stands in `xsi:schemaLocation`, so that the answer can be validated.
"""

from collections.abc import Iterable, Iterator

from starlette.responses import Response

from layers.facts import VectorFacts
from layers.registry import Layer, Registry
from server.context import Context
from server.errors import MissingParameterError
from server.wms import selections
from server.wms.gml import xml_name
from server.wms.parameters import Asked
from server.wms.written import escaped

GML_SCHEMA = "http://schemas.opengis.net/gml/2.1.2/feature.xsd"
_TYPES = {
    "integer": "xsd:integer",
    "real": "xsd:double",
    "boolean": "xsd:boolean",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
}


async def describe_feature_type(_context: Context, asked: Asked) -> Response:
    """The schema of the layers of LAYERS."""
    names = asked.params.items_of("LAYERS") or asked.params.items_of("LAYER")
    if not names:
        raise MissingParameterError("LAYERS")
    layers = {layer.id: layer for name in names for layer in selections.layers_of(asked, name)}
    return Response(schema(asked.registry, layers.values()), media_type="text/xml")


def schema(registry: Registry, layers: Iterable[Layer]) -> bytes:
    """A document that declares an element and a type for each layer."""
    space = registry.service.namespace
    types = "".join(part for layer in layers for part in _type(layer, space.prefix))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:gml="http://www.opengis.net/gml" xmlns:{space.prefix}="{escaped(space.uri)}" '
        f'targetNamespace="{escaped(space.uri)}" elementFormDefault="qualified">\n'
        f'<xsd:import namespace="http://www.opengis.net/gml" schemaLocation="{GML_SCHEMA}"/>\n{types}</xsd:schema>\n'
    ).encode()


def _type(layer: Layer, prefix: str) -> Iterator[str]:
    yield f'<xsd:element name="{layer.name}" type="{prefix}:{layer.name}Type" substitutionGroup="gml:_Feature"/>\n'
    yield f'<xsd:complexType name="{layer.name}Type"><xsd:complexContent>'
    yield '<xsd:extension base="gml:AbstractFeatureType"><xsd:sequence>\n'
    yield '  <xsd:element name="geometry" type="gml:GeometryPropertyType" minOccurs="0"/>\n'
    if isinstance(layer.facts, VectorFacts):
        yield from _fields(layer, layer.facts)
    else:
        # Bands have names of their own, and a class its label.
        yield '  <xsd:any namespace="##targetNamespace" processContents="skip" minOccurs="0" maxOccurs="unbounded"/>\n'
    yield "</xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>\n"


def _fields(layer: Layer, facts: VectorFacts) -> Iterator[str]:
    declared = layer.definition.fields
    for field in facts.fields:
        if field.name not in declared or not declared[field.name].hidden:
            kind = _TYPES.get(field.type, "xsd:string")
            yield f'  <xsd:element name="{xml_name(field.name)}" type="{kind}" minOccurs="0"/>\n'
