"""What the data tells of itself, where its layer's declaration says nothing: what a table is, what fields mean."""

from layers import model
from layers.facts import Facts, Field, VectorFacts


def completed(definition: model.Layer, facts: Facts) -> model.Layer:
    """The declaration with the titles and lists of values of the data's fields, and the abstract of its table."""
    if not isinstance(facts, VectorFacts):
        return definition
    told = {field.name: field for field in facts.fields if field.title or field.values}
    fields = {name: _alias(alias, told.pop(name, None)) for name, alias in definition.fields.items()}
    fields |= {name: _alias(model.FieldAlias(), field) for name, field in told.items()}
    abstract = definition.abstract or _text(facts.comment)
    return definition.model_copy(update={"fields": fields, "abstract": abstract})


def _alias(alias: model.FieldAlias, field: Field | None) -> model.FieldAlias:
    if field is None:
        return alias
    values = alias.values or {code: _text(label) for code, label in field.values}
    return alias.model_copy(update={"title": alias.title or _text(field.title), "values": values})


def _text(words: str) -> model.Text:
    return model.Text(fr=words, en=words)
