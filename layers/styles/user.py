"""A client's own styles: the layers of an SLD 1.0.0 or 1.1.0 that comes with a request (OGC 05-078r4, 10 and 11).

No file and no address that it names is ever read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from layers.styles import model, xml
from layers.styles.sld import style_in
from layers.styles.xml import StyleError

_CONSTRAINTS = ("LayerFeatureConstraints", "LayerCoverageConstraints")
_ELSEWHERE = ("RemoteOWS", "InlineFeature")


@dataclass(frozen=True, slots=True)
class UserStyle:
    """A style of a layer; `look` is None for a NamedStyle, which the service knows by its name."""

    name: str
    look: model.Style | None
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class UserLayer:
    """A layer of ours by its name, its styles, and the FES filter that it is narrowed by ("" for none)."""

    name: str
    styles: tuple[UserStyle, ...] = ()
    filter: str = ""

    def style(self, name: str) -> UserStyle | None:
        """The style of a name; of "", the one marked as default, else the first."""
        if name:
            return next((style for style in self.styles if style.name == name), None)
        return next((style for style in self.styles if style.is_default), self.styles[0] if self.styles else None)


def read_layers(source: bytes) -> tuple[UserLayer, ...]:
    """Every layer of a document, in its order. Raises StyleError, also for data that the document brings or names."""
    root = xml.parse(source)
    if xml.name(root) != "StyledLayerDescriptor":
        raise StyleError(f"{xml.name(root)} is not a StyledLayerDescriptor", xml.line(root))
    found = tuple(one for layer in xml.children(root, "NamedLayer", "UserLayer") for one in _layers(layer))
    if not found:
        raise StyleError("there is no NamedLayer and no UserLayer", xml.line(root))
    return found


def _layers(element: etree._Element) -> Iterator[UserLayer]:
    for foreign in xml.children(element, *_ELSEWHERE):
        raise StyleError(f"{xml.name(foreign)}: only the layers of this service are drawn", xml.line(foreign))
    styles = tuple(_styles(element))
    constrained = [part for group in xml.children(element, *_CONSTRAINTS) for part in group]
    names = {xml.text(part, "FeatureTypeName") or xml.text(part, "CoverageName"): part for part in constrained}
    if xml.name(element) == "NamedLayer":
        names = {xml.text(element, "Name"): next(iter(constrained), element)}
    for name, part in (names or {xml.text(element, "Name"): element}).items():
        if not name:
            raise StyleError(f"a {xml.name(element)} without a name", xml.line(element))
        yield UserLayer(name, styles, _filter(part))


def _styles(element: etree._Element) -> Iterator[UserStyle]:
    for style in xml.children(element, "UserStyle", "NamedStyle"):
        if xml.name(style) == "NamedStyle":
            yield UserStyle(xml.text(style, "Name"), None)
        else:
            marked = xml.text(style, "IsDefault").lower() in ("1", "true")
            yield UserStyle(xml.text(style, "Name"), style_in(style), marked)


def _filter(constraint: etree._Element) -> str:
    found = xml.child(constraint, "Filter")
    return "" if found is None else etree.tostring(found, encoding="unicode", with_tail=False)
