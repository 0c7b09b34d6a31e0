"""pygeoapi's feature provider over a registered layer.

pygeoapi makes one a request. What is asked does not come through pygeoapi's arguments, which have lost the CRS of
the box and the axis order of the filter by then, but from `ASKED`, which the endpoint sets.
"""

from typing import Any

import orjson
from pygeoapi.provider.base import BaseProvider, ProviderItemNotFoundError

from layers.sources import open_features
from server.ogcapi import links
from server.ogcapi.asked import ASKED, Asked
from server.ogcapi.features import geojson
from server.ogcapi.names import fields, json_type


class LayerProvider(BaseProvider):  # type: ignore[misc]
    """Features of the layer whose id is the definition's `data`."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self.layer = ASKED.get().registry.layer(provider_def["data"])
        self._fields = self.get_fields()

    def get_fields(self) -> dict[str, dict[str, str]]:
        """JSON Schema of the shown fields, by name."""
        return {field.name: json_type(field) for field in fields(self.layer)}

    def query(self, **_arguments: Any) -> dict[str, Any]:
        """The page asked. Its features are left in `Asked.features`, ready written, where the answer is JSON."""
        asked = ASKED.get()
        _read(asked, self)
        assert asked.query is not None
        assert asked.query.limit is not None
        asked.links = links.counted(asked.links, asked.query.offset + asked.query.limit, asked.found)
        return {
            "type": "FeatureCollection",
            **({} if asked.matched is None else {"numberMatched": asked.matched}),
            "numberReturned": asked.returned,
            "features": orjson.loads(asked.features) if asked.html else [],
            "pages": {link["rel"]: link["href"] for link in asked.links} | {"other": asked.other_language},
            "layer": self.layer.id,
        }

    def get(self, identifier: str, **_arguments: Any) -> dict[str, Any]:
        """One feature. Raises ProviderItemNotFoundError (404)."""
        asked = ASKED.get()
        _read(asked, self, count=False)
        if not asked.returned:
            raise ProviderItemNotFoundError(user_msg=f"there is no feature {identifier[:100]!r} in {self.layer.id}")
        feature: dict[str, Any] = orjson.loads(asked.features)[0]
        return {**feature, "layer": self.layer.id} if asked.html else feature


def _read(asked: Asked, provider: LayerProvider, *, count: bool = True) -> None:
    assert asked.query is not None
    if asked.nothing:
        return
    source = open_features(provider.layer)
    if count:
        asked.found = 1 if asked.hits and not source.counted else source.count(asked.query)
        asked.matched = asked.found if source.counted else None
    if not asked.hits:
        asked.features, asked.returned = geojson(source.features(asked.query), asked.crs)
