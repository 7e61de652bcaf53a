"""The commands of delivery, which ``firedrill`` has beside its own: each module of this package is one of them."""

import time
from pathlib import Path
from typing import Annotated

import typer

from firedrill.console import Chosen, console, errors
from firedrill.delivery.build import Builder
from firedrill.delivery.target import StackName, configured, opened
from firedrill.engine import environment
from firedrill.errors import KnownFailure

app = typer.Typer()

DRIFTED = 3
"""Exit code of ``firedrill drift`` when something differs from what was deployed."""
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print the report as Markdown, nothing else.")]


DONE = {"same": "unchanged", "create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}


@app.command()
def up(
    stack: StackName = "local",
    refresh: Annotated[bool, typer.Option(help="Also undo what was changed by hand (pulumi up --refresh).")] = False,
    provider: Chosen = environment.Provider.OURS,
) -> None:
    """Deploy the stack with the real Pulumi engine; without --stack, to the sandbox, which is started."""
    from firedrill import status
    from firedrill.delivery import cloud_run, history, ownership
    from firedrill.engine import deployment
    from firedrill.engine import stack as engine

    began = time.monotonic()
    with opened(stack, provider) as target:
        if target.settings is None:
            history.refuse_uncommitted(target.root)
        cloud_run.settle(target)
        if target.settings is not None:
            changes = deployment.up(target.settings, provider, console.out, refresh=refresh)
        else:
            engine.recover(target.stack, target.accounts, console.out)
            with configured(target, cloud_run.image_now(target)) as file:
                ownership.refuse(target, engine.preview(target.stack, lambda _: None, file).steps)
                changes = engine.up(
                    target.stack, target.accounts, console.out, refresh=refresh, config_file=file
                ).changes
        counts = ", ".join(f"{count} {DONE.get(operation, operation)}" for operation, count in changes.items())
        console.rule()
        console.print(f"[bold]The stack is up[/bold] after {time.monotonic() - began:.0f} s ({counts}).\n")
        if target.settings is not None:
            status.print_urls(target.settings, console)


@app.command()
def preview(
    stack: StackName = "local",
    markdown: AsMarkdown = False,
    base: Annotated[
        str | None, typer.Option(help="With --markdown: the git revision whose alerts are compared, such as main.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=0, help="Ordinary months of the comparison.")] = 2,
    provider: Chosen = environment.Provider.OURS,
) -> None:
    """What `firedrill up` would change (pulumi preview --diff); --markdown is the report for a pull request."""
    from firedrill.delivery import cloud_run, ownership, programs
    from firedrill.delivery import preview as previews

    with opened(stack, provider) as target:
        if not markdown:
            with configured(target, cloud_run.image_now(target)) as file:
                result, notes = programs.preview(target, console.out, file)
            for note in notes:
                console.print(note, soft_wrap=True)
            ownership.refuse(target, result.steps)
            return
        found = previews.report(target, base, seeds)
    print(previews.markdown(found), end="")
    if found.failed:
        raise typer.Exit(1)


@app.command("refresh", hidden=True)  # what Pulumi calls looking for drift
@app.command()
def drift(
    stack: StackName = "local",
    markdown: AsMarkdown = False,
    provider: Chosen = environment.Provider.OURS,
) -> None:
    """What was changed by hand since, property by property, and by whom. Only looks; exit code 3 when something was."""
    from firedrill.delivery import drift as drifts

    with opened(stack, provider) as target:
        found = drifts.look(target)
    if markdown:
        print(drifts.markdown(found, stack), end="")
    else:
        drifts.show(found, console)
    if found.changed:
        raise typer.Exit(DRIFTED)


@app.command()
def deploy(  # noqa: PLR0917 - typer reads options from parameters
    stack: StackName = "local",
    steps: Annotated[str, typer.Option(help="Percentages of the requests on the way to all of them.")] = "10,50",
    bake: Annotated[float, typer.Option(min=0, help="Seconds that monitors are watched after each.")] = 120,
    image: Annotated[str | None, typer.Option(help="An image by its digest, instead of building one.")] = None,
    builder: Annotated[Builder | None, typer.Option(help="Who builds; by default Docker, else Cloud Build.")] = None,
    despite_alerts: Annotated[bool, typer.Option(help="Deploy though monitors alert, which are then ignored.")] = False,
) -> None:
    """Build, push and deploy by digest; test the new revision, then move requests to it in steps, or back by itself."""
    from firedrill.delivery import deploy as deployment
    from firedrill.delivery import history
    from firedrill.delivery.cloud_run import settle

    try:
        percentages = [int(one) for one in steps.split(",") if one.strip()]
    except ValueError:
        percentages = [0]
    if percentages != sorted(set(percentages)) or not all(0 < one < 100 for one in percentages):
        raise KnownFailure(f"--steps {steps}: give rising percentages between 1 and 99, such as 10,50")
    with opened(stack) as target:
        if target.settings is None:
            history.refuse_uncommitted(target.root)
        settle(target)
        deployment.deploy(target, deployment.Plan(percentages, bake, image, builder, despite_alerts), console)


@app.command()
def rollback(
    to: Annotated[str, typer.Option("--to", help="An update's number, a git revision, or a revision of Cloud Run.")],
    check: Annotated[bool, typer.Option("--check", help="Only say what it costs and whether it can be done.")] = False,
    alerts: Annotated[
        bool, typer.Option("--alerts", help="Apply that update's whole program again, not its revision alone.")
    ] = False,
    stack: StackName = "local",
) -> None:
    """Return to what an earlier update had deployed: its revision and model in seconds, with --alerts everything."""
    from firedrill.delivery import cloud_run, history
    from firedrill.delivery import rollback as back

    with opened(stack) as target:
        known = history.updates(target)
        service = cloud_run.required(target)
        named = back.wanted_revision(service, to)
        if named is not None and not check and not alerts:
            back.return_revision(target, service, named, None, console)
            return
        update = history.find(known, to, target.root)
        if check:
            current = next((one for one in reversed(known) if one.succeeded), None)
            if not back.tell(*back.check(target, update, current), console):
                raise typer.Exit(1)
            return
        console.print(f"Back to {update}.", soft_wrap=True)
        project = target.stack.workspace.project_settings().name
        model = update.config.get(f"{project}:modelPrimary")
        back.return_revision(target, service, back.revision_of(service, update), model, console)
        if alerts:
            back.reapply(target, update, console)
        else:
            console.print("Alerts, dashboards and configuration are as they were: --alerts returns those too.")


@app.command("import")
def adopt(
    tag: Annotated[str, typer.Option(help="Such as team:llm-platform.")],
    out: Annotated[Path | None, typer.Option(help="The Python file to write; standard output without.")] = None,
    stack: StackName = "local",
) -> None:
    """Declare existing monitors, dashboards and SLOs in Python, so that `pulumi up` takes them over as they are."""
    from firedrill.delivery import adopt as adoption

    with opened(stack) as target:
        managed = [str(one["id"]) for one in target.resources() if one.get("id")]
        found = adoption.find(target.datadog, tag, managed)
        text = adoption.module(target.datadog, found, tag)
    if out is None:
        print(text, end="")
        return
    out.write_text(text)
    errors.print(f"{len(found)} objects in {out}: import it in the program; `pulumi preview` imports them, no more.")


@app.command()
def doctor(stack: StackName = "local") -> None:
    """What the accounts lack for this stack, before anything is deployed: keys, products, people, APIs, models."""
    from firedrill.delivery import doctor as examination

    with opened(stack) as target:
        well = examination.show(examination.examine(target), target, console)
    if not well:
        raise typer.Exit(1)


@app.command()
def estimate(  # noqa: PLR0917 - typer reads options from parameters
    stack: StackName = "local",
    chats: Annotated[int, typer.Option(min=0, help="Chats a day, beside those of the synthetic tests.")] = 1000,
    sessions: Annotated[int, typer.Option(min=0, help="Sessions on the chat page a day.")] = 200,
    tokens_in: Annotated[int, typer.Option(min=0, help="Tokens of a chat's question and its context.")] = 400,
    tokens_out: Annotated[int, typer.Option(min=0, help="Tokens of its answer, thoughts included.")] = 250,
    preset: Annotated[
        Path | None, typer.Option(help="Settings in place of the stack's, such as presets/cheapest.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, with each line's price.")] = False,
) -> None:
    """What a month costs at list prices, line by line: from the program, the contract and a day's traffic."""
    from firedrill.delivery import estimate as estimation
    from firedrill.sandbox.settings import from_environment

    traffic = estimation.Traffic(chats, sessions, tokens_in, tokens_out)
    other = estimation.preset(preset) if preset else {}
    lines = estimation.estimate(from_environment().root, stack, traffic, other)
    if as_json:
        print(estimation.as_json(lines, stack, traffic))
        return
    estimation.show(lines, console)
    for command in estimation.commands(other, stack):
        console.print(f"  {command}", soft_wrap=True, markup=False)
