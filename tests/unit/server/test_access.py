"""Who asks: keys, HTTP Basic, proxies' headers; and what is left of a registry for them."""

import base64
from dataclasses import replace
from types import MappingProxyType

import pytest

from layers.errors import UnknownLayerError, WithheldLayerError
from server.access import ANYBODY, Admission, Asker
from server.asked_base import Origin
from server.keys import Keys


def scope(query: bytes = b"", client: str = "192.0.2.1", **headers: str):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"headers": pairs, "query_string": query, "client": (client, 1)}


@pytest.fixture
def keys(tmp_path) -> Keys:
    return Keys(tmp_path)


def admission(keys: Keys, identity=None) -> Admission:
    return Admission(keys, Origin(None, ["198.51.100.0/24"]), identity)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"qui:{password}".encode()).decode()


def test_a_key_is_taken_from_basic_header_and_parameter(keys):
    secret = keys.add("bureau", ["voirie", "eau"])
    expected = Asker("bureau", frozenset({"voirie", "eau"}))
    for asked in (
        scope(authorization=basic(secret)),
        scope(x_api_key=secret),
        scope(b"SERVICE=WMS&ApiKey=" + secret.encode()),
    ):
        assert admission(keys).asker(asked) == expected


@pytest.mark.parametrize("text", ["Basic", "Basic é", "Basic !!!", "Bearer x", basic(""), basic("faux")])
def test_what_is_no_key_is_anybody(keys, text):
    keys.add("bureau", ["voirie"])
    assert admission(keys).asker(scope(authorization=text)) is ANYBODY


def test_a_revoked_key_opens_nothing_any_more(keys):
    secret, other = keys.add("bureau", ["voirie"]), keys.add("mairie", ["voirie"])
    assert Keys(keys.path.parent).holder(secret)
    assert keys.holder(secret)
    assert keys.revoke("bureau") == 1
    assert keys.holder(secret) is None
    assert keys.holder(other)
    assert keys.revoke("bureau") == 0


def test_the_key_itself_is_nowhere_in_the_file_which_only_its_owner_reads(keys):
    secret = keys.add("bureau", ["voirie"])
    assert secret not in keys.path.read_text()
    assert keys.path.stat().st_mode & 0o077 == 0


def test_headers_of_a_user_are_believed_from_trusted_proxies_alone(keys):
    identity = {"user": "sec-username", "groups": "Sec-Roles"}
    told = {"sec_username": "zoé", "sec_roles": "ROLE_SIG;voirie, eau"}
    found = admission(keys, identity).asker(scope(client="198.51.100.7", **told))
    assert found.groups == {"ROLE_SIG", "voirie", "eau"}
    assert found.known
    assert admission(keys, identity).asker(scope(**told)) is ANYBODY
    assert admission(keys).asker(scope(client="198.51.100.7", **told)) is ANYBODY


@pytest.mark.parametrize("name", ["bureau", "zoé; x", "a\r\nb", "é"])
def test_an_asker_survives_the_way_to_the_engine(name):
    asker = Asker(name, frozenset({"voirie", "eau"}))
    header = asker.header()
    assert header.isascii()
    assert header.isprintable()
    assert Asker.from_header(header).groups == asker.groups
    assert Asker.from_header(header).known
    assert Asker.from_header(ANYBODY.header()) is ANYBODY


@pytest.fixture(scope="module")
def kept(registry):
    """The small registry, its parcels kept for a group."""
    layer = registry.layers["parcelle"]
    definition = layer.definition.model_copy(update={"access": ("voirie",)})
    layers = {**registry.layers, "parcelle": replace(layer, definition=definition)}
    return replace(registry, layers=MappingProxyType(layers))


def test_a_registry_is_narrowed_to_what_groups_reach(kept, registry):
    assert "parcelle" not in kept.reached_by(frozenset({"eau"})).layers
    assert kept.reached_by(frozenset({"eau", "voirie"})) is kept
    assert registry.reached_by(frozenset()) is registry
    versions = {kept.version, *(kept.reached_by(frozenset(), known=known).version for known in (True, False))}
    assert len(versions) == 3


def test_a_layer_out_of_reach_is_unknown_and_withheld_from_strangers(kept):
    with pytest.raises(UnknownLayerError) as error:
        kept.reached_by(frozenset({"eau"})).layer("parcelle")
    assert not isinstance(error.value, WithheldLayerError)
    with pytest.raises(WithheldLayerError):
        kept.reached_by(frozenset(), known=False).layer("essai:parcelle")


def test_a_theme_of_which_nothing_is_left_goes_too(kept):
    layers = {name: layer for name, layer in kept.layers.items() if name in ("parcelle", "ortho")}
    left = replace(kept, layers=MappingProxyType(layers)).reached_by(frozenset())
    assert list(left.layers) == ["ortho"]
    assert left.layers["ortho"].theme in left.themes
    assert kept.layers["parcelle"].theme not in left.themes
