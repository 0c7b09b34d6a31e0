"""MapLibre in a real Chromium: a page of its own shows a style, and tells what it drew."""

import base64
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from queue import Empty, Queue
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from support.schemas import required

LIBRARY = Path(__file__).parents[2] / "server/site/viewer/maplibre"
OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=800,800",
]

PAGE = """<!doctype html><meta charset="utf-8">
<style>body { margin: 0; } #map { width: SIDEpx; height: SIDEpx; }</style>
<div id="map"></div><script type="module">
import { Map } from "./maplibre-gl.mjs";
const shown = (view) => new Promise((done) => {
  const errors = [], drawn = {};
  const map = new Map({ container: "map", ...view, fadeDuration: 0, interactive: false, attributionControl: false,
    canvasContextAttributes: { preserveDrawingBuffer: true } });
  map.on("error", (event) => errors.push(String(event.error?.message ?? event.error)));
  map.once("idle", () => {
    for (const { layer } of map.queryRenderedFeatures()) drawn[layer.id] = (drawn[layer.id] ?? 0) + 1;
    const picture = map.getCanvas().toDataURL("image/png");
    map.remove();
    done({ errors, drawn, picture });
  });
});
const found = [];
for (const view of VIEWS) found.push(await shown(view));
fetch("told", { method: "POST", body: JSON.stringify(found) });
</script>"""


@dataclass
class Shown:
    """What MapLibre says: its errors, features drawn by layer, the picture (RGBA)."""

    errors: list[str]
    drawn: dict[str, int]
    picture: npt.NDArray[np.uint8]


@dataclass
class Browser:
    """A page's address, what is on it now, and what it told."""

    address: str = ""
    page: str = ""
    told: "Queue[Any]" = field(default_factory=Queue)

    def show(self, views: list[dict[str, Any]], side: int, profile: Path) -> list[Shown]:
        """Show styles (`style`, `center`, `zoom` of each view) one after the other, each until nothing more comes."""
        self.page = PAGE.replace("VIEWS", json.dumps(views)).replace("SIDE", str(side))
        return [_shown(found) for found in self.open(f"{self.address}/page.html", profile)]

    def open(self, address: str, profile: Path, seconds: float = 120) -> Any:
        """Open an address in a Chromium of its own, until a page has told something."""
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or required("Chromium")
        command = [chromium, *OPTIONS, f"--user-data-dir={profile}", address]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                return self.told.get(timeout=seconds)
            except Empty:
                raise AssertionError(f"{address} told nothing within {seconds:g} s") from None
            finally:
                process.terminate()
                process.wait(timeout=30)


def _shown(found: dict[str, Any]) -> Shown:
    picture = base64.b64decode(found["picture"].partition(",")[2])
    return Shown(found["errors"], found["drawn"], np.array(Image.open(BytesIO(picture)).convert("RGBA")))


class _Handler(SimpleHTTPRequestHandler):
    extensions_map: ClassVar[dict[str, str]] = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

    def __init__(self, browser: Browser, *args: Any, **more: Any) -> None:
        self.browser = browser
        super().__init__(*args, **more)

    def do_GET(self) -> None:
        if self.path != "/page.html":
            super().do_GET()
            return
        self._answer(self.browser.page.encode())

    def do_POST(self) -> None:
        self.browser.told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def browser(library: Path = LIBRARY) -> Iterator[Browser]:
    """A page on a free port, beside the files of a library."""
    found = Browser()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, found, directory=str(library))) as server:
        found.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join(10)
