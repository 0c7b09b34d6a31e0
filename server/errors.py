"""Errors as protocols tell them: each class carries the OGC's code and the HTTP status; protocols render them.

    ServiceError                       NoApplicableCode           500
    ├── MissingParameterError          MissingParameterValue      400
    ├── InvalidParameterError          InvalidParameterValue      400
    ├── OperationNotSupportedError     OperationNotSupported      400
    ├── VersionNegotiationError        VersionNegotiationFailed   400
    ├── NotFoundError                  NotFound                   404
    ├── TileOutOfRangeError            TileOutOfRange             400
    ├── TooLargeError                  InvalidParameterValue      413
    ├── DataAwayError                  NoApplicableCode           503   (Retry-After)
    └── AsleepError                    NoApplicableCode           503   (Retry-After)

WMS has codes of its own (06-042, table E.1): `server.wms.errors`. Standard library only: the front imports this.
"""

from xml.sax.saxutils import escape, quoteattr

OWS_NAMESPACES = {"1.1.0": "http://www.opengis.net/ows/1.1", "1.0.0": "http://www.opengis.net/ows"}


class ServiceError(Exception):
    """An error that a client is told, in its protocol's own form."""

    code = "NoApplicableCode"
    status = 500

    def __init__(self, message: str, locator: str | None = None) -> None:
        self.message = message
        self.locator = locator
        self.headers: dict[str, str] = {}
        super().__init__(message)


class MissingParameterError(ServiceError):
    """A parameter that must be given is not."""

    code = "MissingParameterValue"
    status = 400

    def __init__(self, parameter: str) -> None:
        super().__init__(f"the parameter {parameter} is missing", parameter)


class InvalidParameterError(ServiceError):
    """A parameter's value is not allowed."""

    code = "InvalidParameterValue"
    status = 400


class OperationNotSupportedError(ServiceError):
    """The operation is not one of this service."""

    code = "OperationNotSupported"
    status = 400


class VersionNegotiationError(ServiceError):
    """None of the accepted versions is served."""

    code = "VersionNegotiationFailed"
    status = 400


class NotFoundError(ServiceError):
    """There is nothing at this address."""

    code = "NotFound"
    status = 404


class TileOutOfRangeError(ServiceError):
    """Row or column beyond the limits (OGC 07-057r7, table 34)."""

    code = "TileOutOfRange"
    status = 400


class TooLargeError(ServiceError):
    """The request itself is larger than is read."""

    code = "InvalidParameterValue"
    status = 413


class DataAwayError(ServiceError):
    """The server that has the data is not there now, or too slow: clients should come back."""

    status = 503

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": "10"}


class AsleepError(ServiceError):
    """The heavy process sleeps in these hours; `retry_after` is in seconds."""

    status = 503

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(retry_after)}


def ows_report(error: ServiceError, version: str = "1.1.0", service_version: str = "1.0.0") -> bytes:
    """An ows:ExceptionReport (OGC 06-121r3, 8): OWS 1.1.0 for WMTS and WFS 2.0, 1.0.0 for WFS 1.1."""
    locator = f" locator={quoteattr(error.locator)}" if error.locator else ""
    namespace = OWS_NAMESPACES[version]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ows:ExceptionReport xmlns:ows="{namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{namespace} http://schemas.opengis.net/ows/{version}/owsExceptionReport.xsd" '
        f'version="{service_version}" xml:lang="en">\n'
        f'  <ows:Exception exceptionCode="{error.code}"{locator}>\n'
        f"    <ows:ExceptionText>{escape(printable(error.message))}</ows:ExceptionText>\n"
        "  </ows:Exception>\n</ows:ExceptionReport>\n"
    ).encode()


def printable(text: str) -> str:
    """The text without characters that XML 1.0 cannot hold."""
    return "".join(
        c if c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "\ufffd"
        for c in text
    )
