"""The registry: every layer that is published, frozen, with what its data tells. Every protocol is a view of it.

It is made from YAML by `layers.compile`, kept as JSON beside the store, and read from there by every process;
a change makes a new one, and nothing ever alters one in use.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from layers import model
from layers.crs import CRS84, BBox, area_of_use, parse_crs, transform_bbox
from layers.errors import UnknownLayerError, UnknownStyleError, WithheldLayerError
from layers.facts import FACTS, CascadeFacts, Facts, RasterFacts, VectorFacts


@dataclass(frozen=True)
class Layer:
    """A published layer: its id, its theme, what was declared and what the data tells.

    `styles` maps a style's name to the absolute path of its SLD, "" where the default look of the geometry type
    is drawn; the first is the default. `stamp` changes with the definition, the styles and the data, `data_stamp`
    with the data alone.

    `boxes` and `legends` are what `layers.measured` works out: the extent in each served CRS in which the layer can
    be shown (OGC:CRS84 always), and width and height in pixels by language and style.
    """

    id: str
    theme: str
    definition: model.Layer
    facts: Facts
    styles: Mapping[str, str]
    stamp: str
    data_stamp: str = ""
    boxes: Mapping[str, BBox] = field(default_factory=dict)
    legends: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """What another process is sent: the view of a mapping cannot be."""
        return {**vars(self), "styles": dict(self.styles)}

    @property
    def name(self) -> str:
        """The name in WMS, WFS and WMTS: the id, or the name that a service which moved here had."""
        return self.definition.name or self.id

    @property
    def groups(self) -> frozenset[str]:
        """The groups that the layer, or a change of its features, is kept for."""
        edit = self.definition.edit
        editors = (edit.groups_of(name) for name in edit.operations) if edit else ()
        return frozenset(self.definition.access).union(*editors)

    @property
    def crs(self) -> str:
        """Canonical id of the CRS that the data is stored in."""
        return self.facts.crs

    @property
    def extent(self) -> BBox:
        """Extent in the layer's own CRS."""
        return self.facts.extent

    @cached_property
    def geographic_extent(self) -> BBox:
        """West, south, east, north in degrees (EX_GeographicBoundingBox, ows:WGS84BoundingBox)."""
        west, south, east, north = transform_bbox(self.extent, self.crs, CRS84)
        return (max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))

    @cached_property
    def _extents(self) -> dict[str, BBox]:
        return {}

    def extent_in(self, crs_id: str) -> BBox:
        """Extent in another CRS, cut by that CRS's area of use where the layer reaches beyond it."""
        if crs_id not in self._extents:
            self._extents[crs_id] = self._extent_in(crs_id)
        return self._extents[crs_id]

    def _extent_in(self, crs_id: str) -> BBox:
        if crs_id == self.crs:
            return self.extent
        west, south, east, north = self.geographic_extent
        if area := area_of_use(crs_id):
            inner = (max(west, area[0]), max(south, area[1]), min(east, area[2]), min(north, area[3]))
            if inner[0] < inner[2] and inner[1] < inner[3]:
                west, south, east, north = inner
        return transform_bbox((west, south, east, north), CRS84, crs_id)

    @property
    def is_vector(self) -> bool:
        """True where features can be asked."""
        return isinstance(self.facts, VectorFacts)

    @property
    def is_raster(self) -> bool:
        """True where band values can be asked."""
        return isinstance(self.facts, RasterFacts)

    @property
    def default_style(self) -> str:
        """Name of the style that an empty STYLE means."""
        return next(iter(self.styles))

    def style(self, name: str) -> str:
        """The style's own name for a name as asked: "", "default" and INSPIRE's name mean the default one."""
        if name in self.styles:
            return name
        if name in ("", "default", "inspire_common:DEFAULT"):
            return self.default_style
        raise UnknownStyleError(name, self.styles)

    @property
    def times(self) -> tuple[str, ...]:
        """ISO 8601 values of the time dimension, ascending; empty where there is none."""
        return () if isinstance(self.facts, CascadeFacts) else self.facts.times

    def values(self, dimension: str) -> tuple[str, ...]:
        """The values of a dimension beside time, or the extent of a raster's; empty where there is none."""
        declared = self.definition.other_dimensions.get(dimension)
        if declared is None:
            return ()
        found = dict(self.facts.dimensions) if isinstance(self.facts, VectorFacts) else {}
        return found.get(dimension, (declared.extent,) if declared.extent else ())

    @property
    def default_time(self) -> str | None:
        """The value that an absent TIME means."""
        if not self.times:
            return None
        declared = self.definition.time.default if self.definition.time else "latest"
        return declared if declared in self.times else self.times[-1]


@dataclass(frozen=True)
class Registry:
    """Everything that is published. `version` changes with any of it; `config` is where its files are.

    `updated` is when it changed last, in seconds since 1970; 0 where that is not known. `withheld` has the names of
    layers that there are, left out for want of knowing who asks, `withheld_themes` of themes all of whose layers are.
    """

    service: model.Service
    themes: Mapping[str, model.Theme]
    layers: Mapping[str, Layer]
    version: str
    config: Path
    updated: int = 0
    withheld: frozenset[str] = frozenset()
    withheld_themes: frozenset[str] = frozenset()

    @cached_property
    def groups(self) -> frozenset[str]:
        """Every group that a layer, or a change of its features, is kept for."""
        return frozenset(group for layer in self.layers.values() for group in layer.groups)

    def reached_by(self, groups: frozenset[str], *, known: bool = True) -> "Registry":
        """What members of these groups may reach, as a registry of its own; itself where that is everything.

        Where who asks is not `known`, layers left out are `withheld`. A theme goes with the last of its layers, and is
        one of `withheld_themes` then.
        """
        kept = {
            name: layer
            for name, layer in self.layers.items()
            if not layer.definition.access or not groups.isdisjoint(layer.definition.access)
        }
        if len(kept) == len(self.layers):
            return self
        gone = [layer for name, layer in self.layers.items() if name not in kept]
        empty = {layer.theme for layer in gone} - {layer.theme for layer in kept.values()}
        return replace(
            self,
            themes={name: theme for name, theme in self.themes.items() if name not in empty},
            layers=MappingProxyType(kept),
            version=f"{self.version}@{','.join(sorted(groups & self.groups))}{'' if known else '?'}",
            withheld=frozenset() if known else frozenset(name for layer in gone for name in (layer.id, layer.name)),
            withheld_themes=frozenset() if known else frozenset(empty),
        )

    def layer(self, name: str, *, parameter: str = "layer") -> Layer:
        """The layer of a name, with or without the WFS prefix. Raises UnknownLayerError."""
        bare = name.removeprefix(f"{self.service.namespace.prefix}:")
        if bare in self.layers:
            return self.layers[bare]
        self.check_withheld(name, parameter=parameter)
        if bare not in self._names:
            raise UnknownLayerError(name, self._names, parameter=parameter)
        return self._names[bare]

    def check_withheld(self, name: str, *, parameter: str = "layer") -> None:
        """Raises WithheldLayerError for a layer that is there, where who asks may only have forgotten to say so."""
        bare = name.removeprefix(f"{self.service.namespace.prefix}:")
        if bare in self.withheld:
            raise WithheldLayerError(name, self._names, parameter=parameter)

    @cached_property
    def _names(self) -> Mapping[str, Layer]:
        return {layer.name: layer for layer in self.layers.values()}

    def in_theme(self, theme: str | None) -> tuple[Layer, ...]:
        """The layers of a theme, or all."""
        return tuple(layer for layer in self.layers.values() if theme in (None, layer.theme))

    @cached_property
    def crs_ids(self) -> tuple[str, ...]:
        """Canonical ids of the CRSs that are served."""
        return tuple(parse_crs(text).id for text in self.service.crs)

    def to_json(self) -> str:
        """The whole registry, for `from_json`."""
        return json.dumps(
            {
                "version": self.version,
                "config": str(self.config),
                "updated": self.updated,
                "service": self.service.model_dump(mode="json"),
                "themes": {name: theme.model_dump(mode="json") for name, theme in self.themes.items()},
                "layers": [
                    {
                        "id": layer.id,
                        "theme": layer.theme,
                        "definition": layer.definition.model_dump(mode="json", exclude_defaults=True),
                        "kind": type(layer.facts).__name__,
                        "facts": asdict(layer.facts),
                        "styles": dict(layer.styles),
                        "stamp": layer.stamp,
                        "data_stamp": layer.data_stamp,
                        "boxes": dict(layer.boxes),
                        "legends": dict(layer.legends),
                    }
                    for layer in self.layers.values()
                ],
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Registry":
        """A registry from what `to_json` wrote; the data is not opened."""
        data = json.loads(text)
        layers = [_layer(item) for item in data["layers"]]
        return cls(
            service=model.Service.model_validate(data["service"]),
            themes={name: model.Theme.model_validate(item) for name, item in data["themes"].items()},
            layers=MappingProxyType({layer.id: layer for layer in layers}),
            version=data["version"],
            config=Path(data["config"]),
            updated=data.get("updated", 0),
        )


def _layer(item: dict[str, Any]) -> Layer:
    return Layer(
        id=item["id"],
        theme=item["theme"],
        definition=model.Layer.model_validate(item["definition"]),
        facts=_facts(item["kind"], item["facts"]),
        styles=item["styles"],
        stamp=item["stamp"],
        data_stamp=item["data_stamp"],
        boxes={crs_id: tuple(box) for crs_id, box in item["boxes"].items()},
        legends={
            language: {style: tuple(size) for style, size in sizes.items()}
            for language, sizes in item["legends"].items()
        },
    )


def _facts(kind: str, item: dict[str, Any]) -> Facts:
    adapter: TypeAdapter[Facts] = TypeAdapter(FACTS[kind])
    return adapter.validate_python(item)
