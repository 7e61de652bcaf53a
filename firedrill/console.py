"""What the commands share: where they write, and how they hold this checkout's sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from firedrill.engine import environment
from firedrill.sandbox import processes
from firedrill.sandbox.settings import Settings, from_environment

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

Chosen = Annotated[
    environment.Provider, typer.Option(help="The Datadog provider: the sandbox's own, or the published plugin on PATH.")
]


@contextmanager
def sandbox(*, start: bool) -> Iterator[Settings]:
    """This checkout's sandbox, held for one command; with ``start``, its processes run.

    A command that fails ends the sandbox again if it was this command that started all of it.
    """
    settings = from_environment()
    with processes.exclusive(settings):
        fresh = not processes.running(settings)
        if start:
            started = processes.start(settings)
            if started:
                console.print(f"Started: {', '.join(started)}.")
        try:
            yield settings
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                errors.print("Interrupted.")
            if start and fresh:
                processes.stop(settings)
            raise
