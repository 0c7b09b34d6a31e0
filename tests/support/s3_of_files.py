"""A server of objects that keeps them as files, as some do: `a` and `a/b` cannot both be there."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from support.s3 import KEYS

MISSING = b"<Error><Code>NoSuchKey</Code></Error>"
REFUSED = b"<Error><Code>XMinioParentIsObject</Code></Error>"


@contextmanager
def s3_of_files(folder: Path) -> Iterator[dict[str, str]]:
    """What writers of its one bucket, whose objects are the files of `folder`, need in the environment."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def place(self) -> Path:
            return folder / unquote(urlsplit(self.path).path).split("/", 2)[2]

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            for name, value in {"Content-Length": len(body), "ETag": '"e"', "Last-Modified": self.date()}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def date(self) -> str:
            return self.date_time_string()

        def do_GET(self) -> None:
            found = self.place().is_file()
            self.answer(200 if found else 404, self.place().read_bytes() if found else MISSING)

        def do_PUT(self) -> None:
            data = self.body()
            try:
                self.place().parent.mkdir(parents=True, exist_ok=True)
                self.place().write_bytes(data)
            except OSError:
                self.answer(400, REFUSED)
            else:
                self.answer(200)

        def do_POST(self) -> None:
            names = re.findall(r"<Key>([^<]+)</Key>", self.body().decode())
            for name in names:
                (folder / name).unlink()
            deleted = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
            self.answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
        finally:
            server.shutdown()
            thread.join()
