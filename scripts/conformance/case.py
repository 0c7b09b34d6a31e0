"""A case: a suite of the OGC, what of ours it is run on, and the failures that are known and explained."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """`kind` is ctl or testng; `target` the path of ours; `program` the CTL script or the jar's main class.

    `test` is the CTL test to start with where it is not the script's own.
    `address` names the suite's parameter that takes the target's URL; `known` maps the start of a test's name to
    why it fails. `registry` is the folder of the registry that is served.
    """

    name: str
    kind: str
    program: str
    address: str
    target: str
    parameters: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    jar: str = ""
    test: str = ""
    minimum: int = 1
    seconds: int = 600
    registry: str = "registry"


def cases(only: tuple[str, ...] = ()) -> list[Case]:
    """Every case of the folder, or those of these names, by name."""
    found = [_read(path) for path in sorted(CASES.glob("*.yaml"))]
    return [case for case in found if not only or case.name in only]


def _read(path: Path) -> Case:
    values: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    texts = {str(key): str(value) for key, value in (values.pop("parameters", None) or {}).items()}
    return Case(name=path.stem, parameters=texts, known=values.pop("known", None) or {}, **values)
