"""Layers as declared: YAML files read and validated against the models, every mistake with its file and line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from layers import model, yaml
from layers.errors import Problem, RegistryError, hint

type KeyPath = tuple[str | int, ...]


@dataclass
class Found:
    """What was found on the way: mistakes, which stop, and warnings, which do not."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Declared:
    """A layer as declared, with the file that declares it."""

    id: str
    theme: str
    definition: model.Layer
    document: yaml.Document

    def problem(self, key: str, message: str) -> Problem:
        """A problem at one of the layer's keys ("source.vector")."""
        path: KeyPath = (self.id, *key.split("."))
        return Problem(self.document.name, self.document.line(path), self.id, key, message)


def read_models(config: Path, found: Found) -> tuple[model.Service, Mapping[str, model.Theme], list[Declared]]:
    """Steps 1 and 2: every file read, every model validated."""
    service = model.Service()
    themes: dict[str, model.Theme] = {}
    declared: list[Declared] = []
    if not config.is_dir():
        raise RegistryError([Problem(str(config), None, None, None, "is not a folder")])
    if (config / "service.yaml").exists():
        document, problems = yaml.read(config / "service.yaml", config)
        found.problems += problems
        service = (document and _validated(model.Service, document, (), document.values, found)) or service
    else:
        found.warnings.append(Problem("service.yaml", None, None, None, "is not there: every default holds"))
    for path in sorted((config / "layers").glob("*.yaml")):
        document, problems = yaml.read(path, config)
        found.problems += problems
        if document:
            themes[path.stem] = _theme(path.stem, document, found)
            declared += _layers_of(path.stem, document, found)
    _unique(declared, found)
    return service, MappingProxyType(themes), declared


def _theme(name: str, document: yaml.Document, found: Found) -> model.Theme:
    default = model.Theme(title=model.Text(fr=name, en=name))
    if "theme" not in document.values:
        return default
    return _validated(model.Theme, document, ("theme",), document.values["theme"], found) or default


def _layers_of(theme: str, document: yaml.Document, found: Found) -> Iterator[Declared]:
    for name, values in document.values.items():
        if name == "theme":
            continue
        if not model.LAYER_ID.fullmatch(name):
            message = "a layer's id is a small letter, then small letters, digits and _"
            found.problems.append(Problem(document.name, document.line((name,)), name, None, message))
        elif definition := _validated(model.Layer, document, (name,), values, found):
            yield Declared(name, theme, definition, document)


def _unique(declared: list[Declared], found: Found) -> None:
    first: dict[str, Declared] = {}
    for layer in declared:
        if layer.id in first:
            message = f"is declared in {first[layer.id].document.name} too"
            line = layer.document.line((layer.id,))
            found.problems.append(Problem(layer.document.name, line, layer.id, None, message))
        first.setdefault(layer.id, layer)


def _validated[M: model.Model](
    kind: type[M], document: yaml.Document, path: KeyPath, values: Any, found: Found
) -> M | None:
    """The values as a model, or None with a problem for each mistake."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        for item in error.errors():
            where = tuple(part for part in item["loc"] if part not in model.SOURCES or part == item["loc"][-1])
            layer = str(path[0]) if path and path[0] != "theme" else None
            key = ".".join(map(str, where if layer or not path else (*path, *where))) or None
            found.problems.append(
                Problem(document.name, document.line((*path, *where)), layer, key, _message(kind, dict(item)))
            )
    return None


def _message(kind: type[BaseModel], item: dict[str, Any]) -> str:
    """Pydantic's error in the words of somebody who writes YAML."""
    match item["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            allowed = _keys_at(kind, item["loc"][:-1])
            return f"is not a key here{hint(str(item['loc'][-1]), allowed)}; allowed: {', '.join(allowed)}"
        case "literal_error":
            allowed = [word.strip("'") for word in item["ctx"]["expected"].replace(" or ", ", ").split(", ")]
            return f"{item['input']!r} is not one of {', '.join(allowed)}{hint(str(item['input']), allowed)}"
        case "value_error":
            return str(item["ctx"]["error"])
        case _:
            message = item["msg"][0].lower() + item["msg"][1:]
            return f"{message} (found {item['input']!r})" if item["type"] != "source_kind" else message


def _keys_at(kind: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys that are allowed at a place of a model."""
    for part in path:
        if part in model.SOURCES:
            kind = model.SOURCES[str(part)]
        elif isinstance(part, str) and part in kind.model_fields:
            kind = _model_in(kind.model_fields[part].annotation) or kind
    return list(kind.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((inner for part in get_args(annotation) if (inner := _model_in(part))), None)
