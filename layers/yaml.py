"""Reading YAML with the line of every key, so that a message can say where a mistake is."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from layers.errors import Problem

SECRET = frozenset({"postgis"})
"""Keys whose variables are put in where they are used only: what they hold is not to be kept in a compiled registry."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Document:
    """A YAML file: its name as told to users, the tree with line numbers, the same as plain values."""

    name: str
    tree: Any
    values: Any

    def line(self, path: Iterable[str | int]) -> int | None:
        """The line (from 1) of the deepest part of a path that is in the file."""
        node, line = self.tree, None
        for key in path:
            if isinstance(node, CommentedMap) and key in node:
                line = node.lc.key(key)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
                line = node.lc.item(key)[0] + 1
            else:
                continue
            node = node[key]
        return line


def read(path: Path, root: Path) -> tuple[Document | None, list[Problem]]:
    """A file under `root`, environment variables put in, or what is wrong with it."""
    name = str(path.relative_to(root))
    try:
        tree = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        return None, [Problem(name, line, None, None, f"not YAML: {error.problem or error.context}")]
    except (YAMLError, UnicodeDecodeError) as error:
        return None, [Problem(name, None, None, None, f"not YAML: {str(error).splitlines()[0]}")]
    except OSError as error:
        return None, [Problem(name, None, None, None, f"cannot be read: {error.strerror}")]
    if tree is None:
        tree = CommentedMap()
    if not isinstance(tree, CommentedMap):
        return None, [Problem(name, 1, None, None, "is a list or a single value, where keys are expected")]
    document = Document(name, tree, _plain(tree))
    missing = sorted({variable for variable in _variables(tree) if variable not in os.environ})
    return document, [
        Problem(name, None, None, None, f"the environment variable {variable} is not set") for variable in missing
    ]


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): str(v) if key in SECRET and isinstance(v, str) else _plain(v) for key, v in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, str):
        return _VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), str(node))
    if hasattr(node, "isoformat"):
        return node.isoformat()
    return node


def _variables(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from _variables(value)
    elif isinstance(node, list):
        for value in node:
            yield from _variables(value)
    elif isinstance(node, str):
        yield from _VARIABLE.findall(node)
