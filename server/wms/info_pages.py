"""What GetFeatureInfo shows to people: a page, in which each layer stands as its template writes it, in a sandbox.

    templates/info/{layer}.html   of the registry, for one layer
    templates/info/default.html   of the registry, for every other one
    templates/layer.html          ours, a list in the form that mviewer cuts into cards

A template has `layer` (id, name, title, abstract, attribution, url), `features` (id, `shown`: pairs of title and text,
`properties`: values by the field's name), `language`, and the filter `linked`. It reaches nothing else.
"""

import html
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from layers.errors import Problem, SourceError
from layers.registry import Layer, Registry

_TEMPLATES = Path(__file__).parent / "templates"
MOST = 2_000_000
"""Characters that a template may write."""
_PADDING = frozenset(("center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map"))
"""Methods and filters that make a long text of a short one."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Without operators and methods by which a few letters fill the memory."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic of numbers, not repetition of texts."""
        numbers = all(isinstance(side, int | float) and abs(side) < 1e15 for side in (left, right))
        if not numbers or operator == "**":
            raise SecurityError(f"{operator} is for numbers of moderate size")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may read an attribute."""
        return attr not in _PADDING and super().is_safe_attribute(obj, attr, value)


def page(registry: Registry, title: str, language: str, layers: dict[str, list[dict[str, Any]]]) -> str:
    """The page of features by layer. Raises SourceError for a template that fails."""
    environment = _environment(str(registry.config / "templates"))
    parts = [_part(environment, registry.layers[layer_id], features, language) for layer_id, features in layers.items()]
    page = environment.get_template("page.html")
    return page.render(title=title, language=language, parts=parts)


def mistakes(registry: Registry) -> Iterator[Problem]:
    """Templates of the registry that cannot be read, with file and line."""
    folder = registry.config / "templates"
    environment = _environment(str(folder))
    for path in sorted((folder / "info").glob("*.html")):
        name = path.relative_to(registry.config).as_posix()
        try:
            environment.get_template(f"info/{path.name}")
        except jinja2.TemplateSyntaxError as error:
            yield Problem(name, error.lineno, None, None, error.message or "is not a template")
        except (jinja2.TemplateError, OSError, UnicodeDecodeError) as error:
            yield Problem(name, None, None, None, f"cannot be read: {error}")


def unused(registry: Registry) -> Iterator[Problem]:
    """Templates of the registry that are of no layer."""
    for path in sorted((registry.config / "templates/info").glob("*.html")):
        if path.stem not in (*registry.layers, "default"):
            yield Problem(f"templates/info/{path.name}", None, None, None, f"there is no layer {path.stem}")


def _part(environment: jinja2.Environment, layer: Layer, features: list[dict[str, Any]], language: str) -> Markup:
    template: jinja2.Template | None = None
    try:
        template = environment.select_template([f"info/{layer.id}.html", "info/default.html", "layer.html"])
        chunks = template.generate(layer=_told(layer, language), features=features, language=language)
        # What a template writes is markup already: it escapes what it is given.
        return Markup("".join(_bounded(chunks)))  # noqa: S704
    except (jinja2.TemplateError, *_MISTAKES) as error:
        name = template.name if template else f"info of {layer.id}"
        raise SourceError(f"the template {name} fails: {type(error).__name__}: {error}") from error


_MISTAKES = (ArithmeticError, AttributeError, LookupError, OverflowError, TypeError, ValueError)
"""What an expression of a template may raise."""


def _bounded(chunks: Iterator[str]) -> Iterator[str]:
    written = 0
    for chunk in chunks:
        written += len(chunk)
        if written > MOST:
            raise SecurityError(f"it writes more than {MOST} characters")
        yield chunk


def _told(layer: Layer, language: str) -> dict[str, str]:
    declared = layer.definition
    named = declared.attribution
    return {
        "id": layer.id,
        "name": layer.name,
        "title": declared.title.get(language) or layer.name,
        "abstract": declared.abstract.get(language),
        "attribution": named.title if named else "",
        "url": (named.url or "") if named else "",
    }


@lru_cache(maxsize=4)
def _environment(own: str) -> jinja2.Environment:
    loader = jinja2.FileSystemLoader([own, str(_TEMPLATES)])
    environment = _Sandbox(loader=loader, autoescape=True, auto_reload=True)
    for name in _PADDING & environment.filters.keys():
        del environment.filters[name]
    environment.filters["linked"] = _linked
    return environment


def _linked(text: str) -> Markup:
    """An address as a link, anything else as it is."""
    safe = html.escape(str(text))
    if str(text).startswith(("https://", "http://")) and " " not in str(text):
        return Markup(f'<a href="{safe}" target="_blank" rel="noopener">{safe}</a>')  # noqa: S704 - escaped above
    return Markup(safe)  # noqa: S704 - escaped above
