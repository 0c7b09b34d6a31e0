"""The exceptions of WMS and how they are told (OGC 06-042, 6.11 and table E.1; OGC 01-068r3, 6.7 and table A.1).

    WmsError                          (no code)               400
    ├── InvalidFormatError            InvalidFormat
    ├── InvalidCrsError               InvalidCRS, InvalidSRS in 1.1.1
    ├── LayerNotDefinedError          LayerNotDefined
    ├── StyleNotDefinedError          StyleNotDefined
    ├── LayerNotQueryableError        LayerNotQueryable
    ├── InvalidPointError             InvalidPoint
    ├── CurrentUpdateSequenceError    CurrentUpdateSequence
    ├── InvalidUpdateSequenceError    InvalidUpdateSequence
    ├── MissingDimensionError         MissingDimensionValue
    └── InvalidDimensionError         InvalidDimensionValue

OperationNotSupported, MissingParameterValue and InvalidParameterValue are those of `server.errors`.
Standard library only: the front imports this for what it answers while the engine sleeps.
"""

from xml.sax.saxutils import escape, quoteattr

from layers import errors as layer_errors
from server.access import CredentialsError
from server.errors import DataAwayError, InvalidParameterError, ServiceError, printable

CONTENT_TYPES = {"1.3.0": "text/xml", "1.1.1": "application/vnd.ogc.se_xml"}
_DTD = "http://schemas.opengis.net/wms/1.1.1/WMS_exception_1_1_1.dtd"
_OGC = "http://www.opengis.net/ogc"
_XSD = "http://schemas.opengis.net/wms/1.3.0/exceptions_1_3_0.xsd"


class WmsError(ServiceError):
    """A mistake for which WMS has no code."""

    code = ""
    status = 400


class InvalidFormatError(WmsError):
    """A format that the operation does not offer."""

    code = "InvalidFormat"


class InvalidCrsError(WmsError):
    """A CRS that the asked layers do not offer."""

    code = "InvalidCRS"


class LayerNotDefinedError(WmsError):
    """A layer that the service does not offer."""

    code = "LayerNotDefined"


class StyleNotDefinedError(WmsError):
    """A style that the layer does not offer."""

    code = "StyleNotDefined"


class LayerNotQueryableError(WmsError):
    """GetFeatureInfo on a layer that is not declared queryable."""

    code = "LayerNotQueryable"


class InvalidPointError(WmsError):
    """A pixel (I, J) outside the picture."""

    code = "InvalidPoint"


class CurrentUpdateSequenceError(WmsError):
    """The client already holds the document (06-042, 7.2.3.5)."""

    code = "CurrentUpdateSequence"


class InvalidUpdateSequenceError(WmsError):
    """The client claims a document newer than the server's."""

    code = "InvalidUpdateSequence"


class MissingDimensionError(WmsError):
    """A dimension without a default was not given."""

    code = "MissingDimensionValue"


class InvalidDimensionError(WmsError):
    """A dimension's value cannot be read or is not among the layer's."""

    code = "InvalidDimensionValue"


def code_in(error: ServiceError, version: str) -> str:
    """The error's code as that version of WMS writes it; "" where there is none."""
    if version != "1.3.0" and error.code == "InvalidCRS":
        return "InvalidSRS"
    return "" if error.code == "NoApplicableCode" else error.code


def report(error: ServiceError, version: str = "1.3.0") -> bytes:
    """The ServiceExceptionReport of an error: in the ogc namespace for 1.3.0, with its DOCTYPE for 1.1.1."""
    code = code_in(error, version)
    attributes = f" code={quoteattr(code)}" if code else ""
    if version == "1.3.0" and error.locator:
        attributes += f" locator={quoteattr(printable(error.locator))}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{_opening(version)}\n'
        f"  <ServiceException{attributes}>{escape(printable(error.message))}</ServiceException>\n"
        "</ServiceExceptionReport>\n"
    ).encode()


def _opening(version: str) -> str:
    if version != "1.3.0":
        return f'<!DOCTYPE ServiceExceptionReport SYSTEM "{_DTD}">\n<ServiceExceptionReport version="1.1.1">'
    return (
        f'<ServiceExceptionReport version="1.3.0" xmlns="{_OGC}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{_OGC} {_XSD}">'
    )


def headers(error: ServiceError) -> dict[str, str]:
    """Headers that go with the error: it is never kept."""
    return {"Cache-Control": "no-store", **error.headers}


_TOLD: dict[type[layer_errors.RequestError], type[ServiceError]] = {
    layer_errors.UnknownLayerError: LayerNotDefinedError,
    layer_errors.UnknownStyleError: StyleNotDefinedError,
    layer_errors.UnknownCrsError: InvalidCrsError,
}


def told(error: layer_errors.GarrigueError) -> ServiceError:
    """What a client of WMS is told of a mistake that the layers found; of broken data, only that it is so."""
    if isinstance(error, layer_errors.WithheldLayerError):
        return CredentialsError()
    if isinstance(error, layer_errors.RequestError):
        kind = _TOLD.get(type(error), InvalidParameterError)
        return kind(str(error), error.parameter.upper() or None)
    if isinstance(error, layer_errors.UnavailableError):
        return DataAwayError(str(error))
    return ServiceError("the data of a layer cannot be read now; those who run the service are told in its log")
