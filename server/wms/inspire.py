"""INSPIRE view service (Technical Guidance 3.11, 4.2.3.3): extended capabilities, in both scenarios.

Scenario 1 leads to the service's record in a catalogue; scenario 2 has the record's elements in the capabilities.
Layers have the identifier of their data set and its authority (4.2.3.3.4).
"""

from urllib.parse import urlsplit

from layers import model
from server.urls import BASE
from server.wms.parameters import LANGUAGES
from server.wms.written import escaped, online

NAMESPACES = (
    'xmlns:inspire_vs="http://inspire.ec.europa.eu/schemas/inspire_vs/1.0" '
    'xmlns:inspire_common="http://inspire.ec.europa.eu/schemas/common/1.0"'
)
SCHEMA = (
    "http://inspire.ec.europa.eu/schemas/inspire_vs/1.0 "
    "http://inspire.ec.europa.eu/schemas/inspire_vs/1.0/inspire_vs.xsd"
)
_INTEROPERABILITY = model.Specification(
    title=model.Text(
        fr="Règlement (UE) n° 1089/2010 de la Commission du 23 novembre 2010 portant modalités d'application de la "
        "directive 2007/2/CE en ce qui concerne l'interopérabilité des séries et des services de données "
        "géographiques",
        en="Commission Regulation (EU) No 1089/2010 of 23 November 2010 implementing Directive 2007/2/EC as regards "
        "interoperability of spatial data sets and services",
    ),
    date="2010-12-08",
)
"""What conformity is told to, where nothing is declared: that nobody has looked."""


def extended_capabilities(service: model.Service, language: str, address: str) -> str:
    """The extension in "fr" or "en"; nothing where the service declares none. `address` is that of the service."""
    declared = service.inspire
    if declared is None:
        return ""
    languages = _languages(service, language)
    link = "" if declared.url is None else _locator("MetadataUrl", declared.url, declared.format)
    inside = _embedded(service, declared, language, address) if declared.embedded else ""
    parts = (inside, languages, link) if inside else (link, languages)
    return f"<inspire_vs:ExtendedCapabilities>{''.join(parts)}</inspire_vs:ExtendedCapabilities>\n"


def _embedded(service: model.Service, declared: model.Inspire, language: str, address: str) -> str:
    dates = {
        "DateOfCreation": declared.created,
        "DateOfLastRevision": declared.revised,
        "DateOfPublication": declared.published,
    }
    written = "".join(_element(name, date) for name, date in dates.items() if date)
    asked = f"{address}SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities"
    contact = _element("OrganisationName", service.contact.organization)
    return (
        f"{_locator('ResourceLocator', asked, 'application/vnd.ogc.wms_xml')}"
        f"<inspire_common:ResourceType>service</inspire_common:ResourceType>"
        f"<inspire_common:TemporalReference>{written}</inspire_common:TemporalReference>"
        f"{''.join(_conformity(one, language) for one in declared.conformity or (_INTEROPERABILITY,))}"
        f"<inspire_common:MetadataPointOfContact>{contact}{_element('EmailAddress', service.contact.email)}"
        f"</inspire_common:MetadataPointOfContact>{_element('MetadataDate', declared.metadata_date or '')}"
        f"<inspire_common:SpatialDataServiceType>view</inspire_common:SpatialDataServiceType>"
        f"<inspire_common:MandatoryKeyword>{_element('KeywordValue', 'infoMapAccessService')}"
        f"</inspire_common:MandatoryKeyword>{''.join(_keyword(words, language) for words in declared.keywords)}"
    )


def _conformity(one: model.Specification, language: str) -> str:
    link = "" if one.url is None else _element("URI", one.url)
    named = f"{_element('Title', one.title.get(language))}{_element('DateOfPublication', one.date)}{link}"
    return (
        f"<inspire_common:Conformity><inspire_common:Specification>{named}</inspire_common:Specification>"
        f"{_element('Degree', one.degree)}</inspire_common:Conformity>"
    )


def _keyword(words: model.Text, language: str) -> str:
    """A theme of INSPIRE, as GEMET writes it."""
    named = f"{_element('Title', 'GEMET - INSPIRE themes')}{_element('DateOfPublication', '2008-06-01')}"
    return (
        f"<inspire_common:Keyword><inspire_common:OriginatingControlledVocabulary>{named}"
        f"</inspire_common:OriginatingControlledVocabulary>{_element('KeywordValue', words.get(language))}"
        "</inspire_common:Keyword>"
    )


def _languages(service: model.Service, language: str) -> str:
    first, *others = dict.fromkeys((service.language, *LANGUAGES))
    more = "".join(_language("SupportedLanguage", other) for other in others)
    return (
        f"<inspire_common:SupportedLanguages>{_language('DefaultLanguage', first)}{more}"
        f"</inspire_common:SupportedLanguages>{_language('ResponseLanguage', language)}"
    )


def _language(name: str, language: str) -> str:
    return f"<inspire_common:{name}>{_element('Language', LANGUAGES[language])}</inspire_common:{name}>"


def _locator(name: str, url: str, media_type: str) -> str:
    return f"<inspire_common:{name}>{_element('URL', url)}{_element('MediaType', media_type)}</inspire_common:{name}>"


def _element(name: str, text: str) -> str:
    return f"<inspire_common:{name}>{escaped(text)}</inspire_common:{name}>"


def identifier(one: model.DataSet | None) -> str:
    """AuthorityURL and Identifier of a layer's data set (06-042, 7.2.4.6.12 and 13)."""
    if one is None:
        return ""
    parts = urlsplit(one.namespace)
    known = parts.scheme in ("http", "https") and parts.hostname
    name, url = (parts.hostname, one.namespace) if known else ("service", f"{BASE}/")
    return (
        f'<AuthorityURL name="{escaped(name or "")}">{online(url)}</AuthorityURL>'
        f'<Identifier authority="{escaped(name or "")}">{escaped(one.code)}</Identifier>'
    )
