"""Pictures that styles name by an address on another server, put in by who may fetch them."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from layers.styles.expressions import walk
from layers.styles.model import ExternalGraphic


def addresses(node: Any) -> list[str]:
    """The addresses of pictures anywhere in a style, each once."""
    found = (part.href for part in walk(node) if isinstance(part, ExternalGraphic) and part.content is None)
    return [address for address in dict.fromkeys(found) if address.lower().startswith(("http://", "https://"))]


def with_contents[T](node: T, contents: Mapping[str, bytes]) -> T:
    """The same style with the pictures inside."""
    changed: Any = node
    if isinstance(node, ExternalGraphic):
        changed = replace(node, content=contents.get(node.href, node.content))
    elif isinstance(node, tuple):
        changed = tuple(with_contents(item, contents) for item in node)
    elif is_dataclass(node) and not isinstance(node, type):
        parts = {field.name: getattr(node, field.name) for field in fields(node)}
        changed = replace(node, **{name: with_contents(part, contents) for name, part in parts.items()})
    found: T = changed
    return found
