"""Errors of the OGC API as JSON (OGC 17-069r4, 7.5.1; the members of RFC 7807 beside OGC's own)."""

from http import HTTPStatus

import orjson
from starlette.responses import Response

from server.errors import ServiceError


class MethodNotAllowedError(ServiceError):
    """The resource has no such method."""

    code = "OperationNotSupported"
    status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not one of {allowed}")
        self.headers = {"Allow": allowed}


def answer(error: ServiceError) -> Response:
    """The error as JSON, with its status."""
    return Response(
        document(error.status, error.code, error.message),
        status_code=error.status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **error.headers},
    )


def document(status: int, code: str, message: str) -> bytes:
    """The body of an error."""
    return orjson.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": message,
            "description": message,
        }
    )
