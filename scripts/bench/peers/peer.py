"""A server under measurement, and the processes that make it: started here, ended by their own ids."""

import contextlib
import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.memory import private

DEBIAN = Path("/usr/lib/cgi-bin")


class MissingPeerError(Exception):
    """A peer is not installed: its rows are SKIPPED."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server on 127.0.0.1; `base` is the path (and query) that a request's parameters follow.

    `pids` are its own processes, `before` those of a web server that it needs before it.
    """

    name: str
    port: int
    base: str
    pids: tuple[int, ...]
    before: tuple[int, ...] = ()

    @property
    def url(self) -> str:
        """The address that clients are given."""
        return f"http://127.0.0.1:{self.port}{self.base}"

    def memory(self) -> int:
        """Bytes of its processes and of those that they started, what they share left out."""
        return sum(private(pid) for pid in family(self.pids))

    def worked(self) -> float:
        """Seconds of a processor that its processes, and those before it, have taken by now."""
        return sum(_worked(pid) for pid in family((*self.pids, *self.before)))


class Processes(contextlib.AbstractContextManager["Processes"]):
    """Processes that end together, the last one first, after `grace` seconds by force. What they say goes to `log`."""

    def __init__(self, log: Path, grace: float = 15) -> None:
        self.log = log
        self.grace = grace
        self.started: list[subprocess.Popen[bytes]] = []

    def start(
        self, command: list[str], *, env: Mapping[str, str] | None = None, stdin: socket.socket | None = None
    ) -> int:
        """Start one; `stdin` is its listening socket (FastCGI 1.0, 2.2). Its process id."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=stdin.fileno() if stdin is not None else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
            )
        self.started.append(process)
        return process.pid

    def check(self) -> None:
        """Raises RuntimeError with the end of the log where one of them ended by itself."""
        for process in self.started:
            if process.poll() is not None:
                said = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"{process.args!r} ended with status {process.returncode}: {said}")

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.started):
            process.terminate()
        for process in reversed(self.started):
            try:
                process.wait(timeout=self.grace)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def installed(name: str) -> str:
    """Path of a peer's program (on the PATH or among Debian's CGI programs). Raises MissingPeerError."""
    for folder in (*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", str(DEBIAN)):
        path = Path(folder) / name
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise MissingPeerError(f"{name} is not installed")


def debian(name: str) -> str:
    """Path of a program that Debian installed, whatever a virtual environment puts before it."""
    path = Path("/usr/bin") / name
    if not path.is_file():
        raise MissingPeerError(f"{name} is not installed")
    return str(path)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(group: Processes, port: int, path: str, seconds: float = 60.0) -> None:
    """Wait until a server answers 200. Raises TimeoutError, which tells what it answered last, or RuntimeError."""
    end, last = time.monotonic() + seconds, "nothing"
    while time.monotonic() < end:
        group.check()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status == 200:
                return
            last = f"{response.status} {response.read(300)!r}"
        except OSError as error:
            last = str(error)
        finally:
            connection.close()
        time.sleep(0.1)
    raise TimeoutError(f"port {port} did not answer {path} within {seconds:g} s but {last}")


def _worked(pid: int) -> float:
    """Seconds of a process's threads, and of its children that ended; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def family(pids: Iterable[int]) -> Iterator[int]:
    """The processes and their descendants."""
    for pid in pids:
        yield pid
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                yield from family(int(child) for child in children.read_text(encoding="ascii").split())
