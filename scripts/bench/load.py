"""Servers under load: ours and nginx, each on one core, wrk on the other."""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scripts.bench.peers.peer import Peer, free_port

SERVER_CORE, CLIENT_CORE = 0, 1
_NGINX = """
{user}
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; open_file_cache max=10000 inactive=60s;
  types {{ image/jpeg jpg; }}
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} backlog=1024; root {root}; etag on; }}
}}
"""


@contextmanager
def front(config: Path, store: Path, *options: str) -> Iterator[Peer]:
    """`garrigue serve`, on the servers' core."""
    port = free_port()
    serve = [sys.executable, "-m", "scripts.cli", "serve", "--config", str(config), "--store", str(store)]
    with _running([*_core(SERVER_CORE), *serve, "--port", str(port), *options], port) as pid:
        yield Peer("garrigue", port, "/", (pid,))


@contextmanager
def nginx(folder: Path, body: bytes, root: Path | None = None) -> Iterator[Peer]:
    """An nginx that serves one file, `/tile.jpg`, or what is under `root`, on the servers' core."""
    (folder / "www").mkdir(parents=True)
    (folder / "www" / "tile.jpg").write_bytes(body)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port, user=user, root=root or folder / "www"))
    command = [*_core(SERVER_CORE), "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with _running(command, port) as pid:
        yield Peer("nginx", port, "/", (pid,))


def wrk(port: int, script: Path, seconds: float, *, connections: int = 32) -> tuple[float, int]:
    """Requests a second with keep-alive, and how many there were.

    Raises RuntimeError where answers were not what the script expects.
    """
    target = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    done = subprocess.run([*_core(CLIENT_CORE), "wrk", *target], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    found = re.search(r"(\d+) requests in.*Requests/sec:\s+([\d.]+)", done.stdout, re.DOTALL)
    if found is None:
        raise RuntimeError(done.stdout)
    return float(found[2]), int(found[1])


@contextmanager
def _running(command: list[str], port: int) -> Iterator[int]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await(port, process)
            yield process.pid
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
            process.kill()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"nothing answers on port {port}")


def _core(number: int) -> list[str]:
    return ["taskset", "-c", str(number % (os.cpu_count() or 1))]
