"""GetStyles: the SLD of layers' styles (OGC 02-070, 6.9)."""

from pathlib import Path

from lxml import etree
from starlette.responses import Response

from layers.errors import SourceError
from layers.registry import Layer
from server.context import Context
from server.errors import MissingParameterError
from server.wms import selections
from server.wms.parameters import Asked

MEDIA_TYPE = "application/vnd.ogc.sld+xml"
_SLD = "http://www.opengis.net/sld"
_EMPTY = f'<StyledLayerDescriptor xmlns="{_SLD}" version="1.0.0"/>'
_NAME = {"1.0.0": _SLD, "1.1.0": "http://www.opengis.net/se"}


async def get_styles(_context: Context, asked: Asked) -> Response:
    """Every style of the layers of LAYERS, under its published name."""
    names = asked.params.items_of("LAYERS") or asked.params.items_of("LAYER")
    if not names:
        raise MissingParameterError("LAYERS")
    layers = dict.fromkeys(layer.id for name in names for layer in selections.layers_of(asked, name))
    root = etree.fromstring(_EMPTY)
    for layer_id in layers:
        _add(root, asked.registry.layers[layer_id])
    body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Response(body, media_type=MEDIA_TYPE)


def _add(root: etree._Element, layer: Layer) -> None:
    """A NamedLayer with the layer's styles; a look that comes from the geometry type alone has no SLD."""
    named: etree._Element | None = None
    for style, path in layer.styles.items():
        if not path:
            continue
        document = _read(Path(path), layer)
        version = "1.1.0" if document.get("version") == "1.1.0" else "1.0.0"
        # The elements of a style tell by their namespace which version they are of.
        root.set("version", max(version, root.get("version") or version))
        if named is None:
            named = etree.SubElement(root, f"{{{_SLD}}}NamedLayer")
            etree.SubElement(named, f"{{{_NAME[version]}}}Name").text = layer.name
        for user_style in document.iter(f"{{{_SLD}}}UserStyle"):
            for old in user_style.findall("{*}Name"):
                user_style.remove(old)
            name = etree.Element(f"{{{_NAME[version]}}}Name")
            name.text = style
            user_style.insert(0, name)
            named.append(user_style)


def _read(path: Path, layer: Layer) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.parse(path, parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise SourceError(f"the style {path} of {layer.id} cannot be read: {error}") from None
