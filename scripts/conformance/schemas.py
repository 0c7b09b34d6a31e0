"""A local HTTP proxy that answers for schemas.opengis.net and www.w3.org from files: suites fetch schemas there."""

import http.server
import posixpath
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

SAME = {"/XML/2008/06/xlink.xsd": "/1999/xlink.xsd", "/2009/01/xml.xsd": "/2001/xml.xsd"}


class Mirror:
    """Bytes behind a public address: the schemas' jar, the W3C's files, whatever lies in `extra/HOST/PATH`."""

    def __init__(self, home: Path) -> None:
        jar = next(iter(sorted((home / "lib" / "schemas").glob("ogc-schemas-*.jar"))))
        self._jar = zipfile.ZipFile(jar)
        self._names = frozenset(self._jar.namelist())
        self._folders = {"www.w3.org": _first(home / "w3c", home / "lib" / "schemas" / "w3c")}
        self._extra = _first(home / "extra", home / "lib" / "schemas" / "extra")
        self._lock = threading.Lock()

    def get(self, url: str) -> bytes | None:
        """The document, or None."""
        parts = urlsplit(url)
        host, path = parts.hostname or "", posixpath.normpath(unquote(parts.path) or "/")
        for file in (self._extra / host / path.lstrip("/"), self._w3c(host, path)):
            if file is not None and file.is_file():
                return file.read_bytes()
        if host in ("schemas.opengis.net", "www.opengis.net") and f"ogc{path}" in self._names:
            with self._lock:
                return self._jar.read(f"ogc{path}")
        return None

    def _w3c(self, host: str, path: str) -> Path | None:
        folder = self._folders.get(host)
        return folder / SAME.get(path, path).lstrip("/") if folder else None


def _first(*folders: Path) -> Path:
    return next((folder for folder in folders if folder.is_dir()), folders[0])


@contextmanager
def proxy(home: Path) -> Iterator[int]:
    """The proxy on a free port of 127.0.0.1, which is given, until the block ends."""
    mirror = Mirror(home)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave in one write: in two, the client's delayed acknowledgement costs 40 ms a file.
        wbufsize = -1

        def do_GET(self) -> None:
            body = mirror.get(self.path)
            self.send_response(404 if body is None else 200)
            # TEAM Engine stumbles over a 404 without words.
            words = body or b"not in the mirror\n"
            self.send_header("Content-Length", str(len(words)))
            self.send_header("Content-Type", "text/plain" if body is None else "application/xml")
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
