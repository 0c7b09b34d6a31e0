"""A site in an object store, s3://bucket/prefix: only what changed is written, and never half a site is seen.

A bucket has no link that could be moved. So tiles and archives go first, then the documents that lead to them, then the
list of what there is (`.garrigue.json.gz`), and only then what is not there any more is deleted. Who is stopped
before the end leaves the documents of the old site; the next one writes what differs from the old list.

Address, region and keys are those of the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL …), as in every client of S3.
"""

import gzip
import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store
from xxhash import xxh3_128_hexdigest

from tiles.site.folder import SiteError

logger = logging.getLogger("garrigue.publish")

NOTES = ".garrigue.json.gz"
AT_ONCE = 16
"""Files that are sent at the same time; four times as many wait in memory."""
PATIENCE = timedelta(seconds=30)
"""How long a request is tried again."""
_DATA = ("tiles/", "vector/", "pmtiles/", "fonts/", "static/")
"""What documents lead to."""
_KEYS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to keys of the store"
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "xml": "application/xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "pmtiles": "application/vnd.pmtiles",
    "mvt": "application/vnd.mapbox-vector-tile",
    "pbf": "application/x-protobuf",
}


@dataclass(slots=True)
class BucketVersion:
    """A version in the making; `old` is the list of the site before, `folder` for files that others make."""

    bucket: "Bucket"
    folder: Path
    old: dict[str, Any]
    prints: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    folders: dict[str, bytes] = field(default_factory=dict)
    archives: list[str] = field(default_factory=list)
    written: int = 0
    kept: int = 0

    @property
    def gone(self) -> list[str]:
        """Files of the old version that are not in this one."""
        return sorted(self.old["files"].keys() - self.files.keys())

    @property
    def removed(self) -> int:
        """Files of the old version that are not in this one, or are others."""
        return len(self.old["files"]) - self.kept

    def put(self, name: str, data: bytes) -> None:
        """A file, where it is not the same in the old version: sent at once where documents lead to it, else last."""
        folder, _, last = name.rpartition("/")
        if folder and last in ("index.json", "index.html"):
            self.folders[folder] = data
        self._put(name, data)

    def made(self, name: str) -> Path:
        """Where a file is to be written by others before the end of the version."""
        self.archives.append(name)
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def keep(self, name: str, fingerprint: str) -> bool:
        """Take a file or folder over from the old version, if it was made of the same there; else False."""
        self.prints[name] = fingerprint
        if self.old["prints"].get(name) != fingerprint:
            return False
        same = {file: digest for file, digest in self.old["files"].items() if f"{file}/".startswith(f"{name}/")}
        self.files |= same
        self.kept += len(same)
        return True

    def _put(self, name: str, data: bytes) -> None:
        digest = xxh3_128_hexdigest(data)
        self.files[name] = digest
        if self.old["files"].get(name) == digest:
            self.kept += 1
            return
        self.written += 1
        if name.startswith(_DATA):
            self.bucket.send(name, data)
        else:
            self.documents[name] = data

    def finish(self) -> None:
        """What is left, in the order in which a reader must find it."""
        for name in self.archives:
            self.files[name] = self.prints.get(name, "")
            self.written += 1
            self.bucket.send(name, self.folder / name)
        self.bucket.settle()
        for name, data in self.documents.items():
            self.bucket.send(name, data)
        self.bucket.settle()
        self._put_folders()
        if self.written or self.gone:
            self.bucket.write_notes({"prints": self.prints, "files": self.files})
            self.bucket.delete(self.gone)

    def _put_folders(self) -> None:
        """The index of a folder by the folder's address too, where the store takes an object beside others below it.

        Those that keep objects as files do not: then it is there as `…/index.json` alone, which is
        what the documents lead to.
        """
        digests = {name: xxh3_128_hexdigest(data) for name, data in self.folders.items()}
        same = {name: digest for name, digest in digests.items() if self.old["files"].get(name) == digest}
        self.files |= same
        self.kept += len(same)
        new = sorted(digests.keys() - same.keys())
        try:
            for name in new[:1]:
                self.bucket.put(name, self.folders[name])
            for name in new[1:]:
                self.bucket.send(name, self.folders[name])
            self.bucket.settle()
        except SiteError as error:
            logger.info("no object at the address of a folder: %s", error)
            return
        self.files |= {name: digests[name] for name in new}
        self.written += len(new)


class Bucket:
    """Objects under a prefix. Every method raises SiteError, in words that tell what is to be done."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise SiteError(f"{url!r} is no address of a bucket: s3://bucket/prefix")
        self.url = url.rstrip("/")
        self.bucket = parts.netloc
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        with self._told():
            self.store = S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                client_options={"allow_http": endpoint.startswith("http://"), "timeout": PATIENCE},
                retry_config={"max_retries": 3, "retry_timeout": PATIENCE},
                config={"endpoint": endpoint} if endpoint else {},
            )
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._sending: set[Future[None]] = set()

    def close(self) -> None:
        """Let go of what is not sent yet."""
        self._pool.shutdown(cancel_futures=True)

    def notes(self) -> dict[str, Any]:
        """The list of the site that is there; an empty one where there is none."""
        try:
            with self._told():
                data = bytes(obstore.get(self.store, NOTES).bytes())
        except FileNotFoundError:
            return {"prints": {}, "files": {}}
        try:
            found: dict[str, Any] = json.loads(gzip.decompress(data))
            return {"prints": dict(found["prints"]), "files": dict(found["files"])}
        except (ValueError, KeyError, TypeError, EOFError, OSError):
            raise SiteError(
                f"{self.url}/{NOTES} is not what garrigue wrote; delete it to write the site anew"
            ) from None

    def write_notes(self, notes: dict[str, Any]) -> None:
        """Write the list."""
        self.put(NOTES, gzip.compress(json.dumps(notes).encode(), mtime=0))

    def send(self, name: str, data: bytes | Path) -> None:
        """Send an object, beside others; `settle` waits for them."""
        while len(self._sending) >= AT_ONCE * 4:
            self._collect()
        self._sending.add(self._pool.submit(self.put, name, data))

    def settle(self) -> None:
        """Wait until everything is sent."""
        while self._sending:
            self._collect()

    def delete(self, names: list[str]) -> None:
        """Delete objects."""
        for start in range(0, len(names), 1000):
            with self._told():
                obstore.delete(self.store, names[start : start + 1000])

    def _collect(self) -> None:
        done = next((one for one in self._sending if one.done()), None) or next(iter(self._sending))
        self._sending.discard(done)
        done.result()

    def put(self, name: str, data: bytes | Path) -> None:
        """Send an object, and wait for it."""
        with self._told():
            obstore.put(self.store, name, data, attributes=_attributes(name))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise SiteError(f"there is no bucket {self.bucket!r} at {self._where()}") from None
            raise
        except (UnauthenticatedError, PermissionDeniedError):
            raise SiteError(
                f"{self._where()} does not let these keys write to {self.url}: {_KEYS}, and to which that is allowed"
            ) from None
        except BaseError as error:
            if "169.254.169.254" in str(error):
                # Without keys the client asks the machine that it may run on at Amazon's.
                raise SiteError(f"no keys to write to {self.url}: {_KEYS}") from None
            raise SiteError(f"{self.url} cannot be reached at {self._where()}: {_reason(error)}") from None

    def _where(self) -> str:
        return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "Amazon S3"


@contextmanager
def new_bucket_version(url: str) -> Iterator[BucketVersion]:
    """A version to fill; it comes into force at the end of the block, if that is reached. Raises SiteError."""
    bucket = Bucket(url)
    try:
        with TemporaryDirectory(prefix="garrigue-s3-") as folder:
            version = BucketVersion(bucket, Path(folder), bucket.notes())
            yield version
            version.finish()
    finally:
        bucket.close()


def _attributes(name: str) -> dict[str, str]:
    """The headers with which an object is served."""
    kind = _TYPES.get(name.rpartition(".")[2], "application/json")
    kept = name.startswith(("vector/", "pmtiles/", "static/", "fonts/")) or (
        name.startswith("tiles/") and not name.endswith(".json")
    )
    headers = {"Content-Type": kind, "Cache-Control": "public, max-age=86400" if kept else "no-cache"}
    return headers | ({"Content-Encoding": "gzip"} if name.startswith("vector/") else {})


def _reason(error: BaseError) -> str:
    """The end of what the client says: before it are its own calls."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
