"""`python -m scripts.bench.adopt COMMAND …`: run it, and wait for the processes that it leaves behind as well.

The processor's time of a command is told of what it waited for. Workers of a fork server are waited for by that one,
and nobody waits for a fork server: here they are adopted (Linux: prctl(2), PR_SET_CHILD_SUBREAPER), and counted.
"""

import ctypes
import os
import subprocess
import sys

_PR_SET_CHILD_SUBREAPER = 36


def main(command: list[str]) -> int:
    """The command's exit status, when the last of its descendants has ended."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    status = subprocess.run(command, check=False).returncode
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
