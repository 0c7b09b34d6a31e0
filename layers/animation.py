"""Several pictures of one place as one file that plays: GIF, APNG. Pillow writes them.

Frames are drawn one after the other, those of GIF as Pillow writes them; of APNG it wants all before the first.
"""

import io
from collections.abc import Iterator

from PIL import Image

from layers.encode import to_array
from layers.query import MapQuery
from layers.registry import Registry
from layers.render import draw

COLOURS = 256


def animation(registry: Registry, frames: tuple[MapQuery, ...], delay: int) -> bytes:
    """The file, in the first frame's format, played for ever; `delay` is what a frame stays, in milliseconds.

    Raises UnknownLayerError, UnknownStyleError, SourceError.
    """
    pictures = _pictures(registry, frames)
    first, out = next(pictures), io.BytesIO()
    gif = frames[0].format == "image/gif"
    more = (
        {"save_all": True, "append_images": pictures if gif else list(pictures), "duration": delay, "loop": 0}
        if len(frames) > 1
        else {}
    )
    if gif:
        # What is clear in a frame must not show the one before.
        first.save(out, "GIF", disposal=2 if frames[0].transparent else 1, optimize=False, **more)
    else:
        first.save(out, "PNG", compress_level=1, **more)
    return out.getvalue()


def _pictures(registry: Registry, frames: tuple[MapQuery, ...]) -> Iterator[Image.Image]:
    for query in frames:
        image = draw(registry, query)
        if image.premultiplied():
            image.demultiply()
        picture = Image.fromarray(to_array(image))
        if not query.transparent:
            picture = picture.convert("RGB")
        yield _in_colours(picture) if query.format == "image/gif" else picture


def _in_colours(picture: Image.Image) -> Image.Image:
    """With a palette of its own; of GIF's pixels each is opaque or clear: from half opaque on it is opaque."""
    if picture.mode != "RGBA":
        return picture.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    clear = picture.getchannel("A").point(lambda alpha: 255 if alpha < 128 else 0)
    made = picture.convert("RGB").quantize(COLOURS - 1, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    made.paste(COLOURS - 1, mask=clear)
    made.info["transparency"] = COLOURS - 1
    return made
