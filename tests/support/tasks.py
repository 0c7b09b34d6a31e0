"""Tasks for render processes: these import them by name, so they cannot be in a test's own module."""

import os
import signal
import time


def version_of(registry):
    return registry.version, os.getpid()


def doze(_registry, seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def crash(_registry) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(registry) -> None:
    registry.layer("rien")


def large(_registry, size: int) -> bytes:
    return bytes(size)
