"""Commands that need a checkout of the stack: they say so in their help, and stop with one line where there is none."""

import sys

import typer

from firedrill.errors import KnownFailure
from firedrill.settings import from_environment

NEEDS_CHECKOUT = "Needs a checkout of the stack; the installed package alone is not enough."


def mark(app: typer.Typer) -> frozenset[str]:
    """Say in the help of an app's commands that they need a checkout; return their names."""
    for info in app.registered_commands:
        info.epilog = NEEDS_CHECKOUT
    return frozenset(str(info.name or getattr(info.callback, "__name__", "")) for info in app.registered_commands)


def require(command: str) -> None:
    """Refuse a command that needs a checkout, unless it is asked for its help.

    Raises:
        KnownFailure: There is no checkout.
    """
    root = from_environment().root
    if not (root / "Pulumi.yaml").is_file() and "--help" not in sys.argv:
        raise KnownFailure(
            f"`firedrill {command}` needs a checkout of the stack, and {root} is not one (it has no Pulumi.yaml): "
            "clone the repository and run `make setup` in it, or set FIREDRILL_ROOT to a checkout"
        )
