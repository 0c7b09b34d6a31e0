"""What a table, a view or a query of a database tells of itself, read when the registry is compiled."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from layers import model
from layers.crs import BBox
from layers.errors import SourceError, hint
from layers.facts import LISTED, Column, Field, PostgisFacts
from layers.filters import quoted
from layers.sources.geometry import everywhere
from layers.sources.postgis.columns import DOMAINS, LEFT_OUT, PLACES, expression, field_type
from layers.sources.postgis.connections import Connection, Database, Parameters, transaction
from layers.sources.postgis.lists import lists_of
from layers.sources.vector import check_attribute, crs_id_of, declared_crs, iso_times

MOST_VALUES = 10_000
"""Distinct values of a dimension, at most: capabilities list them."""

_COLUMNS = f"""
SELECT a.attname, b.typname, coalesce(nullif(a.atttypmod, -1), t.typtypmod) AS typmod,
  a.attnotnull OR t.typnotnull AS required, a.atthasdef OR a.attidentity <> '' AS filled,
  a.attgenerated <> '' OR a.attidentity = 'a' AS fixed,
  coalesce(col_description(a.attrelid, a.attnum), '') AS comment,
  CASE b.typname WHEN 'bpchar' THEN 'bpchar' WHEN 'bit' THEN '"bit"' ELSE format_type(b.oid, NULL) END AS type,
  EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indpred IS NULL
    AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS unique,
  EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
    AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS primary
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.typtype <> 'd' AND b.oid IN {DOMAINS}
WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_RELATION = """
SELECT c.oid::int8, quote_ident(nspname) || '.' || quote_ident(relname), relkind::text,
  coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = to_regclass($1)
"""
_TABLES = ("r", "p", "m")
_CURVES = {"CIRCULARSTRING": "LineString", "COMPOUNDCURVE": "LineString", "CURVEPOLYGON": "Polygon",
           "MULTICURVE": "MultiLineString", "MULTISURFACE": "MultiPolygon"}  # fmt: skip
_PLAIN = {kind.upper(): kind for kind in
          ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """The geometry column: its type in our words, its SRID, whether it has Z, the SQL that makes it plain, and back."""

    name: str
    kind: str
    srid: int
    has_z: bool
    shape: str
    stored: str


def describe(source: model.PostgisSource, *, time_attribute: str | None = None) -> PostgisFacts:
    """Facts of a declared source. Raises SourceError with what is wrong and what is there instead."""
    with transaction(Database(source.postgis, source.timeout)) as connection:
        return _described(connection, source, time_attribute)


def _described(connection: Connection, source: model.PostgisSource, time_attribute: str | None) -> PostgisFacts:
    oid, relation, letter, comment = _relation(connection, source)
    rows = connection.table(_COLUMNS, _text_or_number(oid)).to_pylist()
    place = _place(connection, source, rows, relation)
    fields, columns = _fields(rows, lists_of(connection, _text_or_number(oid)))
    check_attribute(time_attribute, fields, "time.attribute")
    key = _key(connection, source, rows, relation)
    view = letter not in _TABLES
    count, extent = _extent(connection, source, oid, relation, place, view=view)
    crs = _crs(connection, source, place)
    facts = PostgisFacts(
        crs=crs,
        extent=extent or everywhere(crs),
        geometry=place.kind,
        has_z=place.has_z,
        fields=fields,
        count=count,
        driver="PostgreSQL",
        path=source.postgis,
        layer=source.table,
        key=key,
        relation=relation,
        view=view,
        place=place.name,
        shape=place.shape,
        stored=place.stored,
        srid=place.srid,
        columns=columns,
        comment=comment.strip(),
    )
    times = _distinct(connection, facts, time_attribute) if time_attribute else []
    return replace(facts, times=iso_times(times))


def _text_or_number(value: str | int) -> Parameters:
    parameters = Parameters()
    parameters.add(value, pa.int64() if isinstance(value, int) else pa.string())
    return parameters


def _relation(connection: Connection, source: model.PostgisSource) -> tuple[int, str, str, str]:
    """The catalogue's number of the table, SQL that stands after FROM, the letter of its kind, its comment."""
    name = ".".join(quoted(part) for part in source.table.split("."))
    rows = connection.rows(_RELATION, _text_or_number(name))
    if not rows:
        there = _tables(connection)
        shown = ", ".join(there[:12]) or "none"
        raise SourceError(
            f"there is no table {source.table!r}; tables with geometry: {shown}{hint(source.table, there)}",
            "source.table",
        )
    return rows[0]


def _tables(connection: Connection) -> list[str]:
    sql = "SELECT DISTINCT f_table_schema || '.' || f_table_name FROM geometry_columns ORDER BY 1"
    return [str(row[0]) for row in connection.rows(sql)]


def _place(connection: Connection, source: model.PostgisSource, rows: list[dict[str, Any]], relation: str) -> Place:
    there = [row for row in rows if row["typname"] in PLACES]
    names = [str(row["attname"]) for row in there]
    if source.geometry is not None and source.geometry not in names:
        shown = ", ".join(names) or "none"
        raise SourceError(f"there is no geometry {source.geometry!r}; there is {shown}", "source.geometry")
    if source.geometry is None and len(names) != 1:
        raise SourceError(f"`geometry` must say which column it is: there is {', '.join(names) or 'none'}")
    row = next(row for row in there if source.geometry in (None, row["attname"]))
    name = str(row["attname"])
    plain = f"{quoted(name)}::geometry" if row["typname"] == "geography" else quoted(name)
    told = _declared(connection, int(row["typmod"]))
    if row["typname"] == "geography" and told[1] == 0:
        told = (told[0], 4326, told[2])
    if told[0] in ("GEOMETRY", "") or told[1] == 0:
        told = _scanned(connection, relation, plain, told)
    kind, srid, flag = told
    shape = f"ST_CurveToLine({plain})" if kind in _CURVES or kind not in _PLAIN else plain
    if flag not in (0, 2):
        shape = (
            f"CASE ST_Zmflag({plain}) WHEN 1 THEN ST_Force2D({shape}) WHEN 3 THEN ST_Force3DZ({shape}) ELSE {shape} END"
        )
    stored = "ST_ForceCurve({})" if kind in _CURVES else "{}"
    if told[2] in (1, 3) and row["typmod"] >= 0:
        stored = f"{'ST_Force3DM' if told[2] == 1 else 'ST_Force4D'}({stored})"
    stored += "::geography" if row["typname"] == "geography" else ""
    return Place(name, _CURVES.get(kind, _PLAIN.get(kind, "Unknown")), srid, flag in (2, 3), shape, stored)


def _declared(connection: Connection, typmod: int) -> tuple[str, int, int]:
    """Type, SRID and PostGIS's number of dimensions (0 two, 1 with M, 2 with Z, 3 with both) that a column declares."""
    if typmod < 0:
        return "", 0, 0
    sql = f"SELECT upper(postgis_typmod_type({typmod})), postgis_typmod_srid({typmod}), postgis_typmod_dims({typmod})"
    kind, srid, dimensions = connection.rows(sql)[0]
    bare = re.sub(r"(ZM|Z|M)$", "", str(kind))
    letters = str(kind).removeprefix(bare)
    flag = {"": 0, "M": 1, "Z": 2, "ZM": 3}[letters] if dimensions > 2 else 0
    return bare, int(srid), flag


def _scanned(connection: Connection, relation: str, plain: str, told: tuple[str, int, int]) -> tuple[str, int, int]:
    """The same, of the geometries themselves, where the column leaves them free."""
    sql = f"SELECT DISTINCT GeometryType({plain})::text, ST_SRID({plain}), ST_Zmflag({plain}) FROM {relation}"
    rows = connection.rows(f"{sql} WHERE {plain} IS NOT NULL")
    srids = {int(row[1]) for row in rows}
    if len(srids) > 1:
        raise SourceError(f"geometries have several SRIDs ({', '.join(map(str, sorted(srids)))}): one is needed")
    kinds = {re.sub(r"(ZM|Z|M)$", "", str(row[0]).upper()) for row in rows}
    flags = {int(row[2]) for row in rows}
    flag = 0 if flags <= {0} else 2 if flags <= {0, 2} else 3
    kind = told[0] if told[0] not in ("GEOMETRY", "") else _common(kinds)
    return kind, srids.pop() if srids else told[1], flag


def _common(kinds: set[str]) -> str:
    """The narrowest type that holds all."""
    singles = {kind.removeprefix("MULTI") for kind in kinds}
    if len(singles) != 1 or not kinds <= _PLAIN.keys():
        return "GEOMETRY"
    single = singles.pop()
    return single if kinds == {single} else f"MULTI{single}"


def _crs(connection: Connection, source: model.PostgisSource, place: Place) -> str:
    if source.crs:
        return declared_crs(source.crs)
    sql = "SELECT coalesce(auth_name, ''), coalesce(auth_srid, 0), coalesce(srtext, '') FROM spatial_ref_sys"
    rows = connection.rows(f"{sql} WHERE srid = {place.srid}")
    if not rows:
        raise SourceError(f"its geometries have the SRID {place.srid}, which is no CRS: declare `crs: EPSG:…`")
    authority, code, text = rows[0]
    return crs_id_of(f"{authority}:{code}" if authority else str(text), source.table)


def _fields(
    rows: Iterable[dict[str, Any]], lists: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[Field, ...], tuple[Column, ...]]:
    fields: list[Field] = []
    columns: list[Column] = []
    for row in rows:
        native = str(row["typname"])
        if native in LEFT_OUT:
            continue
        kind = _kind(row)
        width = 32 if native in ("int2", "int4") else 0
        filled = bool(row["filled"])
        nullable = not row["required"] or filled
        name = str(row["attname"])
        values = tuple((value, "") for value in lists.get(name, ()) if kind in LISTED)
        fields.append(Field(name, kind, nullable, width, str(row["comment"]).strip(), values))
        required, fixed = bool(row["required"]), bool(row["fixed"])
        columns.append(Column(name, native, str(row["type"]), filled, required, fixed))
    return tuple(fields), tuple(columns)


def _kind(row: dict[str, Any]) -> str:
    native = str(row["typname"])
    return field_type(native, _scale(int(row["typmod"])) if native == "numeric" else None)


def _scale(typmod: int) -> int | None:
    """Decimals of a numeric that fits in 64 bits; None where that is not told."""
    if typmod < 4:
        return None
    precision, scale = ((typmod - 4) >> 16) & 0xFFFF, (typmod - 4) & 0x7FF
    return scale if precision <= 18 else None


def _key(connection: Connection, source: model.PostgisSource, rows: list[dict[str, Any]], relation: str) -> str:
    """The declared key, checked to tell every row from the others; else the primary key of one column."""
    usable = [row for row in rows if row["typname"] not in LEFT_OUT]
    names = [str(row["attname"]) for row in usable]
    if source.key is None:
        found = [str(row["attname"]) for row in usable if row["primary"]]
        if not found:
            raise SourceError("it has no primary key of one column: `key` must say which column tells features apart")
        return found[0]
    if source.key not in names:
        message = f"there is no column {source.key!r}: {', '.join(names)}{hint(source.key, names)}"
        raise SourceError(message, "source.key")
    row = usable[names.index(source.key)]
    if not (row["unique"] and row["required"]):
        name = quoted(source.key)
        sql = f"SELECT {name}::text FROM {relation} GROUP BY {name} HAVING count(*) > 1 OR {name} IS NULL LIMIT 1"
        if twice := connection.rows(sql):
            message = f"key: {source.key!r} does not tell features apart: {twice[0][0]!r} is there twice or empty"
            raise SourceError(message, "source.key")
    return source.key


def _extent(
    connection: Connection, source: model.PostgisSource, oid: int, relation: str, place: Place, *, view: bool
) -> tuple[int, BBox | None]:
    """Number of features and the box around them: exact, or as the database's statistics tell where counts are dear."""
    if source.count == "unknown" and not view:
        count = connection.rows("SELECT reltuples::int8 FROM pg_class WHERE oid = $1::int8::oid", _text_or_number(oid))
        if count[0][0] >= 0 and (box := _estimated(connection, oid, place)):
            return int(count[0][0]), box
    sql = f"SELECT count(*), ST_Extent({place.shape})::geometry AS e FROM {relation}"
    return _boxed(connection.rows(f"SELECT count, ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM ({sql}) AS s")[0])


def _estimated(connection: Connection, oid: int, place: Place) -> BBox | None:
    """The box by the statistics of the geometry's column; None where there are none."""
    parameters = _text_or_number(oid)
    mark = parameters.add(place.name, pa.string())
    sql = (
        "SELECT 0, ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM pg_class c JOIN pg_namespace n ON n.oid = "
        f"relnamespace, ST_EstimatedExtent(nspname::text, relname::text, {mark}) AS e WHERE c.oid = $1::int8::oid"
    )
    rows = connection.rows(sql, parameters)
    return _boxed(rows[0])[1] if rows else None


def _boxed(row: tuple[Any, ...]) -> tuple[int, BBox | None]:
    count, *box = row
    return int(count), None if box[0] is None else (float(box[0]), float(box[1]), float(box[2]), float(box[3]))


def distinct(facts: PostgisFacts, attribute: str) -> list[Any]:
    """An attribute's distinct values. Raises SourceError where there are too many."""
    with transaction(Database(facts.path, 60)) as connection:
        return _distinct(connection, facts, attribute)


def _distinct(connection: Connection, facts: PostgisFacts, attribute: str) -> list[Any]:
    kind = next(field.type for field in facts.fields if field.name == attribute)
    value = expression(facts.column(attribute), kind)
    sql = f"SELECT DISTINCT {value} FROM {facts.relation} WHERE {value} IS NOT NULL LIMIT {MOST_VALUES + 1}"
    found = [row[0] for row in connection.rows(sql)]
    if len(found) > MOST_VALUES:
        raise SourceError(f"{attribute!r} has more than {MOST_VALUES} values: it cannot be a dimension")
    return found
