"""YAML files -> Registry, in four steps: YAML, models, references, opening the data.

A step's mistakes are all told at once; the next step looks at what the one before left whole.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from glob import glob
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from layers import model, yaml
from layers.crs import CRS84, parse_crs, transform_bbox
from layers.declared import Declared, Found, read_models
from layers.errors import GarrigueError, Problem, RegistryError, UnavailableError, UnknownCrsError, hint
from layers.facts import CascadeFacts, Facts, PostgisFacts, RasterFacts, VectorFacts
from layers.journal import journal_path
from layers.registry import Layer, Registry
from layers.sources.copies import copy_path, is_needed, with_copies, with_copy
from layers.told import completed

SOFTWARE = metadata.version("garrigue")
"""In every version, so that an upgrade renders the documents again."""


def load(config: Path, store: Path, previous: Registry | None = None) -> tuple[Registry, list[Problem]]:
    """The registry of a configuration folder, and warnings. Raises RegistryError with every problem found.

    Facts of data that has not changed since `previous` are taken from there: it is not opened again.
    """
    # Imported by need: sizes of legends bring fonts along.
    from layers.measured import measured

    config = config.resolve()
    found = Found()
    service, themes, declared = read_models(config, found)
    _references(config, service, declared, found)
    layers = list(_open(config, store, declared, previous, found))
    by_id = MappingProxyType({layer.id: layer for layer in layers})
    _stored_queries(config, service, by_id, found)
    if found.problems:
        raise RegistryError(found.problems)
    heads = [service.model_dump_json(), *(f"{name} {theme.model_dump_json()}" for name, theme in themes.items())]
    version = _digest(
        [SOFTWARE, *heads, *(f"{layer.id} {layer.theme} {layer.stamp} {_drawn(layer)}" for layer in layers)]
    )
    updated = previous.updated if previous and previous.version == version else int(time.time())
    return measured(Registry(service, themes, by_id, version, config, updated)), found.warnings


def _stored_queries(config: Path, service: model.Service, layers: Mapping[str, Layer], found: Found) -> None:
    """The stored queries are over layers that are there, and their filters can be read."""
    if not service.stored_queries:
        return
    from layers.stored_queries import mistakes

    document, _ = yaml.read(config / "service.yaml", config)
    for name, query in service.stored_queries.items() if not found.problems else ():
        for key, message in mistakes(query, layers):
            path = ("stored_queries", name, *key.split("."))
            line = document.line(path) if document else None
            found.problems.append(Problem("service.yaml", line, None, f"stored_queries.{name}.{key}", message))


def _references(config: Path, service: model.Service, declared: list[Declared], found: Found) -> None:
    """Step 3: the CRSs, styles and attributes that are named."""
    document, _ = yaml.read(config / "service.yaml", config) if (config / "service.yaml").exists() else (None, [])
    for index, text in enumerate(service.crs):
        try:
            parse_crs(text)
        except UnknownCrsError:
            line = document.line(("crs", index)) if document else None
            message = f"{text!r} is not a CRS that PROJ knows; written as EPSG:2154 or CRS:84"
            found.problems.append(Problem("service.yaml", line, None, "crs", message))
    for layer in declared:
        _style_references(config, layer, found)
        crs = getattr(layer.definition.source, "crs", None)
        if crs is not None:
            try:
                parse_crs(crs)
            except UnknownCrsError:
                found.problems.append(layer.problem("source.crs", f"{crs!r} is not a CRS that PROJ knows"))


def _style_references(config: Path, layer: Declared, found: Found) -> None:
    from layers.styles import StyleError, read_sld

    for key, name in _style_files(layer.definition).items():
        key = f"styles.{key}" if layer.definition.styles else "style"
        path = config / name
        if not path.is_file():
            others = [str(p.relative_to(config)) for p in sorted(config.glob("styles/**/*.sld"))]
            found.problems.append(layer.problem(key, f"there is no file {name}{hint(name, others)}"))
            continue
        try:
            style = read_sld(path)
        except StyleError as error:
            found.problems.append(layer.problem(key, f"{name}: {error}"))
        else:
            found.warnings += [layer.problem(key, f"{name}: {warning}") for warning in style.warnings]


def _style_files(definition: model.Layer) -> dict[str, str]:
    return {"default": definition.style} if definition.style else dict(definition.styles)


def _open(
    config: Path, store: Path, declared: list[Declared], previous: Registry | None, found: Found
) -> Iterator[Layer]:
    """Step 4: the data opened, where it changed; facts read."""
    for layer in declared:
        asked = _asked(layer.definition)
        data_stamp = _digest([*asked, *_files(config, store, layer)])
        known = previous.layers.get(layer.id) if previous and previous.config == config else None
        if known and known.data_stamp == data_stamp and _still_there(known.facts) and not _is_live(layer.definition):
            facts: Facts | None = known.facts
        else:
            same = known if known and _asked(known.definition) == asked else None
            facts = _described(config, store, layer, found, same)
        if facts:
            facts = with_copy(facts, copy_path(store, layer.id, data_stamp))
            facts = _with_copies(facts, layer, store, data_stamp, found)
            if is_needed(facts) and not getattr(facts, "drawn", ""):
                message = "is drawn slowly until garrigue prepare has made a copy to draw from"
                found.warnings.append(layer.problem("source.vector", message))
            _attributes(layer, facts, found)
            made = _layer(config, layer, facts, data_stamp)
            _fields_of_styles(layer, made, found)
            if not found.problems and (known is None or known.stamp != made.stamp):
                _values(layer, made, found)
            yield made


def _with_copies(facts: Facts, layer: Declared, store: Path, data_stamp: str, found: Found) -> Facts:
    """The facts with the declared copies that are there."""
    try:
        named = [parse_crs(text).id for text in layer.definition.copies]
    except UnknownCrsError as error:
        found.problems.append(layer.problem("copies", str(error)))
        return facts
    paths = {crs: copy_path(store, layer.id, data_stamp, crs) for crs in named if crs != facts.crs}
    missing = [crs for crs, path in paths.items() if not path.exists()]
    if missing:
        message = f"garrigue prepare has not made the copy in {', '.join(missing)} yet"
        found.warnings.append(layer.problem("copies", message))
    return with_copies(facts, paths)


def _drawn(layer: Layer) -> str:
    """What a layer is drawn from beside its source: processes that draw take it up with a new version."""
    return f"{layer.facts.drawn} {layer.facts.copies}" if isinstance(layer.facts, VectorFacts) else ""


def _fields_of_styles(layer: Declared, made: Layer, found: Found) -> None:
    """What styles ask of features is among the fields of the data."""
    if not isinstance(made.facts, VectorFacts) or found.problems:
        return
    from layers.styles.load import asked_of

    known = {field.name.lower(): field.name for field in made.facts.fields}
    files = _style_files(layer.definition)
    for name, file in files.items():
        key = f"styles.{name}" if layer.definition.styles else "style"
        for rule in asked_of(made, name):
            for field in sorted(field for field in rule.fields if field.lower() not in known):
                told = f"line {rule.line}: rule {rule.rule!r}" if rule.rule else f"line {rule.line}"
                message = f"{file}: {told}: the data has no field {field!r}{hint(field, known.values())}"
                found.warnings.append(layer.problem(key, message))


def _asked(definition: model.Layer) -> list[str]:
    """The source, and what is asked of the data beyond it."""
    return [definition.source.model_dump_json(), str(definition.time), *map(str, definition.other_dimensions.items())]


def _still_there(facts: Facts) -> bool:
    if isinstance(facts, CascadeFacts | PostgisFacts):
        return True
    return ":" in facts.path or Path(facts.path).exists()


def _layer(config: Path, layer: Declared, facts: Facts, data_stamp: str) -> Layer:
    files = _style_files(layer.definition)
    styles = {name: str(config / file) for name, file in files.items() if (config / file).is_file()}
    looks = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in styles.values()]
    told = [repr(facts)] if _is_live(layer.definition) else []
    stamp = _digest([layer.definition.model_dump_json(exclude={"copies"}), data_stamp, *looks, *told])
    styles = styles or {"default": ""}
    definition = completed(layer.definition, facts)
    return Layer(layer.id, layer.theme, definition, facts, MappingProxyType(styles), stamp, data_stamp)


def _is_live(definition: model.Layer) -> bool:
    """True for data that changes without a file telling it: it is asked each time."""
    return isinstance(definition.source, model.PostgisSource)


def _described(config: Path, store: Path, layer: Declared, found: Found, known: Layer | None = None) -> Facts | None:
    """The facts as they are now; those that are known where the data's server is away."""
    source = layer.definition.source
    kind = model.source_kind(source)
    try:
        return _DESCRIBE[str(kind)](config, store, layer.definition)
    except UnavailableError as error:
        if known is not None:
            found.warnings.append(layer.problem(f"source.{kind}", f"{error}: what was known of it holds"))
            return known.facts
        found.problems.append(layer.problem(f"source.{kind}", str(error)))
    except GarrigueError as error:
        key = getattr(error, "key", None) or f"source.{kind}"
        found.problems.append(layer.problem(key, str(error)))
    return None


def _vector(config: Path, _store: Path, definition: model.Layer) -> Facts:
    from layers.sources.attribute import with_dimensions
    from layers.sources.vector import describe

    assert isinstance(definition.source, model.VectorSource)
    attribute = definition.time.attribute if definition.time else None
    facts = describe(definition.source, config, time_attribute=attribute)
    asked = {name: one.attribute for name, one in definition.other_dimensions.items()}
    return with_dimensions(facts, asked) if asked else facts


def _postgis(_config: Path, _store: Path, definition: model.Layer) -> Facts:
    from layers.sources.attribute import with_dimensions
    from layers.sources.postgis import describe

    assert isinstance(definition.source, model.PostgisSource)
    facts = describe(definition.source, time_attribute=definition.time.attribute if definition.time else None)
    asked = {name: one.attribute for name, one in definition.other_dimensions.items()}
    return with_dimensions(facts, asked) if asked else facts


def _raster(config: Path, store: Path, definition: model.Layer) -> Facts:
    from layers.sources.raster import describe

    assert isinstance(definition.source, model.RasterSource)
    return describe(definition.source, config, store)


def _cascade(_config: Path, _store: Path, definition: model.Layer) -> Facts:
    source = definition.source
    assert not isinstance(source, model.VectorSource | model.PostgisSource | model.RasterSource)
    crs = parse_crs(source.crs).id if isinstance(source, model.WmsSource) else _grid_crs(source.grid)
    extent = source.extent or (-180.0, -85.06, 180.0, 85.06)
    return CascadeFacts(crs, transform_bbox(extent, CRS84, crs))


def _grid_crs(grid: str) -> str:
    return "EPSG:2154" if grid.startswith(("LAMB93", "2154")) else "EPSG:3857"


_DESCRIBE: dict[str, Callable[[Path, Path, model.Layer], Facts]] = {
    "vector": _vector,
    "postgis": _postgis,
    "raster": _raster,
    "wms": _cascade,
    "wmts": _cascade,
    "xyz": _cascade,
    "ogcapi": _cascade,
}


def _attributes(layer: Declared, facts: Facts, found: Found) -> None:
    """The fields that the layer names are in its data."""
    fields = getattr(facts, "fields", ())
    names = [field.name for field in fields]
    asked = [("fields", name) for name in layer.definition.fields]
    if layer.definition.time and layer.definition.time.attribute:
        asked.append(("time.attribute", layer.definition.time.attribute))
    roles = layer.definition.gml.model_dump(include={"name", "description", "identifier"}, exclude_none=True)
    asked += [(f"gml.{key}", name) for key, name in roles.items()]
    for name, one in layer.definition.other_dimensions.items():
        if one.attribute:
            asked.append(("elevation.attribute" if name == "elevation" else f"dimensions.{name}", one.attribute))
        elif not isinstance(facts, RasterFacts):
            message = "`extent` is for the pixels of a raster; features have an `attribute`"
            found.problems.append(layer.problem("elevation" if name == "elevation" else f"dimensions.{name}", message))
    if layer.definition.edit and getattr(facts, "driver", "") not in ("GPKG", "PostgreSQL"):
        found.problems.append(layer.problem("edit", "only features of a GeoPackage or of PostGIS can be edited"))
    if layer.definition.tiles.vector and not isinstance(facts, VectorFacts):
        found.problems.append(layer.problem("tiles.vector", "only layers of features have vector tiles"))
    if isinstance(facts, VectorFacts):
        _domains(layer, facts, found)
    for key, name in asked:
        if name not in names:
            message = f"the data has no field {name!r}{hint(name, names)}; it has: {', '.join(names)}"
            found.problems.append(layer.problem(f"{key}.{name}" if key == "fields" else key, message))


def _domains(layer: Declared, facts: VectorFacts, found: Found) -> None:
    """The values that fields may have are of the fields' types."""
    from layers.domains import mistakes

    for field in facts.fields if layer.definition.fields else ():
        found.problems += [layer.problem(key, message) for key, message in mistakes(layer.definition, field)]


def _values(layer: Declared, made: Layer, found: Found) -> None:
    """The data keeps to the lists of values that its layer declares, or its schema does not hold."""
    from layers.domains import outside

    if any(one.values for one in layer.definition.fields.values()):
        try:
            found.warnings += [layer.problem(key, message) for key, message in outside(made)]
        except GarrigueError as error:
            found.problems.append(layer.problem("fields", str(error)))


def _files(config: Path, store: Path, layer: Declared) -> list[str]:
    """Name, size and time of every file of a layer's data; of a database's, of the journal of changes."""
    source = layer.definition.source
    if isinstance(source, model.PostgisSource):
        return _states([str(journal_path(store, layer.id))])
    if isinstance(source, model.VectorSource):
        pattern = source.vector
    elif isinstance(source, model.RasterSource):
        pattern = source.raster
    else:
        return []
    return _states(sorted(glob(str(config / pattern), recursive=True)))


def _states(paths: list[str]) -> list[str]:
    there = [path for path in paths if Path(path).exists()]
    return [f"{path} {(status := Path(path).stat()).st_size} {status.st_mtime_ns}" for path in there]


def _digest(parts: list[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
