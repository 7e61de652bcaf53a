"""``POST /-/recording``: redirects the service's telemetry to a drill's copy of the account."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.datadog.intake.receiver import Receiver


class Recording(BaseModel):
    """A request: ``org`` is the copy, ``seconds`` the duration, which a new request extends; 0 ends the recording."""

    model_config = ConfigDict(extra="forbid")

    org: str = Field(pattern=r"^drill")
    seconds: float = Field(ge=0, le=3600)


def routes(receiver: Receiver) -> list[BaseRoute]:
    """Return the endpoint."""

    async def record(request: Request) -> Response:
        try:
            recording = Recording.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"errors": [str(error.errors()[0]["msg"])]}, 400)
        receiver.record(recording.org, recording.seconds)
        return JSONResponse({"recording": recording.org if recording.seconds else None})

    return [Route("/-/recording", record, methods=["POST"])]
