<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor version="1.1.0" xmlns="http://www.opengis.net/sld" xmlns:se="http://www.opengis.net/se" xmlns:ogc="http://www.opengis.net/ogc" xmlns:xlink="http://www.w3.org/1999/xlink">
  <NamedLayer>
    <se:Name>fonctions</se:Name>
    <UserStyle>
      <se:FeatureTypeStyle>
        <se:Rule>
          <se:Name>recode</se:Name>
          <ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>f</ogc:PropertyName><ogc:Literal>recode</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">
                <se:Recode fallbackValue="#000000">
                  <se:LookupValue><ogc:PropertyName>v</ogc:PropertyName></se:LookupValue>
                  <se:MapItem><se:Data>a</se:Data><se:Value>#ff0000</se:Value></se:MapItem>
                  <se:MapItem><se:Data>b</se:Data><se:Value>#00ff00</se:Value></se:MapItem>
                </se:Recode>
              </se:SvgParameter>
            </se:Fill>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>categorize</se:Name>
          <ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>f</ogc:PropertyName><ogc:Literal>categorize</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">
                <se:Categorize fallbackValue="#000000">
                  <se:LookupValue><ogc:PropertyName>v</ogc:PropertyName></se:LookupValue>
                  <se:Value>#ff0000</se:Value>
                  <se:Threshold>10</se:Threshold>
                  <se:Value>#00ff00</se:Value>
                  <se:Threshold>20</se:Threshold>
                  <se:Value>#0000ff</se:Value>
                </se:Categorize>
              </se:SvgParameter>
            </se:Fill>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>interpolate</se:Name>
          <ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>f</ogc:PropertyName><ogc:Literal>interpolate</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">
                <se:Interpolate fallbackValue="#000000" mode="color">
                  <se:LookupValue><ogc:PropertyName>v</ogc:PropertyName></se:LookupValue>
                  <se:InterpolationPoint><se:Data>0</se:Data><se:Value>#000000</se:Value></se:InterpolationPoint>
                  <se:InterpolationPoint><se:Data>100</se:Data><se:Value>#ff0000</se:Value></se:InterpolationPoint>
                </se:Interpolate>
              </se:SvgParameter>
            </se:Fill>
          </se:PolygonSymbolizer>
        </se:Rule>
        <se:Rule>
          <se:Name>if</se:Name>
          <ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>f</ogc:PropertyName><ogc:Literal>if</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>
          <se:PolygonSymbolizer>
            <se:Fill>
              <se:SvgParameter name="fill">
                <ogc:Function name="if_then_else">
                  <ogc:Function name="greaterThan"><ogc:PropertyName>v</ogc:PropertyName><ogc:Literal>5</ogc:Literal></ogc:Function>
                  <ogc:Literal>#00ffff</ogc:Literal>
                  <ogc:Literal>#ffff00</ogc:Literal>
                </ogc:Function>
              </se:SvgParameter>
            </se:Fill>
          </se:PolygonSymbolizer>
        </se:Rule>
      </se:FeatureTypeStyle>
    </UserStyle>
  </NamedLayer>
</StyledLayerDescriptor>
