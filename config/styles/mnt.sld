<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.0.0" xsi:schemaLocation="http://www.opengis.net/sld http://schemas.opengis.net/sld/1.0.0/StyledLayerDescriptor.xsd">
  <NamedLayer>
    <Name>mnt</Name>
    <UserStyle>
      <Name>mnt</Name>
      <Title>Altitude</Title>
      <FeatureTypeStyle>
        <Rule>
          <Name>mnt</Name>
          <Title>Altitude</Title>
          <RasterSymbolizer>
            <ColorMap type="ramp">
              <ColorMapEntry color="#5f93a8" quantity="1" label="1 m" opacity="1"/>
              <ColorMapEntry color="#a9cbb0" quantity="3" label="3 m" opacity="1"/>
              <ColorMapEntry color="#c9dcae" quantity="6" label="6 m" opacity="1"/>
              <ColorMapEntry color="#e6e5b4" quantity="10" label="10 m" opacity="1"/>
              <ColorMapEntry color="#f0d79b" quantity="16" label="16 m" opacity="1"/>
              <ColorMapEntry color="#e3b574" quantity="22" label="22 m" opacity="1"/>
              <ColorMapEntry color="#c98d57" quantity="28" label="28 m" opacity="1"/>
              <ColorMapEntry color="#a96f4e" quantity="34" label="34 m" opacity="1"/>
              <ColorMapEntry color="#8f6253" quantity="42" label="42 m" opacity="1"/>
            </ColorMap>
          </RasterSymbolizer>
        </Rule>
      </FeatureTypeStyle>
    </UserStyle>
  </NamedLayer>
</StyledLayerDescriptor>
