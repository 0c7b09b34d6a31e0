"""Expressions and filters from XML (OGC 02-059, 04-095, 09-026r2, and the functions of 05-077r4, 11)."""

import re
from collections.abc import Callable

from lxml import etree

from layers.styles import xml
from layers.styles.expressions import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Expression,
    Function,
    IsNull,
    Like,
    Literal,
    Not,
    Or,
    Property,
    Unsupported,
)

COMPARISONS = {
    "PropertyIsEqualTo": "=",
    "PropertyIsNotEqualTo": "!=",
    "PropertyIsLessThan": "<",
    "PropertyIsLessThanOrEqualTo": "<=",
    "PropertyIsGreaterThan": ">",
    "PropertyIsGreaterThanOrEqualTo": ">=",
}
ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}
_SE_FUNCTIONS = {
    "Concatenate",
    "Substring",
    "StringLength",
    "Trim",
    "ChangeCase",
    "Recode",
    "Categorize",
    "Interpolate",
}
_SE_FUNCTIONS |= {"FormatNumber", "FormatDate", "StringPosition"}
_PARTS = {"MapItem": ("Data", "Value"), "InterpolationPoint": ("Data", "Value")}


def expression(element: etree._Element) -> Expression:
    """The expression or filter that an element is."""
    kind = xml.name(element)
    if kind in COMPARISONS:
        left, right = _two(element)
        return Comparison(COMPARISONS[kind], left, right, _flag(element.get("matchCase"), default=True))
    if kind in ARITHMETIC:
        left, right = _two(element)
        return Arithmetic(ARITHMETIC[kind], left, right)
    if kind in _SE_FUNCTIONS:
        return _se_function(element, kind)
    reader = _READERS.get(kind)
    if kind == xml.UNWRITTEN:
        return Unsupported(f"what QGIS could not write ({element.text})")
    if reader is None:
        return Unsupported(f"{kind} is not a known expression")
    return reader(element)


def filter_of(element: etree._Element) -> Expression:
    """The filter within an ogc:Filter; several children must all hold."""
    parts = tuple(expression(c) for c in element)
    if not parts:
        raise xml.StyleError("an empty Filter", xml.line(element))
    return parts[0] if len(parts) == 1 else And(parts)


def value_of(element: etree._Element) -> Expression:
    """What a parameter holds (SvgParameter, Size, Label …): text mixed with expressions, put together."""
    parts: list[Expression] = []
    if (piece := _piece(element.text)) is not None:
        parts.append(Literal(piece))
    for item in element:
        parts.append(expression(item))
        if (piece := _piece(item.tail)) is not None:
            parts.append(Literal(piece))
    if len(parts) == 1:
        return parts[0]
    if parts and all(isinstance(part, Literal) for part in parts):
        return Literal("".join(str(part.value).strip() for part in parts if isinstance(part, Literal)))
    return Function("Concatenate", tuple(parts)) if parts else Literal("")


def _piece(text: str | None) -> str | None:
    """Text between expressions: the writer's indentation goes, a space or line within words stays."""
    if not text or (not text.strip() and "\n" in text):
        return None
    return re.sub(r"^\s*\n\s*|\s*\n\s*$", "", text)


def _two(element: etree._Element) -> tuple[Expression, Expression]:
    operands = [expression(c) for c in element]
    if len(operands) != 2:
        raise xml.StyleError(f"{xml.name(element)} has {len(operands)} operands, not 2", xml.line(element))
    return operands[0], operands[1]


def _flag(text: str | None, *, default: bool) -> bool:
    return default if text is None else text.strip().lower() in ("true", "1")


def _literal(element: etree._Element) -> Expression:
    if len(element):
        return Unsupported("a literal with elements inside")
    return Literal(element.text or "")


def _property(element: etree._Element) -> Expression:
    found = (element.text or "").strip()
    if not found:
        raise xml.StyleError("an empty PropertyName", xml.line(element))
    return Property(found.rsplit("/", 1)[-1].split(":", 1)[-1] if "/" in found or ":" in found else found)


def _like(element: etree._Element) -> Expression:
    value, pattern = _two(element)
    if not isinstance(pattern, Literal):
        return Unsupported("PropertyIsLike with a pattern that is not a literal")
    return Like(
        value,
        str(pattern.value),
        wild=element.get("wildCard", "*"),
        single=element.get("singleChar", "?"),
        escape=element.get("escapeChar") or element.get("escape") or "\\",
        match_case=_flag(element.get("matchCase"), default=True),
    )


def _between(element: etree._Element) -> Expression:
    operands = list(element)
    lower, upper = xml.child(element, "LowerBoundary"), xml.child(element, "UpperBoundary")
    if len(operands) != 3 or lower is None or upper is None:
        raise xml.StyleError("PropertyIsBetween needs a value, LowerBoundary and UpperBoundary", xml.line(element))
    return Between(expression(operands[0]), value_of(lower), value_of(upper))


def _one(element: etree._Element) -> Expression:
    if len(element) != 1:
        raise xml.StyleError(f"{xml.name(element)} has {len(element)} operands, not 1", xml.line(element))
    return expression(element[0])


def _parts(element: etree._Element) -> tuple[Expression, ...]:
    return tuple(expression(c) for c in element)


def _function(element: etree._Element) -> Expression:
    name = element.get("name", "")
    arguments = tuple(value_of(c) if _wraps(c) else expression(c) for c in element)
    if name.lower() == "env" and len(arguments) == 2 and isinstance(arguments[1], Literal):
        return arguments[1]  # what GeoServer's clients may set: here it is always what the style says
    return Function(name, arguments)


def _wraps(element: etree._Element) -> bool:
    return xml.name(element) in ("Value", "Data", "LookupValue", "Threshold", "StringValue", "NumericValue")


def _se_function(element: etree._Element, kind: str) -> Expression:
    """The functions of Symbology Encoding as elements, with attributes made last arguments."""
    arguments: list[Expression] = []
    for item in element:
        if steps := _PARTS.get(xml.name(item)):
            arguments.extend(value_of(c) for step in steps if (c := xml.child(item, step)) is not None)
        else:
            arguments.append(value_of(item) if _wraps(item) or not _known(item) else expression(item))
    for attribute in ("mode", "method", "thresholdBelongsTo", "thresholdsBelongTo", "direction"):
        if given := element.get(attribute):
            arguments.append(Literal(given))
    return Function(kind, tuple(arguments))


def _known(element: etree._Element) -> bool:
    return xml.name(element) in {*COMPARISONS, *ARITHMETIC, *_SE_FUNCTIONS, *_READERS}


_READERS: dict[str, Callable[[etree._Element], Expression]] = {
    "Literal": _literal,
    "PropertyName": _property,
    "ValueReference": _property,
    "Function": _function,
    "PropertyIsLike": _like,
    "PropertyIsBetween": _between,
    "PropertyIsNull": lambda e: IsNull(_one(e)),
    "PropertyIsNil": lambda e: IsNull(expression(e[0])),
    "And": lambda e: And(_parts(e)),
    "Or": lambda e: Or(_parts(e)),
    "Not": lambda e: Not(_one(e)),
}
