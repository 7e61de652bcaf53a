"""Errors of Google's APIs: a status, a message and the JSON body.

The form is the one of https://cloud.google.com/apis/design/errors.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse

STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
}


class ErrorResponse(Exception):
    """An error response to a request; ``reason`` is Cloud Storage's error reason."""

    def __init__(self, code: int, message: str, *, status: str = "", reason: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, "UNKNOWN")
        self.reason = reason

    def __str__(self) -> str:
        return self.message

    def body(self) -> dict[str, object]:
        """Return the response body."""
        error: dict[str, object] = {"code": self.code, "message": self.message, "status": self.status}
        if self.reason:
            error["errors"] = [{"message": self.message, "domain": "global", "reason": self.reason}]
        return {"error": error}


async def invalid_json_response(_request: Request, error: Exception) -> JSONResponse:
    """Handle a request body that is not JSON (an exception handler of Starlette)."""
    invalid = ErrorResponse(400, f"Invalid JSON payload received: {error}", reason="parseError")
    return JSONResponse(invalid.body(), status_code=invalid.code)


async def google_error_response(_request: Request, error: Exception) -> JSONResponse:
    """Handle an :class:`ErrorResponse` (an exception handler of Starlette)."""
    assert isinstance(error, ErrorResponse)
    return JSONResponse(error.body(), status_code=error.code)
