<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld"><NamedLayer><Name>cite</Name><UserStyle>
<FeatureTypeStyle><Rule><Title>Features</Title>
<LineSymbolizer><Stroke><CssParameter name="stroke">#804020</CssParameter><CssParameter name="stroke-width">2</CssParameter></Stroke></LineSymbolizer>
</Rule></FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>
