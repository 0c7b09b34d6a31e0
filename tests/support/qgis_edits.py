"""Runs inside QGIS's own Python: an edit session on a WFS layer; answers in JSON."""

import json
import os
import sys
import tempfile

os.environ["QT_QPA_PLATFORM"] = "offscreen"
profile = tempfile.mkdtemp()
os.environ["XDG_RUNTIME_DIR"] = os.environ["XDG_CACHE_HOME"] = profile

from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsVectorDataProvider,
    QgsVectorLayer,
)


def edited(layer):
    """Insert one, change and move the first, delete the last."""
    found = sorted(layer.getFeatures(), key=lambda feature: feature.id())
    provider = layer.dataProvider().capabilities()
    needed = (
        QgsVectorDataProvider.AddFeatures
        | QgsVectorDataProvider.DeleteFeatures
        | QgsVectorDataProvider.ChangeAttributeValues
        | QgsVectorDataProvider.ChangeGeometries
    )
    answer = {"editable": provider & needed == needed, "before": len(found)}
    layer.startEditing()
    feature = QgsFeature(layer.fields())
    feature["nom"], feature["entier"] = "Capitelle d'été", 42
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(770123.5, 6279456.25)))
    layer.addFeature(feature)
    layer.changeAttributeValue(found[0].id(), layer.fields().indexOf("nom"), "changée")
    layer.changeGeometry(found[0].id(), QgsGeometry.fromPointXY(QgsPointXY(770001, 6279002)))
    layer.deleteFeature(found[-1].id())
    answer["committed"] = layer.commitChanges()
    answer["errors"] = layer.commitErrors()
    return answer


def main():
    """One session on the layer of the command line."""
    application = QgsApplication([], True, profile)
    application.initQgis()
    messages = []
    QgsApplication.messageLog().messageReceived.connect(lambda text, tag, _level: messages.append(f"{tag}: {text}"))
    layer = QgsVectorLayer(sys.argv[1], "edits", "WFS")
    answer = {"valid": layer.isValid()}
    if layer.isValid():
        answer |= edited(layer)
        again = QgsVectorLayer(sys.argv[1], "again", "WFS")
        answer["count"] = sum(1 for _ in again.getFeatures())
    print(json.dumps({**answer, "messages": messages[-5:]}, ensure_ascii=False, default=str), flush=True)
    os._exit(0)


main()
