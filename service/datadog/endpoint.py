"""The type of an endpoint: its route, its validation and its OpenAPI entry all follow from one table row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from service.context import Context

Json = dict[str, Any]
MANAGED_BY = "managed_by:service"
"""The tag of every object that the service creates."""
PULUMI = "managed_by:pulumi"


class Parameters(BaseModel):
    """An endpoint's parameters, from a JSON body, the query string and the path."""

    model_config = ConfigDict(extra="forbid")


class NoParameters(Parameters):
    """No parameters."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint: ``run`` gets the validated parameters and returns the JSON body of the response."""

    method: Literal["GET", "POST"]
    path: str
    """Below ``/datadog``; ``{name}`` is a parameter of that name."""
    summary: str
    channel: str
    """The operations of the API client, the intake or the span that it really uses at Datadog."""
    parameters: type[BaseModel]
    run: Callable[[Context, Any], Json]
    creates: bool = False
    """True where it creates something, so that an idempotency key is honoured."""
    lasting: bool = False
    """True where a write that cannot be made now is kept in the outbox."""


def manager(tags: list[str] | None) -> str | None:
    """Return who manages an object by its tag ``managed_by``: ``pulumi``, ``service``; None without one."""
    return next((tag.partition(":")[2] for tag in tags or () if tag.startswith("managed_by:")), None)
