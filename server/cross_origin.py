"""What pages of other origins may read of an answer (Fetch, 3.3.3): all of it, and the headers that clients act on."""

ANY = (b"access-control-allow-origin", b"*")

EXPOSED = (
    b"access-control-expose-headers",
    b"Content-Crs, Content-Disposition, Content-Range, ETag, Link, Location, Preference-Applied, Retry-After, Warning",
)

HEADERS = (ANY, EXPOSED)
