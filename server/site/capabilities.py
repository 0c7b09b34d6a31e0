"""WMTS capabilities of a published site: RESTful only, of the tiles that are there, with legends as files."""

from collections.abc import Iterable
from urllib.parse import quote

from lxml import etree

from layers.registry import Registry
from server.urls import BASE
from server.wmts.capabilities import View, capabilities
from tiles.format import tile_format
from tiles.site.publish import TileSet

_WMTS, _OWS, _LINK = "http://www.opengis.net/wmts/1.0", "http://www.opengis.net/ows/1.1", "http://www.w3.org/1999/xlink"
_NS = {"w": _WMTS, "ows": _OWS}
_SECTIONS = ("ServiceIdentification", "ServiceProvider", "Contents")


def site_capabilities(
    registry: Registry, published: Iterable[TileSet], sizes: dict[tuple[str, str], tuple[int, int]]
) -> bytes:
    """The document, addresses with `BASE`; `sizes` are those of legends by layer and style."""
    root = etree.fromstring(capabilities(View(registry, None, sizes), _SECTIONS))
    # It changes with the configuration's time, and nothing can be asked with it here.
    root.attrib.pop("updateSequence", "")
    contents = root.find("w:Contents", _NS)
    assert contents is not None
    by_name: dict[str, list[TileSet]] = {}
    for item in published:
        by_name.setdefault(item.layer.name, []).append(item)
    for layer in contents.findall("w:Layer", _NS):
        found = by_name.get(_identifier(layer), [])
        if found:
            _narrow(layer, found)
        else:
            contents.remove(layer)
    grids = {item.grid.id for items in by_name.values() for item in items}
    _keep(contents, "TileMatrixSet", grids)
    link = etree.SubElement(root, f"{{{_WMTS}}}ServiceMetadataURL")
    link.set(f"{{{_LINK}}}href", f"{BASE}/wmts/1.0.0/WMTSCapabilities.xml")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def template(item: TileSet) -> str:
    """The template of a layer's tiles, in the form of WMTS."""
    time = "{Time}/" if item.time else ""
    path = f"{{style}}/{time}{{TileMatrixSet}}/{{TileMatrix}}/{{TileCol}}/{{TileRow}}"
    return f"{BASE}/tiles/{quote(item.layer.id)}/{path}.{tile_format(item.layer).extension}"


def _narrow(layer: etree._Element, found: list[TileSet]) -> None:
    """Leave in a layer what is published of it."""
    _keep(layer, "Style", {item.style for item in found})
    for style in layer.findall("w:Style", _NS):
        for legend in style.findall("w:LegendURL", _NS):
            legend.set(f"{{{_LINK}}}href", f"{BASE}/{legend_path(found[0].layer.id, _identifier(style))}")
    times = {item.time for item in found}
    dimension = layer.find("w:Dimension", _NS)
    if dimension is not None:
        _narrow_times(dimension, times)
    for name in ("InfoFormat", "ResourceURL", "TileMatrixSetLink"):
        for element in layer.findall(f"w:{name}", _NS):
            layer.remove(element)
    for grid in dict.fromkeys(item.grid.id for item in found):
        layer.append(_link(grid, [item for item in found if item.grid.id == grid]))
    kind = tile_format(found[0].layer).media_type
    address = etree.SubElement(layer, f"{{{_WMTS}}}ResourceURL", format=kind, resourceType="tile")
    address.set("template", template(found[0]))


def legend_path(layer: str, style: str) -> str:
    """Where the legend of a style is."""
    return f"legends/{layer}/{style}.png"


def _narrow_times(dimension: etree._Element, times: set[str]) -> None:
    for value in dimension.findall("w:Value", _NS):
        if value.text not in times:
            dimension.remove(value)
    default = dimension.find("w:Default", _NS)
    if default is not None and default.text not in times:
        default.text = max(times)
    for current in dimension.findall("w:Current", _NS):
        dimension.remove(current)


def _link(grid: str, found: list[TileSet]) -> etree._Element:
    link = etree.Element(f"{{{_WMTS}}}TileMatrixSetLink")
    etree.SubElement(link, f"{{{_WMTS}}}TileMatrixSet").text = grid
    limits = etree.SubElement(link, f"{{{_WMTS}}}TileMatrixSetLimits")
    levels = sorted({level.z for item in found for level in item.limits})
    for z in levels:
        boxes = [level for item in found for level in item.limits if level.z == z]
        values = {
            "TileMatrix": z,
            "MinTileRow": min(box.y0 for box in boxes),
            "MaxTileRow": max(box.y1 for box in boxes),
            "MinTileCol": min(box.x0 for box in boxes),
            "MaxTileCol": max(box.x1 for box in boxes),
        }
        element = etree.SubElement(limits, f"{{{_WMTS}}}TileMatrixLimits")
        for name, value in values.items():
            etree.SubElement(element, f"{{{_WMTS}}}{name}").text = str(value)
    return link


def _keep(parent: etree._Element, name: str, identifiers: set[str]) -> None:
    for element in parent.findall(f"w:{name}", _NS):
        if _identifier(element) not in identifiers:
            parent.remove(element)


def _identifier(element: etree._Element) -> str:
    return element.findtext("ows:Identifier", namespaces=_NS) or ""
