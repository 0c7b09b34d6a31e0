"""The command line `garrigue`: one function a command, in a file of its own; imported by need, so that help is quick.

Exit status: 0 done, 1 failed, 2 wrong use.
"""

import errno
import sys
from importlib import import_module

import typer
from rich.console import Console

from layers.errors import GarrigueError

COMMANDS = {
    "serve": "scripts.serve",
    "check": "scripts.check",
    "prepare": "scripts.prepare",
    "seed": "scripts.seed",
    "purge": "scripts.purge",
    "publish": "scripts.publish",
    "status": "scripts.status",
    "keys": "scripts.keys",
    "demo": "scripts.demo_command",
}
NOT_WRITABLE = {errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS}
"""What a full or read-only disk says."""
EPILOG = "Start with: garrigue demo · then: garrigue check, garrigue serve, garrigue seed LAYER --dry-run"


def app(names: list[str]) -> typer.Typer:
    """The application with the commands of these names."""
    cli = typer.Typer(
        name="garrigue",
        help="A frugal OGC geoservice server: declare layers once, serve them, sleep in between.",
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    cli.callback()(_root)
    for name in names:
        cli.command(name)(getattr(import_module(COMMANDS[name]), name))
    return cli


def _root() -> None:
    """Keeps every command a subcommand, also where only one is loaded."""


def main() -> None:
    """Run a command; a user's mistake is told in a sentence, never by a traceback."""
    asked = [argument for argument in sys.argv[1:2] if argument in COMMANDS]
    try:
        app(asked or list(COMMANDS))()
    except GarrigueError as error:
        Console(stderr=True, highlight=False).print(f"[bold red]garrigue:[/] {error}", soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        print(f"garrigue: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
