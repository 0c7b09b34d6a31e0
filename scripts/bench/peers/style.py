"""One simple look in the words of each server: filled buildings with an outline, roads as round lines; in pixels."""

FILL, OUTLINE, ROAD = "#ead9c6", "#bfa68b", "#808080"
OUTLINE_WIDTH, ROAD_WIDTH = 0.6, 2.0

MAPSERVER = {
    "batiment": f'STYLE COLOR "{FILL}" OUTLINECOLOR "{OUTLINE}" WIDTH {OUTLINE_WIDTH} END',
    "troncon_de_route": f'STYLE COLOR "{ROAD}" WIDTH {ROAD_WIDTH} LINECAP ROUND LINEJOIN ROUND END',
}

_SLD = """<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" xmlns:se="http://www.opengis.net/se" version="1.1.0">
  <NamedLayer><se:Name>{name}</se:Name><UserStyle><se:Name>{name}</se:Name><se:FeatureTypeStyle><se:Rule>
    {symbolizer}
  </se:Rule></se:FeatureTypeStyle></UserStyle></NamedLayer>
</StyledLayerDescriptor>
"""

_POLYGON = f"""<se:PolygonSymbolizer><se:Fill><se:SvgParameter name="fill">{FILL}</se:SvgParameter></se:Fill>
    <se:Stroke><se:SvgParameter name="stroke">{OUTLINE}</se:SvgParameter>
      <se:SvgParameter name="stroke-width">{OUTLINE_WIDTH}</se:SvgParameter></se:Stroke></se:PolygonSymbolizer>"""

_LINE = f"""<se:LineSymbolizer><se:Stroke><se:SvgParameter name="stroke">{ROAD}</se:SvgParameter>
      <se:SvgParameter name="stroke-width">{ROAD_WIDTH}</se:SvgParameter>
      <se:SvgParameter name="stroke-linejoin">round</se:SvgParameter>
      <se:SvgParameter name="stroke-linecap">round</se:SvgParameter></se:Stroke></se:LineSymbolizer>"""

SLD = {
    "batiment": _SLD.format(name="batiment", symbolizer=_POLYGON),
    "troncon_de_route": _SLD.format(name="troncon_de_route", symbolizer=_LINE),
}
