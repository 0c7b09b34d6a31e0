"""The start page in a real browser: what its script adds, and what is left without it or without the engine."""

import shutil
import socket
import subprocess
import threading
from dataclasses import dataclass

import pytest
import uvicorn
from lxml import html
from starlette.applications import Starlette

from layers.registry import Registry
from server.portal.service import routes
from support.schemas import required

OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=8000",
    "--dump-dom",
]
pytestmark = pytest.mark.chromium


@dataclass
class Alone:
    """What the portal needs of the engine's context."""

    registry: Registry

    def base(self, request) -> str:
        return f"http://{request.headers['host']}"


@pytest.fixture(scope="module")
def address(registry):
    """The portal on a port of its own: no tile and no map is there."""
    app = Starlette(routes=routes(None))
    app.state.context = Alone(registry)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Opens an address and gives the page as the script leaves it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or required("Chromium")

    def opened(address: str, *options: str):
        profile = tmp_path_factory.mktemp("profile")
        command = [chromium, *OPTIONS, f"--user-data-dir={profile}", *options, address]
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        return html.fromstring(done.stdout.decode())

    return opened


def test_an_opened_layer_has_a_map_and_says_what_cannot_be_drawn(browser, address):
    page = browser(f"{address}/?lang=fr#arbre")
    drawn = page.xpath("//*[contains(@class, 'leaflet-container')]")
    assert [element.get("data-layer") for element in drawn] == ["arbre"]
    assert page.xpath("//*[@id='arbre']//details/@open") == [""]
    assert page.xpath("//p[@class='said']")[0].text == "La carte ne peut pas être affichée pour l’instant."


def test_no_map_is_loaded_before_it_is_opened(browser, address):
    page = browser(f"{address}/?lang=fr")
    assert not page.xpath("//*[contains(@class, 'leaflet')]")
    assert not [src for src in page.xpath("//script/@src") if "leaflet" in src]
    assert not page.xpath("//form[@role='search']/@hidden")
    assert not page.xpath("//button[@class='copy']/@hidden")


def test_pictures_that_are_not_there_leave_the_glyph(browser, address):
    page = browser(f"{address}/?lang=en", "--window-size=1280,4000")
    pictures = page.xpath("//*[contains(@class, 'picture')]/img")
    assert pictures
    assert {picture.get("class") for picture in pictures} == {"lost"}
