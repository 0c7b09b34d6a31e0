<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc" xmlns:se="http://www.opengis.net/se" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1.0">
  <NamedLayer>
    <se:Name>symboles</se:Name>
    <UserStyle>
      <se:Name>symboles</se:Name>
      <se:FeatureTypeStyle>
        <se:Rule>
          <se:Name>svg</se:Name>
          <ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>genre</ogc:PropertyName><ogc:Literal>svg</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>
          <se:PointSymbolizer>
            <se:Graphic>
              <se:ExternalGraphic>
                <se:OnlineResource xlink:type="simple" xlink:href="symbole.svg?fill=%2300aa00&amp;fill-opacity=1&amp;outline=%230000ff&amp;outline-width=10"/>
                <se:Format>image/svg+xml</se:Format>
              </se:ExternalGraphic>
              <se:Mark>
                <se:WellKnownName>square</se:WellKnownName>
                <se:Fill><se:SvgParameter name="fill">#ff00ff</se:SvgParameter></se:Fill>
              </se:Mark>
              <se:Size>40</se:Size>
            </se:Graphic>
          </se:PointSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>taille</se:Name>
          <ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>genre</ogc:PropertyName><ogc:Literal>taille</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>
          <se:PointSymbolizer>
            <se:Graphic>
              <se:Mark>
                <se:WellKnownName>square</se:WellKnownName>
                <se:Fill><se:SvgParameter name="fill">#ff0000</se:SvgParameter></se:Fill>
              </se:Mark>
              <se:Size><ogc:Mul><ogc:PropertyName>effectif</ogc:PropertyName><ogc:Literal>2</ogc:Literal></ogc:Mul></se:Size>
            </se:Graphic>
          </se:PointSymbolizer>
        </se:Rule>
      </se:FeatureTypeStyle>
    </UserStyle>
  </NamedLayer>
</StyledLayerDescriptor>
