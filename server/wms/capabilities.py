"""The capabilities of WMS 1.3.0 and 1.1.1 as bytes (OGC 06-042, 7.2.4; OGC 01-068r3, 7.1.4), linear in the layers.

Addresses are written with `server.urls.BASE`; each for GET ends in "?" (06-042, 6.3.3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from layers.crs import CRS84, BBox, north_first, swap, wms_name
from layers.extents import Boxes, union
from layers.facts import CascadeFacts
from layers.model import Contact, Link, Logo, Text
from layers.registry import Layer, Registry
from server.urls import BASE
from server.wms import inspire
from server.wms.dimension_elements import described
from server.wms.formats import INFO_FORMATS, MAP_FORMATS
from server.wms.groups import by_theme, layer_names
from server.wms.parameters import LANGUAGES
from server.wms.tile_sets import DECLARED, vendor_specific
from server.wms.written import escaped, online

_SQRT2_PIXEL = 0.00028 * 2**0.5
_DTD = "http://schemas.opengis.net/wms/1.1.1/WMS_MS_Capabilities.dtd"
_SCHEMAS = (
    "http://www.opengis.net/wms http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd "
    "http://www.opengis.net/sld http://schemas.opengis.net/sld/1.1.0/sld_capabilities.xsd"
)
_HEAD = {
    "1.3.0": '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<WMS_Capabilities version="1.3.0" xmlns="http://www.opengis.net/wms" xmlns:sld="http://www.opengis.net/sld" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    f'xsi:schemaLocation="{_SCHEMAS}">\n',
    "1.1.1": f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE WMT_MS_Capabilities SYSTEM "{_DTD}">\n'
    '<WMT_MS_Capabilities version="1.1.1">\n',
}
_TAIL = {"1.3.0": "</WMS_Capabilities>\n", "1.1.1": "</WMT_MS_Capabilities>\n"}
_EXCEPTIONS = {
    "1.3.0": ("XML", "INIMAGE", "BLANK"),
    "1.1.1": ("application/vnd.ogc.se_xml", "application/vnd.ogc.se_inimage", "application/vnd.ogc.se_blank"),
}
_TYPES = {"1.3.0": "text/xml", "1.1.1": "application/vnd.ogc.wms_xml"}
_SYMBOLIZATION = {
    "1.3.0": '<sld:UserDefinedSymbolization SupportSLD="1" UserLayer="1" UserStyle="1" RemoteWFS="0" InlineFeature="0" '
    'RemoteWCS="0"/>\n',
    "1.1.1": '<UserDefinedSymbolization SupportSLD="1" UserLayer="1" UserStyle="1" RemoteWFS="0"/>\n',
}
"""Styles of the client's own, for layers of this service (05-078r4, 6; 02-070, 10.1)."""
_OLD_UNITS = {"CRS:88": "EPSG:5103"}
"""1.1.1 knows vertical datums by EPSG's codes only (01-068r3, C.2)."""
_DEFAULT_STYLE = {"fr": "Style par défaut", "en": "Default style"}


@dataclass(frozen=True, slots=True)
class View:
    """What a document shows: a registry, or one theme of it, in a version and a language ("fr", "en").

    `extents` is what `layers.extents.extents` gives, `legends` the width and height of each layer's styles;
    `tiled` adds the tile sets of WMS-C, which 1.1.1 alone has.
    """

    registry: Registry
    theme: str | None
    version: str
    language: str
    extents: Mapping[str, Boxes]
    legends: Mapping[tuple[str, str], tuple[int, int]]
    tiled: bool = False

    @property
    def address(self) -> str:
        """Where the service is."""
        return f"{BASE}/wms?" if self.theme is None else f"{BASE}/themes/{self.theme}/wms?"

    @property
    def new(self) -> bool:
        """True for 1.3.0."""
        return self.version == "1.3.0"

    @property
    def head(self) -> Any:
        """What has the title and abstract of the whole: the service, or the theme."""
        return self.registry.service if self.theme is None else self.registry.themes[self.theme]

    def text(self, words: Text) -> str:
        """Words in the document's language, escaped."""
        return escaped(words.get(self.language))


def capabilities(view: View) -> bytes:
    """The whole document."""
    formats = "".join(f"<Format>{name}</Format>" for name in _EXCEPTIONS[view.version])
    body = "".join(_layers(view))
    return (
        f"{_head(view)}{_service(view)}<Capability>\n{_requests(view)}<Exception>{formats}</Exception>\n"
        f"{_tile_sets(view)}{_SYMBOLIZATION[view.version]}{_inspire(view)}{body}</Capability>\n{_TAIL[view.version]}"
    ).encode()


def _head(view: View) -> str:
    head = _HEAD[view.version]
    if view.registry.updated:
        sequence = f'version="{view.version}" updateSequence="{view.registry.updated}"'
        head = head.replace(f'version="{view.version}"', sequence, 1)
    if view.tiled:
        return head.replace(f'"{_DTD}">', f'"{_DTD}" {DECLARED}>')
    if not (view.new and view.registry.service.inspire):
        return head
    return head.replace(f'="{_SCHEMAS}"', f'="{_SCHEMAS} {inspire.SCHEMA}" {inspire.NAMESPACES}')


def _tile_sets(view: View) -> str:
    return vendor_specific(view.registry, view.registry.in_theme(view.theme)) if view.tiled else ""


def _inspire(view: View) -> str:
    return inspire.extended_capabilities(view.registry.service, view.language, view.address) if view.new else ""


def _service(view: View) -> str:
    service = view.registry.service
    limits = service.limits
    sizes = (
        f"<LayerLimit>{limits.layers}</LayerLimit><MaxWidth>{limits.width}</MaxWidth>"
        f"<MaxHeight>{limits.height}</MaxHeight>"
    )
    return (
        f"<Service><Name>{'WMS' if view.new else 'OGC:WMS'}</Name>"
        f"<Title>{view.text(view.head.title) or 'WMS'}</Title>{_abstract(view.text(view.head.abstract))}"
        f"{_keywords(service.keywords)}{online(view.address)}{_contact(service.contact)}"
        f"<Fees>{escaped(service.fees)}</Fees>"
        f"<AccessConstraints>{escaped(service.access_constraints)}</AccessConstraints>"
        f"{sizes if view.new else ''}</Service>\n"
    )


def _contact(contact: Contact) -> str:
    if contact == Contact():
        return ""
    lines = {
        "Address": contact.address,
        "City": contact.city,
        "StateOrProvince": "",
        "PostCode": contact.postal_code,
        "Country": contact.country,
    }
    place = "".join(f"<{name}>{escaped(text)}</{name}>" for name, text in lines.items())
    return (
        f"<ContactInformation><ContactPersonPrimary><ContactPerson>{escaped(contact.person)}</ContactPerson>"
        f"<ContactOrganization>{escaped(contact.organization)}</ContactOrganization></ContactPersonPrimary>"
        f"{_optional('ContactPosition', contact.position)}"
        f"<ContactAddress><AddressType>postal</AddressType>{place}</ContactAddress>"
        f"{_optional('ContactVoiceTelephone', contact.phone)}"
        f"{_optional('ContactElectronicMailAddress', contact.email)}</ContactInformation>"
    )


def _optional(name: str, text: str) -> str:
    return f"<{name}>{escaped(text)}</{name}>" if text else ""


def _abstract(text: str) -> str:
    return f"<Abstract>{text}</Abstract>" if text else ""


def _keywords(words: tuple[str, ...]) -> str:
    if not words:
        return ""
    return f"<KeywordList>{''.join(f'<Keyword>{escaped(word)}</Keyword>' for word in words)}</KeywordList>"


def _requests(view: View) -> str:
    prefix = "sld:" if view.new else ""
    report = "text/xml" if view.new else "application/vnd.ogc.wms_xml"
    operations = [
        ("GetCapabilities", (_TYPES[view.version],)),
        ("GetMap", tuple(MAP_FORMATS)),
        ("GetFeatureInfo", INFO_FORMATS),
        (f"{prefix}DescribeLayer", (report,)),
        (f"{prefix}GetLegendGraphic", ("image/png", "application/json")),
    ]
    if not view.new:
        operations.append(("GetStyles", ("application/vnd.ogc.sld+xml",)))
    return f"<Request>\n{''.join(_operation(view, *operation) for operation in operations)}</Request>\n"


def _operation(view: View, name: str, formats: tuple[str, ...]) -> str:
    listed = "".join(f"<Format>{item}</Format>" for item in formats)
    link = online(view.address)
    http = f"<HTTP><Get>{link}</Get><Post>{link}</Post></HTTP>"
    return f"<{name}>{listed}<DCPType>{http}</DCPType></{name}>\n"


def _layers(view: View) -> Iterator[str]:
    """The tree: the root names the CRSs, themes hold the layers."""
    registry = view.registry
    shown = registry.in_theme(view.theme)
    taken = layer_names(registry)
    named = f"<Name>{view.theme}</Name>" if view.theme and view.theme not in taken and shown else ""
    queryable = int(bool(named) and any(layer.definition.queryable for layer in shown))
    crs = "CRS" if view.new else "SRS"
    names = "".join(f"<{crs}>{name}</{crs}>" for name in _crs_names(view))
    yield (
        f'<Layer queryable="{queryable}">{named}<Title>{view.text(view.head.title) or "WMS"}</Title>'
        f"{_abstract(view.text(view.head.abstract))}{_keywords(view.head.keywords)}{names}"
        f"{_boxes(view, union(view.extents[layer.id] for layer in shown))}"
        f"{_metadata(view, view.head.metadata) if view.theme else ''}\n"
    )
    if view.theme is not None:
        yield from (_layer(view, layer) for layer in shown)
    else:
        for theme, layers in by_theme(shown).items():
            yield from _theme(view, theme, layers, named=theme not in taken)
    yield "</Layer>\n"


def _theme(view: View, theme: str, layers: list[Layer], *, named: bool) -> Iterator[str]:
    name = f"<Name>{theme}</Name>" if named else ""
    queryable = int(named and any(layer.definition.queryable for layer in layers))
    head = view.registry.themes[theme]
    yield (
        f'<Layer queryable="{queryable}">{name}<Title>{view.text(head.title) or theme}</Title>'
        f"{_abstract(view.text(head.abstract))}{_keywords(head.keywords)}"
        f"{_boxes(view, union(view.extents[layer.id] for layer in layers))}{_metadata(view, head.metadata)}\n"
    )
    yield from (_layer(view, layer) for layer in layers)
    yield "</Layer>\n"


def _layer(view: View, layer: Layer) -> str:
    declared = layer.definition
    cascaded = ' cascaded="1"' if isinstance(layer.facts, CascadeFacts) else ""
    return (
        f'<Layer queryable="{int(declared.queryable)}"{cascaded}><Name>{layer.name}</Name>'
        f"<Title>{view.text(declared.title) or layer.name}</Title>{_abstract(view.text(declared.abstract))}"
        f"{_keywords(declared.keywords)}{_boxes(view, view.extents[layer.id])}{_dimensions(view, layer)}"
        f"{_attribution(view, layer)}{inspire.identifier(declared.inspire)}"
        f"{_metadata(view, declared.metadata)}{''.join(_styles(view, layer))}"
        f"{_scales(view, layer)}</Layer>\n"
    )


def _crs_names(view: View) -> list[str]:
    """Served CRSs as this version names them; 1.1.1 has no CRS:84 but writes EPSG:4326 longitude first."""
    if view.new:
        return list(dict.fromkeys(wms_name(crs_id) for crs_id in view.registry.crs_ids))
    return list(dict.fromkeys(_old_name(crs_id) for crs_id in view.registry.crs_ids))


def _old_name(crs_id: str) -> str:
    return "EPSG:4326" if crs_id == CRS84 else crs_id


def _boxes(view: View, boxes: Boxes) -> str:
    west, south, east, north = boxes[CRS84]
    if not view.new:
        return f"<LatLonBoundingBox {_corners(boxes[CRS84])}/>" + "".join(
            f'<BoundingBox SRS="{crs_id}" {_corners(box)}/>' for crs_id, box in boxes.items() if crs_id != CRS84
        )
    served = set(view.registry.crs_ids)
    return (
        f"<EX_GeographicBoundingBox><westBoundLongitude>{west:.11g}</westBoundLongitude>"
        f"<eastBoundLongitude>{east:.11g}</eastBoundLongitude><southBoundLatitude>{south:.11g}</southBoundLatitude>"
        f"<northBoundLatitude>{north:.11g}</northBoundLatitude></EX_GeographicBoundingBox>"
    ) + "".join(
        f'<BoundingBox CRS="{wms_name(crs_id)}" {_corners(swap(box) if north_first(crs_id) else box)}/>'
        for crs_id, box in boxes.items()
        if crs_id in served
    )


def _corners(box: BBox) -> str:
    return f'minx="{box[0]:.11g}" miny="{box[1]:.11g}" maxx="{box[2]:.11g}" maxy="{box[3]:.11g}"'


def _dimensions(view: View, layer: Layer) -> str:
    """Every dimension; 1.1.1 has all declarations before all extents (01-068r3, A.1)."""
    found = list(described(layer))
    if view.new:
        return "".join(
            f'<Dimension name="{one.name}" units="{escaped(one.units)}"'
            f"{_attributes(unitSymbol=one.symbol, default=one.default)}"
            f' multipleValues="{int(one.multiple)}" nearestValue="{int(one.nearest)}"'
            f"{_attributes(current=one.current)}>{escaped(one.extent)}</Dimension>"
            for one in found
        )
    return "".join(
        f'<Dimension name="{one.name}" units="{escaped(_OLD_UNITS.get(one.units, one.units))}"'
        f"{_attributes(unitSymbol=one.symbol)}/>"
        for one in found
    ) + "".join(
        f'<Extent name="{one.name}"{_attributes(default=one.default)} nearestValue="{int(one.nearest)}"'
        f"{_attributes(current=one.current)}>{escaped(one.extent)}</Extent>"
        for one in found
    )


def _attributes(**given: str) -> str:
    return "".join(f' {name}="{escaped(value)}"' for name, value in given.items() if value)


def _attribution(view: View, layer: Layer) -> str:
    named = layer.definition.attribution
    if not named:
        return ""
    link = online(named.url) if named.url else ""
    return f"<Attribution><Title>{escaped(named.title)}</Title>{link}{_logo(view, named.logo)}</Attribution>"


def _logo(view: View, logo: Logo | None) -> str:
    """The logo of an attribution; 1.1.1 has none without its size (01-068r3, A.1)."""
    if logo is None or not (view.new or (logo.width and logo.height)):
        return ""
    sizes = _attributes(width=str(logo.width or ""), height=str(logo.height or ""))
    return f"<LogoURL{sizes}><Format>{logo.media_type}</Format>{online(logo.url)}</LogoURL>"


def _metadata(view: View, links: tuple[Link, ...]) -> str:
    return "".join(
        f'<MetadataURL type="{escaped(link.type) if view.new else "TC211"}"><Format>{escaped(link.format)}</Format>'
        f"{online(link.url)}</MetadataURL>"
        for link in links
    )


def _styles(view: View, layer: Layer) -> Iterator[str]:
    for name in layer.styles:
        title = _DEFAULT_STYLE[view.language] if name == "default" else name.replace("_", " ").capitalize()
        width, height = view.legends[layer.id, name]
        own = view.language == view.registry.service.language
        spoken = "" if own else f"&LANGUAGE={LANGUAGES[view.language]}"
        address = (
            f"{view.address}SERVICE=WMS&VERSION={view.version}&REQUEST=GetLegendGraphic&FORMAT=image/png"
            f"&LAYER={layer.name}&STYLE={name}{spoken}"
        )
        yield (
            f"<Style><Name>{escaped(name)}</Name><Title>{escaped(title)}</Title>"
            f'<LegendURL width="{width}" height="{height}"><Format>image/png</Format>{online(address)}</LegendURL>'
            "</Style>"
        )


def _scales(view: View, layer: Layer) -> str:
    """Scale denominators for 1.3.0; for 1.1.1 the diagonal of a pixel in metres (01-068r3, 7.1.4.5.16)."""
    low, high = layer.definition.min_scale, layer.definition.max_scale
    if not view.new:
        if low is None and high is None:
            return ""
        return f'<ScaleHint min="{(low or 0) * _SQRT2_PIXEL:.10g}" max="{(high or 1e12) * _SQRT2_PIXEL:.10g}"/>'
    smallest = f"<MinScaleDenominator>{low:.10g}</MinScaleDenominator>" if low is not None else ""
    return smallest + (f"<MaxScaleDenominator>{high:.10g}</MaxScaleDenominator>" if high is not None else "")
