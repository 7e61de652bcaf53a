"""Reading and checking request bodies. The messages quote nothing of the body, since they go into logs."""

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from service.api.problems import MALFORMED
from service.problems import CallerError


class StrictBody(BaseModel):
    """A JSON body without unknown members and without conversions between types."""

    model_config = ConfigDict(extra="forbid", strict=True)


Body = TypeVar("Body", bound=StrictBody)


def parse_body(model: type[Body]) -> Body:
    """Return the request's JSON body as this model. Raises :class:`CallerError`."""
    content = read_body()
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise CallerError(explain(error)) from None


def read_body() -> bytes:
    """Return the request's body, which may be empty.

    Raises:
        CallerError: It is too large, ends early, is chunked wrongly, or its type is not JSON: pages of other origins
            can send all types but this one without being asked
            (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
    """
    try:
        content = request.get_data()
        _refuse_more(len(content))
    except HTTPException as error:
        raise CallerError(error.description or "the body cannot be read", status=error.code) from None
    except MALFORMED:
        raise CallerError("the body ends early or is chunked wrongly") from None
    if content.strip() and not request.is_json:
        raise CallerError("Content-Type: send a body as application/json", status=415 if request.mimetype else 400)
    return content


def _refuse_more(size: int) -> None:
    """Raise :class:`RequestEntityTooLarge` when a body of unknown length goes on where Werkzeug stopped reading."""
    at_limit = request.content_length is None and size == request.max_content_length
    if at_limit and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge


def explain(error: ValidationError) -> str:
    """Return the first mistake and where it is."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # The name of a forbidden member is the caller's text, so it is left out.
    place = "" if first["type"] == "extra_forbidden" else ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return "the body is not JSON"
    return f"{place or 'body'}: {first['msg']}"
