"""The status of writes that the service has accepted, and the call that sends those that still wait."""

from uuid import UUID

from service.context import Context
from service.datadog.client import NotFound
from service.datadog.endpoint import Endpoint, Json, NoParameters, Parameters


class AcceptedWrite(Parameters):
    """The id of an accepted write."""

    write_id: UUID


def show_write(context: Context, write: AcceptedWrite) -> Json:
    """Return the status of a write: ``GET /datadog/writes/{write_id}``."""
    status = context.outbox.status(str(write.write_id))
    if status is None:
        raise NotFound("no accepted write has this id")
    return status


def drain(context: Context, _: NoParameters) -> Json:
    """Send what is due, and count what was sent and what still waits: ``POST /datadog/writes/drain``."""
    result = context.outbox.drain()
    return {"arrived": result.sent, "left": result.waiting}


ENDPOINTS = (
    Endpoint("GET", "/writes/{write_id}", "Show the status of an accepted write", "the outbox's store", AcceptedWrite,
             show_write),
    Endpoint("POST", "/writes/drain", "Send the writes that wait; Cloud Scheduler calls it",
             "the channels of these writes", NoParameters, drain),
)  # fmt: skip
