"""Runs inside QGIS's own Python: opens layers, draws them, identifies, fetches legends; answers in JSON.

/usr/bin/python3 qgis_probe.py '[{"provider": "wms", "uri": "…", "extent": [..], "identify": [x, y]}]'
"""

import json
import os
import sys
import tempfile

os.environ["QT_QPA_PLATFORM"] = "offscreen"
profile = tempfile.mkdtemp()
os.environ["XDG_RUNTIME_DIR"] = os.environ["XDG_CACHE_HOME"] = profile

from qgis.core import (  # noqa: E402
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsDateTimeRange,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsPointXY,
    QgsRaster,
    QgsRasterDataProvider,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QDateTime, QEventLoop, QSize, Qt, QTimer  # noqa: E402
from qgis.PyQt.QtGui import QColor  # noqa: E402

BACKGROUND = QColor(1, 2, 3)
SIZE = 400


def opened(ask):
    """The layer as QGIS opens it."""
    if ask["provider"] == "wms":
        return QgsRasterLayer(ask["uri"], "probe", "wms")
    if ask["provider"] == "vectortile":
        return QgsVectorTileLayer(ask["uri"], "probe")
    return QgsVectorLayer(ask["uri"], "probe", ask["provider"])


def timed(layer, settings, between):
    """The temporal controller's range, and a layer that follows it."""
    moments = [QDateTime.fromString(text, Qt.ISODate) for text in between]
    layer.temporalProperties().setIsActive(True)
    settings.setIsTemporal(True)
    settings.setTemporalRange(QgsDateTimeRange(*moments))


def drawn(layer, ask):
    """Share of the pixels that the layer covers, and what the renderer complained of."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(ask.get("crs", layer.crs().authid())))
    settings.setExtent(QgsRectangle(*ask["extent"]))
    settings.setOutputSize(QSize(SIZE, SIZE))
    settings.setBackgroundColor(BACKGROUND)
    if "dpi" in ask:
        settings.setOutputDpi(ask["dpi"])
    if "range" in ask:
        timed(layer, settings, ask["range"])
    if "opacity" in ask:
        layer.setOpacity(ask["opacity"])
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    if ask.get("png"):
        image.save(ask["png"])
    pixels = [image.pixel(x, y) != BACKGROUND.rgb() for x in range(0, SIZE, 4) for y in range(0, SIZE, 4)]
    return {"drawn": sum(pixels) / len(pixels), "errors": [error.message for error in job.errors()]}


def identified(layer, ask):
    """What identify finds at a point, by format: features, or characters of text."""
    found = {}
    formats = {
        "feature": QgsRaster.IdentifyFormatFeature,
        "html": QgsRaster.IdentifyFormatHtml,
        "text": QgsRaster.IdentifyFormatText,
    }
    for name, kind in formats.items():
        if not layer.dataProvider().capabilities() & QgsRasterDataProvider.identifyFormatToCapability(kind):
            continue
        result = layer.dataProvider().identify(
            QgsPointXY(*ask["identify"]), kind, QgsRectangle(*ask["extent"]), SIZE, SIZE
        )
        if not result.isValid():
            found[name] = result.error().summary()
        elif name == "feature":
            stores = [store for group in result.results().values() for store in group]
            found[name] = [
                {f.name(): feature[f.name()] if feature[f.name()] else None for f in feature.fields()}
                for store in stores
                for feature in store.features()
            ]
        else:
            found[name] = "".join(str(value) for value in result.results().values())
    return found


def legend(layer, ask):
    """Size of the legend's picture as QGIS fetches it."""
    settings = QgsMapSettings()
    settings.setExtent(QgsRectangle(*ask["extent"]))
    settings.setOutputSize(QSize(SIZE, SIZE))
    fetcher = layer.dataProvider().getLegendGraphicFetcher(settings)
    if fetcher is None:
        return None
    loop, pictures = QEventLoop(), []
    fetcher.finish.connect(lambda image: (pictures.append([image.width(), image.height()]), loop.quit()))
    fetcher.error.connect(lambda message: (pictures.append(message), loop.quit()))
    QTimer.singleShot(15000, loop.quit)
    fetcher.start()
    loop.exec_()
    return pictures[0] if pictures else "no answer"


def features(layer, ask):
    """What a vector layer holds: count, fields, whether an id comes twice."""
    request = QgsFeatureRequest().setLimit(ask.get("limit", 20000))
    seen = [feature.id() for feature in layer.getFeatures(request)]
    return {
        "count": layer.featureCount(),
        "read": len(seen),
        "repeated": len(seen) - len(set(seen)),
        "fields": {field.name(): field.typeName() for field in layer.fields()},
    }


def styled(layer):
    """What QGIS takes of the MapLibre style that the source names: styles, labels, complaints."""
    *said, taken = layer.loadDefaultStyle()
    labels = layer.labeling().styles() if layer.labeling() else []
    return {"taken": taken, "said": said, "styles": len(layer.renderer().styles()), "labels": len(labels)}


def probe(ask):
    """Everything that is asked of one layer."""
    layer = opened(ask)
    answer = {"valid": layer.isValid(), "qgis": Qgis.QGIS_VERSION}
    if not layer.isValid():
        return answer
    extent = layer.extent()
    answer["crs"] = layer.crs().authid()
    answer["extent"] = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
    ask.setdefault("extent", answer["extent"])
    if "styleUrl=" in ask["uri"]:
        answer["style"] = styled(layer)
    answer |= drawn(layer, ask)
    if ask["provider"] == "wms":
        answer["legend"] = legend(layer, ask)
        if "identify" in ask:
            answer["identify"] = identified(layer, ask)
    elif ask["provider"] != "vectortile":
        answer |= features(layer, ask)
    return answer


def main():
    """Answer every question of the command line, a line each."""
    application = QgsApplication([], True, profile)
    application.initQgis()
    messages = []
    QgsApplication.messageLog().messageReceived.connect(lambda text, tag, _level: messages.append(f"{tag}: {text}"))
    for ask in json.loads(sys.argv[1]):
        del messages[:]
        answer = probe(ask)
        print(json.dumps({**answer, "messages": messages[-5:]}, ensure_ascii=False, default=str), flush=True)
    os._exit(0)


main()
