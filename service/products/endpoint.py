"""What an endpoint is: one row of a table, from which its route, its validation and its OpenAPI entry follow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from service.context import Context

Answer = dict[str, Any]
MANAGED_BY = "managed_by:service"
"""The tag of everything that the service makes."""
PULUMI = "managed_by:pulumi"


class Asked(BaseModel):
    """An endpoint's parameters, from a JSON body or the query string."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Endpoint:
    """``channel`` is what it really calls at Datadog; ``run`` gets the parameters and gives the answer."""

    method: Literal["GET", "POST"]
    path: str
    """Below ``/datadog``; ``{name}`` is a parameter of that name."""
    summary: str
    channel: str
    asked: type[BaseModel]
    run: Callable[[Context, Any], Answer]
    creates: bool = False
    """Whether it makes something new, for which an idempotency key is honoured."""
    lasting: bool = False
    """Whether a write that cannot be made now is kept in the outbox."""
