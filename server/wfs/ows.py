"""Parts of capabilities that the versions of OWS Common share (OGC 06-121r3; 05-008 for WFS 1.1)."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from layers.registry import Registry
from server.errors import InvalidParameterError

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


def identification(registry: Registry, theme: str | None, versions: Iterable[str]) -> Iterator[str]:
    """ows:ServiceIdentification."""
    service = registry.service
    language = service.language
    about = registry.themes[theme] if theme else service
    yield "<ows:ServiceIdentification>"
    yield f"  <ows:Title>{escape(about.title.get(language))}</ows:Title>"
    yield f"  <ows:Abstract>{escape((about.abstract or service.abstract).get(language))}</ows:Abstract>"
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


def provider(registry: Registry) -> Iterator[str]:
    """ows:ServiceProvider."""
    contact = registry.service.contact
    yield "<ows:ServiceProvider>"
    yield f"  <ows:ProviderName>{escape(contact.organization or registry.service.title.get('fr'))}</ows:ProviderName>"
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
