"""The theme whose services are asked."""

from layers.errors import hint
from layers.registry import Registry
from server.access import CredentialsError
from server.errors import NotFoundError


def check_theme(registry: Registry, theme: str | None) -> None:
    """Raises NotFoundError for one that is not there; CredentialsError where who asks may only not have said who
    they are: none of its layers is for everybody.
    """
    if theme is None or theme in registry.themes:
        return
    if theme in registry.withheld_themes:
        raise CredentialsError
    raise NotFoundError(f"there is no theme {theme[:100]!r}{hint(theme[:100], registry.themes)}")
