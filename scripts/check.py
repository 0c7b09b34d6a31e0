"""`garrigue check`: is the configuration right? Compiles it for the server where asked."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from layers.errors import Problem, RegistryError
from scripts.options import CONFIG, STORE, Config, Json, Store

SCHEMAS = Path("schemas")


def check(
    config: Config = CONFIG,
    store: Store = STORE,
    compile_: Annotated[bool, typer.Option("--compile", help="Write the compiled registry into the store.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Write the JSON Schemas for editors and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Validate the configuration: YAML, models, references, data. Tells every mistake with its file and line.

    Exit status 1 where something is wrong. Warnings (a style's part that is not drawn) do not fail.
    """
    if schema:
        return _write_schemas(config / SCHEMAS)
    from layers.compile import load
    from server.compile import current, write
    from server.styles.untold import untold
    from server.wms.info_pages import mistakes, unused

    try:
        registry, warnings = load(config, store, previous=current(store))
        if problems := list(mistakes(registry)):
            raise RegistryError(problems)
        warnings += unused(registry)
    except RegistryError as error:
        _tell(error.problems, "error", as_json)
        raise typer.Exit(1) from None
    if compile_:
        write(registry, store)
    warnings = [*warnings, *untold(registry)]
    _tell(warnings, "warning", as_json, layers=len(registry.layers), version=registry.version)
    return None


def _tell(problems: tuple[Problem, ...] | list[Problem], severity: str, as_json: bool, **facts: object) -> None:
    if as_json:
        rows = [{name: getattr(problem, name) for name in Problem.__slots__} for problem in problems]
        print(json.dumps({"ok": severity != "error", f"{severity}s": rows, **facts}, ensure_ascii=False))
        return
    console = Console(stderr=severity == "error", highlight=False, soft_wrap=True)
    colour = "red" if severity == "error" else "yellow"
    for problem in problems:
        console.print(f"[bold {colour}]{severity}[/] ", end="")
        console.print(str(problem), markup=False)
    if severity == "error":
        console.print(f"[bold red]{len(problems)} mistake{'s' * (len(problems) > 1)}[/]")
    else:
        console.print(f"[bold green]ok[/] {facts['layers']} layers, version {facts['version']}")


def schemas() -> dict[str, str]:
    """The JSON Schemas of service.yaml and of a file of layers, by file name, as they are committed."""
    from pydantic import TypeAdapter

    from layers import model

    service = model.Service.model_json_schema()
    layers = TypeAdapter(dict[str, model.Layer]).json_schema()
    theme = model.Theme.model_json_schema(ref_template="#/$defs/{model}")
    layers["$defs"] |= theme.pop("$defs", {}) | {"Theme": theme}
    layers["properties"] = {"theme": {"$ref": "#/$defs/Theme"}}
    layers["additionalProperties"] = False
    layers["patternProperties"] = {f"^{model.LAYER_ID.pattern}$": {"$ref": "#/$defs/Layer"}}
    return {
        name: json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        for name, schema in (("service.schema.json", service), ("layers.schema.json", layers))
    }


def _write_schemas(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
    Console().print(f"schemas written to {folder}")
