"""The address under which a client asked."""

import pytest

from server.asked_base import Origin


def scope(client: str = "10.0.0.7", scheme: str = "http", **headers: str):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"client": (client, 1234), "scheme": scheme, "headers": pairs, "server": ("127.0.0.1", 8080)}


FORWARDED = {"x_forwarded_proto": "https", "x_forwarded_host": "geo.example.org", "x_forwarded_prefix": "/sig/"}


def test_the_host_that_was_asked_is_told():
    assert Origin(None, []).base(scope(host="carte.example.org:8080")) == "http://carte.example.org:8080"


def test_a_client_cannot_forward():
    assert Origin(None, []).base(scope(host="a.example", **FORWARDED)) == "http://a.example"
    assert Origin(None, ["192.168.0.0/16"]).base(scope(host="a.example", **FORWARDED)) == "http://a.example"


def test_a_declared_proxy_tells_scheme_host_and_prefix():
    assert Origin(None, ["10.0.0.0/8"]).base(scope(host="a", **FORWARDED)) == "https://geo.example.org/sig"


def test_the_public_address_overrides_everything():
    assert Origin("https://geo.fr/x/", ["10.0.0.7"]).base(scope(host="a", **FORWARDED)) == "https://geo.fr/x"


@pytest.mark.parametrize("host", ['"><script>', "a b", "a/../b", "a\r\nX: y", "a'", "é", "a" * 300, "user@host"])
def test_a_hostile_host_is_no_address(host):
    pairs = [(b"host", host.encode("latin-1"))]
    assert Origin(None, []).base({**scope(), "headers": pairs}) is None


@pytest.mark.parametrize("prefix", ["/a b", '/"', "/<x>", "/a\\b"])
def test_a_hostile_prefix_is_none_either(prefix):
    asked = scope(host="a", **{**FORWARDED, "x_forwarded_prefix": prefix})
    assert Origin(None, ["10.0.0.7"]).base(asked) is None


def test_the_client_behind_a_proxy_is_the_last_one_that_the_proxy_saw():
    asked = scope(x_forwarded_for="1.2.3.4, 5.6.7.8")
    assert Origin(None, ["10.0.0.7"]).client(asked) == "5.6.7.8"
    assert Origin(None, []).client(asked) == "10.0.0.7"
