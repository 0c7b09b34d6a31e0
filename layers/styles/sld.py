"""Styled Layer Descriptors 1.0.0 (OGC 02-070) and 1.1.0 (05-078r4, 05-077r4), as QGIS and GeoServer export them."""

from dataclasses import replace
from pathlib import Path

from lxml import etree

from layers.styles import model, xml
from layers.styles.read_expression import filter_of
from layers.styles.read_symbolizer import options, symbolizer
from layers.styles.unread import unread
from layers.styles.xml import StyleError

__all__ = ["StyleError", "read_sld"]


def read_sld(source: Path | bytes, *, base: Path | None = None, name: str | None = None) -> model.Style:
    """The style of a file, or of its bytes.

    `base` is the folder that external graphics are relative to (a file's own by default). Of several styles, the one
    called `name` is taken, else the one marked IsDefault, else the first. What cannot be drawn is in `warnings`.
    Raises StyleError, with the line, for what is no style.
    """
    from layers.styles.check import warnings_of

    root = xml.parse(source)
    if base is None and isinstance(source, Path):
        base = source.parent
    chosen = _chosen(root, name)
    style = _style(chosen, str(base or ""))
    found = {*unread(chosen), *warnings_of(style)}
    return replace(style, warnings=tuple(sorted(found, key=lambda w: (w.line, w.what))))


def style_in(element: etree._Element) -> model.Style:
    """The style of a UserStyle that came over the network: nothing that it names outside itself is read."""
    return replace(_style(element, ""), foreign=True)


def _chosen(root: etree._Element, name: str | None) -> etree._Element:
    if xml.name(root) in ("UserStyle", "FeatureTypeStyle", "CoverageStyle"):
        return root
    if xml.name(root) != "StyledLayerDescriptor":
        raise StyleError(f"{xml.name(root)} is not a StyledLayerDescriptor", xml.line(root))
    layers = xml.children(root, "NamedLayer", "UserLayer")
    found = [style for layer in layers for style in xml.children(layer, "UserStyle")]
    if not found:
        raise StyleError("there is no UserStyle", xml.line(root))
    for style in found:
        if name is not None and xml.text(style, "Name") == name:
            return style
    marked = (s for s in found if xml.text(s, "IsDefault").lower() in ("1", "true"))
    return next(marked, found[0])


def _style(element: etree._Element, base: str) -> model.Style:
    bare = xml.name(element) != "UserStyle"
    parts = [element] if bare else list(xml.children(element, "FeatureTypeStyle", "CoverageStyle"))
    if not parts:
        raise StyleError("a UserStyle without a FeatureTypeStyle", xml.line(element))
    name, title, abstract = _names(element)
    return model.Style(name, title, abstract, tuple(_part(p) for p in parts), base=base)


def _names(element: etree._Element) -> tuple[str, str, str]:
    """Name, title, abstract: SE 1.1.0 has the latter two in a Description."""
    about = xml.child(element, "Description")
    title = xml.text(element, "Title") or xml.text(about, "Title")
    return xml.text(element, "Name"), title, xml.text(element, "Abstract") or xml.text(about, "Abstract")


def _part(element: etree._Element) -> model.FeatureTypeStyle:
    name, title, _ = _names(element)
    rules = tuple(_rule(r) for r in xml.children(element, "Rule"))
    return model.FeatureTypeStyle(rules, name, title, options(element), xml.line(element))


def _rule(element: etree._Element) -> model.Rule:
    name, title, abstract = _names(element)
    filters = xml.child(element, "Filter")
    symbolizers = (symbolizer(c) for c in element if xml.name(c).endswith("Symbolizer"))
    return model.Rule(
        name=name,
        title=title,
        abstract=abstract,
        filter=None if filters is None else filter_of(filters),  # type: ignore[arg-type]
        is_else=xml.child(element, "ElseFilter") is not None,
        min_scale=_scale(element, "MinScaleDenominator"),
        max_scale=_scale(element, "MaxScaleDenominator"),
        symbolizers=tuple(s for s in symbolizers if s is not None),
        options=options(element),
        line=xml.line(element),
    )


def _scale(element: etree._Element, name: str) -> float | None:
    written = xml.text(element, name)
    if not written:
        return None
    try:
        return float(written)
    except ValueError as error:
        raise StyleError(f"{name}={written!r} is not a number", xml.line(element)) from error
