"""What GetFeatureInfo found, in each format that is offered."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import shapely

from layers.crs import urn
from layers.query import PointQuery
from layers.registry import Registry
from server.urls import BASE
from server.wms import gml
from server.wms.formats import INFO_FORMATS
from server.wms.written import escaped

if TYPE_CHECKING:
    from layers.info import LayerInfo

_YES, _NO = {"fr": "oui", "en": "yes"}, {"fr": "non", "en": "no"}
_EMPTY = {"fr": "Rien à cet endroit.", "en": "Nothing here."}


@dataclass(frozen=True, slots=True)
class Found:
    """A feature or a pixel: `properties` by field name, `shown` by title; the geometry is in the map's CRS, x first."""

    layer: str
    id: str
    properties: dict[str, Any]
    shown: tuple[tuple[str, str], ...]
    geometry: shapely.Geometry | None


@dataclass(frozen=True, slots=True)
class Answer:
    """All that was found, with what was asked; `language` is "fr" or "en"."""

    registry: Registry
    query: PointQuery
    features: tuple[Found, ...]
    language: str

    def title(self, layer_id: str) -> str:
        """The layer's title."""
        return self.registry.layers[layer_id].definition.title.get(self.language) or layer_id

    def by_layer(self) -> dict[str, list[Found]]:
        """What was found, layer by layer."""
        layers: dict[str, list[Found]] = {}
        for feature in self.features:
            layers.setdefault(feature.layer, []).append(feature)
        return layers


def found(registry: Registry, infos: "Iterable[LayerInfo]", language: str) -> tuple[Found, ...]:
    """What the layers told, without the fields that the registry hides."""
    return tuple(_found(registry, item, feature, language) for item in infos for feature in item.features)


def _found(registry: Registry, item: "LayerInfo", feature: Any, language: str) -> Found:
    fields = registry.layers[item.layer].definition.fields
    properties = {
        name: value for name, value in feature.properties.items() if not (name in fields and fields[name].hidden)
    }
    labels = {value.band: value.label for value in item.values if value.label}
    shown = tuple(
        (
            (fields[name].title.get(language) if name in fields else "") or name,
            _labelled(_written(value, language), labels.get(name, "")),
        )
        for name, value in properties.items()
        if not (labels and name == "label")
    )
    return Found(item.layer, str(feature.id), properties, shown, feature.geometry)


def _labelled(text: str, label: str) -> str:
    """A value by the label of its class, where the legend has one."""
    return f"{label} ({text})" if label else text


def _written(value: Any, language: str) -> str:
    """A value as people of a language write it."""
    match value:
        case None:
            return ""
        case bool():
            return (_YES if value else _NO)[language]
        case float():
            return f"{value:.12g}".replace(".", "," if language == "fr" else ".")
        case datetime():
            return value.strftime("%d/%m/%Y %H:%M") if language == "fr" else value.isoformat(" ", "minutes")
        case date():
            return value.strftime("%d/%m/%Y") if language == "fr" else value.isoformat()
        case _:
            return str(value)


def _geojson(answer: Answer) -> bytes:
    """A FeatureCollection with geometries in the map's CRS, x first, and the `crs` member that QGIS honours."""
    features = [
        {
            "type": "Feature",
            "id": feature.id,
            "geometry": feature.geometry and json.loads(shapely.to_geojson(feature.geometry)),
            "properties": feature.properties,
        }
        for feature in answer.features
    ]
    collection = {
        "type": "FeatureCollection",
        "numberReturned": len(features),
        "crs": {"type": "name", "properties": {"name": urn(answer.query.map.crs)}},
        "features": features,
    }
    return json.dumps(collection, ensure_ascii=False, default=str).encode()


def _plain(answer: Answer) -> bytes:
    lines: list[str] = []
    for layer_id, features in answer.by_layer().items():
        lines.append(f"{answer.title(layer_id)} ({answer.registry.layers[layer_id].name})")
        for feature in features:
            lines.append(f"  {feature.id}")
            lines += [f"    {name} = {value}" for name, value in feature.shown]
    return ("\n".join(lines or [_EMPTY[answer.language]]) + "\n").encode()


def _html(answer: Answer) -> bytes:
    """A page, in which each layer stands as its template writes it (mviewer's form by default)."""
    # Imported by need: machines ask for the other formats.
    from server.wms.info_pages import page

    layers = {layer_id: [_card(feature) for feature in features] for layer_id, features in answer.by_layer().items()}
    title = answer.registry.service.title.get(answer.language)
    return page(answer.registry, title, answer.language, layers).encode()


def _card(feature: Found) -> dict[str, Any]:
    return {"id": feature.id, "shown": feature.shown, "properties": feature.properties}


def _gml2(answer: Answer) -> bytes:
    """With its extent and the address of its schema: GML 2 is valid only so."""
    layers = ",".join(answer.registry.layers[layer_id].name for layer_id in answer.by_layer())
    known = f"{gml.GML2.wfs} http://schemas.opengis.net/wfs/1.0.0/WFS-basic.xsd"
    if layers:
        address = f"{BASE}/wms?SERVICE=WMS&VERSION=1.1.1&REQUEST=DescribeFeatureType&LAYERS={layers}"
        known += f" {answer.registry.service.namespace.uri} {address}"
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    shapes = [feature.geometry for feature in answer.features if feature.geometry is not None]
    around = gml.bounded_by(shapes, answer.query.map.crs)
    return _collection(answer, gml.GML2, f' xmlns:xsi="{xsi}" xsi:schemaLocation="{escaped(known)}"', around)


def _gml32(answer: Answer) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    counts = f' numberMatched="unknown" numberReturned="{len(answer.features)}" timeStamp="{now}"'
    return _collection(answer, gml.GML32, counts, "")


def _collection(answer: Answer, dialect: gml.Dialect, attributes: str, around: str) -> bytes:
    namespace = answer.registry.service.namespace
    members = "".join(_member(answer, feature, dialect) for feature in answer.features)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<wfs:FeatureCollection xmlns:wfs="{dialect.wfs}" '
        f'xmlns:gml="{dialect.gml}" xmlns:{namespace.prefix}="{escaped(namespace.uri)}"{attributes}>\n{around}{members}'
        "</wfs:FeatureCollection>\n"
    ).encode()


def _member(answer: Answer, feature: Found, dialect: gml.Dialect) -> str:
    prefix = answer.registry.service.namespace.prefix
    fields = "".join(
        f"<{prefix}:{gml.xml_name(name)}>{gml.value(value)}</{prefix}:{gml.xml_name(name)}>"
        for name, value in feature.properties.items()
        if value is not None
    )
    shape = ""
    if feature.geometry is not None:
        written = gml.geometry(feature.geometry, answer.query.map.crs, dialect, feature.id)
        shape = f"<{prefix}:geometry>{written}</{prefix}:geometry>"
    identifier, name = escaped(gml.xml_name(feature.id)), answer.registry.layers[feature.layer].name
    return (
        f'<{dialect.member}><{prefix}:{name} {dialect.identifier}="{identifier}">{shape}{fields}'
        f"</{prefix}:{name}></{dialect.member}>\n"
    )


FORMATS: dict[str, Callable[[Answer], bytes]] = {
    "text/plain": _plain,
    "text/html": _html,
    "text/xml": _gml2,
    "application/gml+xml; version=3.2": _gml32,
    "application/vnd.ogc.gml": _gml2,
    "application/geo+json": _geojson,
    "application/json": _geojson,
}

assert tuple(FORMATS) == INFO_FORMATS
