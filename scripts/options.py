"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Option("--config", envvar="GARRIGUE_CONFIG", help="Folder of service.yaml, layers/, styles/.")
]
Store = Annotated[Path, typer.Option("--store", envvar="GARRIGUE_STORE", help="Folder of what has been computed.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]

CONFIG = Path("config")
STORE = Path("store")
