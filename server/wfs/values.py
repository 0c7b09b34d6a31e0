"""Property values as text, a column at once."""

import base64
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ILLEGAL = "[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]"
_REPLACEMENT = "\ufffd"


def texts(column: pa.Array) -> pa.Array:
    """The column in the lexical form that XML Schema and JSON share; infinite and undefined numbers are null."""
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_floating(kind):
        finite = pc.is_finite(column)
        if not pc.all(finite, skip_nulls=True, min_count=0).as_py():
            column = pc.if_else(finite, column, pa.scalar(None, kind))
        return pc.cast(column, pa.string())
    if pa.types.is_timestamp(kind):
        column = _thousandths(column)
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ" if kind.tz else "%Y-%m-%dT%H:%M:%S")
    if pa.types.is_binary(kind):
        values = [None if value is None else base64.b64encode(value).decode() for value in column.to_pylist()]
        return pa.array(values, pa.string())
    return pc.cast(column, pa.string())


def _thousandths(column: pa.Array) -> pa.Array:
    """The column with the digits of a second that most data has, where none of its moments has more."""
    kept = column.cast(pa.timestamp("ms", tz=column.type.tz), safe=False)
    return kept if kept.cast(column.type).equals(column) else column


def xml_texts(column: pa.Array) -> pa.Array:
    """The column as XML text, escaped; characters that XML 1.0 cannot hold are replaced by U+FFFD."""
    array = texts(column)
    if not pa.types.is_string(column.type):
        return array
    if not _has(array, _MARKUP):
        return array
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        if pc.any(pc.match_substring(array, character)).as_py():
            array = pc.replace_substring(array, character, entity)
    if pc.any(pc.match_substring_regex(array, _ILLEGAL)).as_py():
        array = pc.replace_substring_regex(array, _ILLEGAL, _REPLACEMENT)
    return array


def json_texts(column: pa.Array) -> list[Any]:
    """The column as JSON values, `null` where there is none: the pieces of a join."""
    kind, array = column.type, texts(column)
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        if _has(array, _QUOTED):
            array = _json_strings(array)
        elif not array.null_count:
            return ['"', array, '"']
        else:
            array = pc.binary_join_element_wise('"', array, '"', "")
    return [pc.fill_null(array, "null") if array.null_count else array]


def _flags(*codes: int) -> "np.typing.NDArray[np.bool_]":
    flags = np.zeros(256, dtype=bool)
    flags[list(codes)] = True
    return flags


# U+FFFE and U+FFFF start with the byte 0xEF.
_MARKUP = _flags(*range(9), 11, 12, *range(13, 32), *b"&<>", 0xEF)
_QUOTED = _flags(*range(32), *b'"\\')


def _has(array: pa.Array, flags: "np.typing.NDArray[np.bool_]") -> bool:
    """True where one of these bytes is in the array's text: one look at all of it, for most columns have none."""
    _, offsets, data = array.buffers()
    if data is None:
        return False
    ends = np.frombuffer(offsets, dtype=np.int32, count=array.offset + len(array) + 1)
    return bool(flags[np.frombuffer(data, dtype=np.uint8)[ends[array.offset] : ends[-1]]].any())


def _json_strings(array: pa.Array) -> pa.Array:
    import orjson

    values = array.to_pylist()
    return pa.array([None if value is None else orjson.dumps(value).decode() for value in values], pa.string())
