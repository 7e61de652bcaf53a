"""Hold the sandbox or select a stack for one command, and the options that name a stack and a provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from firedrill.cli.console import errors
from firedrill.errors import KnownFailure
from firedrill.settings import Provider, Settings, from_environment

if TYPE_CHECKING:
    from firedrill.delivery.target import Target

SANDBOX_STACK = "local"
"""As in ``firedrill.engine.stack``, which imports Pulumi: commands load that only when they run."""
StackOption = Annotated[
    str,
    typer.Option("--stack", "-s", help="The stack. `local` is the sandbox's; any other stack is of real accounts."),
]
ProviderOption = Annotated[
    Provider | None,
    typer.Option(
        help="The sandbox's Datadog provider: our own, or the published plugin on PATH or in Pulumi's folder. "
        "By default that of FIREDRILL_PROVIDER, else our own."
    ),
]


@contextmanager
def held_sandbox(*, start: bool, provider: Provider | None = None) -> Iterator[Settings]:
    """Hold this checkout's sandbox for one command; with ``start``, start the processes that do not run.

    If the command fails and this call started the whole sandbox, the sandbox is stopped again. provider: None for that
    of the environment.

    Raises:
        KnownFailure: a start is asked for, and the provider is not on this machine; nothing is started.
    """
    from firedrill.engine.environment import variables
    from firedrill.sandbox import processes

    settings = with_provider(from_environment(), provider)
    with processes.exclusive(settings):
        was_stopped = not processes.running(settings)
        if start:
            variables(settings)  # its errors come before anything is started
            started = processes.start(settings)
            if started:
                errors.print(f"Started: {', '.join(started)}.")
        try:
            yield settings
        except BaseException:
            if start and was_stopped:
                processes.stop(settings)
            raise


def with_provider(settings: Settings, provider: Provider | None) -> Settings:
    """Return a sandbox's settings with the provider of the option, where it is given."""
    return settings if provider is None else replace(settings, provider=provider)


@contextmanager
def open_target(stack: str, provider: Provider | None = None) -> Iterator["Target"]:
    """Select a stack for one command. The sandbox is started and held if the stack is the sandbox's.

    Raises:
        KnownFailure: Pulumi has no such stack, there is no Pulumi CLI, or the provider is not for this stack.
    """
    from firedrill.delivery.target import account_target, sandbox_target

    if stack == SANDBOX_STACK:
        with held_sandbox(start=True, provider=provider) as settings:
            yield sandbox_target(settings)
    else:
        if provider == Provider.OURS:
            raise KnownFailure(f"--provider ours is for the sandbox only: stack {stack} uses the published plugin")
        yield account_target(stack)
