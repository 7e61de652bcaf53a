"""The commands of delivery: each module of ``firedrill.delivery`` that a person calls is one of them."""

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from firedrill.cli.console import console, errors
from firedrill.cli.json_output import JsonOption, print_json
from firedrill.cli.target import ProviderOption, StackOption, open_target
from firedrill.delivery.build import ImageBuilder
from firedrill.errors import KnownFailure
from firedrill.settings import from_environment

app = typer.Typer()

DRIFTED = 3
"""Exit code of ``firedrill drift`` when something differs from what was deployed."""
MarkdownOption = Annotated[bool, typer.Option("--markdown", help="Print the report as Markdown and nothing else.")]
DONE = {"same": "unchanged", "create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
"""Pulumi's operations as participles."""


@app.command()
def up(
    stack: StackOption = "local",
    refresh: Annotated[bool, typer.Option(help="Also undo changes made by hand (pulumi up --refresh).")] = False,
    provider: ProviderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deploy the stack with the Pulumi engine. Without --stack it is deployed to the sandbox, which is started."""
    from firedrill.cli import status
    from firedrill.delivery import cloud_run, history, ownership
    from firedrill.delivery.target import config_file
    from firedrill.engine import deployment
    from firedrill.engine import stack as engine

    began = time.monotonic()
    output = errors if as_json else console
    with open_target(stack, provider) as target:
        if target.settings is None:
            history.refuse_uncommitted(target.root)
        cloud_run.record_moved_traffic(target)
        if target.settings is not None:
            changes = deployment.up(target.settings, output.out, refresh=refresh)
        else:
            engine.recover(target.stack, target.accounts, output.out)
            with config_file(target, cloud_run.deployed_image(target)) as file:
                ownership.refuse_conflicts(target, engine.preview(target.stack, lambda _: None, file).steps)
                changes = engine.up(
                    target.stack, target.accounts, output.out, refresh=refresh, config_file=file
                ).changes
        seconds = time.monotonic() - began
        if as_json:
            print_json({"stack": stack, "seconds": round(seconds, 1), "changes": dict(changes)})
            return
        counts = ", ".join(f"{count} {DONE.get(operation, operation)}" for operation, count in changes.items())
        console.rule()
        console.print(f"[bold]The stack is up[/bold] after {seconds:.0f} s ({counts}).\n")
        if target.settings is not None:
            status.print_urls(target.settings, console)


@app.command()
def preview(  # noqa: PLR0917 - typer reads options from parameters
    stack: StackOption = "local",
    markdown: MarkdownOption = False,
    base: Annotated[
        str | None,
        typer.Option(help="With --markdown: the git revision to compare the alerts with, such as main."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=0, help="The number of simulated months of the comparison.")] = 2,
    png: Annotated[
        Path | None,
        typer.Option(
            help="With --markdown and --base: the folder for pictures of changed dashboards, before and after."
        ),
    ] = None,
    provider: ProviderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what `up` would change (pulumi preview --diff). --markdown prints the report for a pull request."""
    from firedrill.cli import delivery_json
    from firedrill.delivery import cloud_run, ownership, programs
    from firedrill.delivery import preview as previews
    from firedrill.delivery.target import config_file

    with open_target(stack, provider) as target:
        if not markdown and not as_json:
            with config_file(target, cloud_run.deployed_image(target)) as file:
                result, notes = programs.preview(target, console.out, file)
            for note in notes:
                console.print(note, soft_wrap=True)
            ownership.refuse_conflicts(target, result.steps)
            return
        report = previews.report(target, base, seeds)
        root = target.root
    if as_json:
        print_json(delivery_json.preview_data(report))
    else:
        print(previews.markdown(report), end="")
        if png is not None and base is not None:
            print(_dashboards(root, base, stack, png), end="")
    if report.failure:
        raise typer.Exit(1)


def _dashboards(root: Path, base: str, stack: str, files: Path) -> str:
    """Draw the dashboards that differ from a git revision; return the section of the comment."""
    from firedrill.dashboards import changes

    try:
        return "\n" + changes.markdown(changes.draw_changes(root, base, stack, changes.RECORDING, files))
    except KnownFailure as error:
        return f"\n### Dashboards\n\nNot drawn: {error}\n"


@app.command("refresh", hidden=True)  # Pulumi's word for it
@app.command()
def drift(
    stack: StackOption = "local",
    markdown: MarkdownOption = False,
    provider: ProviderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was changed by hand, and by whom. The exit code is 3 if there is drift."""
    from firedrill.cli import delivery_json
    from firedrill.delivery import drift as drifts

    with open_target(stack, provider) as target:
        report = drifts.find_drift(target)
    if as_json:
        print_json(delivery_json.drift_data(report, stack))
    elif markdown:
        print(drifts.markdown(report, stack), end="")
    else:
        drifts.print_drift(report, console)
    if report.changes:
        raise typer.Exit(DRIFTED)


@app.command()
def deploy(  # noqa: PLR0917 - typer reads options from parameters
    stack: StackOption = "local",
    steps: Annotated[str, typer.Option(help="The percentages of requests before all of them.")] = "10,50",
    bake: Annotated[float, typer.Option(min=0, help="Seconds for which the monitors are watched after each.")] = 120,
    image: Annotated[str | None, typer.Option(help="An image by its digest, instead of building one.")] = None,
    builder: Annotated[
        ImageBuilder | None, typer.Option(help="The builder. By default Docker, or Cloud Build without Docker.")
    ] = None,
    despite_alerts: Annotated[
        bool, typer.Option(help="Deploy although monitors are in alert. Those monitors are ignored.")
    ] = False,
    provider: ProviderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deploy an image in steps. Tests and monitors decide whether the new revision gets more requests or none."""
    from firedrill.delivery import deploy as deployment
    from firedrill.delivery import history
    from firedrill.delivery.cloud_run import record_moved_traffic

    try:
        percentages = [int(part) for part in steps.split(",") if part.strip()]
    except ValueError:
        percentages = [0]
    if percentages != sorted(set(percentages)) or not all(0 < percentage < 100 for percentage in percentages):
        raise KnownFailure(f"--steps {steps}: give rising percentages between 1 and 99, such as 10,50")
    with open_target(stack, provider) as target:
        if target.settings is None:
            history.refuse_uncommitted(target.root)
        record_moved_traffic(target)
        plan = deployment.Plan(percentages, bake, image, builder, despite_alerts)
        deployed = deployment.deploy(target, plan, errors if as_json else console)
    if as_json:
        print_json({"stack": stack, **asdict(deployed)})


@app.command()
def rollback(  # noqa: PLR0917 - typer reads options from parameters
    to: Annotated[str, typer.Option("--to", help="An update's number, a git revision, or a revision of Cloud Run.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only report whether it is possible and what is lost.")
    ] = False,
    alerts: Annotated[
        bool, typer.Option("--alerts", help="Apply that update's whole program again, not only its revision.")
    ] = False,
    stack: StackOption = "local",
    provider: ProviderOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --check: print the report as JSON; docs/schemas has its schema.")
    ] = False,
) -> None:
    """Return to an earlier update. Its revision and model are back in seconds; --alerts also returns the rest."""
    from firedrill.cli import delivery_json
    from firedrill.delivery import cloud_run, history
    from firedrill.delivery import rollback as back

    if as_json and not check:
        raise KnownFailure("--json is for --check, which changes nothing: add --check")
    with open_target(stack, provider) as target:
        updates = history.updates(target)
        service = cloud_run.required_service(target)
        revision = service.ready_revision(to)
        if revision is not None and not check and not alerts:
            back.roll_back_revision(target, service, revision, None, console)
            return
        update = history.find_update(updates, to, target.root)
        if check:
            current = next((candidate for candidate in reversed(updates) if candidate.succeeded), None)
            checked = back.check(target, update, current)
            if as_json:
                print_json(delivery_json.rollback_data(checked, update, stack))
            else:
                back.print_check(checked, console)
            if not checked.possible:
                raise typer.Exit(1)
            return
        console.print(f"Back to {update}.", soft_wrap=True)
        project = target.stack.workspace.project_settings().name
        model = update.config.get(f"{project}:modelPrimary")
        back.roll_back_revision(target, service, back.revision_of(service, update), model, console)
        if alerts:
            back.reapply(target, update, console)
        else:
            console.print("Alerts, dashboards and configuration are unchanged; --alerts returns those too.")


@app.command("import")
def adopt(
    tag: Annotated[str, typer.Option(help="The tag of the objects, such as team:llm-platform.")],
    out: Annotated[Path | None, typer.Option(help="The Python file to write. Without it, standard output.")] = None,
    stack: StackOption = "local",
) -> None:
    """Declare existing objects in Python. `pulumi up` then imports the monitors, dashboards and SLOs unchanged."""
    from firedrill.delivery import import_objects

    with open_target(stack) as target:
        managed = [str(resource["id"]) for resource in target.resources() if resource.get("id")]
        objects = import_objects.find_objects(target.datadog, tag, managed)
        text = import_objects.python_module(target.datadog, objects, tag)
    if out is None:
        print(text, end="")
        return
    out.write_text(text)
    errors.print(
        f"{len(objects)} objects are declared in {out}. Import it in the program; `pulumi preview` shows only imports."
    )


@app.command()
def doctor(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Check the accounts before a deployment. It looks for keys, products, people, APIs and models."""
    from firedrill.cli import delivery_json
    from firedrill.delivery import doctor as examination

    with open_target(stack) as target:
        items = examination.examine(target)
        if as_json:
            print_json(delivery_json.doctor_data(items, stack))
        else:
            examination.print_items(items, target, console)
    if code := examination.exit_code(items):
        raise typer.Exit(code)


@app.command()
def estimate(  # noqa: PLR0917 - typer reads options from parameters
    stack: StackOption = "local",
    chats: Annotated[int, typer.Option(min=0, help="Chats per day, without those of the synthetic tests.")] = 1000,
    sessions: Annotated[int, typer.Option(min=0, help="Sessions per day on the chat page.")] = 200,
    tokens_in: Annotated[int, typer.Option(min=0, help="Tokens of a chat's question and context.")] = 400,
    tokens_out: Annotated[int, typer.Option(min=0, help="Tokens of a chat's answer, thoughts included.")] = 250,
    preset: Annotated[
        Path | None, typer.Option(help="Settings that replace the stack's, such as presets/cheapest.yaml.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate a month's cost at list prices. It reads the program, the contract and a day's traffic."""
    from firedrill.delivery import estimate as estimation

    traffic = estimation.Traffic(chats, sessions, tokens_in, tokens_out)
    other = estimation.read_preset(preset) if preset else {}
    lines = estimation.estimate(from_environment().root, stack, traffic, other)
    if as_json:
        print(estimation.as_json(lines, stack, traffic))
        return
    estimation.print_estimate(lines, console)
    for command in estimation.config_commands(other, stack):
        console.print(f"  {command}", soft_wrap=True, markup=False)


@app.command()
def policies(
    as_json: JsonOption = False,
) -> None:
    """List the policies that `up` and `preview` enforce."""
    pack = from_environment().root / "policies"
    if not (pack / "PulumiPolicy.yaml").exists():
        raise KnownFailure(f"there is no policy pack in {pack}")
    output = subprocess.run([sys.executable, str(pack), "--list"], capture_output=True, text=True, check=True).stdout
    if as_json:
        print(output)
        return
    entries = json.loads(output)
    table = Table("policy", "severity", "requirement", title=f"{len(entries)} policies (docs/policies)")
    for entry in entries:
        table.add_row(entry["policy"], entry["severity"], escape(entry["description"]))
    console.print(table)
