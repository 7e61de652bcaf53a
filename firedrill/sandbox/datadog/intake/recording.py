"""``POST /-/recording``: a drill keeps what the service emits in an account copy of its own."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.datadog.intake.receiver import Receiver


class Recording(BaseModel):
    """``org`` names the copy; ``seconds`` is how long the recording lasts unless asked for again, 0 ends it."""

    model_config = ConfigDict(extra="forbid")

    org: str = Field(pattern=r"^drill")
    seconds: float = Field(ge=0, le=3600)


def routes(receiver: Receiver) -> list[BaseRoute]:
    """The one endpoint."""

    async def record(request: Request) -> Response:
        try:
            wanted = Recording.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"errors": [str(error.errors()[0]["msg"])]}, 400)
        receiver.record(wanted.org, wanted.seconds)
        return JSONResponse({"recording": wanted.org if wanted.seconds else None})

    return [Route("/-/recording", record, methods=["POST"])]
