"""When seeding stops, and named tasks: `config/seeds.yaml`."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from layers.errors import GarrigueError, hint
from layers.model import Hours, Model


class ScheduleError(GarrigueError):
    """An hour, a duration or a task that cannot be understood."""


class Seed(Model):
    """What the options of `garrigue seed` say: `levels` "12-20", `area` and `deep_area` as on the command line."""

    layers: tuple[str, ...] = Field(min_length=1)
    grids: tuple[str, ...] = ()
    style: str = ""
    time: str = ""
    levels: str | None = None
    area: str | None = None
    deep_area: str | None = None
    since: str | None = None
    changed: bool = False
    format: Literal["pictures", "mvt"] = "pictures"


class Task(Model):
    """Seeds one after the other, within `hours` ("22:00-06:00") where given."""

    hours: Hours | None = None
    workers: int | None = Field(None, ge=1)
    scheduler: str | None = None
    seeds: tuple[Seed, ...] = Field(min_length=1)


def read_task(config: Path, name: str) -> Task:
    """A task of `config`/seeds.yaml. Raises ScheduleError: the key that is wrong, or the names there are."""
    tasks = _read(config / "seeds.yaml")
    if name not in tasks:
        raise ScheduleError(
            f"no task {name!r} in seeds.yaml{hint(name, tasks)}; there are {', '.join(tasks) or 'none'}"
        )
    try:
        return Task.model_validate(tasks[name])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, (name, *first["loc"])))
        raise ScheduleError(f"seeds.yaml: {place}: {first['msg']}") from None


def _read(file: Path) -> Mapping[str, object]:
    if not file.is_file():
        raise ScheduleError(f"there is no {file}: tasks are declared in it")
    try:
        read = YAML(typ="safe", pure=True).load(file.read_text("utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise ScheduleError(f"seeds.yaml is not YAML: {error}") from None
    if not isinstance(read, dict):
        raise ScheduleError("seeds.yaml: tasks by name are expected")
    return {str(name): task for name, task in read.items()}


def deadline(until: str | None, lasting: str | None, now: datetime) -> float | None:
    """Seconds since 1970 at which seeding stops: the next `until` ("06:00"), or after `lasting` ("8h", "90m", "1h30").

    The earlier one where both are given. Raises ScheduleError.
    """
    ends = [_next(until, now)] if until else []
    ends += [now + _duration(lasting)] if lasting else []
    return min(ends).timestamp() if ends else None


def end_of_hours(hours: str, now: datetime) -> float:
    """The end of the hours that `now` lies in, in seconds since 1970. Raises ScheduleError outside them."""
    begin, _, end = hours.partition("-")
    first, last, clock = _minutes(begin), _minutes(end), now.hour * 60 + now.minute
    inside = first <= clock < last if first < last else clock >= first or clock < last
    if not inside:
        raise ScheduleError(f"the task runs {hours} only, and it is {now:%H:%M}")
    return (now + timedelta(minutes=(last - clock) % 1440 or 1440, seconds=-now.second)).timestamp()


def _next(text: str, now: datetime) -> datetime:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    if not match:
        raise ScheduleError(f"an hour is written 06:00, not {text!r}")
    end = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    return end if end > now else end + timedelta(days=1)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+)(?:m|min)?)?(?:(\d+)s)?", text.strip())
    if not match or not any(match.groups()) or text.strip().isdigit():
        raise ScheduleError(f"a duration is written 8h, 90m or 1h30, not {text!r}")
    return timedelta(hours=float(match[1] or 0), minutes=int(match[2] or 0), seconds=int(match[3] or 0))


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
