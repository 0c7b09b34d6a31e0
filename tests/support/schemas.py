"""The OGC's schemas, offline: from Maven's org.jvnet.ogc:ogc-schemas (fetched once, by `mvn`) and pycsw's wheel."""

import importlib.util
import os
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

ARTIFACT = "org.jvnet.ogc:ogc-schemas:2.6.1"
OUT = Path(__file__).parents[1] / "out" / "schemas"
ROOTS = {
    "wms/1.3.0": "wms/1.3.0/capabilities_1_3_0.xsd",
    "wms/1.3.0/exceptions": "wms/1.3.0/exceptions_1_3_0.xsd",
    "wmts/1.0": "wmts/1.0/wmtsGetCapabilities_response.xsd",
    "ows/1.1.0": "ows/1.1.0/owsAll.xsd",
    "wfs/2.0": "wfs/2.0/wfs.xsd",
    "wfs/1.1.0": "wfs/1.1.0/wfs.xsd",
    "wfs/1.0.0": "wfs/1.0.0/WFS-capabilities.xsd",
    "gml/3.2.1": "gml/3.2.1/gml.xsd",
}


def required(what: str) -> None:
    """Skip the test, saying why; in CI, where everything is installed, fail instead."""
    if os.environ.get("GARRIGUE_CLIENTS") == "required":
        pytest.fail(f"{what} is not installed, and CI must not skip")
    pytest.skip(f"{what} is not installed")


@cache
def archive() -> zipfile.ZipFile:
    """The jar with the OGC's schemas."""
    jar = OUT / "ogc-schemas-2.6.1.jar"
    if not jar.exists():
        if shutil.which("mvn") is None:
            required("Maven (for the OGC's schemas)")
        copy = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={OUT}"]
        subprocess.run(copy, check=True, timeout=300, stdout=subprocess.DEVNULL)
    return zipfile.ZipFile(jar)


class _Resolver(etree.Resolver):
    """Answers schemas.opengis.net from the jar and www.w3.org from pycsw; everything else is refused."""

    def resolve(self, url, _public_id, context):
        address = url.replace("https://", "http://")
        if address.startswith("http://schemas.opengis.net/"):
            name = "ogc/" + _normal(address.removeprefix("http://schemas.opengis.net/"))
            return self.resolve_string(archive().read(name), context, base_url=url)
        if address.startswith("http://www.w3.org/"):
            spec = importlib.util.find_spec("pycsw")
            folder = Path(spec.submodule_search_locations[0]) / "core" / "schemas" / "w3c"
            return self.resolve_filename(str(folder / address.removeprefix("http://www.w3.org/")), context)
        if address.startswith("http"):
            raise AssertionError(f"the document wants {url}, which is not one of the OGC's schemas")
        return None


def _normal(path: str) -> str:
    return os.path.normpath(path)


def parser(**options) -> etree.XMLParser:
    """A parser that reads schemas offline."""
    result = etree.XMLParser(no_network=True, **options)
    result.resolvers.add(_Resolver())
    return result


@cache
def schema(name: str) -> etree.XMLSchema:
    """A compiled schema: a key of ROOTS, or a path below schemas.opengis.net."""
    path = ROOTS.get(name, name)
    url = f"http://schemas.opengis.net/{path}"
    return etree.XMLSchema(etree.fromstring(archive().read(f"ogc/{path}"), parser(), base_url=url))


def assert_valid(document: bytes, name: str) -> etree._Element:
    """The document's root, if the schema finds nothing wrong."""
    root = etree.fromstring(document)
    compiled = schema(name)
    assert compiled.validate(root), "\n".join(str(error) for error in list(compiled.error_log)[:5])
    return root


def assert_valid_wms111(document: bytes) -> etree._Element:
    """The root of a WMS 1.1.1 document, valid against the DTD it names."""
    root = etree.fromstring(document, etree.XMLParser(no_network=True, load_dtd=False))
    system = root.getroottree().docinfo.system_url
    assert system.startswith("http://schemas.opengis.net/wms/1.1.1/"), system
    dtd = etree.DTD(archive().open("ogc/" + system.removeprefix("http://schemas.opengis.net/")))
    assert dtd.validate(root), "\n".join(str(error) for error in list(dtd.error_log)[:5])
    return root
