"""Image formats: the media types asked in requests and how each is encoded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """A picture's media type as asked, its Content-Type, file extension, and whether it can be transparent."""

    name: str
    media_type: str
    extension: str
    alpha: bool


IMAGE_FORMATS: dict[str, ImageFormat] = {
    f.name: f
    for f in (
        ImageFormat("image/png", "image/png", "png", True),
        ImageFormat("image/png; mode=8bit", "image/png", "png8", True),
        ImageFormat("image/jpeg", "image/jpeg", "jpeg", False),
        ImageFormat("image/webp", "image/webp", "webp", True),
    )
}
"""As advertised; the first is the default."""

SPELLINGS = {
    "image/png8": "image/png; mode=8bit",
    "image/png;mode=8bit": "image/png; mode=8bit",
    "image/vnd.jpeg-png": "image/png; mode=8bit",
    "png": "image/png",
    "png8": "image/png; mode=8bit",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "webp": "image/webp",
}


def image_format(text: str) -> ImageFormat | None:
    """The format of a name as asked (media type, alias or extension), or None."""
    name = text.strip().lower()
    return IMAGE_FORMATS.get(SPELLINGS.get(name, name))
