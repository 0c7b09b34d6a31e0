"""What a GeoPackage says of its columns by the schema extension, as GDAL writes it."""

import sqlite3
from contextlib import closing

from layers import model
from layers.sources.vector import describe
from layers.told import completed
from support.vectors import table, write

SCHEMA = """
CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,
  description TEXT, mime_type TEXT, constraint_name TEXT);
CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT,
  min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT);
INSERT INTO gpkg_data_columns VALUES ('mur', 'nom', NULL, 'Nom', 'Le nom', NULL, 'noms'),
  ('mur', 'entier', NULL, NULL, 'Un nombre', NULL, 'bornes');
INSERT INTO gpkg_data_column_constraints VALUES ('noms', 'enum', 'été', NULL, NULL, NULL, NULL, 'La belle saison'),
  ('noms', 'enum', 'hiver', NULL, NULL, NULL, NULL, NULL), ('bornes', 'range', NULL, 1, 1, 9, 1, NULL);
"""


def test_titles_and_coded_values_are_those_of_the_file(tmp_path):
    write(tmp_path / "mur.gpkg", "Point", "mur", data=table("Point"))
    with closing(sqlite3.connect(tmp_path / "mur.gpkg")) as connection:
        connection.executescript(SCHEMA)
    source = model.VectorSource(vector="mur.gpkg")
    definition = model.Layer.model_validate({"title": "Murs", "source": source.model_dump(), "fields": {"réel": {}}})
    fields = completed(definition, describe(source, tmp_path)).fields
    assert set(fields) == {"nom", "entier", "réel"}
    assert {code: label.get("fr") for code, label in fields["nom"].values.items()} == {
        "été": "La belle saison",
        "hiver": "",
    }
    assert (fields["nom"].title.get("fr"), fields["entier"].title.get("fr")) == ("Nom", "Un nombre")
    assert fields["entier"].values == {}
