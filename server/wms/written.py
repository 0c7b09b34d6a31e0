"""Text and addresses as the documents of WMS write them."""

from xml.sax.saxutils import escape

from server.errors import printable

XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink" xlink:type="simple"'


def escaped(text: str) -> str:
    """Text as XML holds it, in content and between double quotes."""
    return escape(text if text.isprintable() else printable(text), {'"': "&quot;"})


def online(address: str) -> str:
    """An OnlineResource."""
    return f'<OnlineResource {XLINK} xlink:href="{escaped(address)}"/>'
