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
_PLAIN = r"^[A-Za-z_][A-Za-z0-9_.\-]*$"


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

    plain = pc.match_substring_regex(ids, _PLAIN)
    escapes = pc.match_substring(ids, "_x")
    if pc.all(plain).as_py() and not pc.any(escapes).as_py():
        return ids
    return pa.array([xml_name(value) for value in ids.to_pylist()], pa.string())
