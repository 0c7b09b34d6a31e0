"""`garrigue prepare`: what is made once of the data, so that it can be drawn."""

import json
from typing import Annotated

import typer
from rich.console import Console

from scripts.options import CONFIG, STORE, Config, Json, Store


def prepare(
    layers: Annotated[list[str] | None, typer.Argument(help="Layers. Default: all that need it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Make again what is there.")] = False,
    config: Config = CONFIG,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Make the FlatGeobuf copies that GeoParquet and curves are drawn from, and the copies in other CRSs that layers
    declare, and compile the registry with them.

    What is there and current is left. A server that runs takes the new registry up by itself.
    """
    from layers.compile import load
    from layers.crs import parse_crs
    from layers.sources.copies import copy_path, is_needed, make
    from server.compile import current, write

    registry, _ = load(config, store, previous=current(store))
    chosen = [registry.layer(name) for name in layers] if layers else list(registry.layers.values())
    made = []
    for layer in chosen:
        others = [crs for crs in (parse_crs(text).id for text in layer.definition.copies) if crs != layer.crs]
        for crs in [*([""] if is_needed(layer.facts) else []), *others]:
            if force or not copy_path(store, layer.id, layer.data_stamp, crs).exists():
                make(layer, store, crs)
                made.append(f"{layer.id} in {crs}" if crs else layer.id)
    if made:
        write(load(config, store, previous=registry)[0], store)
    if as_json:
        print(json.dumps({"ok": True, "made": made}))
    else:
        Console(highlight=False).print(f"made copies of {', '.join(made)}" if made else "nothing to prepare")
