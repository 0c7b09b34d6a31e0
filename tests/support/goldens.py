"""Pictures compared with those taken as right; the difference is written where they do not agree."""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parents[1] / "data" / "goldens"
OUT = Path(__file__).parents[1] / "out"
TOLERANCE = 32
SHARE = 0.01


def assert_golden(picture: bytes, name: str) -> None:
    """The picture is the golden one of this name: same size, and at most SHARE of the pixels differ by TOLERANCE.

    With GARRIGUE_BLESS in the environment the picture is taken as right instead.
    """
    path = FOLDER / f"{name}.png"
    drawn = np.asarray(Image.open(BytesIO(picture)).convert("RGBA"))
    if os.environ.get("GARRIGUE_BLESS"):
        Image.fromarray(drawn).quantize(256).save(path, optimize=True)
        return
    assert path.exists(), f"{path} is not there: look at the picture, then run with GARRIGUE_BLESS=1"
    golden = np.asarray(Image.open(path).convert("RGBA"))
    assert drawn.shape == golden.shape
    far = np.abs(drawn.astype(int) - golden.astype(int)).max(axis=2) > TOLERANCE
    if far.mean() > SHARE:
        OUT.mkdir(exist_ok=True)
        Image.fromarray(drawn).save(OUT / f"{name}.png")
        Image.fromarray((far * 255).astype("uint8")).save(OUT / f"{name}.diff.png")
    assert far.mean() <= SHARE, f"{name}: {far.mean():.1%} of the pixels differ; see {OUT}"
