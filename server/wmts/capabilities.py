"""The service metadata of WMTS 1.0.0 as bytes (OGC 07-057r7, 7.1.1; OGC 06-121r3, 7.4), linear in the layers.

Addresses are written with `server.urls.BASE`. Boxes and corners are in the order of the CRS's axes, as its URN says.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

from layers.crs import north_first, swap, urn
from layers.model import Contact, Text
from layers.registry import Layer, Registry
from server.errors import printable
from server.urls import BASE
from server.wms.formats import INFO_FORMATS
from server.wmts.info_path import INFO_EXTENSIONS
from tiles.format import tile_format
from tiles.limits import limits
from tiles.table import MatrixSet, matrix_sets

OPERATIONS = ("GetCapabilities", "GetTile", "GetFeatureInfo")
SECTIONS = ("ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Contents", "Themes")
_ASKED = ("All", *SECTIONS)
_ROOT = (
    '<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="http://www.opengis.net/wmts/1.0 '
    'http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd" version="1.0.0" updateSequence="{}">\n'
)
_DEFAULT_STYLE = {"fr": "Style par défaut", "en": "Default style"}


@dataclass(frozen=True, slots=True)
class View:
    """What a document shows: a registry or one theme of it; `legends` is width and height by layer and style."""

    registry: Registry
    theme: str | None
    legends: Mapping[tuple[str, str], tuple[int, int]]

    @property
    def address(self) -> str:
        """Where the service is, without a slash at the end."""
        return f"{BASE}/wmts" if self.theme is None else f"{BASE}/themes/{quote(self.theme)}/wmts"

    @property
    def layers(self) -> list[tuple[Layer, tuple[MatrixSet, ...]]]:
        """The layers that have tiles, with their grids by the names declared."""
        shown = ((layer, matrix_sets(layer, self.registry)) for layer in self.registry.in_theme(self.theme))
        return [(layer, sets) for layer, sets in shown if sets]

    def text(self, words: Text) -> str:
        """Words in the service's language, escaped."""
        return escaped(words.get(self.registry.service.language))


def capabilities(view: View, sections: Iterable[str] = SECTIONS) -> bytes:
    """The document, or the sections of it that are asked."""
    makers = {
        "ServiceIdentification": _identification,
        "ServiceProvider": _provider,
        "OperationsMetadata": _operations,
        "Contents": _contents,
        "Themes": _themes,
    }
    chosen = set(sections)
    body = "".join("".join(make(view)) for name, make in makers.items() if name in chosen)
    whole = chosen >= set(SECTIONS)
    link = f'<ServiceMetadataURL xlink:href="{view.address}/1.0.0/WMTSCapabilities.xml"/>\n' if whole else ""
    root = _ROOT.format(view.registry.updated)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}{body}{link}</Capabilities>\n'.encode()


def escaped(text: str) -> str:
    """Text as XML holds it, in content and between double quotes."""
    return escape(text if text.isprintable() else printable(text), {'"': "&quot;"})


def _identification(view: View) -> Iterator[str]:
    service = view.registry.service
    head = service if view.theme is None else view.registry.themes[view.theme]
    yield f"<ows:ServiceIdentification>\n{_described(view, head.title or service.title, head.abstract)}"
    yield _keywords(service.keywords)
    yield "<ows:ServiceType>OGC WMTS</ows:ServiceType><ows:ServiceTypeVersion>1.0.0</ows:ServiceTypeVersion>"
    yield f"<ows:Fees>{escaped(service.fees)}</ows:Fees>"
    yield f"<ows:AccessConstraints>{escaped(service.access_constraints)}</ows:AccessConstraints>\n"
    yield "</ows:ServiceIdentification>\n"


def _described(view: View, title: Text, abstract: Text) -> str:
    words = f"<ows:Title>{view.text(title) or 'WMTS'}</ows:Title>"
    return words + (f"<ows:Abstract>{view.text(abstract)}</ows:Abstract>" if abstract else "")


def _keywords(words: tuple[str, ...]) -> str:
    listed = "".join(f"<ows:Keyword>{escaped(word)}</ows:Keyword>" for word in words)
    return f"<ows:Keywords>{listed}</ows:Keywords>" if words else ""


def _provider(view: View) -> Iterator[str]:
    contact = view.registry.service.contact
    name = contact.organization or view.registry.service.title.get(view.registry.service.language)
    yield f"<ows:ServiceProvider><ows:ProviderName>{escaped(name)}</ows:ProviderName>"
    yield f'<ows:ProviderSite xlink:href="{escaped(contact.site)}"/>' if contact.site else ""
    yield f"<ows:ServiceContact>{_person(contact)}<ows:ContactInfo>{_phone(contact)}<ows:Address>"
    parts = {
        "DeliveryPoint": contact.address,
        "City": contact.city,
        "PostalCode": contact.postal_code,
        "Country": contact.country,
        "ElectronicMailAddress": contact.email,
    }
    yield "".join(_optional(part, text) for part, text in parts.items())
    yield "</ows:Address></ows:ContactInfo></ows:ServiceContact></ows:ServiceProvider>\n"


def _person(contact: Contact) -> str:
    return _optional("IndividualName", contact.person) + _optional("PositionName", contact.position)


def _phone(contact: Contact) -> str:
    return f"<ows:Phone>{_optional('Voice', contact.phone)}</ows:Phone>" if contact.phone else ""


def _optional(name: str, text: str) -> str:
    return f"<ows:{name}>{escaped(text)}</ows:{name}>" if text else ""


def _operations(view: View) -> Iterator[str]:
    """By key-value pairs only: RESTful clients go by ServiceMetadataURL and ResourceURL.

    Clients, and the OGC's suite, take the last of several addresses for that of key-value pairs, whatever it says.
    """
    accepted = {"AcceptVersions": ("1.0.0",), "AcceptFormats": ("application/xml", "text/xml"), "Sections": _ASKED}
    yield "<ows:OperationsMetadata>\n"
    for name in OPERATIONS:
        yield f'<ows:Operation name="{name}"><ows:DCP><ows:HTTP>'
        encoding = _values("Constraint", "GetEncoding", ("KVP",))
        yield f'<ows:Get xlink:href="{escaped(view.address)}?">{encoding}</ows:Get>'
        yield "</ows:HTTP></ows:DCP>"
        parameters = accepted if name == "GetCapabilities" else {}
        yield "".join(_values("Parameter", parameter, values) for parameter, values in parameters.items())
        yield "</ows:Operation>\n"
    yield "</ows:OperationsMetadata>\n"


def _values(element: str, name: str, values: tuple[str, ...]) -> str:
    allowed = "".join(f"<ows:Value>{value}</ows:Value>" for value in values)
    return f'<ows:{element} name="{name}"><ows:AllowedValues>{allowed}</ows:AllowedValues></ows:{element}>'


def _contents(view: View) -> Iterator[str]:
    yield "<Contents>\n"
    used: dict[str, MatrixSet] = {}
    for layer, sets in view.layers:
        used |= {item.name: item for item in sets}
        yield from _layer(view, layer, sets)
    for item in used.values():
        yield from _matrix_set(item)
    yield "</Contents>\n"


def _layer(view: View, layer: Layer, sets: tuple[MatrixSet, ...]) -> Iterator[str]:
    declared, kind = layer.definition, tile_format(layer)
    yield f"<Layer>{_described(view, declared.title, declared.abstract)}{_keywords(declared.keywords)}"
    west, south, east, north = layer.geographic_extent
    yield _corners(f"{west:.11g} {south:.11g}", f"{east:.11g} {north:.11g}", "WGS84BoundingBox", "")
    yield f"<ows:Identifier>{escaped(layer.name)}</ows:Identifier>"
    yield from (_box(layer, crs) for crs in dict.fromkeys(item.grid.crs for item in sets))
    yield "".join(f'<ows:Metadata xlink:href="{escaped(link.url)}"/>' for link in declared.metadata)
    yield from _styles(view, layer)
    yield f"<Format>{kind.media_type}</Format>"
    yield "".join(f"<InfoFormat>{name}</InfoFormat>" for name in INFO_FORMATS) if declared.queryable else ""
    yield _dimension(layer)
    for item in sets:
        yield from _link(layer, item)
    yield from _addresses(view, layer)
    yield "</Layer>\n"


def _addresses(view: View, layer: Layer) -> Iterator[str]:
    """The templates of RESTful addresses (OGC 07-057r7, 10): tiles, and what lies under a pixel of one."""
    kind = tile_format(layer)
    time = "{Time}/" if layer.times else ""
    place = (
        f"{view.address}/{quote(layer.name)}/{{style}}/{time}{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}"
    )
    yield f'<ResourceURL format="{kind.media_type}" resourceType="tile" template="{place}.{kind.extension}"/>\n'
    if layer.definition.queryable:
        for name, extension in INFO_EXTENSIONS.items():
            template = f"{place}/{{J}}/{{I}}.{extension}"
            yield f'<ResourceURL format="{name}" resourceType="FeatureInfo" template="{template}"/>\n'


def _box(layer: Layer, crs: str) -> str:
    box = layer.extent_in(crs)
    box = swap(box) if north_first(crs) else box
    corners = f"{box[0]:.11g} {box[1]:.11g}", f"{box[2]:.11g} {box[3]:.11g}"
    return _corners(*corners, "BoundingBox", f' crs="{urn(crs)}"')


def _corners(lower: str, upper: str, element: str, attributes: str) -> str:
    return (
        f"<ows:{element}{attributes}><ows:LowerCorner>{lower}</ows:LowerCorner>"
        f"<ows:UpperCorner>{upper}</ows:UpperCorner></ows:{element}>"
    )


def _styles(view: View, layer: Layer) -> Iterator[str]:
    language = view.registry.service.language
    for name in layer.styles:
        title = _DEFAULT_STYLE[language] if name == "default" else name.replace("_", " ").capitalize()
        size = view.legends.get((layer.id, name))
        shape = f' width="{size[0]}" height="{size[1]}"' if size else ""
        address = (
            f"{BASE}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&FORMAT=image/png&SLD_VERSION=1.1.0"
            f"&LAYER={quote(layer.name)}&STYLE={quote(name)}"
        )
        default = str(name == layer.default_style).lower()
        yield f'<Style isDefault="{default}"><ows:Title>{escaped(title)}</ows:Title>'
        yield f"<ows:Identifier>{escaped(name)}</ows:Identifier>"
        yield f'<LegendURL format="image/png" xlink:href="{escaped(address)}"{shape}/></Style>'


def _dimension(layer: Layer) -> str:
    if not layer.times:
        return ""
    values = "".join(f"<Value>{escaped(value)}</Value>" for value in layer.times)
    default = escaped(layer.default_time or "")
    return (
        "<Dimension><ows:Identifier>Time</ows:Identifier><ows:UOM>ISO8601</ows:UOM>"
        f"<Default>{default}</Default><Current>true</Current>{values}</Dimension>"
    )


def _link(layer: Layer, item: MatrixSet) -> Iterator[str]:
    yield f"<TileMatrixSetLink><TileMatrixSet>{escaped(item.name)}</TileMatrixSet><TileMatrixSetLimits>"
    for z, x0, y0, x1, y1 in limits(layer, item.grid):
        yield (
            f"<TileMatrixLimits><TileMatrix>{escaped(item.matrix(z))}</TileMatrix>"
            f"<MinTileRow>{y0}</MinTileRow><MaxTileRow>{y1}</MaxTileRow>"
            f"<MinTileCol>{x0}</MinTileCol><MaxTileCol>{x1}</MaxTileCol></TileMatrixLimits>"
        )
    yield "</TileMatrixSetLimits></TileMatrixSetLink>"


def _matrix_set(item: MatrixSet) -> Iterator[str]:
    """A TileMatrixSet. (No WellKnownScaleSet: those of Annex E name versions of CRSs that clients do not know.)"""
    grid = item.grid
    title = f"<ows:Title>{escaped(grid.title)}</ows:Title>" if grid.title else ""
    yield f"<TileMatrixSet>{title}<ows:Identifier>{escaped(item.name)}</ows:Identifier>"
    yield f"<ows:SupportedCRS>{urn(grid.crs)}</ows:SupportedCRS>\n"
    x, y = grid.origin
    corner = f"{y!r} {x!r}" if north_first(grid.crs) else f"{x!r} {y!r}"
    for z in range(grid.first, grid.levels):
        columns, rows = grid.matrix_size(z)
        yield (
            f"<TileMatrix><ows:Identifier>{escaped(item.matrix(z))}</ows:Identifier>"
            f"<ScaleDenominator>{grid.scale_denominator(z):.15g}</ScaleDenominator>"
            f"<TopLeftCorner>{corner}</TopLeftCorner>"
            f"<TileWidth>{grid.tile_size}</TileWidth><TileHeight>{grid.tile_size}</TileHeight>"
            f"<MatrixWidth>{columns}</MatrixWidth><MatrixHeight>{rows}</MatrixHeight></TileMatrix>\n"
        )
    yield "</TileMatrixSet>\n"


def _themes(view: View) -> Iterator[str]:
    shown = view.layers
    yield "<Themes>\n"
    for name in dict.fromkeys(layer.theme for layer, _ in shown):
        theme = view.registry.themes[name]
        yield f"<Theme>{_described(view, theme.title, theme.abstract)}<ows:Identifier>{escaped(name)}</ows:Identifier>"
        refs = (layer.name for layer, _ in shown if layer.theme == name)
        yield "".join(f"<LayerRef>{escaped(ref)}</LayerRef>" for ref in refs) + "</Theme>\n"
    yield "</Themes>\n"
