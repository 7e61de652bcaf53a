"""The ``firedrill`` command: all commands, and how failures are shown."""

import signal
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType
from typing import Annotated

import httpx
import typer
from rich.markup import escape

from firedrill import __version__
from firedrill.cli import checkout, contract, dashboards, delivery, new, prove, rehearse, sandbox
from firedrill.cli.console import errors
from firedrill.errors import KnownFailure

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C or SIGTERM ended."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(prove.app)
app.add_typer(contract.app)
app.add_typer(new.app, name="new", help="Write the files of a new alert, metric, scenario or policy.")
app.add_typer(delivery.app)
app.add_typer(dashboards.app)
app.add_typer(rehearse.app)
app.add_typer(sandbox.app)
NEED_CHECKOUT = frozenset().union(*map(checkout.mark, (delivery.app, dashboards.app, rehearse.app, sandbox.app)))
checkout.mark(new.app)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"firedrill {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Prove Datadog alerts before their deployment; deploy them to a sandbox on this machine or to real accounts."""
    if context.invoked_subcommand in NEED_CHECKOUT:
        checkout.require(context.invoked_subcommand)


def main() -> None:
    """Run a command. A known failure prints one message and exits with code 1, without a traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app(prog_name="firedrill")
    except SystemExit as error:
        if error.code == INTERRUPTED:
            errors.print("Interrupted.")
        raise
    except KnownFailure as error:
        _fail(str(error))
    except httpx.ConnectError as error:
        _fail(f"The sandbox does not answer ({error}). `firedrill status` shows what runs.")
    except httpx.HTTPError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        _fail(f"A server gave no usable answer: {reason}. `firedrill status` shows what runs.")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "firedrill"}:
            _fail(_defect(error))
        _fail(f"This command needs the package {package}: run `pip install 'firedrill[sandbox]'`.")
    except Exception as error:  # noqa: BLE001 - a defect, too, is one line
        _fail(_defect(error))


def _defect(error: Exception) -> str:
    """Write the traceback of a defect into a file; return one line that names it."""
    with tempfile.NamedTemporaryFile("w", prefix="firedrill-defect-", suffix=".log", delete=False) as file:
        traceback.print_exception(error, file=file)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"A defect of firedrill ({place}: {type(error).__name__}: {error}): report it, with the file {file.name}."


def _fail(message: str) -> None:
    errors.print(f"[red]{escape(message)}[/red]", soft_wrap=True)
    sys.exit(1)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM as Ctrl-C, so that commands clean up what is half done."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
