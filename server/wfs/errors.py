"""Errors as WFS tells them (OGC 09-025r2, 7.5, tables 3 and D.2): reports with code, locator and status."""

from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from layers.errors import (
    FilterError,
    GarrigueError,
    RequestError,
    SourceError,
    UnavailableError,
    WithheldLayerError,
)
from server.access import CredentialsError
from server.errors import DataAwayError, InvalidParameterError, ServiceError, ows_report, printable
from server.wfs.dialect import WFS10, WFS20, Dialect


class OperationParsingError(ServiceError):
    """The request cannot be read."""

    code = "OperationParsingFailed"
    status = 400


class OperationProcessingError(ServiceError):
    """The request was understood and then failed."""

    code = "OperationProcessingFailed"
    status = 403


class OptionNotSupportedError(ServiceError):
    """An option of an operation that this service does not have."""

    code = "OptionNotSupported"
    status = 400


class InvalidValueError(ServiceError):
    """A value that the feature type cannot hold (09-025r2, table 3)."""

    code = "InvalidValue"
    status = 400


class FeatureNotFoundError(ServiceError):
    """No feature has this id (09-025r2, 7.9.3.6)."""

    code = "NotFound"
    status = 404


class MissingLockIdError(ServiceError):
    """A change of locked features without the lock's id (09-025r2, 15.2.3.1)."""

    code = "MissingParameterValue"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message, "lockId")


class InvalidLockIdError(ServiceError):
    """No lock has this id."""

    code = "InvalidLockId"
    status = 400


class LockHasExpiredError(ServiceError):
    """The lock has ended."""

    code = "LockHasExpired"
    status = 403


class CannotLockAllFeaturesError(ServiceError):
    """All features were to be locked, and some are by others."""

    code = "CannotLockAllFeatures"
    status = 400


class DuplicateStoredQueryIdError(ServiceError):
    """A stored query of this id is there already."""

    code = "DuplicateStoredQueryIdValue"
    status = 409


class DuplicateStoredQueryParameterError(ServiceError):
    """Two parameters of a stored query have the same name."""

    code = "DuplicateStoredQueryParameterName"
    status = 409


OLD_CODES = {"InvalidLockId": "InvalidParameterValue"}
"""What codes of 2.0 are called before it."""


_LOCATORS = {
    "typename": "typeNames",
    "typenames": "typeNames",
    "srsname": "srsName",
    "crs": "srsName",
    "layer": "typeNames",
}


def told(error: GarrigueError) -> ServiceError:
    """The error in WFS's own code."""
    if isinstance(error, WithheldLayerError):
        return CredentialsError()
    if isinstance(error, FilterError):
        return InvalidParameterError(str(error), "filter")
    if isinstance(error, RequestError):
        return InvalidParameterError(str(error), _LOCATORS.get(error.parameter.lower(), error.parameter))
    if isinstance(error, UnavailableError):
        return DataAwayError(str(error))
    if isinstance(error, SourceError):
        return ServiceError("the data of this feature type cannot be read now")
    return ServiceError(str(error))


def answer(error: ServiceError, dialect: Dialect = WFS20) -> Response:
    """The exception report of a version; never kept by a cache."""
    if dialect is not WFS20:
        error.code = OLD_CODES.get(error.code, error.code)
    if dialect is WFS10:
        body = service_exception(error)
    elif dialect is WFS20:
        body = ows_report(error, "1.1.0", "2.0.0")
    else:
        body = ows_report(error, "1.0.0", dialect.version)
        # There the language is an attribute without a namespace.
        body = body.replace(b" xml:lang=", b" language=", 1)
    headers = {"Cache-Control": "no-store", **error.headers}
    return Response(body, status_code=error.status, headers=headers, media_type="text/xml")


def service_exception(error: ServiceError) -> bytes:
    """A ServiceExceptionReport (OGC 02-058, annex A.4)."""
    locator = f" locator={quoteattr(error.locator)}" if error.locator else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ServiceExceptionReport version="1.2.0" xmlns="http://www.opengis.net/ogc" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.opengis.net/ogc '
        'http://schemas.opengis.net/wfs/1.0.0/OGC-exception.xsd">\n'
        f'  <ServiceException code="{error.code}"{locator}>{escape(printable(error.message))}</ServiceException>\n'
        "</ServiceExceptionReport>\n"
    ).encode()
