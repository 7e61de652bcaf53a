"""A whole deployment to the sandbox: the environment, its service's first traffic, then the organisation.

Two programs, each deployed by the real engine: the environment's (the checkout's root) and, where there is one, the
organisation's (``infra/org``), which reads the first one's outputs and describes metrics that must have been sent.
"""

from collections import Counter
from collections.abc import Mapping

from firedrill.engine import first_traffic, stack
from firedrill.engine.stack import Output
from firedrill.settings import Settings


def up(settings: Settings, output: Output, *, refresh: bool = False) -> Mapping[str, int]:
    """Deploy both programs; return the number of resources by operation, of both together."""
    accounts = stack.accounts(settings)
    environment_up = stack.up(stack.select(settings), accounts, output, refresh=refresh)
    changes = Counter(environment_up.changes)
    organisation = stack.organisation(settings)
    if organisation is not None:
        first_traffic.send(settings, environment_up.outputs.get("metrics") or (), output)
        changes += Counter(stack.up(organisation, accounts, output, refresh=refresh).changes)
    return changes


def destroy(settings: Settings, output: Output) -> None:
    """Delete both programs' resources: first the organisation's, which refer to the environment's."""
    accounts = stack.accounts(settings)
    organisation = stack.organisation(settings)
    if organisation is not None:
        stack.destroy(organisation, accounts, output)
    stack.destroy(stack.select(settings), accounts, output)
