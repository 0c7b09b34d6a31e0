import io
import subprocess
import sys

import numpy as np
import pytest
from lxml import etree
from PIL import Image

from layers import errors as layer_errors
from server.errors import AsleepError, OperationNotSupportedError
from server.kvp import Params
from server.wms import errors
from server.wms.exceptions import answer
from support.schemas import assert_valid, assert_valid_wms111

KINDS = [
    (errors.InvalidFormatError, "InvalidFormat"),
    (errors.InvalidCrsError, "InvalidCRS"),
    (errors.LayerNotDefinedError, "LayerNotDefined"),
    (errors.StyleNotDefinedError, "StyleNotDefined"),
    (errors.LayerNotQueryableError, "LayerNotQueryable"),
    (errors.InvalidPointError, "InvalidPoint"),
    (errors.CurrentUpdateSequenceError, "CurrentUpdateSequence"),
    (errors.InvalidUpdateSequenceError, "InvalidUpdateSequence"),
    (errors.MissingDimensionError, "MissingDimensionValue"),
    (errors.InvalidDimensionError, "InvalidDimensionValue"),
    (OperationNotSupportedError, "OperationNotSupported"),
]
NASTY = "x=<script>alert('é')</script> & \"quotes\" \x00\x1b\ud800"


@pytest.mark.parametrize(("kind", "code"), KINDS)
def test_a_report_of_1_3_0_is_valid_and_has_the_code(kind, code):
    root = assert_valid(errors.report(kind(NASTY, "A&B<'\">"), "1.3.0"), "wms/1.3.0/exceptions")
    assert root[0].get("code") == code
    assert root[0].text.startswith("x=<script>")


@pytest.mark.parametrize(("kind", "code"), KINDS)
def test_a_report_of_1_1_1_is_valid_and_has_the_code(kind, code):
    root = assert_valid_wms111(errors.report(kind(NASTY, "LAYERS"), "1.1.1"))
    assert root[0].get("code") == ("InvalidSRS" if code == "InvalidCRS" else code)


def test_an_error_without_a_code_has_no_code():
    assert etree.fromstring(errors.report(errors.WmsError("too many layers")))[0].get("code") is None


def test_a_sleeping_engine_is_told_with_when_to_come_back():
    response = answer(AsleepError("asleep until 6:00", 3600), Params([]), "1.3.0")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "3600")
    assert response.headers["Cache-Control"] == "no-store"


def test_broken_data_is_told_without_its_path():
    told = errors.told(layer_errors.SourceError("/srv/data/secret.gpkg cannot be opened"))
    assert told.status == 500
    assert "secret" not in told.message


def pictured(kind: str, **params) -> tuple[str, np.ndarray]:
    given = {"REQUEST": "GetMap", "EXCEPTIONS": kind, "WIDTH": "100", "HEIGHT": "80", "FORMAT": "image/png", **params}
    response = answer(errors.WmsError("wrong"), Params(list(given.items())), "1.3.0")
    assert response.status_code == 200
    picture = Image.open(io.BytesIO(response.body))
    assert picture.size == (100, 80)
    return response.headers["Content-Type"], np.asarray(picture.convert("RGBA"))


@pytest.mark.parametrize("kind", ["BLANK", "blank", "application/vnd.ogc.se_blank"])
@pytest.mark.parametrize("name", ["image/png", "image/png8", "image/jpeg", "image/webp"])
def test_a_blank_picture_has_the_background_everywhere(kind, name):
    media_type, pixels = pictured(kind, FORMAT=name, BGCOLOR="0xFF0000")
    assert media_type == name.removesuffix("8")
    assert abs(pixels.astype(int) - [255, 0, 0, 255]).max() <= (2 if name == "image/jpeg" else 0)


def test_a_blank_transparent_picture_is_transparent_everywhere():
    _, pixels = pictured("BLANK", TRANSPARENT="TRUE")
    assert not pixels[..., 3].any()


@pytest.mark.parametrize("kind", ["INIMAGE", "application/vnd.ogc.se_inimage"])
def test_an_error_in_a_picture_is_written_on_it(kind):
    _, pixels = pictured(kind)
    assert (pixels[..., 1] < 128).sum() > 20


@pytest.mark.parametrize("bad", [{"WIDTH": "x"}, {"HEIGHT": "-1"}, {"BGCOLOR": "x"}, {"FORMAT": "x"}])
def test_a_picture_is_given_even_where_its_own_parameters_are_wrong(bad):
    params = {"REQUEST": "GetMap", "EXCEPTIONS": "BLANK", "FORMAT": "image/png", **bad}
    assert answer(errors.WmsError("wrong"), Params(list(params.items())), "1.3.0").media_type == "image/png"


@pytest.mark.parametrize("params", [{}, {"EXCEPTIONS": "XML"}, {"EXCEPTIONS": "x"}, {"REQUEST": "GetFeatureInfo"}])
def test_anything_else_is_xml(params):
    given = Params(list({"REQUEST": "GetMap", **params}.items()))
    assert answer(errors.WmsError("wrong"), given, "1.3.0").headers["Content-Type"].startswith("text/xml")
    response = answer(errors.WmsError("wrong"), given, "1.1.1")
    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/vnd.ogc.se_xml")


def test_the_xml_forms_need_the_standard_library_only():
    program = (
        "import server.wms.errors, sys; print(sorted({m.split('.')[0] for m in sys.modules} - sys.stdlib_module_names))"
    )
    out = subprocess.run(
        [sys.executable, "-I", "-B", "-c", f"import sys; sys.path.insert(0, '.'); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"pyproj", "pydantic", "starlette", "PIL", "lxml", "numpy"}
    assert not heavy & set(eval(out.stdout))
