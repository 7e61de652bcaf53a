"""What is wrong with a body, in words that quote nothing of it."""

from flask import request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from service.problems import CallerError


def content() -> bytes:
    """The request's body. Raises :class:`CallerError` where it is too large, or ended early."""
    try:
        return request.get_data()
    except HTTPException as error:
        raise CallerError(error.description or "the body cannot be read", status=error.code) from None


def explain(error: ValidationError) -> str:
    """The first mistake and where it is."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # A forbidden key's name is a caller's text, so it is left out.
    where = "" if first["type"] == "extra_forbidden" else ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return "the body is not JSON"
    return f"{where or 'body'}: {first['msg']}"
