"""`garrigue publish`: a site of files alone, of what the store holds."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from layers.errors import RequestError
from layers.registry import Layer, Registry
from scripts.options import CONFIG, STORE, Config, Json, Store

if TYPE_CHECKING:
    from tiles.site.version import SiteVersion

_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def publish(
    layers: Annotated[list[str], typer.Argument(help="Layers to publish the stored tiles of.", show_default=False)],
    to: Annotated[
        str, typer.Option(help="Folder, whose link `site` is the site, or s3://bucket/prefix.", show_default=False)
    ],
    url: Annotated[str | None, typer.Option(help="Address of the site. Default: public_url of service.yaml.")] = None,
    levels: Annotated[str | None, typer.Option(help="First and last level, as in 10-18. Default: all.")] = None,
    tiles: Annotated[int, typer.Option(min=0, help="Tiles a tree may have; beyond, PMTiles only.")] = 200_000,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port in the configurations of nginx and Caddy.")] = 8080,
    config: Config = CONFIG,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Write the stored tiles of layers as a site for nginx or Caddy: z/x/y trees, PMTiles, WMTS, TileJSON, a viewer.

    Only what changed is written; the new site takes the place of the old one as a whole. In an object store
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL) documents follow their tiles.
    Exit status: 0 done, 1 the folder or bucket cannot be written, 2 wrong use or nothing stored.

    Example: garrigue publish pcrs batiment --to /srv/tiles --url https://tiles.example.org
    """
    from layers.compile import load
    from tiles.seeding.plan import LevelError, read_levels

    registry, _ = load(config, store)
    try:
        chosen = [_layer(registry, name) for name in layers]
        address = _address(registry, url)
        depth = read_levels(levels) if levels else (0, 99)
    except (RequestError, LevelError) as error:
        _errors.print(f"[bold red]garrigue publish:[/] {error}")
        raise typer.Exit(2) from None
    told = _publish(registry, store, to, chosen, address, depth, tiles, port)
    if as_json:
        print(json.dumps({"ok": True, **told}))
        return
    for item in told["published"]:
        where = f"{item['tiles']} tiles" + ("" if item["tree"] else ": more than --tiles, no tree")
        print(f"{item['layer']} {item['style']} {item['time']} {item['grid']} {item['format']}: {where}")
    place = to if _is_bucket(to) else Path(to) / "site"
    print(f"{place}: {told['written']} files written, {told['kept']} kept, {told['removed']} removed")


def _is_bucket(to: str) -> bool:
    return "://" in to


def _layer(registry: Registry, name: str) -> Layer:
    if name not in registry.layers:
        from layers.errors import hint

        raise RequestError(f"there is no layer {name!r}{hint(name, registry.layers)}")
    if registry.layers[name].definition.access:
        raise RequestError(f"{name!r} is not for everybody (`access`): files alone cannot ask who comes")
    return registry.layers[name]


def _address(registry: Registry, url: str | None) -> str:
    address = (url or registry.service.public_url or "").rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise RequestError("WMTS has its address written in it: give --url https://… or public_url in service.yaml")
    return address


def _publish(
    registry: Registry,
    store: Path,
    to: str,
    chosen: list[Layer],
    address: str,
    depth: tuple[int, int],
    most: int,
    port: int,
) -> dict[str, Any]:
    from server.site.documents import site_documents
    from tiles.site.bucket import new_bucket_version
    from tiles.site.folder import new_version
    from tiles.site.publish import publish as publish_set
    from tiles.site.publish import sets
    from tiles.store import Store as TileStore

    tiles = TileStore(store)
    version: SiteVersion
    with new_bucket_version(to) if _is_bucket(to) else new_version(Path(to)) as version:
        made = [
            publish_set(version, tiles, layer, which, depth, most)
            for layer in chosen
            for which in sets(registry, layer)
        ]
        found = [item for item in made if item is not None]
        for missing in (layer for layer in chosen if layer not in [item.layer for item in found]):
            _errors.print(
                f"[bold red]garrigue publish:[/] no tile of {missing.id} is stored; garrigue seed {missing.id}"
            )
            raise typer.Exit(2)
        for path, body in site_documents(registry, found, address, store):
            version.put(path, body)
    if not _is_bucket(to):
        _write_servers(Path(to), port)
    return {
        "published": [
            {
                "layer": item.layer.id,
                "style": "" if item.is_vector else item.style,
                "format": item.extension,
                "time": item.time,
                "grid": item.grid.id,
                "tiles": item.tiles,
                "tree": item.tree,
                "pmtiles": item.archive,
            }
            for item in found
        ],
        "written": version.written,
        "kept": version.kept,
        "removed": version.removed,
    }


def _write_servers(to: Path, port: int) -> None:
    """Ready configurations."""
    from server.site.servers import caddy, nginx

    root = to.absolute() / "site"
    (to / "nginx.conf").write_text(nginx(root, port), encoding="utf-8")
    (to / "Caddyfile").write_text(caddy(root, port), encoding="utf-8")
