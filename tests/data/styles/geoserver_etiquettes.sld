<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc" xmlns:xlink="http://www.w3.org/1999/xlink">
  <NamedLayer>
    <Name>etiquettes</Name>
    <UserStyle>
      <Name>etiquettes</Name>
      <Title>Étiquettes</Title>
      <FeatureTypeStyle>
        <Rule>
          <Title>Rues</Title>
          <LineSymbolizer><Stroke><CssParameter name="stroke">#cccccc</CssParameter><CssParameter name="stroke-width">8</CssParameter></Stroke></LineSymbolizer>
          <TextSymbolizer>
            <Label><ogc:PropertyName>nom</ogc:PropertyName> (<ogc:PropertyName>no</ogc:PropertyName>)</Label>
            <Font>
              <CssParameter name="font-family">DejaVu Sans</CssParameter>
              <CssParameter name="font-size">10</CssParameter>
              <CssParameter name="font-weight">bold</CssParameter>
            </Font>
            <LabelPlacement><LinePlacement><PerpendicularOffset>0</PerpendicularOffset></LinePlacement></LabelPlacement>
            <Halo><Radius>2</Radius><Fill><CssParameter name="fill">#ffff00</CssParameter></Fill></Halo>
            <Fill><CssParameter name="fill">#000080</CssParameter></Fill>
            <Priority><ogc:PropertyName>rang</ogc:PropertyName></Priority>
            <VendorOption name="followLine">true</VendorOption>
            <VendorOption name="group">yes</VendorOption>
            <VendorOption name="repeat">300</VendorOption>
          </TextSymbolizer>
        </Rule>
      </FeatureTypeStyle>
    </UserStyle>
  </NamedLayer>
</StyledLayerDescriptor>
