"""The commands of the proof. They need no sandbox and no Pulumi engine."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from firedrill.cli import prove_json
from firedrill.cli.console import console, errors
from firedrill.cli.json_output import JsonOption, print_json
from firedrill.cli.progress import shown_progress
from firedrill.errors import KnownFailure

if TYPE_CHECKING:
    from firedrill.datadog.client import DatadogClient
    from firedrill.prove.findings import Finding
    from firedrill.scenario.definitions import Definitions

app = typer.Typer()


@app.command()
def prove(  # noqa: PLR0917 - typer reads options from parameters
    alerts: Annotated[
        list[str] | None, typer.Argument(help="The alerts to prove, by name. Without names, all.", metavar="ALERT")
    ] = None,
    monitors: Annotated[
        Path | None,
        typer.Option(help="A file with monitors of any account: an API response, a Terraform plan or a Pulumi state."),
    ] = None,
    scenarios: Annotated[
        Path | None, typer.Option(help="A folder of scenarios. The folder above it has ordinary.yaml.")
    ] = None,
    stack: Annotated[str, typer.Option(help="The stack whose program runs under Pulumi's mocks.")] = "local",
    root: Annotated[Path, typer.Option(help="The checkout of the stack.")] = Path(),
    ordinary: Annotated[
        Path | None,
        typer.Option(help="With --monitors alone: the ordinary telemetry, such as an export's ordinary.yaml."),
    ] = None,
    contract: Annotated[
        list[Path] | None,
        typer.Option(help="A contract.yaml of a service, also several times: an alert must read only what they have."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=0, help="The number of simulated months.")] = 20,
    faults: Annotated[bool, typer.Option(help="Put faults into every monitor.")] = True,
    report: Annotated[
        Path | None, typer.Option(help="A folder for the report: a page with plots, and the table as Markdown.")
    ] = None,
    cache: Annotated[
        bool, typer.Option(help="Take what did not change since an earlier proof from the user's cache folder.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Prove the alerts on scenarios, faults and ordinary months. No sandbox and no Pulumi engine are needed."""
    from firedrill.contract.alerts import outside_contract
    from firedrill.contract.contract import load_contract, merged
    from firedrill.prove.collect import from_program
    from firedrill.prove.left_out import whole_program, without_products
    from firedrill.prove.monitor_file import from_file
    from firedrill.prove.proof import prove as prove_all
    from firedrill.prove.proof import read_inputs
    from firedrill.prove.proof_cache import user_cache
    from firedrill.prove.report import page, screen
    from firedrill.prove.report.data import proof_data
    from firedrill.prove.selection import require_alerts, selected

    root = root.resolve()
    with shown_progress(errors) as progress, progress.step("Reading the monitors"):
        definitions = from_program(root, stack) if monitors is None else from_file(monitors)
    if monitors is not None and scenarios is None:
        definitions = selected(definitions, require_alerts(definitions, alerts or ()))
        outside = outside_contract(merged(map(load_contract, contract)), definitions) if contract else []
        _judge_alone(definitions, outside, ordinary, seeds, as_json=as_json)
        return
    folder = scenarios.resolve().parent if scenarios else root / "drills"
    names = require_alerts(definitions, alerts or ())
    inputs = replace(read_inputs(definitions, folder, scenarios), alerts=names)
    checkout = root if monitors is None else None
    if checkout and (whole := whole_program(checkout, stack)):
        inputs = replace(inputs, scenarios=without_products(inputs.scenarios, definitions, whole))
    definitions = selected(definitions, names)
    with shown_progress(errors) as progress:
        proof = prove_all(
            inputs,
            seeds=seeds,
            faults=faults,
            root=checkout,
            progress=progress,
            cache=user_cache() if cache else None,
            timelines=report is not None,
        )
    if contract:
        proof.findings += outside_contract(merged(map(load_contract, contract)), definitions)
    if report is not None:
        page.write(proof, definitions, report)
    if as_json:
        print_json(proof_data(proof, definitions))
    else:
        screen.show(proof, definitions, console)
    if proof.problems():
        raise typer.Exit(1)


def _judge_alone(
    definitions: "Definitions", outside: "list[Finding]", ordinary: Path | None, seeds: int, *, as_json: bool
) -> None:
    """Judge monitors without scenarios: by their text, and on ordinary telemetry where there is some."""
    from firedrill.prove import monitors_only
    from firedrill.prove.ordinary import load

    judgement = monitors_only.judge(definitions, None if ordinary is None else load(ordinary), seeds, outside)
    if as_json:
        print_json(monitors_only.data(judgement))
    else:
        monitors_only.show(judgement, console)
    if not judgement.good:
        raise typer.Exit(1)


@app.command()
def backtest(
    base: Annotated[str, typer.Option(help="The git revision to compare with.")],
    stack: Annotated[str, typer.Option(help="The stack whose program runs under Pulumi's mocks.")] = "local",
    seeds: Annotated[int, typer.Option(min=0, help="The number of simulated months.")] = 2,
    data: Annotated[
        Path | None, typer.Option(help="A folder of `firedrill export`, on which the alerts are compared, too.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the alerts of two versions of the stack. Both play the same telemetry; the output is Markdown."""
    from firedrill.prove import backtest as comparison

    compared = comparison.compare_revision(Path().resolve(), base, stack, seeds, data)
    if as_json:
        print_json(prove_json.backtest_data(compared, base))
    else:
        print(comparison.markdown(compared), end="")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The folder to write.")],
    days: Annotated[float, typer.Option(min=0, help="The number of days until now. It may have a fraction.")] = 7,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use the sandbox's account, not the one of DD_API_KEY and DD_APP_KEY.")
    ] = False,
) -> None:
    """Export an account's monitors, telemetry and history. prove, backtest and calibrate read the folder."""
    from firedrill.datadog.client import DatadogError
    from firedrill.prove.account import export as exports

    now = time.time() // 60 * 60
    try:
        exports.export(account(sandbox), folder, now - days * 86400, now, lambda line: console.print(escape(line)))
    except DatadogError as error:
        raise KnownFailure(str(error)) from error
    console.print(f"Written to {escape(str(folder))}.")


@app.command()
def calibrate(
    folder: Annotated[Path, typer.Argument(help="A folder of `firedrill export`.")],
    as_json: JsonOption = False,
) -> None:
    """Compare the evaluator with an account's own monitors. Exit code 1 if they differ."""
    from firedrill.prove.account import calibrate as calibration
    from firedrill.prove.account.export_folder import read_export

    agreements = calibration.calibrate(read_export(folder))
    if as_json:
        print_json(prove_json.calibrate_data(agreements))
    else:
        print(calibration.markdown(agreements), end="")
    if any(agreement.first for agreement in agreements):
        raise typer.Exit(1)


def account(sandbox: bool) -> "DatadogClient":
    """Return the API of the sandbox's account, or of the account of the environment variables."""
    from firedrill.datadog.client import DatadogClient
    from firedrill.settings import API_KEY, APP_KEY, from_environment

    if sandbox:
        return DatadogClient(from_environment().datadog_url, API_KEY, APP_KEY)
    api_key, app_key = os.environ.get("DD_API_KEY"), os.environ.get("DD_APP_KEY")
    if not api_key or not app_key:
        raise KnownFailure("set DD_API_KEY and DD_APP_KEY (and DD_SITE, such as datadoghq.eu), or use --sandbox")
    url = os.environ.get("DD_API_URL") or f"https://api.{os.environ.get('DD_SITE') or 'datadoghq.com'}"
    return DatadogClient(url.rstrip("/"), api_key, app_key)
