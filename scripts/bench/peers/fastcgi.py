"""A FastCGI program in several processes behind nginx, as Debian's packages are run."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts.bench.peers.peer import Peer, Processes, await_answer, free_port, installed

NGINX = """
{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  upstream program {{ server unix:{socket}; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      fastcgi_pass program; fastcgi_read_timeout 900s; fastcgi_max_temp_file_size 0; fastcgi_buffers 16 64k;
      fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type; fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param SCRIPT_NAME $fastcgi_script_name; fastcgi_param REQUEST_URI $request_uri;
      fastcgi_param PATH_INFO {path_info}; fastcgi_param SERVER_PROTOCOL $server_protocol;
      fastcgi_param SERVER_NAME 127.0.0.1; fastcgi_param SERVER_PORT {port}; fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param HTTP_HOST $http_host; fastcgi_param GATEWAY_INTERFACE CGI/1.1;
    }}
  }}
}}
"""

IDLE = 0.2
"""Seconds to end in: MapServer that waits for a request does not hear SIGTERM."""


@contextmanager
def fastcgi(
    name: str,
    command: list[str],
    env: Mapping[str, str],
    folder: Path,
    *,
    base: str,
    ready: str,
    processes: int,
    path_info: str = '""',
) -> Iterator[Peer]:
    """`processes` of a program that accept on one socket, nginx before them; a 200 for `base + ready` says it is up.

    `path_info` is what nginx tells the program of the path.
    """
    nginx = installed("nginx")
    folder.mkdir(parents=True, exist_ok=True)
    port, path = free_port(), folder / "fcgi.sock"
    path.unlink(missing_ok=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        NGINX.format(user=_user(), folder=folder, socket=path, port=port, path_info=path_info), encoding="utf-8"
    )
    with socket.socket(socket.AF_UNIX) as listening, Processes(folder / "log", IDLE) as group:
        listening.bind(str(path))
        listening.listen(512)
        pids = [group.start(command, env=env, stdin=listening) for _ in range(processes)]
        before = group.start([nginx, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "nginx.err")])
        await_answer(group, port, base + ready)
        yield Peer(name, port, base, tuple(pids), (before,))


def _user() -> str:
    """Root's nginx would hand its worker to another user, who may not enter the folder."""
    return "user root;" if os.geteuid() == 0 else ""
