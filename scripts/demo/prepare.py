"""Make the demo's generated data in `config/data/demo/`: what is missing, or was made by other code from other data.

Parts are made in processes, each written under another name and renamed when whole: stopped at any moment, it goes on
where it was.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from scripts.demo import (
    city,
    heritage,
    hydrography,
    imagery,
    landcover,
    routes,
    temperature,
    terrain,
    territory,
    vegetation,
    zoning,
)

FOLDER = Path("data/demo")
STAMPS = FOLDER / ".stamps"
INPUTS = (city.FILE, territory.SOURCE)

type Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """Something to make: a name to show, the function and its arguments, its files, the parts that it reads."""

    name: str
    make: Callable[..., None]
    targets: tuple[Path, ...]
    arguments: tuple[int, ...] = ()
    after: tuple[str, ...] = ()


def parts() -> list[Part]:
    """All parts; those that others wait for come first."""
    ground = ("hydrographie", "végétation")
    out = [
        Part("hydrographie", hydrography.make, (hydrography.TARGET,)),
        Part("végétation", vegetation.make, (vegetation.TARGET,), after=("hydrographie",)),
        Part("température", temperature.make, (temperature.TARGET,)),
        Part("territoire", territory.make, (territory.TARGET,)),
        Part("patrimoine", heritage.make, (heritage.TARGET,)),
        Part("itinéraires", routes.make, (routes.TARGET,)),
        Part("dallage", imagery.make_index, (imagery.INDEX,)),
        Part("relief", terrain.make, (terrain.MODEL, terrain.SHADE, terrain.CONTOURS), after=("hydrographie",)),
        Part("occupation du sol", landcover.make, (landcover.TARGET,), after=ground),
        Part("zonage", zoning.make, (zoning.TARGET,), after=ground),
    ]
    for column, row in imagery.dalles():
        name = imagery.name_of(column, row)
        target = imagery.FOLDER / f"{name}.tif"
        out.append(Part(f"PCRS {name}", imagery.make_dalle, (target,), (column, row), after=ground))
    return out


def fingerprint(config_dir: Path) -> str:
    """What the parts are made with: this package's code and the committed data."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.name != "open_data.py":
            digest.update(file.read_bytes())
    for path in INPUTS:
        digest.update((config_dir / path).read_bytes())
    return digest.hexdigest()


def _stamp(config_dir: Path, part: Part) -> Path:
    return config_dir / STAMPS / f"{part.name}.txt"


def is_current(config_dir: Path, part: Part, mark: str) -> bool:
    """Whether a part's files are there and were made with `mark`."""
    stamp = _stamp(config_dir, part)
    there = all((config_dir / target).is_file() for target in part.targets)
    return there and stamp.is_file() and stamp.read_text() == mark


def make_part(config_dir: Path, part: Part, mark: str) -> str:
    """Make a part and note with what; its name."""
    stamp = _stamp(config_dir, part)
    stamp.unlink(missing_ok=True)
    part.make(config_dir, *part.arguments)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(mark)
    return part.name


def _finished(todo: list[Part], submit: Callable[[Part], Future[str]]) -> Iterator[str]:
    """Names of parts as they are done; a part is handed out when those that it reads are."""
    waiting = {part.name for part in todo}
    pending, running = list(todo), set[Future[str]]()
    while pending or running:
        ready = [part for part in pending if not waiting.intersection(part.after)]
        running |= {submit(part) for part in ready}
        pending = [part for part in pending if part not in ready]
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            waiting.discard(future.result())
            yield future.result()


def prepare(config_dir: Path, progress: Progress | None = None) -> None:
    """Make what is missing or out of date; `progress` is told a part's name, how many are done, and of how many."""

    def tell(name: str, done: int) -> None:
        if progress:
            progress(name, done, len(every))

    config_dir = config_dir.resolve()
    mark = fingerprint(config_dir)
    every = parts()
    todo = [part for part in every if not is_current(config_dir, part, mark)]
    done = len(every) - len(todo)
    tell("", done)
    if not todo:
        return
    workers = min(os.process_cpu_count() or 1, len(todo), 8)
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        for name in _finished(todo, lambda part: pool.submit(make_part, config_dir, part, mark)):
            done += 1
            tell(name, done)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
