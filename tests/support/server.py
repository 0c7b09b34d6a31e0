"""A running server: `garrigue serve` in processes of its own, ended by its own process id."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A server that answers: its address, its front's process id, where its files are."""

    host: str
    port: int
    pid: int
    config: Path
    store: Path
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET", body: Any = None
    ) -> Answer:
        """Ask; a connection a request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        """What the server tells its admin."""
        token = json.loads((self.store / "run" / "front.json").read_text())["token"]
        return self.get("/status", {"X-Garrigue-Token": token}).json()

    def engine_pids(self) -> list[int]:
        """The engine's processes, itself first; empty where there is none."""
        return [process["pid"] for process in self.status()["engine"].get("processes", [])]


@contextmanager
def running(config: Path, store: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`garrigue serve` on a free port, compiled first where needed."""
    command = [sys.executable, "-m", "scripts.cli", "serve", "--config", str(config), "--store", str(store)]
    store.mkdir(parents=True, exist_ok=True)
    log = store / "server.log"
    with log.open("ab") as out:
        command += ["--port", "0", *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env={**os.environ, **(env or {})})
    try:
        host, port = _address(store, process, log)
        yield Running(host, port, process.pid, config, store, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            process.kill()
            process.wait()


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until something is so, and return it. Raises AssertionError where it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not so within {seconds:g} s")


def _address(store: Path, process: "subprocess.Popen[bytes]", log: Path) -> tuple[str, int]:
    """Where this process says that it listens."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"the server ended: {log.read_text()[-3000:]}")
        try:
            told = json.loads((store / "run" / "front.json").read_text())
        except (FileNotFoundError, ValueError):
            told = {}
        if told.get("pid") == process.pid:
            host, _, port = told["address"].removeprefix("http://").rpartition(":")
            return host, int(port)
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text()[-3000:]}")
