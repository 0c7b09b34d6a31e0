"""Between client and engine: bodies streamed and bounded, clients that leave, nginx before us on another path."""

import shutil
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from lxml import etree

from support.schemas import required
from support.server import running, until

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err; {user}
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location /geo/ {{
      proxy_pass http://127.0.0.1:{inner}/; proxy_http_version 1.1;
      proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Prefix /geo;
    }}
  }}
}}
"""
FEATURES = "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=parcelle"


@pytest.fixture(scope="module")
def behind(config_dir, tmp_path_factory):
    """A server that trusts a proxy on this machine, and reads bodies of 5,000 bytes at most."""
    folder = tmp_path_factory.mktemp("proxy")
    config = Path(shutil.copytree(config_dir, folder / "config"))
    with (config / "service.yaml").open("a") as out:
        out.write("trusted_proxies: [127.0.0.1]\n")
    text = (config / "service.yaml").read_text().replace("features: 1000}", "features: 1000, body: 5000}")
    (config / "service.yaml").write_text(text)
    with running(config, folder / "store") as server:
        yield server


def test_a_document_behind_nginx_carries_its_address(behind, tmp_path):
    if shutil.which("nginx") is None:
        required("nginx")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = "user root;" if Path("/proc/self").stat().st_uid == 0 else ""
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port, inner=behind.port, user=user))
    process = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    try:
        proxied = type(behind)("127.0.0.1", port, process.pid, behind.config, behind.store, behind.log)
        until(lambda: _answers(port))
        asked = {"Host": "cartes.example.org"}
        for path in (
            "/",
            "/wms?SERVICE=WMS&REQUEST=GetCapabilities",
            "/wfs?SERVICE=WFS&REQUEST=GetCapabilities&SECTIONS=All",
        ):
            text = proxied.get(f"/geo{path}", asked).text
            assert "https://cartes.example.org/geo/" in text
            assert "127.0.0.1" not in text
        assert "https://cartes.example.org/geo/ogcapi" in proxied.get("/geo/ogcapi?f=json", asked).text
    finally:
        process.terminate()
        process.wait(timeout=10)


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_client_cannot_tell_the_engine_where_it_is(behind):
    answer = behind.get(
        "/wfs?SERVICE=WFS&REQUEST=GetCapabilities&SECTIONS=All", {"X-Garrigue-Base": "http://evil.example"}
    )
    assert "evil.example" not in answer.text
    assert behind.url in answer.text


def test_a_posted_request_is_passed_on_whole(behind):
    body = (
        '<wfs:GetFeature xmlns:wfs="http://www.opengis.net/wfs/2.0" service="WFS" version="2.0.0" count="3">'
        '<wfs:Query typeNames="parcelle"/></wfs:GetFeature>'
    )
    told = behind.get("/wfs", {"Content-Type": "text/xml"}, method="POST", body=body)
    assert told.status == 200, told.text[:500]
    assert etree.fromstring(told.body).get("numberReturned") == "3"
    pieces = (piece.encode() for piece in (body[:50], body[50:120], body[120:]))
    chunked = behind.get("/wfs", {"Content-Type": "text/xml"}, method="POST", body=pieces)
    assert (chunked.status, etree.fromstring(chunked.body).get("numberReturned")) == (200, "3")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused_in_the_protocols_form(behind, chunked):
    body = b"x" * 20_000
    sent = iter([body]) if chunked else body
    answer = behind.get("/wfs", {"Content-Type": "text/xml"}, method="POST", body=sent)
    assert answer.status == 413
    assert etree.fromstring(answer.body).tag.endswith("ExceptionReport")


def test_a_large_answer_comes_whole_and_head_comes_without(behind):
    answer = behind.get(FEATURES)
    assert answer.status == 200
    assert etree.fromstring(answer.body).get("numberReturned") == "100"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(answer.headers.get_all("Date")) == 1
    head = behind.get(FEATURES, method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_a_client_that_leaves_frees_the_process_that_worked_for_it(behind, get_map):
    assert behind.get(get_map).status == 200
    heavy = get_map.replace("WIDTH=256&HEIGHT=256", "WIDTH=2048&HEIGHT=2048")
    for _ in range(12):
        with socket.create_connection((behind.host, behind.port), timeout=5) as client:
            client.sendall(f"GET {heavy} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            time.sleep(0.05)
    until(lambda: behind.status()["engine"]["in_flight"] == 0, 10)
    assert behind.get(get_map).status == 200


def test_a_half_sent_body_is_not_waited_for_by_others(behind):
    with socket.create_connection((behind.host, behind.port), timeout=5) as client:
        client.sendall(b"POST /wfs HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 400\r\n\r\n<wfs:")
        assert behind.get(FEATURES + "&COUNT=1").status == 200
    until(lambda: behind.status()["engine"]["in_flight"] == 0, 10)


def test_the_ogc_api_tells_itself_what_it_allows(behind):
    answer = behind.get("/ogcapi/collections", method="OPTIONS")
    assert "GET" in answer.headers["Allow"]
    assert behind.get("/ogcapi/collections", method="DELETE").status == 405
    assert behind.get("/ogcapi/nothing").status == 404
