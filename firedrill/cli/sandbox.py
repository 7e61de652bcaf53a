"""The commands of the sandbox: status, drills, its environment, and its end."""

import shlex
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from firedrill.cli.console import console, errors
from firedrill.cli.json_output import JsonOption, print_json
from firedrill.cli.target import ProviderOption, held_sandbox, with_provider
from firedrill.engine import environment
from firedrill.settings import from_environment

app = typer.Typer()

ALL = "all"
WATCH_INTERVAL = 2.0
"""Seconds between two screens of ``status --watch``."""
DEFAULT_DRILLS = ("throttle_storm", "slow_answers")
"""The drills without an argument, which take a few minutes; all drills take a quarter of an hour."""


@app.command()
def down() -> None:
    """Stop the sandbox's processes. Its state stays, and `firedrill up` continues from it."""
    from firedrill.sandbox import processes

    with held_sandbox(start=False) as settings:
        stopped = processes.stop(settings)
        console.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing of this sandbox was running.")


@app.command()
def status(
    products: Annotated[bool, typer.Option(help="Show what was seen of each product, and when last.")] = False,
    markdown: Annotated[bool, typer.Option(help="With --products: print the page docs/products.md.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh it every two seconds, until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show processes, instances and monitors. --products shows the evidence for each product instead."""
    from firedrill.cli import status as status_screen
    from firedrill.sandbox import processes

    if products:
        with held_sandbox(start=False) as settings:
            processes.require(settings)
            status_screen.print_products(settings, console, markdown=markdown)
        return
    settings = from_environment()
    if watch:
        status_screen.watch(settings, WATCH_INTERVAL)
    report = status_screen.status_data(settings)
    if as_json:
        print_json(report)
    else:
        status_screen.print_status(report, settings, console)
    if not report["complete"]:
        raise typer.Exit(1)


@app.command()
def drill(  # noqa: PLR0917 - typer reads options from parameters
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names of files in drills/scenarios, or `all`. Without names, Gemini is throttled and then slow."
        ),
    ] = None,
    segment: Annotated[float, typer.Option(min=20, help="Seconds of each recorded segment.")] = 40,
    rate: Annotated[float, typer.Option(min=0.5, max=20, help="Chats per second.")] = 2,
    report: Annotated[Path | None, typer.Option(help="The file for the page with the alerts' plots.")] = None,
    recordings: Annotated[Path | None, typer.Option(help="Also save the service's telemetry to this folder.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Break the running service and judge its alerts. Shows who is paged, what is started, and the recovery."""
    from firedrill.cli.drill_data import drills_data
    from firedrill.cli.drill_page import write_page
    from firedrill.drill.session import run_drills, show_verdict
    from firedrill.engine import stack
    from firedrill.sandbox import processes

    output = errors if as_json else console
    with held_sandbox(start=False) as settings:
        processes.require(settings)
        selected = stack.select(settings)
        drills = run_drills(
            settings,
            names=() if scenarios == [ALL] else scenarios or DEFAULT_DRILLS,
            alerts=stack.outputs(selected).get("monitors") or {},
            configuration=stack.configuration(selected),
            length=segment // 10 * 10,
            rate=rate,
            console=output,
            recordings=recordings,
        )
        write_page(drills, report or settings.home / "drill" / "index.html", output)
    if as_json:
        print_json(drills_data(drills))
    if not show_verdict(drills, output):
        raise typer.Exit(1)


@app.command()
def record(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Names of files in drills/scenarios. Without names, all live drills.")
    ] = None,
) -> None:
    """Run drills and save their telemetry. `firedrill prove` plays drills/recordings without a sandbox."""
    recordings = from_environment().root / "drills" / "recordings"
    drill(scenarios or [ALL], recordings=recordings, segment=40, rate=2, report=None)


@app.command()
def destroy(provider: ProviderOption = None) -> None:
    """Delete the stack from the sandbox. Checks that the account is empty, and stops the sandbox."""
    from firedrill.cli import status as status_screen
    from firedrill.delivery.created_at_runtime import created_at_runtime
    from firedrill.engine import deployment
    from firedrill.engine import stack as engine
    from firedrill.sandbox import processes

    with held_sandbox(start=True, provider=provider) as settings:
        deployment.destroy(settings, console.out)
        created = created_at_runtime(engine.accounts(settings).datadog)
        # Datadog creates a monitor with each synthetic test and deletes it with the test.
        kinds = Counter(item.collection for item in created)
        kinds["monitors"] += kinds["synthetics_tests"]
        left = Counter(status_screen.created_objects(settings)) - kinds
        processes.stop(settings)
        if not left:
            # An account remembers all metrics and index names, so that the next stack needs a new account.
            for file in settings.home.glob("datadog.sqlite*"):
                file.unlink()
    if left:
        names = ", ".join(f"{count} {kind}" for kind, count in sorted(left.items()))
        errors.print(
            f"[red]The account still holds {names}, created outside of Pulumi:[/red] delete them with the API."
        )
        raise typer.Exit(1)
    for item in created:
        console.print(
            f"Created at run time and deleted with the account: {item.kind} {escape(item.name)} ({item.tag})",
            soft_wrap=True,
        )
    console.print("The account is empty and nothing runs.")


@app.command()
def env(
    off: Annotated[bool, typer.Option(help="Print the commands that unset the variables.")] = False,
    provider: ProviderOption = None,
) -> None:
    """Print variables for plain `pulumi`. Use it as eval "$(firedrill env)"."""
    settings = with_provider(from_environment(), provider)
    environment.prepare(settings)
    for name, value in environment.variables(settings).items():
        if not off:
            print(f"export {name}={shlex.quote(value)}")
        elif name != "PATH":
            print(f"unset {name}")


@app.command()
def coverage(
    recordings: Annotated[
        Path, typer.Argument(help="The folder of recorded API responses (cassettes) and of provider-wire.jsonl.")
    ] = Path("recordings"),
) -> None:
    """Write docs/coverage.md. It lists the API operations that the sandbox serves and how each was checked."""
    from firedrill.sandbox import coverage as operations

    root = from_environment().root
    target = root / "docs" / "coverage.md"
    served = operations.write(target, recordings)
    console.print(f"{target.relative_to(root)}: {served} operations are served.")
