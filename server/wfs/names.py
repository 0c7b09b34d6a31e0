"""Names that XML cannot hold, written so that they can be read back: `_xHHHH_` for each such character.

(ISO/IEC 9075-14, 9.1.) An underscore that would look like such an escape is itself escaped.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_ILLEGAL = re.compile(f"^[^{_START}]|[^{_START}\\-.0-9\u00b7\u0300-\u036f\u203f-\u2040]|_(?=x[0-9A-Fa-f]{{4,8}}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4,8})_")
_PLAIN = re.compile(rb"[A-Za-z0-9_.\-]*")


@lru_cache(maxsize=4096)
def xml_name(name: str) -> str:
    """An NCName (Namespaces in XML 1.0) for any text."""
    return _ILLEGAL.sub(lambda match: f"_x{ord(match[0]):04X}_", name)


def plain_name(name: str) -> str:
    """The text that `xml_name` was given."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if int(match[1], 16) < 0x110000 else match[0], name)


def xml_ids(ids: "pa.Array") -> "pa.Array":
    """The array's values as NCNames, fit for gml:id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if _all_plain(ids) and not pc.any(pc.match_substring(ids, "_x")).as_py():
        return ids
    return pa.array([xml_name(value) for value in ids.to_pylist()], pa.string())


def _all_plain(ids: "pa.Array") -> bool:
    """True where all are letters, digits and `_.-` of ASCII, and start with a letter or `_`: one look at all bytes."""
    import numpy as np

    _, offsets, data = ids.buffers()
    places = np.frombuffer(offsets, dtype=np.int32, count=ids.offset + len(ids) + 1)[ids.offset :]
    if ids.null_count or data is None or not (places[1:] > places[:-1]).all():
        return False
    codes = np.frombuffer(data, dtype=np.uint8)
    starts = codes[places[:-1]] | 0x20
    letters = ((starts >= ord("a")) & (starts <= ord("z"))) | (codes[places[:-1]] == ord("_"))
    return bool(letters.all()) and _PLAIN.fullmatch(data, places[0], places[-1]) is not None
