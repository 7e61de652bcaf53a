"""A composite waits for the ids that it reads, and a placeholder that no alert has is an error that names its place."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.identity import Identity
from infra.observability.alerts.alert import Count, placeholders
from infra.observability.alerts.catalog import ALERTS
from infra.observability.alerts.placeholder_check import refuse_unknown
from tests.conftest import ROOT
from tests.unit.infra.conftest import record


def test_a_composite_depends_on_the_alerts_that_it_reads_and_no_other(local: dict[str, Any]) -> None:
    monitors = [request for request in local["requests"] if request["type"].endswith(":Monitor")]
    ids = {f"{monitor['name']}-id": monitor["name"] for monitor in monitors}
    composites = [monitor for monitor in monitors if monitor["object"]["type"] == "composite"]
    assert composites
    for composite in composites:
        query = composite["object"]["query"]
        read = {name for id, name in ids.items() if re.search(rf"(?<![\w-]){re.escape(id)}(?![\w-])", query)}
        urns = composite["propertyDependencies"]["query"]["urns"]
        assert {urn.rpartition("::")[2] for urn in urns} == read, composite["name"]


def test_the_program_names_alert_place_file_and_line_of_an_unknown_placeholder(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Pulumi.yaml", "Pulumi.local.yaml"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "service").symlink_to(ROOT / "service")
    topic = tmp_path / "infra/observability/alerts/gemini.py"
    topic.write_text(topic.read_text().replace("> $critical", "> $crit", 1))
    error = record(PROGRAM=str(tmp_path))["error"]
    place = r"alert '[a-z-]+' in infra/observability/alerts/gemini\.py:\d+, query"
    assert re.match(rf"{place}: there is no \$crit \(did you mean \$critical\?\), only [^\n]*$", error)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("title", "More than $limt", "title: there is no $limt (did you mean $limit?)"),
        ("description", "Id $slo", "description: there is no $slo"),
        ("look_first", ("logs `$scope`", "logs `$scop`"), "look_first 2: there is no $scop (did you mean $scope?)"),
        ("counts", {"a": Count("logs", "$scopes")}, "counts a: there is no $scopes (did you mean $scope?)"),
        ("title", "More than $ 5", "title: a $ without a name, which is written $$: More than $ 5"),
    ],
)
def test_each_text_of_an_alert_is_checked(place: str, value: Any, reason: str) -> None:
    alert = replace(next(alert for alert in ALERTS if alert.key == "gemini-throttled"), **{place: value})
    known = placeholders(alert, Identity(env="local", version="1"), "project") | {"fallback": "a model"}
    with pytest.raises(pulumi.RunError, match=re.escape(reason)):
        refuse_unknown(alert, known, ())
