"""DescribeFeatureType (OGC 09-025r2, 9): the GML application schema of feature types, read from their facts."""

from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from layers.facts import Field
from layers.model import Text
from server.errors import InvalidParameterError
from server.wfs import parameters
from server.wfs.asked import Asked
from server.wfs.dialect import WFS10, WFS20, Dialect
from server.wfs.feature_type import FeatureType, feature_type, feature_types

XSD_TYPES = {
    "string": "xsd:string",
    "integer": "xsd:long",
    "real": "xsd:double",
    "boolean": "xsd:boolean",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    # Base64, but not called so: GDAL drops a whole schema for a simple type that it does not know.
    "binary": "xsd:string",
}

_GML2_TYPES = {
    "gml:CurveP": "gml:LineStringP",
    "gml:SurfaceP": "gml:PolygonP",
    "gml:MultiCurveP": "gml:MultiLineStringP",
    "gml:MultiSurfaceP": "gml:MultiPolygonP",
}


async def describe_feature_type(asked: Asked) -> Response:
    """The schema of the asked types, or of all."""
    text = asked.params.text("OUTPUTFORMAT")
    dialect = asked.dialect
    if text and text.upper() != "XMLSCHEMA" and parameters.output_format(asked) != "gml":
        raise InvalidParameterError(f"OUTPUTFORMAT={text[:100]!r} is not {dialect.format}", "outputFormat")
    names = [name for query in asked.queries for name in parameters.type_names(query)]
    if names:
        kinds = [feature_type(asked.registry, name, asked.theme) for name in names]
    else:
        kinds = list(feature_types(asked.registry, asked.theme))
    body = schema({kind.name: kind for kind in kinds}.values(), asked.language, dialect)
    return Response(body, media_type=dialect.media_type)


def schema(kinds: Iterable[FeatureType], language: str, dialect: Dialect = WFS20) -> bytes:
    """A flat application schema (ISO 19136, 21) that imports GML only."""
    kinds = list(kinds)
    if not kinds:
        raise InvalidParameterError("there is no feature type", "typeNames")
    space = kinds[0].namespace
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:gml="{dialect.gml}" '
        f"xmlns:{space.prefix}={quoteattr(space.uri)} targetNamespace={quoteattr(space.uri)} "
        'elementFormDefault="qualified" version="1.0">',
        f'  <xsd:import namespace="{dialect.gml}" schemaLocation="{dialect.gml_xsd}"/>',
    ]
    for kind in kinds:
        lines += _type(kind, language, dialect)
    return "\n".join([*lines, "</xsd:schema>", ""]).encode()


def _type(kind: FeatureType, language: str, dialect: Dialect) -> Iterator[str]:
    name = kind.local
    head = "gml:AbstractFeature" if dialect is WFS20 else "gml:_Feature"
    yield (f'  <xsd:element name="{name}" type="{kind.namespace.prefix}:{name}Type" substitutionGroup="{head}">')
    yield from _annotation(kind.layer.definition.title.get(language), "    ")
    yield "  </xsd:element>"
    yield f'  <xsd:complexType name="{name}Type">'
    yield '    <xsd:complexContent><xsd:extension base="gml:AbstractFeatureType"><xsd:sequence>'
    shapes = [
        f'      <xsd:element name="{name}" type="{geometry_type(found, dialect)}" minOccurs="0"{_nil(dialect)}/>'
        for name, found in kind.geometry_types.items()
    ]
    yield from shapes if kind.geometry_first else ()
    for field in kind.fields:
        if field.name not in kind.standard_in(dialect.gml_version):
            yield from _element(kind, field, language)
    yield from () if kind.geometry_first else shapes
    yield "    </xsd:sequence></xsd:extension></xsd:complexContent>"
    yield "  </xsd:complexType>"


def _nil(dialect: Dialect) -> str:
    return ' nillable="true"' if dialect is WFS20 else ""


def geometry_type(name: str, dialect: Dialect) -> str:
    """The property type of a geometry in the dialect's GML."""
    if dialect is not WFS10:
        return name
    start = name.removesuffix("ropertyType")
    return f"{_GML2_TYPES.get(start, start)}ropertyType"


def _element(kind: FeatureType, field: Field, language: str) -> Iterator[str]:
    # Every property can be left out by PROPERTYNAME, but one that is never null is promised.
    required = "" if not field.nullable else ' minOccurs="0"'
    alias = kind.layer.definition.fields.get(field.name)
    title = alias.title.get(language) if alias else ""
    codes = alias.values if alias else {}
    # QGIS and GDAL take what has a list for text: numbers stay numbers, and their list is told in words.
    listed = bool(codes) and field.type == "string"
    own = "" if listed else f' type="{xsd_type(field)}"'
    start = f'      <xsd:element name="{kind.elements[field.name]}"{own}{required}'
    if not title and not codes:
        yield f"{start}/>"
        return
    yield f"{start}>"
    words = [title] if title else []
    if not listed:
        words += [f"{code}: {label.get(language)}" if label else code for code, label in codes.items()]
    yield from _annotation("\n".join(words), "        ")
    if listed:
        yield from _enumeration(field, codes, language)
    yield "      </xsd:element>"


def _enumeration(field: Field, codes: Mapping[str, Text], language: str) -> Iterator[str]:
    """A simple type of the field's own with the values that it may have, each with what it means."""
    yield f'        <xsd:simpleType><xsd:restriction base="{xsd_type(field)}">'
    for code, label in codes.items():
        annotation = list(_annotation(label.get(language), "            "))
        yield f"          <xsd:enumeration value={quoteattr(code)}{'' if annotation else '/'}>"
        yield from [*annotation, "          </xsd:enumeration>"] if annotation else ()
    yield "        </xsd:restriction></xsd:simpleType>"


def xsd_type(field: Field) -> str:
    """The simple type of a field; GDAL cuts what is called an int to 32 bits."""
    return "xsd:int" if field.type == "integer" and field.width == 32 else XSD_TYPES[field.type]


def _annotation(text: str, indent: str) -> Iterator[str]:
    if text:
        yield f"{indent}<xsd:annotation><xsd:documentation>{escape(text)}</xsd:documentation></xsd:annotation>"
