<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.0.0" xsi:schemaLocation="http://www.opengis.net/sld http://schemas.opengis.net/sld/1.0.0/StyledLayerDescriptor.xsd">
  <NamedLayer>
    <Name>ombrage</Name>
    <UserStyle>
      <Name>ombrage</Name>
      <Title>Ombrage</Title>
      <FeatureTypeStyle>
        <Rule>
          <Name>ombrage</Name>
          <Title>Ombrage</Title>
          <RasterSymbolizer>
            <ColorMap type="ramp">
              <ColorMapEntry color="#20242c" quantity="1" label="Ombre" opacity="0.85"/>
              <ColorMapEntry color="#4a4f58" quantity="110" label="" opacity="0.55"/>
              <ColorMapEntry color="#8a8d92" quantity="165" label="" opacity="0.2"/>
              <ColorMapEntry color="#ffffff" quantity="181" label="Plat" opacity="0.0"/>
              <ColorMapEntry color="#fff6e0" quantity="215" label="" opacity="0.35"/>
              <ColorMapEntry color="#ffffff" quantity="255" label="Lumière" opacity="0.75"/>
            </ColorMap>
          </RasterSymbolizer>
        </Rule>
      </FeatureTypeStyle>
    </UserStyle>
  </NamedLayer>
</StyledLayerDescriptor>
