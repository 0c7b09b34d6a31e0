"""Memory of processes that draw."""

import subprocess
import sys

import pytest

PIECES = """
import resource, sys
from server.memory import keep_freed
if sys.argv[1] == "kept":
    keep_freed()
def draw():
    return [b"x" * (1_000_000 + 500_000 * n) for n in range(4)]
draw()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    draw()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.parametrize(("how", "asks"), [("kept", False), ("usual", True)])
def test_what_a_picture_took_is_not_asked_again_of_the_system(how, asks):
    done = subprocess.run([sys.executable, "-c", PIECES, how], capture_output=True, text=True, check=True)
    pages = 20 * 7_000_000 // 4096
    assert (int(done.stdout) > pages // 2) == asks
