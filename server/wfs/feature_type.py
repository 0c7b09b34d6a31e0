"""A layer as a feature type: its qualified name, its properties' element names, its GML geometry type."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from layers import model
from layers.errors import UnknownLayerError, UnknownPropertyError
from layers.facts import Field, VectorFacts
from layers.registry import Layer, Registry
from server.access import asker
from server.wfs.names import plain_name, xml_name

GEOMETRY_TYPES = {
    "Point": "gml:PointPropertyType",
    "LineString": "gml:CurvePropertyType",
    "Polygon": "gml:SurfacePropertyType",
    "MultiPoint": "gml:MultiPointPropertyType",
    "MultiLineString": "gml:MultiCurvePropertyType",
    "MultiPolygon": "gml:MultiSurfacePropertyType",
    "GeometryCollection": "gml:MultiGeometryPropertyType",
}

STANDARD = ("description", "identifier", "name")
"""Properties that every GML feature may have, in their order (ISO 19136, 7.2.4.2); identifier since GML 3.2."""


@dataclass(frozen=True)
class FeatureType:
    """A vector layer as WFS names it."""

    layer: Layer
    namespace: model.Namespace

    @property
    def facts(self) -> VectorFacts:
        """What the data tells."""
        assert isinstance(self.layer.facts, VectorFacts)
        return self.layer.facts

    @property
    def local(self) -> str:
        """The name without a prefix."""
        return self.layer.name

    @property
    def name(self) -> str:
        """`prefix:layer`."""
        return f"{self.namespace.prefix}:{self.local}"

    @property
    def edits(self) -> tuple[str, ...]:
        """What who asks may do with the features: insert, update, replace, delete."""
        declared = self.layer.definition.edit
        return tuple(name for name in declared.operations if asker().may(declared.groups_of(name))) if declared else ()

    @property
    def edited(self) -> bool:
        """True where somebody may change the features."""
        return self.layer.definition.edit is not None

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields that are published."""
        aliases = self.layer.definition.fields
        return tuple(field for field in self.facts.fields if not (field.name in aliases and aliases[field.name].hidden))

    @cached_property
    def elements(self) -> dict[str, str]:
        """The element's local name of each published field."""
        return {field.name: xml_name(field.name) for field in self.fields}

    @cached_property
    def standard(self) -> dict[str, str]:
        """The fields that are properties of every GML feature, by the names that these have there, in their order."""
        declared = self.layer.definition.gml
        found = {name: getattr(declared, name) for name in STANDARD}
        return {name: field for name in STANDARD if (field := found[name]) in self.elements and field}

    def standard_in(self, gml: str) -> dict[str, str]:
        """The name, in a version of GML, of each field that is a property of every feature there, in their order."""
        return {field: name for name, field in self.standard.items() if gml == "3.2" or name != "identifier"}

    @cached_property
    def geometries(self) -> dict[str, str]:
        """Local name of the geometry's element for each type of geometry; "" is any.

        `geometry` where none is declared, or another name where a field has that one.
        """
        declared = self.layer.definition.gml.geometry
        if isinstance(declared, dict):
            return {str(kind): name for kind, name in declared.items()}
        taken = {name.lower() for name in self.elements.values()}
        found = next(name for name in ("geometry", "geom", "the_geom", "_geometry") if name not in taken)
        return {"": declared or found}

    @property
    def geometry(self) -> str:
        """Local name of the geometry's element, the first of several."""
        return next(iter(self.geometries.values()))

    @property
    def geometry_first(self) -> bool:
        """True where the geometry stands before the fields: a declared one does, as application schemas have it."""
        return self.layer.definition.gml.geometry is not None

    @property
    def geometry_types(self) -> dict[str, str]:
        """The GML property type of each of the geometry's elements (ISO 19136)."""
        found = {name: GEOMETRY_TYPES.get(kind or self.facts.geometry) for kind, name in self.geometries.items()}
        return {name: kind or "gml:GeometryPropertyType" for name, kind in found.items()}

    def kinds(self, text: str) -> tuple[str, ...]:
        """The types of geometry that a value reference means where it does not mean any."""
        local = text.strip().rpartition("/")[2].rpartition(":")[2]
        return tuple(kind for kind, name in self.geometries.items() if kind and name == local)

    def property_name(self, text: str, *, parameter: str) -> str | None:
        """The field that a value reference means; None is the geometry. Raises UnknownPropertyError.

        Allowed are a name, with the type's prefix or any, and a path of one step below the type; a name with the
        prefix `gml` is one that every feature may have. No other XPath is read, least of all a function.
        """
        if text in self.elements:
            return text
        before, _, step = text.strip().removesuffix("[1]").rpartition("/")
        if before.strip("/").rpartition(":")[2] not in ("", ".", self.local, self.layer.id):
            raise UnknownPropertyError(text, [*self.elements, *self.geometries.values()], parameter=parameter)
        prefix, _, local = step.rpartition(":")
        if prefix == "gml" and local in self.standard:
            return self.standard[local]
        for name in (step, local, plain_name(local)) if prefix != "gml" else ():
            if name in self.elements:
                return name
        if local in (*self.geometries.values(), "boundedBy"):
            return None
        raise UnknownPropertyError(text, [*self.elements, *self.geometries.values()], parameter=parameter)


def feature_types(registry: Registry, theme: str | None = None) -> Iterator[FeatureType]:
    """The vector layers of a theme, or all."""
    for layer in registry.in_theme(theme):
        if layer.is_vector:
            yield FeatureType(layer, registry.service.namespace)


def feature_type(registry: Registry, name: str, theme: str | None = None) -> FeatureType:
    """The feature type of a name, with any or no prefix. Raises UnknownLayerError, WithheldLayerError."""
    kinds = list(feature_types(registry, theme))
    found = {kind.layer.id: kind for kind in kinds} | {kind.local: kind for kind in kinds}
    local = name.strip().rpartition(":")[2]
    if name.strip().startswith("schema-element("):
        local = name.strip()[len("schema-element(") :].rstrip(")").rpartition(":")[2]
    if local not in found:
        registry.check_withheld(local, parameter="typeNames")
        raise UnknownLayerError(name, [kind.local for kind in kinds], parameter="typeNames")
    return found[local]
