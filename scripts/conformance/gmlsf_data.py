"""The data of the suite of WFS 1.1: a GeoPackage with its feature types, filled by its own transaction."""

import os
from pathlib import Path

import httpx
import pyarrow as pa
from lxml import etree
from pyogrio.raw import write_arrow

_OPTIONAL = [pa.field("name", pa.string()), pa.field("description", pa.string())]


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


TYPES = {
    "PrimitiveGeoFeature": [
        _required("intProperty", pa.int64()),
        pa.field("uriProperty", pa.string()),
        _required("measurand", pa.float64()),
        pa.field("dateTimeProperty", pa.timestamp("ms", tz="UTC")),
        pa.field("dateProperty", pa.date32()),
        _required("decimalProperty", pa.float64()),
    ],
    "AggregateGeoFeature": [
        _required("doubleProperty", pa.float64()),
        pa.field("intRangeProperty", pa.int64()),
        _required("strProperty", pa.string()),
        _required("featureCode", pa.string()),
    ],
    "EntiteGenerique": [
        _required("boolProperty", pa.bool_()),
        _required("str4Property", pa.string()),
        pa.field("featureRef", pa.string()),
    ],
}
"""The fields of each type, as the suite's schema has them."""


def make(config: Path) -> None:
    """The GeoPackage, its tables empty."""
    path = config / "data" / "gmlsf.gpkg"
    path.parent.mkdir()
    for number, (name, fields) in enumerate(TYPES.items()):
        schema = pa.schema([*_OPTIONAL, *fields, pa.field("geom", pa.binary())])
        reader = pa.RecordBatchReader.from_batches(schema, iter(()))
        options = {"geometry_name": "geom", "geometry_type": "Unknown", "crs": "EPSG:4326"}
        write_arrow(reader, path, driver="GPKG", layer=name, append=bool(number), **options)


def fill(base: str) -> None:
    """Send the suite's features to the server, without their links: those are of the class XLink."""
    path = Path(os.environ["CITE_DATA"]) / "wfs11-data" / "sf-0" / "dataset-sf0-insert.xml"
    document = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True))
    etree.strip_elements(document, "{*}relatedFeature", with_tail=False)
    body = etree.tostring(document, encoding="utf-8")
    answer = httpx.post(f"{base}/wfs", content=body, headers={"Content-Type": "text/xml"}, timeout=60)
    if b"TransactionResponse" not in answer.content:
        raise RuntimeError(f"the server did not take the suite's features: {answer.text[:500]}")
