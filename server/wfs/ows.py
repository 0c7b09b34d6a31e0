"""Parts of capabilities that the versions of OWS Common share (OGC 06-121r3; 05-008 for WFS 1.1)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from layers.crs import urn
from server.errors import InvalidParameterError
from server.wfs.dialect import WFS20, Dialect
from server.wfs.feature_type import FeatureType
from server.wfs.formats import advertised
from server.wfs.view import View

SECTIONS = ("ServiceIdentification", "ServiceProvider", "OperationsMetadata", "FeatureTypeList", "Filter_Capabilities")


def sections(asked: list[str]) -> tuple[str, ...]:
    """The sections to write; none or `All` means each (OGC 06-121r3, 7.3.3)."""
    if not asked or any(name.lower() == "all" for name in asked):
        return SECTIONS
    by_name = {name.lower(): name for name in SECTIONS}
    for name in asked:
        if name.lower() not in by_name:
            raise InvalidParameterError(f"SECTIONS={name[:60]!r} is not one of All, {', '.join(SECTIONS)}", "sections")
    return tuple(by_name[name.lower()] for name in asked)


def identification(view: View, versions: Iterable[str]) -> Iterator[str]:
    """ows:ServiceIdentification."""
    service, about = view.service, view.about
    yield "<ows:ServiceIdentification>"
    yield f"  <ows:Title>{escape(about.title.get(view.language))}</ows:Title>"
    yield f"  <ows:Abstract>{escape((about.abstract or service.abstract).get(view.language))}</ows:Abstract>"
    yield from keywords(service.keywords, "  ")
    yield '  <ows:ServiceType codeSpace="OGC">WFS</ows:ServiceType>'
    yield from (f"  <ows:ServiceTypeVersion>{version}</ows:ServiceTypeVersion>" for version in versions)
    yield f"  <ows:Fees>{escape(service.fees)}</ows:Fees>"
    yield f"  <ows:AccessConstraints>{escape(service.access_constraints)}</ows:AccessConstraints>"
    yield "</ows:ServiceIdentification>"


def keywords(words: Iterable[str], indent: str) -> Iterator[str]:
    """ows:Keywords, where there are some."""
    words = list(words)
    if words:
        inside = "".join(f"<ows:Keyword>{escape(word)}</ows:Keyword>" for word in words)
        yield f"{indent}<ows:Keywords>{inside}</ows:Keywords>"


def provider(view: View) -> Iterator[str]:
    """ows:ServiceProvider."""
    contact = view.service.contact
    name = contact.organization or view.service.title.get(view.language)
    yield "<ows:ServiceProvider>"
    yield f"  <ows:ProviderName>{escape(name)}</ows:ProviderName>"
    if contact.site:
        yield f"  <ows:ProviderSite xlink:href={quoteattr(contact.site)}/>"
    yield "  <ows:ServiceContact>"
    yield from _element("IndividualName", contact.person)
    yield from _element("PositionName", contact.position)
    yield "    <ows:ContactInfo>"
    if contact.phone:
        yield f"      <ows:Phone><ows:Voice>{escape(contact.phone)}</ows:Voice></ows:Phone>"
    yield "      <ows:Address>"
    yield from _element("DeliveryPoint", contact.address)
    yield from _element("City", contact.city)
    yield from _element("PostalCode", contact.postal_code)
    yield from _element("Country", contact.country)
    yield from _element("ElectronicMailAddress", contact.email)
    yield "      </ows:Address>\n    </ows:ContactInfo>\n  </ows:ServiceContact>\n</ows:ServiceProvider>"


def _element(name: str, text: str) -> Iterator[str]:
    if text:
        yield f"    <ows:{name}>{escape(text)}</ows:{name}>"


POSTED = ("Transaction", "CreateStoredQuery")
"""Operations that have no encoding in key-value pairs."""

LOCKING: dict[str, tuple[str, ...]] = {"lockAction": ("ALL", "SOME")}
RELEASING: dict[str, tuple[str, ...]] = {"releaseAction": ("ALL", "SOME")}

SPATIAL = (
    "BBOX",
    "Equals",
    "Disjoint",
    "Intersects",
    "Touches",
    "Crosses",
    "Within",
    "Contains",
    "Overlaps",
    "Beyond",
    "DWithin",
)
"""The spatial operators of filters, as every version calls them."""


def operation(
    view: View, name: str, allowed: Mapping[str, Iterable[str]], write: Callable[[Iterable[str]], str], *more: str
) -> Iterator[str]:
    """ows:Operation: its addresses, and for each parameter the values allowed, as `write` tells them."""
    yield f'  <ows:Operation name="{name}">\n    <ows:DCP><ows:HTTP>'
    if name not in POSTED:
        yield f"      <ows:Get xlink:href={quoteattr(view.address + '?')}/>"
    yield f"      <ows:Post xlink:href={quoteattr(view.address)}/>"
    yield "    </ows:HTTP></ows:DCP>"
    for parameter, values_ in allowed.items():
        yield f'    <ows:Parameter name="{parameter}">{write(values_)}</ows:Parameter>'
    yield from (f"    {line}" for line in more)
    yield "  </ows:Operation>"


def feature_type(view: View, kind: FeatureType, dialect: Dialect, *more: str) -> Iterator[str]:
    """wfs:FeatureType of 2.0 or 1.1; `more` stands before the formats."""
    definition, crs = kind.layer.definition, "CRS" if dialect is WFS20 else "SRS"
    yield f"  <wfs:FeatureType>\n    <wfs:Name>{kind.name}</wfs:Name>"
    yield f"    <wfs:Title>{escape(definition.title.get(view.language))}</wfs:Title>"
    if definition.abstract:
        yield f"    <wfs:Abstract>{escape(definition.abstract.get(view.language))}</wfs:Abstract>"
    yield from keywords(definition.keywords, "    ")
    yield f"    <wfs:Default{crs}>{urn(kind.facts.crs)}</wfs:Default{crs}>"
    others = (urn(one) for one in view.registry.crs_ids if one != kind.facts.crs)
    yield from (f"    <wfs:Other{crs}>{other}</wfs:Other{crs}>" for other in others)
    yield from (f"    {line}" for line in more)
    inside = "".join(f"<wfs:Format>{name}</wfs:Format>" for name in advertised(dialect))
    yield f"    <wfs:OutputFormats>{inside}</wfs:OutputFormats>"
    west, south, east, north = (round(value, 7) for value in kind.layer.geographic_extent)
    yield f"    <ows:WGS84BoundingBox><ows:LowerCorner>{west} {south}</ows:LowerCorner>"
    yield f"      <ows:UpperCorner>{east} {north}</ows:UpperCorner></ows:WGS84BoundingBox>"
    for link in definition.metadata:
        if dialect is WFS20:
            yield f"    <wfs:MetadataURL xlink:href={quoteattr(link.url)}/>"
        else:
            yield f'    <wfs:MetadataURL type="TC211" format="text/xml">{escape(link.url)}</wfs:MetadataURL>'
    yield "  </wfs:FeatureType>"


def values(allowed: Iterable[str]) -> str:
    """ows:AllowedValues of OWS 1.1."""
    inside = "".join(f"<ows:Value>{escape(value)}</ows:Value>" for value in allowed)
    return f"<ows:AllowedValues>{inside}</ows:AllowedValues>"


def constraint(name: str, value: str, prefix: str = "ows") -> str:
    """A constraint with its default value, of OWS 1.1."""
    return (
        f'<{prefix}:Constraint name="{name}"><ows:NoValues/>'
        f"<ows:DefaultValue>{value}</ows:DefaultValue></{prefix}:Constraint>"
    )
