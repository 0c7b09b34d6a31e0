"""Which of the two encodings the header Accept prefers (RFC 9110, 12.5.1)."""

HTML = ("text/html", "application/xhtml+xml", "text/*")


def accepted(accept: str) -> str:
    """`text/html` where it is preferred to JSON and to everything, else `application/json`."""
    page, data = 0.0, 0.0
    for place, part in enumerate(accept.split(",")):
        name, *options = (text.strip().lower() for text in part.split(";"))
        # Of two that are wanted alike, the one named first.
        weight = _quality(options) - place * 1e-6
        if name in HTML:
            page = max(page, weight)
        elif "json" in name or name in ("*/*", "application/*"):
            data = max(data, weight)
    return "text/html" if page > data else "application/json"


def _quality(options: list[str]) -> float:
    for option in options:
        name, _, value = option.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
