"""What a client reads: the header Accept-Encoding. Standard library only: front and engine share this."""


def reads_gzip(accept_encoding: str) -> bool:
    """True where a header Accept-Encoding takes gzip (RFC 9110, 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        name, _, quality = part.strip().partition(";")
        if name.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
