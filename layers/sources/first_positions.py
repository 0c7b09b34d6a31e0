"""The first position of each geometry of a WKB column (OGC 06-103r4, 8.2): a look at a few bytes of each."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_PLACES = {1: 5, 2: 9, 3: 13, 4: 14, 5: 18, 6: 22}
"""Where it stands, by the type; of a geometry of parts, in the first of them."""
_COUNTS = {1: (), 2: (5,), 3: (5, 9), 4: (5,), 5: (5, 14), 6: (5, 14, 18)}
"""Where the numbers of parts, rings and positions before it stand."""

type Places = npt.NDArray[np.intp]


def first_positions(column: pa.Array) -> npt.NDArray[np.float64]:
    """x and y of each; NaN where there is none, or where the bytes are out of the ordinary."""
    found = np.full((len(column), 2), np.nan)
    _, offsets, data = column.buffers()
    if data is None or data.size < 8:
        return found
    width = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    ends = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1].astype(np.intp)
    codes = np.zeros(len(column), dtype=np.int64)
    filled = np.flatnonzero(np.diff(ends) >= 9)
    codes[filled] = _whole(data, ends[filled] + 1)
    for code in np.unique(codes[filled]).tolist():
        kind = code % 1000
        if kind in _PLACES and code < 2000:
            rows = np.flatnonzero((codes == code) & (np.diff(ends) >= _PLACES[kind] + 16))
            rows = rows[_ordinary(data, ends[rows], code)]
            for axis in (0, 1):
                found[rows, axis] = _number(data, ends[rows] + _PLACES[kind] + 8 * axis)
    return found


def _ordinary(data: pa.Buffer, starts: Places, code: int) -> npt.NDArray[np.bool_]:
    """True where the bytes before the position are as they are mostly: little-endian, nothing empty before it."""
    codes = np.frombuffer(data, np.uint8)
    good: npt.NDArray[np.bool_] = codes[starts] == 1
    if code % 1000 > 3:
        good &= (codes[starts + 9] == 1) & (_whole(data, starts + 10) == code - 3)
    for place in _COUNTS[code % 1000]:
        good &= _whole(data, starts + place) > 0
    return good


def _whole(data: pa.Buffer, places: Places) -> npt.NDArray[np.uint32]:
    """The unsigned whole numbers that start at these bytes."""
    view: npt.NDArray[np.uint32] = np.ndarray((data.size - 3,), "<u4", np.frombuffer(data, np.uint8), strides=(1,))
    return view[places]


def _number(data: pa.Buffer, places: Places) -> npt.NDArray[np.float64]:
    """The numbers that start at these bytes."""
    view: npt.NDArray[np.float64] = np.ndarray((data.size - 7,), "<f8", np.frombuffer(data, np.uint8), strides=(1,))
    return view[places]
