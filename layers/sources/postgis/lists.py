"""The values that a column may have, where its type or a constraint lists them: enums, domains, CHECK (… IN (…))."""

import re

from layers.sources.postgis.columns import DOMAINS
from layers.sources.postgis.connections import Connection, Parameters

MOST = 1000
"""Values of a list, at most; a longer one is none for people to choose from."""

LENGTH = 200
"""Characters of a value, at most, as in a declared list."""

_ENUMS = f"""
SELECT a.attname, e.enumlabel::text FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_enum e ON e.enumtypid IN {DOMAINS}
WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum, e.enumsortorder
"""
_CHECKS = f"""
SELECT a.attname, pg_get_constraintdef(c.oid) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_constraint c ON c.contype = 'c' AND c.convalidated
AND (c.conrelid = a.attrelid AND c.conkey = ARRAY[a.attnum] OR c.contypid IN {DOMAINS})
WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum, c.conname
"""
_NAME = r"""\(*(?:"(?:[^"]|"")+"|\w+)\)*(?:::[\w ]+)?\)*"""
_ITEM = r"""\(*(?:'(?:[^'\\]|'')*'|-?\d+(?:\.\d+)?)\)*(?:::[\w ]+)?"""
_CHECK = re.compile(
    rf"CHECK \((?:\({_NAME} IS NULL\) OR )?{_NAME} = "
    rf"(?:ANY \(\(*ARRAY\[(?P<several>{_ITEM}(?:, {_ITEM})*)\]\)*(?:::[\w ]+\[\])?|(?P<one>{_ITEM}))\)*"
)
_VALUE = re.compile(r"'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)")


def lists_of(connection: Connection, parameters: Parameters) -> dict[str, tuple[str, ...]]:
    """The list of each column of the table whose number in the catalogue is the only parameter."""
    found: dict[str, list[str]] = {}
    for name, label in connection.rows(_ENUMS, parameters):
        found.setdefault(name, []).append(label)
    for name, text in connection.rows(_CHECKS, parameters):
        if items := listed(text):
            found[name] = [one for one in found.get(name, items) if one in items]
    return {name: tuple(values) for name, values in found.items() if _is_short(values)}


def _is_short(values: list[str]) -> bool:
    return 0 < len(values) <= MOST and all(0 < len(value) <= LENGTH for value in values)


def listed(text: str) -> list[str]:
    """The values of a constraint, as PostgreSQL writes it, that is a list and nothing else; none of any other."""
    match = _CHECK.fullmatch(text)
    found = _VALUE.findall(match["several"] or match["one"]) if match else []
    return [number or quoted.replace("''", "'") for quoted, number in found]
