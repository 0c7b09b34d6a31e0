"""DescribeLayer: which feature type is behind a layer (OGC 05-078r4, 9; OGC 02-070, 6.8)."""

from starlette.responses import Response

from layers.registry import Layer
from server.context import Context
from server.errors import MissingParameterError
from server.wms import selections
from server.wms.parameters import Asked
from server.wms.written import escaped

_DTD = "http://schemas.opengis.net/wms/1.1.1/WMS_DescribeLayerResponse.dtd"
_HEAD_130 = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<DescribeLayerResponse xmlns="http://www.opengis.net/sld" '
    'xmlns:se="http://www.opengis.net/se" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.opengis.net/sld '
    'http://schemas.opengis.net/sld/1.1.0/DescribeLayer.xsd">\n<Version>1.1.0</Version>\n'
)
_HEAD_111 = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE WMS_DescribeLayerResponse SYSTEM "{_DTD}">\n'
    '<WMS_DescribeLayerResponse version="1.1.1">\n'
)


async def describe_layer(_context: Context, asked: Asked) -> Response:
    """The feature type of each layer of LAYERS, with the service that gives it."""
    names = asked.params.items_of("LAYERS") or asked.params.items_of("LAYER")
    if not names:
        raise MissingParameterError("LAYERS")
    layers = [layer for name in names for layer in selections.layers_of(asked, name)]
    if asked.version == "1.3.0":
        body = "".join(_described_130(asked, layer) for layer in layers)
        return Response(f"{_HEAD_130}{body}</DescribeLayerResponse>\n", media_type="text/xml")
    body = "".join(_described_111(asked, layer) for layer in layers)
    text = f"{_HEAD_111}{body}</WMS_DescribeLayerResponse>\n"
    return Response(text, media_type="application/vnd.ogc.wms_xml")


def _described_130(asked: Asked, layer: Layer) -> str:
    namespace = asked.registry.service.namespace
    if layer.is_vector:
        kind, path, name = "wfs", "wfs?", f"<se:FeatureTypeName>{_type_name(asked, layer)}</se:FeatureTypeName>"
    else:
        kind, path, name = "wcs", "ogcapi?", f"<se:CoverageName>{layer.name}</se:CoverageName>"
    return (
        f'<LayerDescription><owsType>{kind}</owsType><se:OnlineResource xlink:type="simple" '
        f'xlink:href="{asked.base}/{path}"/><TypeName xmlns:{namespace.prefix}="{escaped(namespace.uri)}">{name}'
        "</TypeName></LayerDescription>\n"
    )


def _described_111(asked: Asked, layer: Layer) -> str:
    if not layer.is_vector:
        return f'<LayerDescription name="{layer.name}"/>\n'
    address = f"{asked.base}/wfs?"
    return (
        f'<LayerDescription name="{layer.name}" wfs="{address}" owsType="WFS" owsURL="{address}">'
        f'<Query typeName="{_type_name(asked, layer)}"/></LayerDescription>\n'
    )


def _type_name(asked: Asked, layer: Layer) -> str:
    return escaped(f"{asked.registry.service.namespace.prefix}:{layer.name}")
