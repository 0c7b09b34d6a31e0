"""Styles: SLD read into a model, drawn by Mapnik or as colours of rasters."""

from layers.styles.default import default_style
from layers.styles.model import Style, StyleWarning
from layers.styles.sld import read_sld
from layers.styles.xml import StyleError

__all__ = ["Style", "StyleError", "StyleWarning", "default_style", "read_sld"]
