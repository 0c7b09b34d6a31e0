"""Runs in the Python of Debian's GDAL: changes, inserts and deletes over WFS-T by OGR; answers in JSON."""

import json
import sys

from osgeo import gdal, ogr

gdal.UseExceptions()


def main():
    """One session on the layer of the command line."""
    source = gdal.OpenEx(sys.argv[1], gdal.OF_VECTOR | gdal.OF_UPDATE)
    layer = source.GetLayerByName("inv:capitelle")
    first = layer.GetNextFeature()
    first.SetField("nom", "changée")
    first.SetGeometry(ogr.CreateGeometryFromWkt("POINT (770001 6279002)"))
    layer.SetFeature(first)
    layer.StartTransaction()
    for number in range(2):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("nom", f"née {number}")
        feature.SetField("jour", 2024, 2, 29 - number, 0, 0, 0, 0)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT (77001{number} 6279012)"))
        layer.CreateFeature(feature)
    layer.CommitTransaction()
    source.ExecuteSQL("DELETE FROM inv:capitelle WHERE nom = 'née 1'")
    layer.ResetReading()
    print(json.dumps(sorted(feature.GetField("nom") or "" for feature in layer), ensure_ascii=False))


main()
