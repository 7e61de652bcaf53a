"""``firedrill new``: write what a new alert, metric, scenario or policy needs, and say what to fill in."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from firedrill.cli.console import console
from firedrill.errors import KnownFailure
from firedrill.scaffold.metric import MetricKind

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
RootOption = Annotated[Path, typer.Option(help="The checkout of the stack.")]
SignalOption = Annotated[str, typer.Option(help="The signal of drills/ordinary.yaml that it reads.")]


@app.command()
def alert(
    name: Annotated[str, typer.Argument(help="The alert's key, such as cost-runs-away.")],
    signal: SignalOption = "errors",
    topic: Annotated[str, typer.Option(help="The file in infra/observability/alerts, without .py.")] = "platform",
    root: RootOption = Path(),
) -> None:
    """Write an alert: its entry, a scenario in which it fires, one in which it stays quiet, and its runbook."""
    from firedrill.scaffold.alert import new_alert
    from firedrill.scaffold.checkout import Checkout

    checkout = Checkout(root.resolve())
    new_alert(checkout, name, signal, topic)
    _report(checkout.write(), checkout.to_fill_in(), f"`firedrill prove {name}` says what is left.")


@app.command()
def metric(
    name: Annotated[str, typer.Argument(help="The metric's name, such as llm.chat.history.")],
    kind: Annotated[
        MetricKind, typer.Option(help="Whether its values are added up, or their spread matters.")
    ] = "count",
    unit: Annotated[str, typer.Option(help="Datadog's name of the unit.")] = "event",
    root: RootOption = Path(),
) -> None:
    """Write a metric's declaration and its ordinary signal. The code that emits it is yours to write."""
    from firedrill.scaffold.checkout import Checkout
    from firedrill.scaffold.metric import new_metric

    checkout = Checkout(root.resolve())
    constant = new_metric(checkout, name, kind, unit)
    _report(
        checkout.write(),
        [*checkout.to_fill_in(), f"in service/, where it happens: emitter.emit({constant}, 1)"],
        f"`firedrill preview` refuses the metric until code emits it; then `firedrill new alert NAME --signal "
        f"{constant.lower()}`.",
    )


@app.command()
def scenario(
    name: Annotated[str, typer.Argument(help="The scenario's name, such as a_busy_evening.")],
    signal: SignalOption = "errors",
    quiet: Annotated[str, typer.Option("--alert", help="An alert that stays quiet in it.")] = "",
    root: RootOption = Path(),
) -> None:
    """Write a scenario in which a signal triples. Alerts that it does not name must stay quiet."""
    from firedrill.scaffold.checkout import Checkout
    from firedrill.scaffold.scenario import new_scenario

    checkout = Checkout(root.resolve())
    new_scenario(checkout, name, signal, quiet)
    step = f"`firedrill prove {quiet}`" if quiet else "`firedrill prove --no-faults --seeds 0`"
    _report(checkout.write(), checkout.to_fill_in(), f"{step} plays it and says what else fires.")


@app.command()
def policy(
    name: Annotated[str, typer.Argument(help="The policy's name, such as workflow-described.")],
    topic: Annotated[str, typer.Option(help="The file in policies, without .py.")] = "workflows",
    kind: Annotated[str, typer.Option(help="The kind of resource.")] = "datadog:WorkflowAutomation",
    prop: Annotated[str, typer.Option("--property", help="The property that must be set.")] = "description",
    root: RootOption = Path(),
) -> None:
    """Write a policy that requires a property, a case that passes, one that fails, and its page."""
    from firedrill.scaffold.checkout import Checkout
    from firedrill.scaffold.policy import new_policy

    checkout = Checkout(root.resolve())
    new_policy(checkout, name, topic, kind, prop)
    written = checkout.write()
    paths = os.environ | {"PYTHONPATH": str(checkout.root)}
    pages = [sys.executable, "-P", "-m", "policies.documentation"]
    done = subprocess.run(pages, cwd=checkout.root, env=paths, capture_output=True, text=True, check=False)
    if done.returncode:
        raise KnownFailure(f"docs/policies could not be generated: {done.stderr.strip()[-500:]}")
    step = "After an edit run `python -m policies.documentation`, then `pytest tests/unit/policies/test_cases.py`."
    _report([*written, Path(f"docs/policies/{name}.md")], checkout.to_fill_in(), step)


def _report(written: list[Path], to_fill_in: list[str], step: str) -> None:
    console.print("Written:")
    for path in written:
        console.print(f"  {escape(str(path))}", soft_wrap=True)
    console.print("To fill in:")
    for text in to_fill_in:
        console.print(f"  {escape(text)}", soft_wrap=True)
    console.print(escape(step), soft_wrap=True)
