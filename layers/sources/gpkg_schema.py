"""What a GeoPackage says of its columns by its schema extension (OGC 12-128r18, F.9): titles, lists of values."""

import sqlite3
from contextlib import closing

type Told = tuple[str, tuple[tuple[str, str], ...]]
"""A title, and the values that are allowed, each with what it means."""

_COLUMNS = """
SELECT column_name, coalesce(nullif(title, ''), nullif(description, ''), ''), constraint_name
FROM gpkg_data_columns WHERE lower(table_name) = lower(?)
"""
_ENUM = """
SELECT value, coalesce(description, '') FROM gpkg_data_column_constraints
WHERE constraint_name = ? AND constraint_type = 'enum' AND length(value) BETWEEN 1 AND 200 LIMIT 1000
"""


def described_columns(path: str, layer: str) -> dict[str, Told]:
    """By the columns' names; nothing where the file does not have the extension."""
    name = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        with closing(sqlite3.connect(f"file:{name}?mode=ro", uri=True)) as connection:
            rows = connection.execute(_COLUMNS, (layer,)).fetchall()
            return {column: (title, tuple(connection.execute(_ENUM, (rule,)))) for column, title, rule in rows}
    except sqlite3.OperationalError:
        return {}
