"""What the engine's endpoints are given: the registry, the store, the processes that draw, the address asked."""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request

from layers.registry import Registry
from server.access import HEADER, Admission, Asker, asker
from server.asked_base import BASE_HEADER, Origin, headers_of
from server.compile import current_folder
from server.engine.downloads import Downloads
from server.engine.pool import Pool
from server.errors import InvalidParameterError
from server.keys import Keys
from server.published import CURRENT
from server.wfs.exports import Exports
from server.wms.known_maps import KnownMaps

log = logging.getLogger("garrigue.engine")


VIEWS = 64
"""Registries narrowed to what some groups reach that are kept."""


class Context:
    """One an engine. `registry` is always the one compiled last: a request takes it once and keeps it."""

    def __init__(
        self, store: Path, pool: Pool, *, behind_front: bool = True, pipes: socket.socket | None = None
    ) -> None:
        self.store = store
        self.pool = pool
        self.downloads = Downloads(pipes=pipes)
        self.exports = Exports(store, self.downloads)
        self.behind_front = behind_front
        self.known_maps = KnownMaps()
        self._keys = Keys(store)
        self._views: dict[tuple[str, frozenset[str], bool], Registry] = {}
        self._folder, self._registry = _read(store)
        self._current = str(store / "registry" / CURRENT)
        self._seen = _time(self._current)

    @property
    def registry(self) -> Registry:
        """What the asker of the request in hand may reach of the registry."""
        everything = self.everything
        if not everything.groups:
            return everything
        groups, known = asker().groups & everything.groups, asker().known
        key = (everything.version, groups, known)
        if key not in self._views:
            while len(self._views) >= VIEWS:
                self._views.pop(next(iter(self._views)))
            self._views[key] = everything.reached_by(groups, known=known)
        return self._views[key]

    def asker(self, scope: Mapping[str, Any]) -> Asker:
        """Who sends a request: as the front tells, or found out here where there is none."""
        if self.behind_front:
            return Asker.from_header(headers_of(scope).get(HEADER, ""))
        service = self.everything.service
        identity = service.identity.model_dump() if service.identity else None
        return Admission(self._keys, Origin(service.public_url, service.trusted_proxies), identity).asker(scope)

    @property
    def everything(self) -> Registry:
        """The whole registry, read again where another one was compiled."""
        seen = _time(self._current)
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
        seconds = self.everything.service.limits.seconds
        result: T = await self.pool.run(self._folder, func, args, seconds)
        return result

    def base(self, request: Request) -> str:
        """Scheme, host and prefix under which the client asked, without a slash at the end."""
        if self.behind_front and (told := request.headers.get(BASE_HEADER)):
            return told
        service = self.everything.service
        origin = Origin(service.public_url, service.trusted_proxies)
        base = origin.base(request.scope)
        if base is None:
            raise InvalidParameterError("the header Host is not a host", "Host")
        return base


def _time(current: str) -> int:
    try:
        # Every request looks: without the cost of a Path.
        return os.stat(current).st_mtime_ns  # noqa: PTH116
    except FileNotFoundError:
        return 0


def _read(store: Path) -> tuple[str, Registry]:
    folder = current_folder(store)
    if folder is None:
        raise FileNotFoundError(f"nothing has been compiled in {store}: run garrigue check --compile")
    return str(folder), Registry.from_json((folder / "registry.json").read_bytes())
