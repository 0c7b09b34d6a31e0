<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.0.0" xsi:schemaLocation="http://www.opengis.net/sld http://schemas.opengis.net/sld/1.0.0/StyledLayerDescriptor.xsd">
  <NamedLayer>
    <Name>temperature</Name>
    <UserStyle>
      <Name>temperature</Name>
      <Title>Température (°C)</Title>
      <FeatureTypeStyle>
        <Rule>
          <Name>temperature</Name>
          <Title>Température (°C)</Title>
          <RasterSymbolizer>
            <ColorMap type="ramp">
              <ColorMapEntry color="#3b1d6e" quantity="-15" label="−15 °C" opacity="1"/>
              <ColorMapEntry color="#4a3fa5" quantity="-10" label="−10 °C" opacity="1"/>
              <ColorMapEntry color="#4a74cf" quantity="-5" label="−5 °C" opacity="1"/>
              <ColorMapEntry color="#63a9dd" quantity="0" label="0 °C" opacity="1"/>
              <ColorMapEntry color="#8fd0d6" quantity="4" label="4 °C" opacity="1"/>
              <ColorMapEntry color="#bfe5c3" quantity="8" label="8 °C" opacity="1"/>
              <ColorMapEntry color="#e9f2b0" quantity="12" label="12 °C" opacity="1"/>
              <ColorMapEntry color="#fde08a" quantity="16" label="16 °C" opacity="1"/>
              <ColorMapEntry color="#fbb45c" quantity="20" label="20 °C" opacity="1"/>
              <ColorMapEntry color="#ee7a3f" quantity="24" label="24 °C" opacity="1"/>
              <ColorMapEntry color="#d03f32" quantity="28" label="28 °C" opacity="1"/>
              <ColorMapEntry color="#8e1a34" quantity="34" label="34 °C" opacity="1"/>
            </ColorMap>
          </RasterSymbolizer>
        </Rule>
      </FeatureTypeStyle>
    </UserStyle>
  </NamedLayer>
</StyledLayerDescriptor>
