"""What the engine's endpoints are given: the registry, the store, the processes that draw, the address asked."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request

from layers.registry import Registry
from server.asked_base import BASE_HEADER, Origin
from server.compile import current_folder
from server.errors import InvalidParameterError
from server.pool import Pool

log = logging.getLogger("garrigue.engine")


class Context:
    """One an engine. `registry` is always the one compiled last: a request takes it once and keeps it."""

    def __init__(self, store: Path, pool: Pool, *, behind_front: bool = True) -> None:
        self.store = store
        self.pool = pool
        self.behind_front = behind_front
        self._folder, self._registry = _read(store)
        self._seen = _time(store)

    @property
    def registry(self) -> Registry:
        """The registry, read again where another one was compiled."""
        seen = _time(self.store)
        if seen != self._seen:
            self._folder, self._registry = _read(self.store)
            self._seen = seen
            log.info("registry %s", self._registry.version)
        return self._registry

    async def run[T](self, func: Callable[..., T], *args: Any) -> T:
        """`func(registry, *args)` in one of the render processes; given up when the awaiting task is cancelled.

        `func` is a function of a module, `args` and the result can be pickled. Raises what it raises, and
        BusyError, TimedOutError or CrashedError (all ServiceError) for the processes' own trouble.
        """
        seconds = self.registry.service.limits.seconds
        result: T = await self.pool.run(self._folder, func, args, seconds)
        return result

    def base(self, request: Request) -> str:
        """Scheme, host and prefix under which the client asked, without a slash at the end."""
        if self.behind_front and (told := request.headers.get(BASE_HEADER)):
            return told
        service = self.registry.service
        origin = Origin(service.public_url, service.trusted_proxies)
        base = origin.base(request.scope)
        if base is None:
            raise InvalidParameterError("the header Host is not a host", "Host")
        return base


def _time(store: Path) -> int:
    try:
        return (store / "registry" / "current").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read(store: Path) -> tuple[Path, Registry]:
    folder = current_folder(store)
    if folder is None:
        raise FileNotFoundError(f"nothing has been compiled in {store}: run garrigue check --compile")
    return folder, Registry.from_json((folder / "registry.json").read_bytes())
