"""Columns of a database as fields: which type they have for us, and the SQL that reads them as that type."""

from layers.facts import Column, PostgisFacts
from layers.filters import quoted

FIELD_TYPES = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "integer"),
    **dict.fromkeys(("float4", "float8", "numeric", "money"), "real"),
    "bool": "boolean",
    "date": "date",
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    "time": "time",
    "bytea": "binary",
}
"""Field types by PostgreSQL's names; what is not here is text."""

DOMAINS = """(WITH RECURSIVE one AS (SELECT t.oid, t.typbasetype
  UNION ALL SELECT p.oid, p.typbasetype FROM one JOIN pg_type p ON p.oid = one.typbasetype) SELECT oid FROM one)"""
"""SQL of a type `t` of pg_type, and of the types beneath it where it is a domain."""

PLACES = frozenset({"geometry", "geography"})
LEFT_OUT = PLACES | {"raster", "topogeometry", "tsvector"}
"""Types of columns that are no fields."""

PLAIN = frozenset({"text", "varchar"})
"""Types whose values are text as they are."""

TEXTS = PLAIN | {"bpchar", "citext"}
"""Types that hold any text, an empty one too."""


def field_type(native: str, scale: int | None = None) -> str:
    """The type of a field; `scale` of a numeric: one without decimals is a whole number."""
    return "integer" if native == "numeric" and scale == 0 else FIELD_TYPES.get(native, "string")


def reading(facts: PostgisFacts, name: str) -> str:
    """SQL of a field's value in the type of the field."""
    column, kind = facts.column(name), next(field.type for field in facts.fields if field.name == name)
    return expression(column, kind)


def key_reading(facts: PostgisFacts) -> str:
    """SQL of the key: a whole number, or the text that the database writes it as."""
    name = str(facts.key)
    whole = any(field.name == name and field.type == "integer" for field in facts.fields)
    return reading(facts, name) if whole else f"{quoted(name)}::text"


def expression(column: Column, kind: str) -> str:
    """SQL of a column's value in a field's type."""
    text = quoted(column.name)
    if kind == "integer":
        return text if column.native in ("int2", "int4", "int8") else f"{text}::int8"
    if kind == "real":
        return {"float8": text, "money": f"{text}::numeric::float8"}.get(column.native, f"{text}::float8")
    if kind != "string" or column.native in PLAIN:
        return text
    return f"to_json({text})::text" if column.native.startswith("_") else f"{text}::text"
