"""Features as CSV (RFC 4180, UTF-8), batch by batch; the geometry as WKT, x first."""

from collections.abc import Iterator

import pyarrow as pa
from pyarrow import csv

from layers.sources.batch import geometry, ids, properties
from server.wfs.files import Features, id_name, wkt
from server.wfs.values import texts


def rows(features: Features) -> Iterator[bytes]:
    """The head, then the rows of each batch."""
    yield _line([id_name(features.fields), *features.fields, *(["geometry"] if features.has_geometry else [])])
    for batch in features.batches:
        columns = [ids(batch), *properties(batch, has_geometry=features.has_geometry).values()]
        arrays = [texts(column) for column in columns]
        if features.has_geometry:
            arrays.append(wkt(geometry(batch)))
        table = pa.Table.from_arrays(arrays, names=[str(number) for number in range(len(arrays))])
        sink = pa.BufferOutputStream()
        csv.write_csv(table, sink, csv.WriteOptions(include_header=False))
        yield sink.getvalue().to_pybytes()


def _line(names: list[str]) -> bytes:
    return (",".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names) + "\n").encode()
