"""The ``firedrill`` program."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Annotated

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from firedrill import bootstrap
from firedrill.console import Chosen, console, errors, sandbox
from firedrill.engine import environment
from firedrill.errors import KnownFailure
from firedrill.prove import commands as prove
from firedrill.sandbox import processes
from firedrill.sandbox.settings import from_environment

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Datadog for an LLM service, proven before it is deployed. Commands act on this checkout's sandbox.",
)
app.add_typer(prove.app)
if find_spec("pulumi"):  # the package by itself proves anybody's alerts, and brings no Pulumi
    from firedrill.delivery import commands as delivery

    app.add_typer(delivery.app)


@app.command()
def down() -> None:
    """End the sandbox's processes. Its state stays: `firedrill up` goes on where this stopped."""
    with sandbox(start=False) as settings:
        ended = processes.stop(settings)
        console.print(f"Ended: {', '.join(ended)}." if ended else "Nothing of this sandbox was running.")


@app.command()
def status(
    products: Annotated[bool, typer.Option(help="What was seen of each product, and when last.")] = False,
    markdown: Annotated[bool, typer.Option(help="With --products: as docs/products.md.")] = False,
) -> None:
    """What runs, where, and the state of every monitor; or of each product what was seen."""
    from firedrill import status as status_page

    if products:
        with sandbox(start=False) as settings:
            processes.require(settings)
            status_page.print_products(settings, console, markdown=markdown)
        return
    if not status_page.print_status(from_environment(), console):
        raise typer.Exit(1)


ALL = "all"
USUAL = ("throttle_storm", "slow_answers")
"""What a drill without names holds: a few minutes; all of them take a quarter of an hour."""


@app.command()
def drill(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Names in drills/scenarios, or all of them; without: Gemini throttled, then slow."),
    ] = None,
    segment: Annotated[float, typer.Option(min=20, help="Seconds of each recorded segment.")] = 40,
    rate: Annotated[float, typer.Option(min=0.5, max=20, help="Chats a second.")] = 2,
    pictures: Annotated[Path | None, typer.Option(help="Where pictures of firing alerts go.")] = None,
    recordings: Annotated[Path | None, typer.Option(help="Also keep what the service emitted here.")] = None,
) -> None:
    """Break the running service and show which alerts fire, whom they page, what they start, and that they clear."""
    from firedrill.drill.session import drill as hold_drill
    from firedrill.engine import stack

    with sandbox(start=False) as settings:
        processes.require(settings)
        selected = stack.select(settings)
        configuration = stack.configuration(selected)
        as_expected = hold_drill(
            settings,
            names=() if scenarios == [ALL] else scenarios or USUAL,
            alerts=stack.outputs(selected).get("monitors") or {},
            configuration=configuration,
            length=segment // 10 * 10,
            rate=rate,
            pictures=pictures or settings.home / "drill",
            console=console,
            recordings=recordings,
        )
    if not as_expected:
        raise typer.Exit(1)


@app.command()
def record(
    scenarios: Annotated[list[str] | None, typer.Argument(help="Names in drills/scenarios; all without.")] = None,
) -> None:
    """Hold drills and keep what the service emitted in drills/recordings: `firedrill prove` needs no sandbox then."""
    kept = from_environment().root / "drills" / "recordings"
    drill(scenarios or [ALL], recordings=kept, segment=40, rate=2, pictures=None)


@app.command()
def policies(
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """What the checkout's policy pack asks of a stack; `up` and `preview` run it."""
    pack = from_environment().root / "policies"
    if not (pack / "PulumiPolicy.yaml").exists():
        raise KnownFailure(f"there is no policy pack in {pack}")
    listed = subprocess.run([sys.executable, str(pack), "--list"], capture_output=True, text=True, check=True).stdout
    if as_json:
        print(listed)
        return
    found = json.loads(listed)
    table = Table("policy", "severity", "what it asks", title=f"{len(found)} policies (docs/policies)")
    for one in found:
        table.add_row(one["policy"], one["severity"], escape(one["says"]))
    console.print(table)


@app.command()
def destroy(provider: Chosen = environment.Provider.OURS) -> None:
    """Delete every resource of the stack from the sandbox, check that the account is empty, and end the sandbox."""
    from firedrill import status as status_page
    from firedrill.delivery import made
    from firedrill.engine import deployment
    from firedrill.engine import stack as engine

    with sandbox(start=True) as settings:
        deployment.destroy(settings, provider, console.out)
        own = made.by_the_running(engine.accounts(settings).datadog)
        # A test of the service's has a monitor, which goes with it.
        kinds = Counter(one.kind for one in own) + Counter("monitors" for one in own if one.kind == "synthetics_tests")
        left = Counter(status_page.objects(settings)) - kinds
        processes.stop(settings)
        if not left:
            # An account remembers for ever which metrics came and which index names were used; the next is a new one.
            for file in settings.home.glob("datadog.sqlite*"):
                file.unlink()
    if left:
        names = ", ".join(f"{count} {kind}" for kind, count in sorted(left.items()))
        errors.print(f"[red]The account still holds {names}, made outside of Pulumi:[/red] delete them by the API.")
        raise typer.Exit(1)
    for one in own:
        console.print(
            f"Made at run time, gone with the sandbox's account: {one.what} {escape(one.name)} ({one.tag})",
            soft_wrap=True,
        )
    console.print("The account is empty and nothing runs.")


@app.command()
def env(
    off: Annotated[bool, typer.Option(help="Print what takes the variables away again.")] = False,
    provider: Chosen = environment.Provider.OURS,
) -> None:
    """Print what makes plain `pulumi` work against the sandbox: eval "$(firedrill env)"."""
    settings = from_environment()
    environment.prepare(settings)
    for name, value in environment.variables(settings, provider).items():
        if not off:
            print(f"export {name}={shlex.quote(value)}")
        elif name != "PATH":
            print(f"unset {name}")


@app.command()
def coverage(
    recordings: Annotated[
        Path, typer.Argument(help="Folder of recorded answers (cassettes) and of provider-wire.jsonl.")
    ],
) -> None:
    """Write docs/coverage.md: which operations of Datadog's API the sandbox serves, and how each was checked."""
    from firedrill.sandbox import coverage as table

    settings = from_environment()
    target = settings.root / "docs" / "coverage.md"
    served = table.write(target, recordings)
    console.print(f"{target.relative_to(settings.root)}: {served} operations are served.")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """To be ended is to be interrupted: what is half done is taken back."""
    raise KeyboardInterrupt


def main() -> None:
    """Run a command; a known failure is one clear message and exit code 1, never a traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    os.environ.setdefault("MPLCONFIGDIR", str(bootstrap.cache() / "matplotlib"))  # one folder for all that is kept
    try:
        app()
    except httpx.ConnectError as error:
        errors.print(
            f"[red]The sandbox stopped answering ({escape(str(error))}): `firedrill status` shows what runs.[/red]"
        )
        sys.exit(1)
    except httpx.HTTPError as error:
        said = escape(str(error).splitlines()[0] if str(error) else type(error).__name__)
        errors.print(f"[red]A server gave no usable answer: {said}; `firedrill status` shows what runs.[/red]")
        sys.exit(1)
    except KnownFailure as error:
        errors.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
