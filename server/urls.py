"""The address of the service in documents that are rendered ahead.

Documents are written with `BASE` in place of scheme, host and path prefix; whoever sends one puts in the address
that was asked. `BASE` holds only characters that XML, JSON and HTML leave as they are.
"""

import re

BASE = "https://base.garrigue.invalid"

_SAFE = re.compile(r"https?://[A-Za-z0-9._\-\[\]:]{1,255}(/[A-Za-z0-9._~\-/]{0,200})?")


def safe_base(scheme: str, host: str, prefix: str = "") -> str | None:
    """`scheme://host/prefix` without a slash at the end, or None where a part has characters that it may not have."""
    base = f"{scheme}://{host}{prefix.rstrip('/')}"
    return base if _SAFE.fullmatch(base) else None
