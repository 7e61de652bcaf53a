"""A whole deployment of the sandbox: the environment, its service's first traffic, what the organisation shares.

Two programs, each by the real engine: the environment's (the checkout's root), and where there is one, the
organisation's (``infra/org``), which reads what the first exports and describes metrics that must have been sent.
"""

from collections import Counter
from collections.abc import Mapping

from firedrill.engine import environment, first_traffic, stack
from firedrill.engine.stack import Output
from firedrill.sandbox.settings import Settings


def up(
    settings: Settings, provider: environment.Provider, output: Output, *, refresh: bool = False
) -> Mapping[str, int]:
    """Deploy both; returns resources by operation, of both together."""
    accounts = stack.accounts(settings)
    environment_up = stack.up(stack.select(settings, provider), accounts, output, refresh=refresh)
    changes = Counter(environment_up.changes)
    organisation = stack.organisation(settings, provider)
    if organisation is not None:
        first_traffic.send(settings, environment_up.outputs.get("metrics") or (), output)
        changes += Counter(stack.up(organisation, accounts, output, refresh=refresh).changes)
    return changes


def destroy(settings: Settings, provider: environment.Provider, output: Output) -> None:
    """Delete both, in the other order: what the organisation shares refers to what the environment made."""
    accounts = stack.accounts(settings)
    organisation = stack.organisation(settings, provider)
    if organisation is not None:
        stack.destroy(organisation, accounts, output)
    stack.destroy(stack.select(settings, provider), accounts, output)
