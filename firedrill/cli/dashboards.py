"""``firedrill dashboards``: pictures of the declared dashboards."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from firedrill.cli.console import console, errors
from firedrill.cli.json_output import JsonOption, print_json
from firedrill.cli.progress import shown_progress
from firedrill.settings import from_environment

app = typer.Typer()


@app.command()
def dashboards(
    png: Annotated[Path, typer.Option(help="The folder for the pictures.")],
    base: Annotated[
        str | None, typer.Option(help="Draw only dashboards that differ from this git revision, before and after.")
    ] = None,
    stack: Annotated[str, typer.Option(help="The stack whose program runs under Pulumi's mocks.")] = "local",
    recording: Annotated[str, typer.Option(help="The recording in drills/recordings to draw on.")] = "throttle_storm",
    as_json: JsonOption = False,
) -> None:
    """Draw the declared dashboards on recorded telemetry. Needs Chromium, and no sandbox."""
    from firedrill.dashboards import changes as comparison
    from firedrill.dashboards import pictures
    from firedrill.dashboards.declared import read_declared
    from firedrill.dashboards.telemetry import recorded
    from firedrill.prove.collect import registered

    root = from_environment().root
    pictures.require_chromium()
    drawn: list[dict[str, str | None]] = []
    with shown_progress(errors) as progress:
        if base is not None:
            with progress.step("Drawing the dashboards that changed"):
                for change in comparison.draw_changes(root, base, stack, recording, png):
                    names = {"before": change.before, "after": change.after}
                    drawn.append({"dashboard": change.name, **{key: _text(file) for key, file in names.items()}})
        else:
            with progress.step("Reading the dashboards"):
                declared = read_declared(registered(root, stack))
            with progress.step("Drawing the dashboards"):
                story = recorded(root / "drills", recording)
                files = pictures.draw(declared, list(declared.dashboards), story, png)
                drawn = [{"dashboard": name, "before": None, "after": _text(file)} for name, file in files.items()]
    if as_json:
        print_json({"stack": stack, "recording": recording, "base": base, "pictures": drawn})
        return
    for picture in drawn:
        console.print(
            escape(" -> ".join(file for key in ("before", "after") if (file := picture[key]))), soft_wrap=True
        )
    if not drawn:
        console.print("No dashboard differs." if base is not None else "The program declares no dashboard.")


def _text(file: Path | None) -> str | None:
    return None if file is None else str(file)
