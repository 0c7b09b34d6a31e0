"""Filters of rules as MapLibre's expressions."""

import pytest

from support.maplibre import FIELDS, function, said
from support.style_maps import fill

RED = fill("#ff0000")
NAME = ["to-string", ["get", "nom"]]


def asked(filter_xml: str):
    (layer,) = said(f"<ogc:Filter>{filter_xml}</ogc:Filter>{RED}").layers
    return layer["filter"]


def compared(kind: str, field: str, literal: str, attributes: str = "") -> str:
    operands = f"<ogc:PropertyName>{field}</ogc:PropertyName><ogc:Literal>{literal}</ogc:Literal>"
    return f"<ogc:PropertyIs{kind} {attributes}>{operands}</ogc:PropertyIs{kind}>"


@pytest.mark.parametrize(
    ("xml", "said_as"),
    [
        (compared("EqualTo", "nom", "Sète"), ["==", ["get", "nom"], "Sète"]),
        (compared("EqualTo", "NOM", "3"), ["==", ["get", "nom"], "3"]),
        (compared("EqualTo", "n", "3"), ["==", ["get", "n"], 3]),
        (compared("EqualTo", "vrai", "1"), ["==", ["get", "vrai"], True]),
        (compared("LessThan", "v", "2.5"), ["all", ["has", "v"], ["<", ["get", "v"], 2.5]]),
        (compared("GreaterThan", "jour", "2025-01-01"), ["all", ["has", "jour"], [">", ["get", "jour"], "2025-01-01"]]),
        (compared("NotEqualTo", "nom", "x"), ["all", ["has", "nom"], ["!=", ["get", "nom"], "x"]]),
        (
            compared("EqualTo", "nom", "ÉTÉ", 'matchCase="false"'),
            ["==", ["downcase", ["to-string", ["get", "nom"]]], ["downcase", "ÉTÉ"]],
        ),
        ("<ogc:PropertyIsNull><ogc:PropertyName>nom</ogc:PropertyName></ogc:PropertyIsNull>", ["!", ["has", "nom"]]),
        (f"<ogc:Not>{compared('EqualTo', 'n', '3')}</ogc:Not>", ["!", ["==", ["get", "n"], 3]]),
        (
            f"<ogc:Or>{compared('EqualTo', 'n', '1')}{compared('EqualTo', 'n', '2')}</ogc:Or>",
            ["any", ["==", ["get", "n"], 1], ["==", ["get", "n"], 2]],
        ),
    ],
)
def test_a_filter_is_said_in_the_types_of_the_fields(xml, said_as):
    assert asked(xml) == said_as


@pytest.mark.parametrize(
    ("pattern", "piece"),
    [
        ("La *", ["==", ["slice", NAME, 0, 3], "La "]),
        ("*-Mer", ["==", ["slice", NAME, ["-", ["length", NAME], 4]], "-Mer"]),
        ("*sur*", ["in", "sur", NAME]),
        ("D?", ["==", ["length", NAME], 2]),
    ],
)  # fmt: skip
def test_patterns_are_said_by_pieces(pattern, piece):
    xml = compared("Like", "nom", pattern, 'wildCard="*" singleChar="?" escapeChar="!"')
    assert piece in asked(xml)[2]


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        (compared("EqualTo", "absent", "1"), "the field 'absent' is not in the vector tiles"),
        (compared("Like", "nom", "a*b*c", 'wildCard="*" singleChar="?" escapeChar="!"'), "with several wildcards"),
        (f"<ogc:PropertyIsEqualTo>{function('strTrim', '@nom')}<ogc:Literal>a</ogc:Literal></ogc:PropertyIsEqualTo>",
         "the function strTrim"),
    ],
)  # fmt: skip
def test_a_rule_whose_filter_cannot_be_said_is_left_out_and_told(xml, why):
    found = said(f"<Name>r</Name><ogc:Filter>{xml}</ogc:Filter>{RED}", fill("#00ff00"))
    assert [layer["paint"]["fill-color"] for layer in found.layers] == ["#00ff00"]
    (told,) = found.untold
    assert told.rule == "r"
    assert why in told.what


def test_an_else_rule_takes_what_the_rules_of_its_scales_leave():
    one = f"<ogc:Filter>{compared('EqualTo', 'n', '1')}</ogc:Filter><MaxScaleDenominator>10000</MaxScaleDenominator>"
    found = said(f"{one}{RED}", f"<ElseFilter/>{fill('#0000ff')}").layers
    blue = [layer for layer in found if layer["paint"]["fill-color"] == "#0000ff"]
    assert [layer.get("filter") for layer in blue] == [None, ["!", ["==", ["get", "n"], 1]]]
    assert blue[0]["maxzoom"] == blue[1]["minzoom"] == found[0]["minzoom"]


def test_of_rules_evaluated_first_a_later_one_has_what_is_left():
    one, two = (f"<ogc:Filter>{compared('LessThan', 'n', str(n))}</ogc:Filter>" for n in (10, 20))
    found = said(
        f"{one}{RED}", f"{two}{RED}", options='<VendorOption name="ruleEvaluation">first</VendorOption>'
    ).layers
    assert found[1]["filter"][2] == ["!", found[0]["filter"]]


def test_hidden_fields_are_told_with_their_line():
    told = said(f"<ogc:Filter>{compared('EqualTo', 'nom', 'a')}</ogc:Filter>{RED}", fields={"v": "real"}).untold
    assert [str(one) for one in told] == [
        "line 1: the field 'nom' is not in the vector tiles in the filter: the rule is not drawn"
    ]
    assert "nom" in FIELDS
