"""The commands of the proof."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from firedrill.console import console
from firedrill.errors import KnownFailure

if TYPE_CHECKING:
    from firedrill.sandbox.providers.datadog.api import Api

app = typer.Typer()
DAYS = typer.Option(min=0, help="Days until now; also parts of one.")
SANDBOX = typer.Option(
    "--sandbox", help="The account of this checkout's sandbox; else the one of DD_API_KEY, DD_APP_KEY."
)


@app.command()
def prove(  # noqa: PLR0917 - typer reads options from parameters
    monitors: Annotated[
        Path | None, typer.Option(help="Monitors of any account: API JSON, Terraform plan, Pulumi state.")
    ] = None,
    scenarios: Annotated[Path | None, typer.Option(help="A folder of scenarios; its parent has ordinary.yaml.")] = None,
    stack: Annotated[str, typer.Option(help="The stack whose program is run under Pulumi's mocks.")] = "local",
    root: Annotated[Path, typer.Option(help="The checkout of the stack.")] = Path(),
    ordinary: Annotated[
        Path | None, typer.Option(help="With --monitors alone: the usual telemetry, such as an export's ordinary.yaml.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=0, help="Ordinary months.")] = 20,
    faults: Annotated[bool, typer.Option(help="Put faults into every monitor.")] = True,
    report: Annotated[Path | None, typer.Option(help="A folder for the report (HTML, Markdown, plots).")] = None,
) -> None:
    """Prove every declared alert on scenarios, faults and ordinary months: no sandbox, no Pulumi engine."""
    from firedrill.prove import alone
    from firedrill.prove import report as reports
    from firedrill.prove.collect import from_file, from_program
    from firedrill.prove.session import bench
    from firedrill.prove.session import prove as prove_all
    from firedrill.prove.signals import load

    definitions = from_program(root.resolve(), stack) if monitors is None else from_file(monitors)
    folder = scenarios.resolve().parent if scenarios else root.resolve() / "drills"
    if monitors is not None and scenarios is None:
        if not alone.show(definitions, None if ordinary is None else load(ordinary), seeds, console):
            raise typer.Exit(1)
        return
    checkout = root.resolve() if monitors is None else None
    proof = prove_all(bench(definitions, folder, scenarios), seeds=seeds, faults=faults, root=checkout)
    if report is not None:
        reports.write(proof, definitions, report)
    reports.show(proof, definitions, console)
    if proof.problems():
        raise typer.Exit(1)


@app.command()
def backtest(
    base: Annotated[str, typer.Option(help="The git revision to compare with.")],
    stack: Annotated[str, typer.Option(help="The stack whose program is run under Pulumi's mocks.")] = "local",
    seeds: Annotated[int, typer.Option(min=0, help="Ordinary months.")] = 2,
    data: Annotated[Path | None, typer.Option(help="Also compare on what `firedrill export` wrote here.")] = None,
) -> None:
    """What a change does to alerts: two versions of the stack over the same scenarios and months, as Markdown."""
    from firedrill.prove.backtest import compare_revision

    print(compare_revision(Path().resolve(), base, stack, seeds, data), end="")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where it is written.")],
    days: Annotated[float, DAYS] = 7,
    sandbox: Annotated[bool, SANDBOX] = False,
) -> None:
    """Write an account's monitors and SLOs, what they read and what they did, for prove, backtest and calibrate."""
    from firedrill.prove import export as exports

    now = time.time() // 60 * 60
    with told():
        exports.export(_account(sandbox), folder, now - days * 86400, now, lambda text: console.print(escape(text)))
    console.print(f"Written to {escape(str(folder))}.")


@app.command()
def calibrate(folder: Annotated[Path, typer.Argument(help="What `firedrill export` wrote.")]) -> None:
    """Hold the evaluator against what an account's own monitors did; exit code 1 where they differ."""
    from firedrill.prove import calibrate as calibration
    from firedrill.prove.exported import read

    found = calibration.calibrate(read(folder))
    print(calibration.markdown(found), end="")
    if any(one.first for one in found):
        raise typer.Exit(1)


@contextmanager
def told() -> Iterator[None]:
    """What an account refuses is one line."""
    from firedrill.sandbox.providers.datadog.api import ApiError

    try:
        yield
    except ApiError as error:
        raise KnownFailure(str(error)) from error


def _account(sandbox: bool) -> "Api":
    from firedrill.sandbox.providers.datadog.api import Api
    from firedrill.sandbox.settings import API_KEY, APP_KEY, from_environment

    if sandbox:
        return Api(from_environment().datadog_url, API_KEY, APP_KEY)
    api_key, app_key = os.environ.get("DD_API_KEY"), os.environ.get("DD_APP_KEY")
    if not api_key or not app_key:
        raise KnownFailure("set DD_API_KEY and DD_APP_KEY (and DD_SITE, such as datadoghq.eu), or say --sandbox")
    url = os.environ.get("DD_API_URL") or f"https://api.{os.environ.get('DD_SITE') or 'datadoghq.com'}"
    return Api(url.rstrip("/"), api_key, app_key)
