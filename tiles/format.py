"""The one format in which a layer's tiles are kept, and how it is written in addresses and archives."""

from dataclasses import dataclass

from layers.facts import RasterFacts
from layers.formats import IMAGE_FORMATS, SPELLINGS, ImageFormat
from layers.registry import Layer


@dataclass(frozen=True, slots=True)
class TileFormat:
    """A tile's image format: its media type, extension in addresses (all that are accepted), name in MBTiles."""

    image: ImageFormat
    media_type: str
    extension: str
    extensions: tuple[str, ...]
    mbtiles: str

    def accepts(self, text: str) -> bool:
        """True for an extension or media type, as asked, that means this format."""
        return text in self.extensions or text.partition(";")[0].strip().lower() == self.media_type


_BY_MEDIA_TYPE = {
    "image/png": ("png", ("png", "png8"), "png"),
    "image/jpeg": ("jpeg", ("jpeg", "jpg"), "jpg"),
    "image/webp": ("webp", ("webp",), "webp"),
}


def tile_format(layer: Layer) -> TileFormat:
    """The declared format; else JPEG for pictures of three or more 8-bit bands, PNG of 256 colours for the rest."""
    name = layer.definition.tiles.format or _usual(layer)
    image = IMAGE_FORMATS[SPELLINGS[name]]
    return TileFormat(image, image.media_type, *_BY_MEDIA_TYPE[image.media_type])


def _usual(layer: Layer) -> str:
    facts = layer.facts
    if isinstance(facts, RasterFacts) and len(facts.bands) >= 3 and facts.bands[0].dtype == "uint8":
        return "jpeg"
    source = layer.definition.source
    declared = getattr(source, "format", "")
    return {"image/jpeg": "jpeg", "image/webp": "webp", "image/png": "png"}.get(declared, "png8")
