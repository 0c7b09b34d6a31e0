"""A server of S3 (moto's, in a process of its own) on a free port."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.store import S3Store

from scripts.conformance.server import free_port

KEYS = {"AWS_ACCESS_KEY_ID": "essai", "AWS_SECRET_ACCESS_KEY": "essai", "AWS_REGION": "eu-west-3"}


@dataclass(frozen=True)
class Bucket:
    """A bucket; `environment` is what its writers need."""

    endpoint: str
    name: str

    @property
    def environment(self) -> dict[str, str]:
        return {**KEYS, "AWS_ENDPOINT_URL": self.endpoint}

    @property
    def url(self) -> str:
        return f"{self.endpoint}/{self.name}"

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """What is in it below a prefix."""
        store = self._store(prefix)
        return {entry["path"]: self.get(prefix, entry["path"]) for entries in obstore.list(store) for entry in entries}

    def get(self, prefix: str, name: str) -> bytes:
        return bytes(obstore.get(self._store(prefix), name).bytes())

    def headers(self, prefix: str, name: str) -> dict[str, str]:
        return dict(obstore.get(self._store(prefix), name).attributes)

    def _store(self, prefix: str) -> S3Store:
        config = {"endpoint": self.endpoint, "access_key_id": "essai", "secret_access_key": "essai"}
        return S3Store(self.name, prefix=prefix or None, config=config, client_options={"allow_http": True})


@contextmanager
def s3_server(folder: Path, *, name: str = "tuiles", **environment: str) -> Iterator[Bucket]:
    """A running server with one bucket; what it is asked goes to `folder`/s3.log."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "s3.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
    bucket = Bucket(f"http://127.0.0.1:{port}", name)
    try:
        _make(bucket, process)
        yield bucket
    finally:
        process.terminate()
        process.wait()


def _make(bucket: Bucket, process: "subprocess.Popen[bytes]") -> None:
    request = urllib.request.Request(bucket.url, method="PUT")
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the S3 server did not start")
