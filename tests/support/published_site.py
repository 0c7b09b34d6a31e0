"""A site that `garrigue publish` wrote, served by nginx alone."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from scripts.conformance.server import await_answer, free_port
from support.schemas import required

ROOT = Path(__file__).parents[2]


@dataclass
class Site:
    """A published site that nginx serves."""

    url: str
    folder: Path
    store: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(path if path.startswith("http") else f"{self.url}{path}", headers=headers)


def garrigue(*arguments: object, status: int = 0) -> str:
    """What a command says."""
    command = [sys.executable, "-m", "scripts.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == status, done.stderr + done.stdout
    return done.stdout + done.stderr


def publish_layers(site: Site, config: Path, layers: Sequence[str], *more: object) -> dict:
    """Publish, and what that tells."""
    ask = ["--config", config, "--store", site.store, "--to", site.folder, "--url", site.url, "--json"]
    return json.loads(garrigue("publish", *layers, *ask, "--port", site.url.rpartition(":")[2], *more))


@contextmanager
def served_by_nginx(site: Site, folder: Path) -> Iterator[None]:
    """The site at its address; nginx's own files go into a folder."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin") or required("nginx")
    main = f"daemon off; user root; pid {folder}/pid; error_log {folder}/err; events {{}} http {{ access_log off; "
    main += "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "main.conf").write_text(
        f"{main} client_body_temp_path {folder}/body; include {site.folder}/nginx.conf; }}"
    )
    with subprocess.Popen([nginx, "-p", folder, "-c", folder / "main.conf"], stderr=subprocess.DEVNULL) as process:
        try:
            await_answer(int(site.url.rpartition(":")[2]), "/", seconds=10, processes=[process])
            yield
        finally:
            process.terminate()


@contextmanager
def served_by_caddy(site: Site, folder: Path) -> Iterator[Site]:
    """The same site at another address, by its Caddyfile; the port and what the machine has once are changed in it."""
    caddy = shutil.which("caddy", path="/usr/bin:/usr/local/bin") or required("caddy")
    written = (site.folder / "Caddyfile").read_text()
    subprocess.run([caddy, "validate", "--adapter", "caddyfile", "--config", site.folder / "Caddyfile"], check=True)
    port, own = free_port(), folder / "Caddyfile"
    place = f":{site.url.rpartition(':')[2]} {{"
    assert place in written
    own.write_text("{\n\tadmin off\n}\n" + written.replace(place, f"http://127.0.0.1:{port} {{"))
    command = [caddy, "run", "--adapter", "caddyfile", "--config", own]
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log, env=homes) as process:
        try:
            await_answer(port, "/", seconds=20, processes=[process])
            yield Site(f"http://127.0.0.1:{port}", site.folder, site.store)
        finally:
            process.terminate()
