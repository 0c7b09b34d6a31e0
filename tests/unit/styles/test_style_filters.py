"""Filters of rules, asked of Mapnik itself: is the square drawn?"""

import pytest

from layers.styles.expressions import Comparison, Literal, Property
from layers.styles.mapnik_expression import UndrawableError, condition
from support.style_maps import SQUARE, at, fill, picture, sld

P = "<ogc:PropertyName>{}</ogc:PropertyName>"
L = "<ogc:Literal>{}</ogc:Literal>"
FEATURE = {
    "n": 3,
    "t": "3",
    "x": 2.5,
    "nul": None,
    "nom": "L'Hôtel \"d'Été\"",
    "chemin": "a\\b",
    "code": "CS1.1.1.2",
    "libellé d'usage": "oui",
    'deux "mots"-là': 1,
    "b": True,
    "d": "2024-05-01",
}
FIELDS = dict.fromkeys(FEATURE, "string") | {
    **{"n": "integer", "x": "real", "b": "boolean", "d": "date", 'deux "mots"-là': "integer"}
}


def compare(operator: str, name: str, value: object, attributes: str = "") -> str:
    text = str(value).replace("&", "&amp;").replace("<", "&lt;")
    return f"<ogc:PropertyIs{operator}{attributes}>{P.format(name)}{L.format(text)}</ogc:PropertyIs{operator}>"


def like(name: str, pattern: str, attributes: str = 'wildCard="*" singleChar="?" escapeChar="!"') -> str:
    return f"<ogc:PropertyIsLike {attributes}>{P.format(name)}{L.format(pattern)}</ogc:PropertyIsLike>"


def between(name: str, lower: object, upper: object) -> str:
    low, high = L.format(lower), L.format(upper)
    bounds = f"<ogc:LowerBoundary>{low}</ogc:LowerBoundary><ogc:UpperBoundary>{high}</ogc:UpperBoundary>"
    return f"<ogc:PropertyIsBetween>{P.format(name)}{bounds}</ogc:PropertyIsBetween>"


def function(name: str, *arguments: str) -> str:
    return f'<ogc:Function name="{name}">{"".join(arguments)}</ogc:Function>'


def equals(left: str, right: str) -> str:
    return f"<ogc:PropertyIsEqualTo>{left}{right}</ogc:PropertyIsEqualTo>"


CASES = [
    (compare("EqualTo", "n", 3), True),
    (compare("EqualTo", "n", "3.0"), True),
    (compare("EqualTo", "t", 3), True),
    (compare("EqualTo", "n", 4), False),
    (compare("EqualTo", "x", 2.5), True),
    (compare("EqualTo", "nom", "L'Hôtel \"d'Été\""), True),
    (compare("EqualTo", "chemin", "a\\b"), True),
    (compare("EqualTo", "nom", "l'hôtel \"d'été\"", ' matchCase="false"'), True),
    (compare("EqualTo", "nom", "l'hôtel \"d'été\""), False),
    (compare("EqualTo", "libellé d'usage", "oui"), True),
    (compare("EqualTo", 'deux "mots"-là', 1), True),
    (compare("EqualTo", "b", "true"), True),
    (compare("EqualTo", "nul", "x"), False),
    (compare("NotEqualTo", "n", 4), True),
    (compare("NotEqualTo", "n", 3), False),
    (compare("NotEqualTo", "nul", "x"), False),
    (compare("LessThan", "n", 4), True),
    (compare("LessThanOrEqualTo", "n", 3), True),
    (compare("GreaterThan", "x", 2.4), True),
    (compare("GreaterThanOrEqualTo", "d", "2024-01-01"), True),
    (compare("GreaterThan", "nul", 0), False),
    (f"<ogc:PropertyIsGreaterThan>{L.format(4)}{P.format('n')}</ogc:PropertyIsGreaterThan>", True),
    (f"<ogc:PropertyIsNull>{P.format('nul')}</ogc:PropertyIsNull>", True),
    (f"<ogc:PropertyIsNull>{P.format('n')}</ogc:PropertyIsNull>", False),
    (like("code", "CS1*"), True),
    (like("code", "CS1?1?1?2"), True),
    (like("code", "cs1*"), False),
    (like("code", "cs1*", 'wildCard="*" singleChar="?" escapeChar="!" matchCase="false"'), True),
    (like("nom", "L'H%", 'wildCard="%" singleChar="_" escape="\\"'), True),
    (like("code", "CS1!*"), False),
    (between("n", 3, 5), True),
    (between("n", 4, 5), False),
    (f"<ogc:And>{compare('EqualTo', 'n', 3)}{compare('EqualTo', 't', 4)}</ogc:And>", False),
    (f"<ogc:Or>{compare('EqualTo', 'n', 4)}{compare('EqualTo', 't', 3)}</ogc:Or>", True),
    (f"<ogc:Not>{compare('EqualTo', 'n', 4)}</ogc:Not>", True),
    (equals(function("strSubstring", P.format("code"), L.format(0), L.format(3)), L.format("CS1")), True),
    (equals(function("strSubstring", P.format("code"), L.format(0), L.format(3)), L.format("S1.")), False),
    (equals(function("strSubstring", P.format("code"), L.format(1), L.format(3)), L.format("S1")), True),
    (equals(function("strLength", P.format("code")), L.format(9)), True),
    (equals(function("strStartsWith", P.format("code"), L.format("CS1.")), L.format("true")), True),
    (equals(function("strEndsWith", P.format("code"), L.format(".2")), L.format("false")), False),
    (equals(function("in3", P.format("n"), L.format(1), L.format(2), L.format(3)), L.format("true")), True),
    (equals(function("isNull", P.format("nul")), L.format("true")), True),
    (equals(function("abs", f"<ogc:Sub>{L.format(1)}{P.format('n')}</ogc:Sub>"), L.format(2)), True),
    (equals(f"<ogc:Div>{P.format('n')}{L.format(2)}</ogc:Div>", L.format(1.5)), True),
    (equals(function("Concatenate", P.format("code"), L.format("-"), P.format("n")), L.format("CS1.1.1.2-3")), True),
    (equals(function("round", P.format("x")), L.format(3)), True),
    (equals(function("env", L.format("a"), L.format(3)), P.format("n")), True),
]


@pytest.mark.parametrize("fields", [{}, FIELDS], ids=["types unknown", "types known"])
@pytest.mark.parametrize(("xml", "passes"), CASES)
def test_a_filter_lets_a_feature_through_or_not(xml, passes, fields):
    style = sld(f"<ogc:Filter>{xml}</ogc:Filter>{fill('#ff0000')}")
    assert at(picture(style, SQUARE, FEATURE, fields=fields)) == ("#ff0000" if passes else "")


@pytest.mark.parametrize(("value", "expected"), [(1, "#ff0000"), (2, "#00ff00"), (3, "#0000ff"), (None, "#0000ff")])
def test_else_is_drawn_where_no_other_rule_is(value, expected):
    first = f"<ogc:Filter>{compare('EqualTo', 'v', 1)}</ogc:Filter>{fill('#ff0000')}"
    second = f"<ogc:Filter>{compare('EqualTo', 'v', 2)}</ogc:Filter>{fill('#00ff00')}"
    assert at(picture(sld(first, second, f"<ElseFilter/>{fill('#0000ff')}"), SQUARE, {"v": value})) == expected


def test_a_rule_that_draws_only_a_label_keeps_the_else_rule_away():
    label = f"<ogc:Filter>{compare('EqualTo', 'v', 1)}</ogc:Filter><TextSymbolizer><Label>.</Label></TextSymbolizer>"
    style = sld(label, f"<ElseFilter/>{fill('#0000ff')}")
    assert at(picture(style, SQUARE, {"v": 1}), 12, 12) == ""
    assert at(picture(style, SQUARE, {"v": 2}), 12, 12) == "#0000ff"


def test_only_the_first_rule_is_drawn_where_the_style_says_so():
    rules = (fill("#ff0000"), fill("#00ff00"))
    first = '<VendorOption name="ruleEvaluation">first</VendorOption>'
    assert at(picture(sld(*rules), SQUARE)) == "#00ff00"
    assert at(picture(sld(*rules, options=first), SQUARE)) == "#ff0000"


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [("", "", True), (3600, "", False), (3500, "", True), ("", 3500, False), ("", 3600, True), (3000, 4000, True)],
)
def test_scale_limits_are_denominators_of_028_mm_pixels(low, high, shown):
    """The map has one unit a pixel: 1 / 0.00028 = 3571."""
    limits = f"<MinScaleDenominator>{low}</MinScaleDenominator><MaxScaleDenominator>{high}</MaxScaleDenominator>"
    assert at(picture(sld(limits + fill("#ff0000")), SQUARE)) == ("#ff0000" if shown else "")


def test_a_nominal_scale_belongs_to_one_rule_of_two():
    upper = f"<MinScaleDenominator>{1 / 0.00028}</MinScaleDenominator>{fill('#ff0000')}"
    lower = f"<MaxScaleDenominator>{1 / 0.00028}</MaxScaleDenominator>{fill('#00ff00')}"
    assert at(picture(sld(lower, upper), SQUARE)) == "#ff0000"


def test_a_field_is_found_in_the_sources_own_spelling():
    asked = Comparison("=", Property("NOM"), Literal("3"))
    assert condition(asked, {"nom": "string"}) == "([nom] = '3')"
    assert condition(asked, {"Nom": "integer"}) == "([Nom] = 3)"


def test_a_field_with_a_bracket_cannot_be_asked():
    with pytest.raises(UndrawableError, match="bracket"):
        condition(Comparison("=", Property("a]b"), Literal("3")), {})
