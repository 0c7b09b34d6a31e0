"""The limit on open files, raised in a process of its own as the front does."""

import subprocess
import sys

import pytest

_CHILD = """
import resource, sys
from server.front.open_files import raise_limit
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(raise_limit(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "limit", "then"),
    [(64, 512, 256, 256, 256), (64, 128, 256, 128, 128), (300, 512, 256, 256, 300)],
    ids=["raised", "as far as it goes", "high enough"],
)
def test_the_limit_is_raised_as_far_as_it_goes(soft: int, hard: int, wanted: int, limit: int, then: int) -> None:
    command = [sys.executable, "-c", _CHILD, *map(str, (soft, hard, wanted))]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split() == [str(limit), str(then)]
