<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld"><NamedLayer><Name>cite</Name><UserStyle>
<FeatureTypeStyle><Rule><Title>Features</Title>
<PolygonSymbolizer><Fill><CssParameter name="fill">#4a7ebb</CssParameter></Fill></PolygonSymbolizer>
</Rule></FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>
