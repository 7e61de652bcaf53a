"""The report for a pull request: what changes, what policies say, what it does to alerts, who is paged."""

import re

import pytest

from firedrill.delivery.changes import Change, Property
from firedrill.delivery.preview import MARKER, Paged, Report, markdown
from firedrill.engine.stack import Violation
from tests.delivery.conftest import Repository
from tests.e2e.conftest import output

URN = "urn:pulumi:dev::llm-api::datadog:index/monitor:Monitor::slow"


def test_the_report_tells_changes_policies_and_people() -> None:
    change = Change(URN, "datadog:index/monitor:Monitor", "7", "update", (Property("priority", 2, 3),))
    violation = Violation("alert-has-runbook", "advisory", URN, "no runbook:\nadd one")
    paged = Paged("llm-platform", [["ada@example.com"], ["ada@example.com", "bo@example.com"]])
    text = markdown(Report("dev", [change], {"same": 40, "update": 1}, [violation], "", "No alert.", [paged]))
    assert text.splitlines()[0] == MARKER
    assert "### Resources: 1 to update, 40 unchanged" in text
    assert "- ~ update Monitor `slow`\n  - `priority`: `` 2 `` → `` 3 ``" in text
    assert "- **alert-has-runbook** (advisory), `slow`: no runbook: add one" in text
    assert "### What it does to alerts\n\nNo alert." in text
    assert "- `llm-platform`: ada@example.com → ada@example.com, bo@example.com" in text


def test_a_preview_that_fails_is_told_and_people_who_are_not_known_too() -> None:
    text = markdown(Report("dev", [], {}, [], "llm-api:image is missing", "", [], "403 Forbidden"))
    assert "**The preview fails:**" in text
    assert "llm-api:image is missing" in text
    assert "Not known: 403 Forbidden" in text


@pytest.mark.e2e
@pytest.mark.timeout(1200)
@pytest.mark.slow
def test_a_changed_threshold_shows_its_places_and_the_alerts_lost(deployed: Repository) -> None:
    deployed.edit("infra/objectives.py", r"SLOW_CHAT = Threshold\(\s+4,", "SLOW_CHAT = Threshold(\n    9,")
    deployed.edit("infra/org/service_catalog.py", '"LLM chat",', '"LLM chats",')
    try:
        told = deployed.sandbox.firedrill("preview", "--markdown", "--base", "HEAD", "--seeds", "0")
    finally:
        deployed.restore()
    assert told.returncode == 0, output(told)
    assert told.stdout.startswith(MARKER)
    assert "`monitorThresholds.critical`: `` 4 `` → `` 9 ``" in told.stdout
    assert "~ update SoftwareCatalog `catalog-system`" in told.stdout
    assert "### Policies: all hold" in told.stdout
    assert "| chat-slow | slow_answers | **lost**: fires no more, which it did after " in told.stdout
    assert "- `llm-platform`: " in told.stdout
    assert "@example.com" in told.stdout


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.slow
def test_what_a_change_is_the_first_to_export_cannot_be_previewed_by_who_reads_it(deployed: Repository) -> None:
    read = "stacks = environments(settings.environments)"
    deployed.edit("infra/org/__main__.py", re.escape(read), f'{read}\nstacks[0].read("colour").apply(str)')
    try:
        fails = deployed.sandbox.firedrill("preview", "--markdown")
        export = 'pulumi.export("service_url", service.uri)'
        deployed.edit("infra/__main__.py", re.escape(export), f'{export}\npulumi.export("colour", "blue")')
        told = deployed.sandbox.firedrill("preview", "--markdown")
    finally:
        deployed.restore()
    assert fails.returncode == 1
    assert "infra/org: " in fails.stdout and "does not export 'colour': deploy it first" in fails.stdout
    assert told.returncode == 0, output(told)
    assert "Not previewed: infra/org, which may read what this change is the first to export (colour)" in told.stdout


@pytest.mark.e2e
@pytest.mark.slow
def test_a_program_that_fails_is_in_the_report_with_its_reason(deployed: Repository) -> None:
    deployed.edit("Pulumi.local.yaml", r"\n  llm-api:modelPrimary:[^\n]*", "")
    try:
        told = deployed.sandbox.firedrill("preview", "--markdown")
    finally:
        deployed.restore()
    assert told.returncode == 1
    assert "llm-api:modelPrimary is missing" in told.stdout
    assert "Traceback" not in output(told)
