"""What a MapLibre style has no words for."""

from layers.styles.mapnik_expression import UndrawableError


class UnsayableError(UndrawableError):
    """Something that cannot be said in a MapLibre style; the message says what."""
