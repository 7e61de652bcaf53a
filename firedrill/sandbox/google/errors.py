"""Google's errors: a status, a message and the JSON that Google's APIs answer with.

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


class GoogleError(Exception):
    """A request that is answered with an error; ``reason`` is Cloud Storage's word for it."""

    def __init__(self, code: int, message: str, *, status: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, "UNKNOWN")
        self.reason = reason

    def body(self) -> dict[str, object]:
        """The answer's JSON."""
        error: dict[str, object] = {"code": self.code, "message": self.message, "status": self.status}
        if self.reason:
            error["errors"] = [{"message": self.message, "domain": "global", "reason": self.reason}]
        return {"error": error}


async def unreadable(_request: Request, error: Exception) -> JSONResponse:
    """Starlette's exception handler for a body that is no JSON."""
    refused = GoogleError(400, f"Invalid JSON payload received: {error}", reason="parseError")
    return JSONResponse(refused.body(), status_code=refused.code)


async def answer(_request: Request, error: Exception) -> JSONResponse:
    """Starlette's exception handler for :class:`GoogleError`."""
    assert isinstance(error, GoogleError)
    return JSONResponse(error.body(), status_code=error.code)
