"""INSPIRE download service (Technical Guidance 3.1): extended capabilities and predefined data sets (5.2, 6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from layers import model
from layers.registry import Registry
from server.errors import InvalidParameterError
from server.kvp import Params
from server.wfs import parameters
from server.wfs.asked import Asked
from server.wfs.feature_type import FeatureType, feature_types
from server.wfs.parameters import Query
from server.wfs.stored_query import Parameter, StoredQuery
from server.wfs.view import LANGUAGES, View

ID = "http://inspire.ec.europa.eu/operation/download/GetSpatialDataSet"

DLS = "http://inspire.ec.europa.eu/schemas/inspire_dls/1.0"
COMMON = "http://inspire.ec.europa.eu/schemas/common/1.0"
NAMESPACES = f'xmlns:inspire_dls="{DLS}" xmlns:inspire_common="{COMMON}"'
SCHEMA = f"{DLS} {DLS}/inspire_dls.xsd"


def datasets(registry: Registry, theme: str | None) -> dict[model.DataSet, list[FeatureType]]:
    """The feature types of each spatial data set."""
    found: dict[model.DataSet, list[FeatureType]] = {}
    for kind in feature_types(registry, theme):
        if declared := kind.layer.definition.inspire:
            found.setdefault(declared, []).append(kind)
    return found


def extended_capabilities(view: View) -> Iterator[str]:
    """The extension of a service whose metadata is in a catalogue (TG 3.1, 5.2.2); nothing where there is none."""
    link, found = view.service.inspire_download, datasets(view.registry, view.theme)
    if link is None or not found:
        return
    first, *others = dict.fromkeys((view.service.language, *LANGUAGES))
    yield "  <ows:ExtendedCapabilities><inspire_dls:ExtendedCapabilities>"
    yield f"    <inspire_common:MetadataUrl><inspire_common:URL>{escape(link.url)}</inspire_common:URL>"
    yield f"      <inspire_common:MediaType>{escape(link.format)}</inspire_common:MediaType>"
    yield "    </inspire_common:MetadataUrl>"
    yield f"    <inspire_common:SupportedLanguages>{_language('DefaultLanguage', first)}"
    yield from (f"      {_language('SupportedLanguage', other)}" for other in others)
    yield f"    </inspire_common:SupportedLanguages>{_language('ResponseLanguage', view.language)}"
    for one in found:
        yield "    <inspire_dls:SpatialDataSetIdentifier>"
        yield f"      <inspire_common:Code>{escape(one.code)}</inspire_common:Code>"
        if one.namespace:
            yield f"      <inspire_common:Namespace>{escape(one.namespace)}</inspire_common:Namespace>"
        yield "    </inspire_dls:SpatialDataSetIdentifier>"
    yield "  </inspire_dls:ExtendedCapabilities></ows:ExtendedCapabilities>"


def _language(name: str, language: str) -> str:
    code = f"<inspire_common:Language>{LANGUAGES[language]}</inspire_common:Language>"
    return f"<inspire_common:{name}>{code}</inspire_common:{name}>"


@dataclass(frozen=True)
class GetSpatialDataSet(StoredQuery):
    """All features of a spatial data set, in a CRS (TG 3.1, 6.3)."""

    whole: bool = True

    def returned(self, registry: Registry, theme: str | None) -> list[str]:
        """The types of every data set."""
        return [kind.name for kinds in datasets(registry, theme).values() for kind in kinds]

    def queries(self, asked: Asked) -> list[Query]:
        """A query of each type of the data set."""
        values = {name: str(value) for name, value in self.values(asked.params).items()}
        found = datasets(asked.registry, asked.theme)
        wanted = model.DataSet(code=values["DataSetIdCode"], namespace=values["DataSetIdNamespace"])
        if wanted not in found:
            shown = ", ".join(f"{one.code} ({one.namespace})" for one in list(found)[:12])
            message = f"DataSetIdCode={wanted.code[:80]!r} in {wanted.namespace[:80]!r} is not one of {shown}"
            raise InvalidParameterError(message, "DataSetIdCode")
        if values["Language"].lower() not in ("", *LANGUAGES.values()):
            allowed = ", ".join(LANGUAGES.values())
            raise InvalidParameterError(f"Language={values['Language'][:20]!r} is not one of {allowed}", "Language")
        pairs = [("SRSNAME", values["CRS"])]
        return [parameters.query(asked, Params([*pairs, ("TYPENAMES", kind.name)])) for kind in found[wanted]]


GET_SPATIAL_DATA_SET = GetSpatialDataSet(
    ID,
    (("en", "Get a spatial data set"), ("fr", "Un jeu de données, en entier")),
    parameters=(
        Parameter("CRS", "string", "xsd:string", default=""),
        Parameter("DataSetIdCode", "string", "xsd:string"),
        Parameter("DataSetIdNamespace", "string", "xsd:string", default=""),
        Parameter("Language", "string", "xsd:string", default=""),
    ),
)
