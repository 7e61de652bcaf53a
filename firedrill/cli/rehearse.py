"""The command ``firedrill rehearse``."""

from typing import Annotated

import typer

from firedrill.cli.console import console, errors
from firedrill.cli.json_output import JsonOption, print_json
from firedrill.settings import from_environment

app = typer.Typer()


@app.command()
def rehearse(
    stack: Annotated[
        str, typer.Option("--stack", "-s", help="The stack of real accounts whose configuration is rehearsed.")
    ] = "dev",
    product: Annotated[
        list[str] | None, typer.Option(help="Rehearse an organisation without this product; may be repeated.")
    ] = None,
    policy: Annotated[
        list[str] | None, typer.Option(help="Rehearse with this policy of the Google organisation; may be repeated.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Rehearse every case: some minutes for each of about 26.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Play the first deployment of docs/deploy.md on this machine. Its accounts are a sandbox's that ends with it."""
    from firedrill.rehearse import cases, play, report
    from firedrill.rehearse.place import at_hand

    root = from_environment().root
    provider = at_hand()
    output = errors if as_json else console
    rehearsals = []
    for case in cases.chosen(product or [], policy or [], every=every):
        output.rule(case.name)
        rehearsals.append(play.rehearse(root, stack, provider, case, lambda step: report.print_step(step, output)))
    if as_json:
        print_json(report.rehearsals_data(rehearsals, provider, stack))
    else:
        report.print_rehearsals(rehearsals, provider, console)
    if not all(each.green for each in rehearsals):
        raise typer.Exit(1)
