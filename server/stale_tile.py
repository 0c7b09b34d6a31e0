"""Headers of a tile that is served although its style or data has changed. Standard library only."""

import time

STALE = '110 - "Response is Stale"'
"""Nothing makes it anew now (RFC 7234, 5.5.1)."""
FAILED = '111 - "Revalidation Failed"'
"""It was to be made anew, and its source failed (RFC 7234, 5.5.2)."""


def stale_headers(made: int, warning: str = STALE) -> dict[str, str]:
    """Headers of a tile made at `made`, seconds since 1970 (0: not known); kept a minute beyond its age."""
    age = max(int(time.time()) - made, 0) if made else 0
    # A cache takes the age off what it may keep (RFC 9111, 4.2).
    headers = {"Cache-Control": f"public, max-age={age + 60}", "Warning": warning}
    return headers | ({"Age": str(age)} if made else {})
