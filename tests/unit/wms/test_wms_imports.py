import subprocess
import sys

import pytest

HEAVY = {
    "mapnik",
    "rasterio",
    "pyogrio",
    "pyarrow",
    "mapproxy",
    "pygeoapi",
    "shapely",
    "lxml",
    "jinja2",
    "PIL",
    "numpy",
}

TELL = "print(*{m.split('.')[0] for m in sys.modules})"


@pytest.mark.parametrize("operation", ["get_map", "get_feature_info", "get_legend_graphic", "get_capabilities"])
def test_the_engine_loads_nothing_that_draws(operation):
    program = (
        f"import sys, server.wms.service, server.wms.{operation}; print(*{{m.split('.')[0] for m in sys.modules}})"
    )
    out = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=True)
    assert not HEAVY & set(out.stdout.split())


def test_drawing_loads_nothing_of_other_protocols():
    program = "import sys, server.wms.get_map, layers.render; " + TELL
    out = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=True)
    assert not {"pyogrio", "pyarrow", "mapproxy", "pygeoapi"} & set(out.stdout.split())
