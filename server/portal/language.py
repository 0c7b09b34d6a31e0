"""The language of a page: `?lang=`, else what the browser prefers, else the service's. Standard library only."""

LANGUAGES = ("fr", "en")


def choose(lang: str, accept_language: str, default: str) -> str:
    """ "fr" or "en" (RFC 9110, 12.5.4); unknown languages are passed over."""
    if lang in LANGUAGES:
        return lang
    best, weight = default, 0.0
    for part in accept_language.split(","):
        tag, _, quality = part.strip().partition(";")
        known = tag.strip().lower().partition("-")[0]
        if known in LANGUAGES and _weight(quality) > weight:
            best, weight = known, _weight(quality)
    return best


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
