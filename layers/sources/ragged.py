"""Geometries of a column as positions and offsets, read from WKB (OGC 06-103r4, 8.2) without a shape for each.

All the geometries of a batch are walked at once, a ring or line of each at a time. What is out of the ordinary (curves,
collections, other byte orders, rings that do not close, very many parts) is read by GEOS, and gives the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from layers.sources.geometry import Shapes

type Numbers = npt.NDArray[np.float64]
type Offsets = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]

POINT, LINE, POLYGON, MULTI_POINT, MULTI_LINE, MULTI_POLYGON, COLLECTION = 0, 1, 3, 4, 5, 6, 7
"""GEOS's type ids."""
SINGLE = {MULTI_POINT: POINT, MULTI_LINE: LINE, MULTI_POLYGON: POLYGON}

_KINDS = {1: POINT, 2: LINE, 3: POLYGON, 4: MULTI_POINT, 5: MULTI_LINE, 6: MULTI_POLYGON}
"""GEOS's type ids by WKB's."""
_LEAST = {POINT: 1, LINE: 2, POLYGON: 4}
"""Positions of a point, a line, a ring."""
_STEPS = 24
"""Lines or rings of a geometry that are walked here; one with more is left to GEOS."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """Geometries of one type (GEOS's id), none of them empty: the places that they have in their column.

    `coordinates` are positions × 2 or 3. `offsets` are, innermost first, those of lines or rings in the positions, of
    polygons in the rings, of multi-geometries in their parts: as many as the type has levels.
    """

    kind: int
    rows: Offsets
    coordinates: Numbers
    offsets: tuple[Offsets, ...]


def ragged(column: pa.Array) -> tuple[list[Ragged], Offsets]:
    """The geometries of a WKB column, and the places of those that are left to `shapely_ragged`; nulls are neither."""
    column = column.cast(pa.binary()) if column.type != pa.binary() else column
    wkb = _Wkb(column)
    odd = wkb.valid.copy()
    found: list[Ragged] = []
    for code in np.flatnonzero(np.bincount(wkb.codes[wkb.plain])).tolist():
        rows = np.flatnonzero(wkb.plain & (wkb.codes == code))
        kind, dimensions = _KINDS[code % 1000], 3 if code > 1000 else 2
        walk = _Walk(wkb, rows, kind, dimensions)
        found += walk.groups()
        odd[walk.rows[walk.good]] = False
    return found, np.flatnonzero(odd)


class _Wkb:
    """The bytes of a column, and each value's place, type and byte order."""

    def __init__(self, column: pa.Array) -> None:
        self.valid: Flags = column.is_valid().to_numpy(zero_copy_only=False)
        _, offsets, data = column.buffers()
        all_places = np.frombuffer(offsets, dtype=np.int32, count=column.offset + len(column) + 1)
        places: Offsets = all_places[column.offset :].astype(np.int64)
        self.starts, self.ends = places[:-1], places[1:]
        self.buffer = data if data is not None else pa.py_buffer(b"")
        self.size = len(self.buffer)
        self.bytes = np.frombuffer(self.buffer, dtype=np.uint8)
        self.codes = np.zeros(len(column), dtype=np.int64)
        head = self.valid & (self.ends - self.starts >= 9)
        self.codes[head] = self.whole(self.starts[head] + 1)
        little = np.zeros(len(column), dtype=bool)
        little[head] = self.bytes[self.starts[head]] == 1
        kinds = self.codes % 1000
        self.plain: Flags = little & (self.codes < 2000) & (kinds >= min(_KINDS)) & (kinds <= max(_KINDS))

    def whole(self, places: Offsets) -> Offsets:
        """The unsigned whole numbers that start at these bytes."""
        view: npt.NDArray[np.uint32] = np.ndarray((max(0, self.size - 3),), "<u4", self.bytes, strides=(1,))
        return view[places].astype(np.int64)

    def number(self, places: Offsets) -> Numbers:
        """The numbers that start at these bytes."""
        view: Numbers = np.ndarray((max(0, self.size - 7),), "<f8", self.bytes, strides=(1,))
        return view[places]

    def positions(self, starts: Offsets, lengths: Offsets, dimensions: int) -> Numbers:
        """The positions of runs of bytes one after the other: the values between them are left out."""
        bounds = np.empty(2 * len(starts), dtype=np.int32)
        bounds[0::2], bounds[1::2] = starts, starts + lengths
        runs = pa.BinaryArray.from_buffers(pa.binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), self.buffer])
        kept = runs.filter(pa.array(np.arange(len(runs)) % 2 == 0))
        _, offsets, data = kept.buffers()
        size = np.frombuffer(offsets, dtype=np.int32)[kept.offset + len(kept)]
        return np.frombuffer(data, dtype="<f8", count=size // 8).reshape(-1, dimensions)


class _Walk:
    """A walk through the geometries of one WKB type, all at once: `good` tells which could be read.

    A run is a point, a line or a ring: `of` tells its geometry, `heads` whether a part starts with it.
    """

    def __init__(self, wkb: _Wkb, rows: Offsets, kind: int, dimensions: int) -> None:
        self.wkb = wkb
        self.rows = rows
        self.kind = kind
        self.part = SINGLE.get(kind, kind)
        self.dimensions = dimensions
        self.good: Flags = np.ones(len(rows), dtype=bool)
        self._at: Offsets = wkb.starts[rows]
        self._ends: Offsets = wkb.ends[rows]
        self._parts: Offsets = np.ones(len(rows), dtype=np.int64)
        self._rings = np.zeros(len(rows), dtype=np.int64)
        if kind in SINGLE:
            self._parts = wkb.whole(self._at + 5)
            self._at += 9
        self.of, self.heads, self.starts, self.counts = self._walked()

    def _walked(self) -> tuple[Offsets, Flags, Offsets, Offsets]:
        active = np.flatnonzero(self._left())
        self.good[self._parts == 0] = False
        steps: list[tuple[Offsets, Flags, Offsets, Offsets]] = []
        while len(active) and len(steps) < _STEPS:
            heads = self._rings[active] == 0
            self._open(active[heads])
            whole = self.good[active]
            active, heads = active[whole], heads[whole]
            starts, counts = self._run(active)
            whole = self.good[active]
            steps.append((active[whole], heads[whole], starts[whole], counts[whole]))
            active = active[whole & self._left()[active]]
        self.good[active] = False
        self.good &= self._at == self._ends
        of, heads, starts, counts = (np.concatenate(parts) for parts in zip(*steps, strict=True)) if steps else _NONE
        order = np.argsort(of, kind="stable")
        order = order[self.good[of[order]]]
        return of[order], heads[order], starts[order], counts[order]

    def _left(self) -> Flags:
        found: Flags = (self._rings > 0) | (self._parts > 0)
        return found

    def _open(self, active: Offsets) -> None:
        """Read the head of the next part of these."""
        size = 9 if self.part == POLYGON else 5
        fits = self._at[active] + size <= self._ends[active]
        self.good[active[~fits]] = False
        active = active[fits]
        at: Offsets = self._at[active]
        code = _CODES[self.part] + (1000 if self.dimensions == 3 else 0)
        same = (self.wkb.bytes[at] == 1) & (self.wkb.whole(at + 1) == code)
        rings = self.wkb.whole(at + 5) if self.part == POLYGON else np.ones(len(at), dtype=np.int64)
        self.good[active[~same | (rings == 0)]] = False
        self._rings[active] = rings
        self._parts[active] -= 1
        self._at[active] += size

    def _run(self, active: Offsets) -> tuple[Offsets, Offsets]:
        """Pass the next run of these: where its positions start, and how many they are."""
        starts: Offsets = self._at[active]
        counts: Offsets = np.ones(len(active), dtype=np.int64)
        if self.part != POINT:
            fits = starts + 4 <= self._ends[active]
            counts[:] = 0
            counts[fits] = self.wkb.whole(starts[fits])
            starts = starts + 4
        after: Offsets = starts + counts * 8 * self.dimensions
        good = (after <= self._ends[active]) & (counts >= _LEAST[self.part])
        if self.part == POLYGON:
            good[good] = self._closed(starts[good], after[good])
        self.good[active[~good]] = False
        self._at[active] = after
        self._rings[active] -= 1
        return starts, counts

    def _closed(self, starts: Offsets, after: Offsets) -> Flags:
        last = after - 8 * self.dimensions
        same: Flags = self.wkb.number(starts) == self.wkb.number(last)
        same &= self.wkb.number(starts + 8) == self.wkb.number(last + 8)
        return same

    def groups(self) -> Iterator[Ragged]:
        """The geometries of one run each, and the others: the first are written faster."""
        runs = np.bincount(self.of, minlength=len(self.rows))
        for single in (True, False):
            chosen = (runs == 1) if single else (runs > 1)
            if chosen.any():
                yield from self._group(np.flatnonzero(chosen), chosen[self.of])

    def _group(self, geometries: Offsets, runs: Flags) -> Iterator[Ragged]:
        of, heads, counts = self.of[runs], self.heads[runs], self.counts[runs]
        coordinates = self.wkb.positions(self.starts[runs], counts * 8 * self.dimensions, self.dimensions)
        # A sum of all is the quickest way to know that none is missing.
        if not np.isfinite(coordinates.sum()):
            there = np.isfinite(coordinates[:, :2]).all(axis=1)
            if not there.all():
                yield from self._group_of_placed(geometries, runs, ~there)
                return
            coordinates = _with_heights(coordinates)
        offsets = [_ends(counts)] if self.part != POINT else []
        if self.part == POLYGON:
            offsets.append(_ends(np.diff(np.append(np.flatnonzero(heads), len(heads)))))
        if self.kind in SINGLE:
            offsets.append(_ends(np.bincount(of[heads], minlength=len(self.rows))[geometries]))
        yield Ragged(self.kind, self.rows[geometries], coordinates, tuple(offsets))

    def _group_of_placed(self, geometries: Offsets, runs: Flags, nowhere: Flags) -> Iterator[Ragged]:
        """The group without geometries of which a position is nowhere."""
        self.good[np.repeat(self.of[runs], self.counts[runs])[nowhere]] = False
        geometries = geometries[self.good[geometries]]
        if len(geometries):
            yield from self._group(geometries, runs & self.good[self.of])


_NONE = (np.array([], dtype=np.int64), np.array([], dtype=bool), np.array([], dtype=np.int64), np.array([], np.int64))
_CODES = {POINT: 1, LINE: 2, POLYGON: 3}


def _ends(counts: Offsets) -> Offsets:
    """Offsets of items of so many."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _with_heights(coordinates: Numbers) -> Numbers:
    """Positions of which none lacks its height: that has no spelling in GML or JSON."""
    if coordinates.shape[1] == 3:
        heights = coordinates[:, 2]
        coordinates = np.column_stack([coordinates[:, :2], np.where(np.isfinite(heights), heights, 0.0)])
    return coordinates


def shapely_ragged(found: Shapes, rows: Offsets) -> list[Ragged]:
    """The same of shapes at these places: empty ones and those without a place are left out, and so are collections."""
    kinds = np.where(shapely.is_empty(found), -1, shapely.get_type_id(found))
    coordinates, owners = shapely.get_coordinates(found, return_index=True)
    kinds[owners[~np.isfinite(coordinates).all(axis=1)]] = -1
    heights = shapely.has_z(found)
    groups = []
    for kind in (POINT, LINE, POLYGON, MULTI_POINT, MULTI_LINE, MULTI_POLYGON):
        for has_z in (False, True):
            places = np.flatnonzero((kinds == kind) & (heights == has_z))
            if len(places):
                _, positions, offsets = shapely.to_ragged_array(found[places], include_z=has_z)
                positions = _with_heights(np.ascontiguousarray(positions))
                levels = tuple(np.asarray(part, dtype=np.int64) for part in offsets)
                groups.append(Ragged(kind, rows[places], positions, levels))
    return groups
