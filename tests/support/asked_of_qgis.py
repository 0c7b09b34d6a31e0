"""A real QGIS in a process of its own: what it is asked, and the sources as it writes them."""

import json
import subprocess
from pathlib import Path
from urllib.parse import quote

from support.schemas import required

PYTHON = "/usr/bin/python3"


def ask_qgis(*asks: dict) -> list[dict]:
    """QGIS's answers; each question a process's argument, so that nothing is kept from one to the next."""
    if subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
        required("python3-qgis")
    script = Path(__file__).with_name("qgis_probe.py")
    run = subprocess.run([PYTHON, script, json.dumps(asks)], capture_output=True, timeout=180, check=False)
    answers = [json.loads(line) for line in run.stdout.splitlines() if line.startswith(b"{")]
    assert len(answers) == len(asks), run.stderr[-2000:]
    return answers


def wms(base: str, layer: str, crs: str = "EPSG:2154", **options: str) -> str:
    """A WMS source as QGIS writes it."""
    extra = "".join(f"&{name}={value}" for name, value in options.items())
    return f"contextualWMSLegend=0&crs={crs}&format=image/png&layers={layer}&styles=&url={base}/wms{extra}"


def wmts(base: str, layer: str, grid: str, crs: str, form: str = "image/png") -> str:
    """A WMTS source, its capabilities by KVP."""
    url = quote(f"{base}/wmts?SERVICE=WMTS&REQUEST=GetCapabilities", safe="/:")
    return f"crs={crs}&format={form}&layers={layer}&styles=default&tileMatrixSet={grid}&url={url}"
