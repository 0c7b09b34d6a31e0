"""Errors as WFS tells them (OGC 09-025r2, 7.5, tables 3 and D.2): reports with code, locator and status."""

from starlette.responses import Response

from layers.errors import FilterError, GarrigueError, RequestError, SourceError
from server.errors import InvalidParameterError, ServiceError, ows_report


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


class FeatureNotFoundError(ServiceError):
    """No feature has this id (09-025r2, 7.9.3.6)."""

    code = "NotFound"
    status = 404


_LOCATORS = {
    "typename": "typeNames",
    "typenames": "typeNames",
    "srsname": "srsName",
    "crs": "srsName",
    "layer": "typeNames",
}


def told(error: GarrigueError) -> ServiceError:
    """The error in WFS's own code."""
    if isinstance(error, FilterError):
        return InvalidParameterError(str(error), "filter")
    if isinstance(error, RequestError):
        return InvalidParameterError(str(error), _LOCATORS.get(error.parameter.lower(), error.parameter))
    if isinstance(error, SourceError):
        return ServiceError("the data of this feature type cannot be read now")
    return ServiceError(str(error))


def answer(error: ServiceError) -> Response:
    """The exception report; never kept by a cache."""
    body = ows_report(error, "1.1.0", "2.0.0")
    headers = {"Cache-Control": "no-store", **error.headers}
    return Response(body, status_code=error.status, headers=headers, media_type="text/xml")
