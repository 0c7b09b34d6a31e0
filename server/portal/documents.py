"""The portal's documents, for the front to serve while the engine sleeps: pages, and the files under /static.

portal/index.{language}.html                    /
portal/themes/{theme}/index.{language}.html     /themes/{theme}/
static/{path}                                   /static/{path}
"""

from collections.abc import Iterator

from layers.registry import Registry
from server.documents import Document
from server.portal.language import LANGUAGES
from server.portal.pages import index
from server.portal.static_files import files, media_type

HTML = "text/html; charset=utf-8"
STATIC_HEADERS = {"Cache-Control": "public, max-age=31536000"}
"""Static files are asked with a version (`?v=`) that changes with them."""


def documents(registry: Registry) -> Iterator[Document]:
    """Every page in both languages, and every static file."""
    for language in LANGUAGES:
        headers = {"Content-Language": language, "Vary": "Accept-Language"}
        yield Document(f"portal/index.{language}.html", HTML, index(registry, language), headers)
        for theme in registry.themes:
            if registry.in_theme(theme):
                key = f"portal/themes/{theme}/index.{language}.html"
                yield Document(key, HTML, index(registry, language, theme), headers)
    for name, path in files().items():
        yield Document(f"static/{name}", media_type(name), path.read_bytes(), STATIC_HEADERS)
