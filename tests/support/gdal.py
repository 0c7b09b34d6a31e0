"""GDAL's own tools, run."""

import os
import shutil
import subprocess
from tempfile import TemporaryDirectory

from support.schemas import required


def run(*command: str) -> str:
    """What a GDAL tool prints; it must not fail, nor complain."""
    if shutil.which(command[0]) is None:
        required("gdal-bin")
    with TemporaryDirectory() as cache:
        environment = {**os.environ, "GDAL_DEFAULT_WMS_CACHE_PATH": cache}
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout
