"""Pictures of the declared dashboards, drawn by Chromium on recorded telemetry."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firedrill.dashboards.changes import ChangedDashboard, markdown
from firedrill.dashboards.declared import Declared, read_declared
from firedrill.dashboards.pictures import draw
from firedrill.dashboards.telemetry import Story, recorded
from firedrill.errors import KnownFailure
from firedrill.prove.collect import registered
from firedrill.sandbox import chromium
from tests.browser import needs_chromium, tab
from tests.conftest import ROOT

OVERVIEW, HEALTH = "dashboards-overview", "dashboards-health"
COLOURS = """
async (url) => {
  const picture = await createImageBitmap(await (await fetch(url)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  const data = new Uint32Array(context.getImageData(0, 0, picture.width, picture.height).data.buffer);
  const counts = {};
  for (const colour of data) counts[colour] = (counts[colour] ?? 0) + 1;
  const isPurple = (c) => ((c >> 16) & 255) > 150 && ((c >> 8) & 255) < 90 && (c & 255) < 130;
  const purple = data.filter(isPurple);
  return { width: picture.width, height: picture.height, colours: Object.keys(counts).length, drawn: purple.length };
}
"""
"""Size, number of colours, and pixels in the colour of a chart's first series."""


@pytest.fixture(scope="module")
def declared() -> Declared:
    """Return the stack's dashboards and what they show."""
    return read_declared(registered(ROOT, "local"))


def contents(folder: Path, file: Path) -> dict[str, int]:
    """Return what Chromium sees in a picture."""
    with tab(folder) as opened:
        url = "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()
        seen: dict[str, int] = opened.page.evaluate(COLOURS, url)
    return seen


@needs_chromium
def test_a_picture_shows_the_recorded_telemetry(declared: Declared, tmp_path: Path) -> None:
    story = recorded(ROOT / "drills", "throttle_storm")
    full = draw(declared, [OVERVIEW], story, tmp_path / "full")
    empty = draw(declared, [OVERVIEW], Story([], story.end), tmp_path / "empty", ".empty")
    assert full == {OVERVIEW: tmp_path / "full" / f"{OVERVIEW}.png"}
    with_data, without = (contents(tmp_path, files[OVERVIEW]) for files in (full, empty))
    assert with_data["width"] > 1300
    assert with_data["height"] > 1000
    assert with_data["colours"] > 50
    assert with_data["drawn"] > 2 * without["drawn"] + 5000


def test_dashboards_that_differ_are_those_whose_body_changed(declared: Declared) -> None:
    before: dict[str, Any] = json.loads(json.dumps(declared.dashboards))
    before[HEALTH]["description"] = "Another question?"
    del before[OVERVIEW]
    before["gone"] = before[HEALTH]
    assert declared.changed(Declared(dashboards=before)) == [HEALTH, OVERVIEW, "gone"]
    assert declared.changed(declared) == []


def test_the_comment_links_to_the_artifact_of_its_run(tmp_path: Path) -> None:
    change = ChangedDashboard("overview", None, tmp_path / "overview.after.png")
    run = {"GITHUB_RUN_ID": "7", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r"}
    text = markdown([change], run)
    assert "(https://github.com/o/r/actions/runs/7#artifacts)" in text
    assert "| `overview` | none | `overview.after.png` |" in text
    assert markdown([], run) == "### Dashboards: no changes\n"


def test_an_unknown_recording_is_one_line_that_names_the_others() -> None:
    with pytest.raises(KnownFailure, match=r"no recording nothing: choose one of .*throttle_storm"):
        recorded(ROOT / "drills", "nothing")


def test_without_chromium_it_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "firedrill.cli", "dashboards", "--png", str(tmp_path)]
    result = subprocess.run(
        command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 1
    assert result.stderr.strip() == (
        "Pictures need Chromium, and this machine has none: install it (apt-get install chromium)"
    )
    assert chromium.FLAGS
