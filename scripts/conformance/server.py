"""The server under test: `garrigue serve` on the suites' registry, with nginx before it."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.conformance import gmlsf_data

HERE = Path(__file__).parent

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_buffer_size 1m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{inner}; proxy_http_version 1.1; proxy_read_timeout 120s;
      proxy_set_header Host $http_host; proxy_hide_header warning; proxy_hide_header last-modified;
      add_header Warning $upstream_http_warning always; add_header Last-Modified $upstream_http_last_modified always;
    }}
    location /metadata/ {{ alias {metadata}/; types {{ text/xml xml; }} }}
  }}
}}
"""


@contextmanager
def behind_nginx(folder: Path, registry: str = "registry") -> Iterator[str]:
    """Address of nginx before a server on one of the suites' registries; both are ended by their own process ids."""
    inner, port = free_port(), free_port()
    configuration = folder / "nginx.conf"
    metadata = Path(os.environ["CITE_DATA"]) / "metadata"
    configuration.write_text(NGINX.format(folder=folder, port=port, inner=inner, metadata=metadata))
    os.environ["CITE_BASE"] = f"http://127.0.0.1:{port}"
    config = shutil.copytree(HERE / registry, folder / "config")
    if registry == "gmlsf":
        gmlsf_data.make(config)
    serve = [sys.executable, "-m", "scripts.cli", "serve", "--config", str(config), "--store", str(folder / "store")]
    commands = (
        [*serve, "--port", str(inner), "--idle", "3600"],
        ["nginx", "-p", str(folder), "-c", str(configuration)],
    )
    with (folder / "server.log").open("wb") as log:
        processes = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
        try:
            await_answer(port, "/health", seconds=60, processes=processes)
            if registry == "gmlsf":
                gmlsf_data.fill(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=20)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(port: int, path: str, seconds: float, processes: Sequence[subprocess.Popen[bytes]] = ()) -> None:
    """Wait until a server on 127.0.0.1 answers 200. Raises TimeoutError, RuntimeError where a process has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for process in processes:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise TimeoutError(f"port {port} did not answer {path} within {seconds:g} s")
