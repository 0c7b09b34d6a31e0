"""A layer as a feature type: its qualified name, its properties' element names, its GML geometry type."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from layers import model
from layers.errors import UnknownLayerError, UnknownPropertyError
from layers.facts import Field, VectorFacts
from layers.registry import Layer, Registry
from server.wfs.names import plain_name, xml_name

GEOMETRY_TYPES = {
    "Point": "gml:PointPropertyType",
    "LineString": "gml:CurvePropertyType",
    "Polygon": "gml:SurfacePropertyType",
    "MultiPoint": "gml:MultiPointPropertyType",
    "MultiLineString": "gml:MultiCurvePropertyType",
    "MultiPolygon": "gml:MultiSurfacePropertyType",
}


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
    def name(self) -> str:
        """`prefix:layer`."""
        return f"{self.namespace.prefix}:{self.layer.id}"

    @property
    def edits(self) -> tuple[str, ...]:
        """What clients may do with the features: insert, update, delete."""
        declared = self.layer.definition.edit
        return declared.operations if declared else ()

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
    def geometry(self) -> str:
        """Local name of the geometry's element: `geometry`, or another where a field has that name."""
        taken = {name.lower() for name in self.elements.values()}
        return next(name for name in ("geometry", "geom", "the_geom", "_geometry") if name not in taken)

    @property
    def geometry_type(self) -> str:
        """The GML property type of the geometry (ISO 19136)."""
        return GEOMETRY_TYPES.get(self.facts.geometry, "gml:GeometryPropertyType")

    def property_name(self, text: str, *, parameter: str) -> str | None:
        """The field that a value reference means; None is the geometry. Raises UnknownPropertyError.

        Allowed are a name, with the type's prefix or any, and a path of one step below the type.
        """
        step = text.strip().removeprefix("./").rpartition("/")[2]
        local = step.rpartition(":")[2]
        for name in (step, local, plain_name(local)):
            if name in self.elements:
                return name
        if local in (self.geometry, "boundedBy"):
            return None
        raise UnknownPropertyError(text, [*self.elements, self.geometry], parameter=parameter)


def feature_types(registry: Registry, theme: str | None = None) -> Iterator[FeatureType]:
    """The vector layers of a theme, or all."""
    for layer in registry.in_theme(theme):
        if layer.is_vector:
            yield FeatureType(layer, registry.service.namespace)


def feature_type(registry: Registry, name: str, theme: str | None = None) -> FeatureType:
    """The feature type of a name, with any or no prefix. Raises UnknownLayerError."""
    found = {kind.layer.id: kind for kind in feature_types(registry, theme)}
    local = name.strip().rpartition(":")[2]
    if name.strip().startswith("schema-element("):
        local = name.strip()[len("schema-element(") :].rstrip(")").rpartition(":")[2]
    if local not in found:
        raise UnknownLayerError(name, found, parameter="typeNames")
    return found[local]
